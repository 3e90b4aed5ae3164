"""Why each shape is what it is."""
