"""Rules for layers that move numbers and change none."""

from kfunc_lab.shapes.rule import Rule

RULES: tuple[Rule, ...] = ()
