"""Finds what goes wrong in a training run."""
