"""Mistakes in the arguments of calls: which function, which values, and in which order."""
