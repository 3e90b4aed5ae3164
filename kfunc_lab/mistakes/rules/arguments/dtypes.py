"""Inputs whose dtype is not the one that the layers behind them compute with."""

import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.nodes import ancestors, functional_of, node_of, nodes_in_order
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.passed import find_passed
from kfunc_lab.mistakes.failure import Failure, name_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.search.sites import Sites
from kfunc_lab.mistakes.source.edit import Change, Edit

# The layers that take whole numbers or words.
_LOOK_UP = {
    "Embedding", "StringLookup", "IntegerLookup", "Hashing", "HashedCrossing", "CategoryEncoding",
    "TextVectorization", "Discretization",
}  # fmt: skip
_WORDS = {
    "StringLookup", "TextVectorization", "Hashing", "HashedCrossing",
}  # fmt: skip


def _of_input(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `keras.Input(..., dtype="int32")` in front of a layer that needs fractions."""
    for tensor, kinds in _inputs(failure):
        dtype = str(tensor.dtype)
        if dtype.startswith(("float", "bfloat", "complex")):
            continue
        if dtype == "string" and (kinds & _WORDS or not _are_numbers(failure)):
            continue
        if dtype != "string" and kinds & _LOOK_UP:
            continue
        layer = node_of(tensor).operation
        edit = _edit(layer, "int32" if kinds & _LOOK_UP else "", failure)
        reason = _(
            "The input {name} has the dtype {dtype}; the layers behind it need numbers with a "
            "fraction."
        )
        if dtype == "string":
            reason = _("The input {name} has the dtype {dtype}, but its data are numbers.")
        return Mistake(
            "input-dtype",
            reason.format(name=name_of(layer), dtype=dtype),
            "",
            edit.words,
            "dtype",
            edit.changes,
        )
    return None


def _inputs(failure: Failure) -> Iterator[tuple[Any, set[str]]]:
    """Yields the input tensors in front of a failure, each with the classes that take it."""
    model = functional_of(failure.model) if failure.stage == "fit" else None
    found = nodes_in_order(model) if model is not None else ancestors(failure.tensors)
    fed = _feeding(failure)
    for node in found:
        if type(node.operation).__name__ != "InputLayer":
            continue
        [tensor] = node.outputs
        kinds = {
            type(other.operation).__name__
            for other in found
            if any(source is tensor for source in other.input_tensors)
        }
        if fed is None or id(node) in fed or str(tensor.dtype) == "string":
            yield tensor, kinds


def _feeding(failure: Failure) -> set[int] | None:
    """Returns the nodes in front of the layer that failed; `None` if it is not known."""
    tensors = [it for it in failure.tensors if hasattr(it, "_keras_history")]
    return {id(node) for node in ancestors(tensors)} if tensors else None


def _are_numbers(failure: Failure) -> bool:
    """Returns whether all data that `fit` got are numbers."""
    import keras

    passed = find_passed(failure)
    data = [] if passed is None else keras.tree.flatten(passed.value("x"))
    kinds = [getattr(getattr(each, "dtype", None), "kind", "") for each in data]
    return bool(kinds) and all(kind and kind in "biuf" for kind in kinds)


def _edit(layer: Any, dtype: str, failure: Failure) -> Edit:
    words = _("Leave out `dtype`: an input has float32 then.")
    if dtype:
        words = _('Write `dtype="{dtype}"`.').format(dtype=dtype)
    site = Sites(failure).constructor(layer, name_of(layer))
    if site is None:
        return Edit(words)
    code, call = site
    change: Change | None = code.without_argument(call, "dtype")
    if change is not None and dtype:
        change = code.with_argument(call, "dtype", f'"{dtype}"')
    return Edit(words, () if change is None else (change,))


RULES: tuple[Rule, ...] = (
    rule(
        "input-dtype",
        r"has DataType \w+ not in list of allowed values|"
        r"has type float\w+ that does not match type u?int|"
        r"must be a floating point tensor|is not a valid dtype for Keras type promotion|"
        r"Cast \w+ to string is not supported|Cast string to \w+ is not supported|"
        r"Input type \(\w*int\w*\) and weight type|"
        r"expected to be a \w*float|Could not find device for node.*DT_INT|"
        r"has type string that does not match|that does not match type string",
        _of_input,
    ),
)
