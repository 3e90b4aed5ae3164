"""Mistakes with names: old ones, other ones, and objects that are used as what they are not."""
