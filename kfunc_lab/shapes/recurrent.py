"""Rules for recurrent layers."""

from kfunc_lab.shapes.rule import Rule

RULES: tuple[Rule, ...] = ()
