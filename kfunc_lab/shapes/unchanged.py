"""Layers that do not change a shape and have no weights."""

from kfunc_lab.shapes.rule import Rule

RULES: tuple[Rule, ...] = ()
