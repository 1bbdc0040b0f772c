"""What is learned from outcomes: calibrated confidence of an answer, and the score before the call."""
