"""The mistakes that are known, one file for each kind."""
