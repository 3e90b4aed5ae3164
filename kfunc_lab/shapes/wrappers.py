"""Rules for layers that wrap another."""

from kfunc_lab.shapes.rule import Rule

RULES: tuple[Rule, ...] = ()
