"""Mistakes in compiling, training, evaluating and predicting."""
