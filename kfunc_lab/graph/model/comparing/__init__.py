"""The parts of a comparison: what models take and return, and both graphs as one."""
