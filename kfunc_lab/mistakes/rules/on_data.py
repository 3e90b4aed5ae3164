"""Layers of the library that Keras checks only when they run on data."""

import re
from typing import Any

from kfunc_lab.graph.keras.dry_run import traced
from kfunc_lab.graph.keras.reader import read
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, maker, rule, title
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import constructor_of
from kfunc_lab.shapes.what_if import Changes, what_if

# The setting that is the size of a layer's last axis.
_WIDTH = ("units", "filters", "output_dim")


def _widths(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.kind not in ("Attention", "AdditiveAttention") or len(failure.tensors) < 2:
        return None
    query, key = failure.tensors[0], failure.tensors[-1]
    shapes = [shape_of(query), shape_of(key)]
    if None in shapes or not shapes[0] or not shapes[1] or shapes[0][-1] == shapes[1][-1]:
        return None
    wide, other = shapes[0][-1], shapes[1][-1]
    made = maker(key)
    setting = next((name for name in _WIDTH if hasattr(made, name)), "")
    edit = _("Give the query and the value the same last axis.")
    changes: tuple[Change, ...] = ()
    if setting and _fits(failure, wide):
        edit = _("Write `{setting}={n}` in {name}, as the query has.").format(
            setting=setting, n=wide, name=name_of(made)
        )
        changes = _in_constructor(made, setting, str(wide), failure)
    return Mistake(
        "attention-widths",
        _(
            "{layer} compares each query with each key, so both need the same last axis: "
            "{query}, {key}."
        ).format(layer=title(failure), query=shapes[0], key=shapes[1]),
        f"{wide} ≠ {other}",
        edit,
        failure.name,
        changes,
    )


def _fits(failure: Failure, width: int | None) -> bool:
    """Returns whether the layer runs if all its inputs have one width."""
    shapes = [(*(shape_of(tensor) or ())[:-1], width) for tensor in failure.tensors]
    try:
        traced(failure.operation, [shapes])
    except Exception:  # Keras refuses the shapes
        return False
    return True


def _in_constructor(
    layer: Any, setting: str, value: str, failure: Failure
) -> tuple[Change, ...]:
    found = constructor_of(layer, failure)
    if found is None:
        return ()
    code, call = found
    position = 1 if setting == "output_dim" else 0
    return (code.with_argument(call, setting, value, position),)


# ---------------------------------------------------------------------------------------------
# Branches whose sizes depend on the data

_MERGING = ("Concatenate", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
_FACTORS = (2, 4, 8, 16, 32, 64)


def _open_sizes(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a merge of two branches whose open sizes differ on this data."""
    sizes = [size for tensor in failure.tensors for size in (shape_of(tensor) or ())[1:-1]]
    if failure.kind not in _MERGING or None not in sizes:
        return None
    factor = _factor(failure.model)
    edit = _("Give all inputs the same size, or pad the shorter ones.")
    if factor:
        edit = _(
            "Use data whose height and width {n} divides: crop it, pad it, or resize it with "
            "`layers.Resizing` first."
        ).format(n=factor)
    return Mistake(
        "open-sizes",
        _("{layer} joins branches whose sizes depend on the data: here {a} and {b}.").format(
            layer=title(failure), a=match["a"], b=match["b"]
        ),
        f"{match['a']} ≠ {match['b']}",
        edit,
        failure.name,
    )


def _factor(model: Any) -> int | None:
    """Returns the smallest factor such that images of its multiples fit a model."""
    inputs = [shape_of(tensor) for tensor in getattr(model, "inputs", None) or []]
    if len(inputs) != 1 or inputs[0] is None or len(inputs[0]) != 4:
        return None
    graph = read(model, lost=False).graph
    for factor in _FACTORS:
        size = factor * max(64 // factor, 1) + factor  # an odd multiple
        shape = tuple(
            size if axis in (1, 2) and known is None else known
            for axis, known in enumerate(inputs[0])
        )
        result = what_if(graph, Changes(inputs={graph.inputs[0]: shape}))
        if not result.problems:
            return factor
    return None


RULES: tuple[Rule, ...] = (
    rule(
        "open-sizes",
        r"must be equal, but are (?P<a>\d+) and (?P<b>\d+)",
        _open_sizes,
    ),
    rule("attention-widths", r"Dimensions must be equal|must be equal, but", _widths),
)
