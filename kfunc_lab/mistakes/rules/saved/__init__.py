"""Rules about saved models: what a file needs to be loaded again."""
