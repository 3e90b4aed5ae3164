"""Small figures that show how a call changes a shape."""
