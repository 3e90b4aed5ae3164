"""Draws a graph: boxes, layout, SVG and PNG."""
