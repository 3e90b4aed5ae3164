"""The graph while it is written: followed statement by statement, mistakes included."""
