"""Tuning: from outcomes to a policy whose guarantee is tested."""
