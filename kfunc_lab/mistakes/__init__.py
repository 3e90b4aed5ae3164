"""Explains exceptions: which call failed, why, and what to change."""
