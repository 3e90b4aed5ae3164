"""Draws a graph: boxes, layout, SVG, PNG."""
