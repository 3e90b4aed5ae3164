"""Stores training runs, and lists, compares and exports them."""
