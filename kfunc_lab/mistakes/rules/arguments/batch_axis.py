"""Tensors that are joined along the axis of the batch."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of, nodes_in_order
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, name_of, shape_of
from kfunc_lab.mistakes.names.scope import canonical, names_of_frame
from kfunc_lab.mistakes.rule import Mistake, Rule, Shape, rule
from kfunc_lab.mistakes.search.sites import Site, Sites, last_name
from kfunc_lab.mistakes.source.edit import Change


def _joined(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `ops.concatenate([a, b])`, which joins along axis 0, if the fit fails."""
    model = functional_of(failure.model) if failure.stage == "fit" else None
    if model is None:
        return None
    for node in nodes_in_order(model):
        operation = node.operation
        if type(operation).__name__ != "Concatenate" or len(node.input_tensors) < 2:
            continue
        shapes = [shape_of(it) or () for it in node.input_tensors]
        if operation.axis not in (0, -len(shapes[0])):
            continue
        axis = _other_axis(shapes)
        changes = _changes(operation, axis, failure)
        return Mistake(
            "batch-joined",
            _(
                "{name} joins its {n} tensors along axis 0, which counts the examples: the batch "
                "becomes larger."
            ).format(name=name_of(operation), n=len(shapes)),
            "",
            _("Join them along another axis: `axis={axis}`.").format(axis=axis)
            if axis is not None
            else "",
            "axis",
            changes,
        )
    return None


def _other_axis(shapes: list[Shape]) -> int | None:
    """Returns the axis along which tensors can be joined, the last one if possible."""
    rank = len(shapes[0])
    if any(len(shape) != rank for shape in shapes):
        return None
    for axis in (rank - 1, *range(1, rank - 1)):
        kept = {(*shape[1:axis], *shape[axis + 1 :]) for shape in shapes}
        if len(kept) == 1:
            return -1 if axis == rank - 1 else axis
    return None


def _changes(operation: Any, axis: int | None, failure: Failure) -> tuple[Change, ...]:
    import keras

    if axis is None:
        return ()
    if isinstance(operation, keras.Layer):
        site = Sites(failure).constructor(operation, name_of(operation))
    else:
        found = list(_calls_of_ops(failure))
        site = found[0] if len(found) == 1 else None
    if site is None:
        return ()
    code, call = site
    place = 1 if not isinstance(operation, keras.Layer) else -1
    return (code.with_argument(call, "axis", str(axis), place),)


def _calls_of_ops(failure: Failure) -> Iterator[Site]:
    """Yields the calls of `ops.concatenate` that join along axis 0."""
    names = names_of_frame(failure.scope)
    for code in Sites(failure).files():
        for call in code.calls:
            if last_name(call.func) not in ("concatenate", "concat"):
                continue
            if ".ops." not in f".{canonical(call.func, names)}":
                continue
            given = [*call.args[1:2], *(it.value for it in call.keywords if it.arg == "axis")]
            if not given or ast.unparse(given[0]) == "0":
                yield code, call


RULES: tuple[Rule, ...] = (rule("batch-joined", r"", _joined),)
