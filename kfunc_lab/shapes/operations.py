"""Rules for raw operations."""

from kfunc_lab.shapes.rule import Rule

RULES: tuple[Rule, ...] = ()
