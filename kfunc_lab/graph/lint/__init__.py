"""Finds mistakes in a model that raise no error."""
