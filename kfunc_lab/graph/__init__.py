"""The graph of a model: read from Keras, checked, drawn, exported and shown."""
