"""A shortcut around layers that change the sizes of an image, and images with channels first."""

import ast
import math
import re
from collections.abc import Sequence
from typing import Any

from kfunc_lab.graph.keras.nodes import ancestors, has_history
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title, written
from kfunc_lab.mistakes.rules.own.signature import parses
from kfunc_lab.mistakes.search.problem import Candidate, Problem, problem_of
from kfunc_lab.mistakes.search.run import fits
from kfunc_lab.mistakes.search.sites import Sites
from kfunc_lab.mistakes.source.code import tensor_expressions
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import spelled

Shape = tuple[int | None, ...]

_CHANNELS = (1, 3, 4)
_CONVOLUTIONS = {3: "Conv1D", 4: "Conv2D", 5: "Conv3D"}  # by the number of axes


def _projected(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Projects the shortcut of a residual block whose layers stride."""
    tensors, code = failure.tensors, failure.source
    if len(tensors) != 2 or code is None or failure.expression is None:
        return None
    operands = tensor_expressions(failure.expression)
    shapes = [shape_of(tensor) or () for tensor in tensors]
    place = next((n for n in (0, 1) if _is_before(tensors[n], tensors[1 - n])), None)
    if place is None or len(operands) != 2 or len(shapes[0]) != len(shapes[1]):
        return None
    step = _step(shapes[place], shapes[1 - place])
    convolution = _CONVOLUTIONS.get(len(shapes[0]))
    filters = shapes[1 - place][-1]
    if step is None or convolution is None or filters is None:
        return None
    if filters == shapes[place][-1]:
        return None  # perhaps only the stride is wrong, which the search tries
    layer = f"{spelled('layers', failure)}.{convolution}({filters}, 1, strides={step})"
    change = code.wrapped(operands[place], layer)
    return Mistake(
        "merge-shapes",
        _(
            "{layer} adds a shortcut of shape {have}, and the layers beside it made {want}."
        ).format(
            layer=title(failure), have=written(shapes[place]), want=written(shapes[1 - place])
        ),
        f"{shapes[place][1]} ≠ {shapes[1 - place][1]}",
        _("Project the shortcut: `{code}`.").format(code=change.new),
        failure.name,
        (change,) if parses([change]) else (),
    )


def _is_before(one: Any, other: Any) -> bool:
    """Returns whether a tensor was computed from another one."""
    if not has_history(one) or not has_history(other):
        return False
    return any(tensor is one for node in ancestors([other]) for tensor in node.outputs)


def _step(have: Shape, want: Shape) -> int | None:
    """Returns the stride that turns the sizes of one image into those of another."""
    pairs = list(zip(have[1:-1], want[1:-1], strict=True))
    if not pairs or None in have[1:] or None in want[1:]:
        return None
    step = round((have[1] or 0) / (want[1] or 1))
    strides = step > 1 and all(math.ceil((a or 0) / step) == b for a, b in pairs)
    return step if strides else None


# ---------------------------------------------------------------------------------------------
# Channels first


def _channels_last(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Moves the channels of an input to its last axis, if a window has no room there."""
    problem = problem_of(failure)
    if problem is None or getattr(failure.operation, "data_format", "") == "channels_first":
        return None
    found = _turned_input(problem)
    if found is None:
        return None
    call_id, shape, right = found
    if not fits(problem, Candidate(0, inputs={call_id: right})):
        return None
    node = problem.reading.nodes.get(call_id)
    site = None if node is None else Sites(failure).constructor(node.operation, call_id)
    given = None if site is None else _shape_argument(site[1])
    new = written(right[1:])
    changes: tuple[Change, ...] = ()
    if site is not None and isinstance(given, (ast.Tuple, ast.List)):
        changes = (site[0].replaced(given, new),)
    return Mistake(
        "channels-first",
        _("The channels of an image stand last in Keras, got {shape}.").format(
            shape=written(shape[1:])
        ),
        "",
        _("Write `keras.Input({shape})`, and give the data that order too.").format(shape=new),
        problem.calls[call_id].layer,
        changes,
    )


def _turned_input(problem: Problem) -> tuple[str, Shape, Shape] | None:
    """Returns the only input, its shape, and the shape with its channels last."""
    inputs = [call for call in problem.calls.values() if call.kind == "InputLayer"]
    shape = (inputs[0].outputs[0].shape or ()) if len(inputs) == 1 else ()
    if len(shape) != 4 or shape[1] not in _CHANNELS or None in shape[1:]:
        return None
    sides: Sequence[int] = [size or 0 for size in shape[2:]]
    if min(sides) <= max(_CHANNELS) or max(sides) > 2 * min(sides):
        return None
    return inputs[0].id, shape, (shape[0], *shape[2:], shape[1])


def _shape_argument(call: ast.Call) -> ast.expr | None:
    named = [word.value for word in call.keywords if word.arg == "shape"]
    return named[0] if named else call.args[0] if call.args else None


RULES: tuple[Rule, ...] = (
    rule("merge-shapes", r"Inputs have incompatible shapes|Cannot broadcast shape", _projected),
    rule(
        "channels-first",
        r"Computed output size would be (?:zero or )?negative|Negative dimension size",
        _channels_last,
    ),
)
