"""People's names: what announces them, and first names beside it."""
