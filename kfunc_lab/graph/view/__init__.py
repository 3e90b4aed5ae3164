"""Shows a graph in a notebook."""
