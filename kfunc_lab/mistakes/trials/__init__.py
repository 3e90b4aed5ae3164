"""Tries other arguments of a call that got data which do not fit, and offers those that fit."""
