"""Explains an exception: which call failed, why, and what to change."""
