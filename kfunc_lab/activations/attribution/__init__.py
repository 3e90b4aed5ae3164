"""Which parts of an input a score depends on."""
