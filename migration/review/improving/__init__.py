"""What would make the hybrid better: thresholds from fresh calls, hard examples, answers worth a check."""
