"""All rules about compiling, training, evaluating and predicting, in the order of trial."""

from kfunc_lab.mistakes.rule import Rule
from kfunc_lab.mistakes.rules.training import (
    again,
    callbacks,
    choices,
    containers,
    examples,
    functions,
    inputs,
    messages,
    metrics,
    outputs,
    targets,
    types,
    weights,
)

# These see what was really passed, and come before the rules of layers for the same messages.
EARLY: tuple[Rule, ...] = (
    *again.RULES,
    *functions.RULES,
    *containers.RULES,
    *weights.RULES,
    *examples.RULES,
    *inputs.RULES,
    *types.RULES,
    *targets.RULES,
    *metrics.RULES,
    *callbacks.RULES,
    *outputs.RULES,
    *choices.RULES,
)

# These know only the message.
RULES: tuple[Rule, ...] = (*messages.RULES,)
