"""A model's graph as plain data, and what can be computed from it without Keras."""
