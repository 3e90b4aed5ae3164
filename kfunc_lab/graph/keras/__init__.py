"""Reads graphs from Keras; the only code that knows Keras's private names."""
