"""What a policy does on calls that it was not tuned on, and on other days and at other thresholds."""
