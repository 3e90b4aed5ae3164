"""Finds mistakes in one batch of the data that a model is trained on."""
