"""Follows a notebook: joins the live graph, mistakes and lessons."""
