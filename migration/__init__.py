"""Walk a team's LLM traffic log to a hybrid of a small and a large model that it can trust."""

__version__ = "0.1.0"
