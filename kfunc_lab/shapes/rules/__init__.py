"""One rule for each layer class and operation: the shape it gives, as arithmetic."""
