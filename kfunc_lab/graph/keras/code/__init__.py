"""The parts of a program that builds a model."""
