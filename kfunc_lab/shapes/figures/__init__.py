"""Small pictures of what a call does to a shape."""
