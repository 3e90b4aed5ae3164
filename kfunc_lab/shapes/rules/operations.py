"""Shape rules for raw operations, such as those behind `a + b` and `x[:, 0]`."""

from collections.abc import Mapping

from kfunc_lab.shapes.rules import (
    elementwise,
    indexing,
    products,
    rearranging,
    reductions,
    windows,
)
from kfunc_lab.shapes.rules.operands import NN, single_input
from kfunc_lab.shapes.rules.rule import Derivation, Given, NoRuleError, Rule

_POOLING: Mapping[str, Rule] = {
    rule.kind: rule for rule in windows.RULES if "Pooling" in rule.kind
}


def _pooling(call: Given) -> Derivation:
    """Derives a pooling operation by the rule of the layer with the same number of axes."""
    rank = len(single_input(call)) - 2
    rule = _POOLING.get(call.kind.removesuffix("Pool") + f"Pooling{rank}D")
    sizes = [call.get(name) for name in ("pool_size", "strides")]
    if rule is None or sizes[0] is None:
        raise NoRuleError(call.kind)
    if any(isinstance(size, tuple) and len(size) != rank for size in sizes):
        raise NoRuleError(call.kind)
    return rule.derive(call)


RULES: tuple[Rule, ...] = (
    *elementwise.RULES,
    *reductions.RULES,
    *rearranging.RULES,
    *indexing.RULES,
    *products.RULES,
    *(Rule(kind, _pooling, NN, picture="window") for kind in ("AveragePool", "MaxPool")),
)
