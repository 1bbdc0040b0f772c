"""Thresholds on confidence, and the tests that prove them."""
