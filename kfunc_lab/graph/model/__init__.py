"""The graph of a model as plain data, and the computations that need no Keras."""
