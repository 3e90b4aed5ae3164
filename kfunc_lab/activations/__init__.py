"""The activations of each call of a model."""
