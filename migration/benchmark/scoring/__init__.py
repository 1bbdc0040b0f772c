"""Scoring: when an answer counts as the reference's equal."""
