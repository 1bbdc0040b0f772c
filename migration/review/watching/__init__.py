"""Is the guarantee kept, and what changed: the decision log read, watched and explained."""
