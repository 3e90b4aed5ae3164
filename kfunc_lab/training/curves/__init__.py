"""Draws learning curves."""
