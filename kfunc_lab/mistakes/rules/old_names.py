"""The rules about names, in the order in which they are asked."""

from kfunc_lab.mistakes.rule import Rule
from kfunc_lab.mistakes.rules.names import (
    arguments,
    datasets,
    imports,
    lookups,
    other_keras,
    replaced,
    unpacking,
)

RULES: tuple[Rule, ...] = (
    *other_keras.RULES,
    *replaced.RULES,
    *imports.RULES,
    *unpacking.RULES,
    *lookups.RULES,
    *arguments.RULES,
    *datasets.RULES,
)
