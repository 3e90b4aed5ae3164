"""Measures layers and predictions during training."""
