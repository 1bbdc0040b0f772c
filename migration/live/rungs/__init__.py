"""The rungs below the LLM: a small model behind an address (`endpoint`), or a classifier in this process."""
