"""Discovery: calls become tasks, without labels."""
