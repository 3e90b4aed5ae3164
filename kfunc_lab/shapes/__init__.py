"""Explains shapes, parameters and costs."""
