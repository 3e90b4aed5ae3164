"""Rules for layers that join tensors."""

from kfunc_lab.shapes.rule import Rule

RULES: tuple[Rule, ...] = ()
