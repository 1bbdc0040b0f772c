"""An adapter from training rows: rows packed, a recipe, and a training that is watched."""
