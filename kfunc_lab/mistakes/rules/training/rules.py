"""All rules about compiling, training, evaluating and predicting, in the order of trial."""

from kfunc_lab.mistakes.rule import Rule
from kfunc_lab.mistakes.rules.training import containers, inputs, targets, targets_old, types

# These see what was really passed, and come before the rules of layers of the same message.
EARLY: tuple[Rule, ...] = (*containers.RULES, *inputs.RULES, *types.RULES, *targets.RULES)

RULES: tuple[Rule, ...] = (*targets_old.RULES,)
