"""Shape rules: one for each layer class and operation, which calculates its output shape."""
