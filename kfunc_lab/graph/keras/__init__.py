"""Reads graphs from Keras; the only code that uses Keras's private names."""
