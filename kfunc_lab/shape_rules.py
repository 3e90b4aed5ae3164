"""The parts from which a shape rule for a custom layer is written; `lab.shape_rule` registers it.

Example:
    >>> from kfunc_lab.shape_rules import ceiling, equation, number
    >>> print(equation(ceiling(number(5, "n") / 2)))
    ⌈5/2⌉ = 3
"""

from kfunc_lab.shapes.rules.arithmetic import (
    Term,
    ceiling,
    equation,
    floor,
    formula,
    greatest,
    number,
    product,
    total,
)
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    WeightSize,
    axis,
    batch,
    expect_rank,
    kept,
    known,
    positive,
    same,
    sizes_of,
)

__all__ = [
    "Axis",
    "Derivation",
    "DoesNotFitError",
    "Given",
    "NoRuleError",
    "Term",
    "WeightSize",
    "axis",
    "batch",
    "ceiling",
    "equation",
    "expect_rank",
    "floor",
    "formula",
    "greatest",
    "kept",
    "known",
    "number",
    "positive",
    "product",
    "same",
    "sizes_of",
    "total",
]
