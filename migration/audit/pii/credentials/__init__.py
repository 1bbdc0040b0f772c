"""Passwords, codes, keys and tokens: their forms, and the words beside them."""
