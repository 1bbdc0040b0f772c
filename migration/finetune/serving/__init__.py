"""What a tuned model is served as: an adapter with its card, merged weights, and copies of them in other runtimes.

Out of scope: training, and whether the result is good.
"""
