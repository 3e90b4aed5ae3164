"""Looks at what the user wrote: losses, layers and their weights."""
