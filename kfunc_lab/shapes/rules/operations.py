"""Rules for raw operations, as those behind `a + b` and `x[:, 0]`."""

from collections.abc import Mapping

from kfunc_lab.shapes.rules import (
    elementwise,
    indexing,
    products,
    rearranging,
    reductions,
    windows,
)
from kfunc_lab.shapes.rules.operands import NN, only
from kfunc_lab.shapes.rules.rule import Derivation, Given, NoRuleError, Rule

_POOLING: Mapping[str, Rule] = {
    rule.kind: rule for rule in windows.RULES if "Pooling" in rule.kind
}


def _pooling(given: Given) -> Derivation:
    """The same as the layer's, for as many axes as there are."""
    rank = len(only(given)) - 2
    rule = _POOLING.get(given.kind.removesuffix("Pool") + f"Pooling{rank}D")
    sizes = [given.get(name) for name in ("pool_size", "strides")]
    if rule is None or sizes[0] is None:
        raise NoRuleError(given.kind)
    if any(isinstance(it, tuple) and len(it) != rank for it in sizes):
        raise NoRuleError(given.kind)
    return rule.derive(given)


RULES: tuple[Rule, ...] = (
    *elementwise.RULES,
    *reductions.RULES,
    *rearranging.RULES,
    *indexing.RULES,
    *products.RULES,
    *(Rule(kind, _pooling, NN, picture="window") for kind in ("AveragePool", "MaxPool")),
)
