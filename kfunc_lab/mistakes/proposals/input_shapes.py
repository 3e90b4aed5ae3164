"""Proposes shapes for a `keras.Input` whose shape is missing or has an impossible form."""

import ast
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of
from kfunc_lab.locale import _
from kfunc_lab.mistakes.ahead.notebook import Notebook
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.search.data import data_shapes
from kfunc_lab.mistakes.search.sites import last_name
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change, Edit

Sizes = tuple[int | None, ...]

_MAX_VARIABLES = 500
_MAX_EDITS = 2


def proposals(mistake: Mistake, failure: Failure, notebook: Notebook) -> Iterator[Edit]:
    """Yields shapes with which the calls that follow fit."""
    code, call = failure.source, failure.expression
    if mistake.rule != "input-shape" or code is None or not isinstance(call, ast.Call):
        return
    given = _given(call)
    numbers = _numbers(code, given) if given is not None else ()
    for more in call.args[1:]:
        numbers += _numbers(code, more)
    wanted = list(_from_numbers(numbers))
    if isinstance(given, ast.Constant) and given.value in (None, "None"):
        wanted = [(None,)]
    others = [*_of_data(failure, given), *_of_models(failure)]
    # The code itself proves nothing of a shape that is not written; the other inputs do.
    named = [*others, *_of_inputs(code, call)] if given is None else [*others, *wanted]
    count = 0
    for shape in dict.fromkeys(named):
        change = _change(code, call, given, shape)
        verdict = notebook.verdict([change])
        if not verdict.is_known or count == _MAX_EDITS:
            return
        if verdict.is_proof:
            words = _("Write `keras.Input(shape={shape})`.").format(shape=repr(shape))
            yield Edit(words, (change,))
            count += 1


def _change(code: Code, call: ast.Call, given: ast.expr | None, shape: Sizes) -> Change:
    """Writes a shape in the place of the given one; sizes without parentheses become one."""
    if given is None:
        return code.with_argument(call, "shape", repr(shape))
    if len(call.args) < 2:
        return code.replaced(given, repr(shape))
    words = [repr(shape), *(code.source(keyword) for keyword in call.keywords)]
    return code.replaced(call, f"{code.source(call.func)}({', '.join(words)})")


def _given(call: ast.Call) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == "shape":
            return keyword.value
    return call.args[0] if call.args else None


def _numbers(code: Code, given: ast.expr) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", code.source(given)))


def _from_numbers(numbers: tuple[int, ...]) -> Iterator[Sizes]:
    """Yields the shapes that numbers may mean, the plain tuple first."""
    if not numbers or 0 in numbers:
        return
    yield numbers
    if len(numbers) == 1:
        [n] = numbers
        yield from ((n, n, 1), (n, n, 3), (n, 1), (n, n), (n, n, n, 1), (None, n))
    elif len(numbers) == 2:
        yield from ((*numbers, 1), (*numbers, 3))


def _of_data(failure: Failure, given: ast.expr | None) -> list[Sizes]:
    """Returns the shapes of the learner's arrays if they hold the number that was written."""
    shapes = sorted(data_shapes(failure), key=len, reverse=True)
    if given is None or failure.source is None:
        return list(shapes) if len(shapes) == 1 else []
    numbers = set(_numbers(failure.source, given))
    return [shape for shape in shapes if numbers and numbers <= set(shape)]


def _of_models(failure: Failure) -> Iterator[Sizes]:
    """Yields the input shapes of the learner's models, which may be called on the input."""
    if failure.scope is None:
        return
    values: dict[str, Any] = {**failure.scope.f_globals, **failure.scope.f_locals}
    for value in islice(values.values(), _MAX_VARIABLES):
        functional = functional_of(value)
        for tensor in getattr(functional, "inputs", None) or []:
            shape = shape_of(tensor)
            if shape is not None:
                yield shape[1:]


def _of_inputs(code: Code, call: ast.Call) -> Iterator[Sizes]:
    """Yields the shapes of the other inputs in the cell, those of the same dtype first."""
    dtype = _dtype(code, call)
    others = [
        each for each in code.calls if each is not call and last_name(each.func) == "Input"
    ]
    for other in sorted(others, key=lambda each: _dtype(code, each) != dtype):
        given = _given(other)
        try:
            shape = None if given is None else ast.literal_eval(given)
        except (ValueError, SyntaxError, TypeError):
            continue
        if isinstance(shape, (tuple, list)):
            yield tuple(shape)


def _dtype(code: Code, call: ast.Call) -> str:
    return next((code.source(it.value) for it in call.keywords if it.arg == "dtype"), "")
