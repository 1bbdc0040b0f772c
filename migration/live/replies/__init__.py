"""What the caller receives: the forms of replies, and the LLM's stream on its way."""
