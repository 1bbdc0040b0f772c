"""The gateway: the hybrid behind an OpenAI-compatible address, its metrics, its traces, and a small model beside it."""
