"""Draws the lines between boxes, and places the shapes beside them."""
