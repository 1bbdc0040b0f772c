"""Models: where weights come from, how they are loaded and quantised, and sentence embeddings."""
