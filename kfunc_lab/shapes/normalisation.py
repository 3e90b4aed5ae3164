"""Rules for normalisation."""

from kfunc_lab.shapes.rule import Rule

RULES: tuple[Rule, ...] = ()
