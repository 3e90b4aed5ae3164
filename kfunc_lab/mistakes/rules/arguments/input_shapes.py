"""The shape of an input that is missing, or is no tuple of sizes: which shape fits the cell."""

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.names.scope import Evaluator, names_of_frame
from kfunc_lab.mistakes.rule import Mistake, Rule, Shape, quoted, rule, written
from kfunc_lab.mistakes.search.sites import last_name
from kfunc_lab.mistakes.source.code import begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.failed_call import FailedCall
from kfunc_lab.mistakes.statements.rest_of_cell import best_edit, rest_of_cell

_MAX_VARIABLES = 500
_MAX_EDITS = 8


def _no_shape(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `keras.Input()` and `keras.Input(None)` if another shape fits."""
    shapes = _Shapes.of(failure)
    if shapes is None:
        return None
    any_length: list[Shape] = [(None,)] if shapes.is_read() else []
    edit = shapes.first_that_runs([*shapes.known(None), *any_length])
    if edit is None:
        return None
    return Mistake(
        "input-shape",
        _("An input needs a shape: the sizes of one example, without the batch."),
        "",
        edit.words,
        "shape",
        edit.changes,
    )


def _not_a_shape(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `keras.Input(8, 8, 4)`, `keras.Input("16")` and `keras.Input((-6, -6))`."""
    shapes = _Shapes.of(failure)
    if shapes is None:
        return None
    given = shapes.given()
    edit: Edit | None = None
    if shapes.positional():
        return _too_many(match, failure)
    if isinstance(given, int) or (isinstance(given, str) and given.isdigit()):
        edit = shapes.first_that_runs([*shapes.known(int(given)), *guesses(int(given))])
    elif isinstance(given, (tuple, list)) and any(_is_negative(size) for size in given):
        edit = shapes.first_that_runs(_not_negative(given))
    if edit is None:
        return None
    value = quoted(match["value"], 60)
    return Mistake(
        "input-shape",
        _("`shape` must be a tuple of sizes, got {value}.").format(value=value),
        "",
        edit.words,
        "shape",
        edit.changes,
    )


def _is_negative(size: Any) -> bool:
    return isinstance(size, int) and size < 0


def _not_negative(given: Any) -> Iterator[Shape]:
    """Yields a shape without minus signs, where -1 stands for any size."""
    if all(isinstance(size, (int, type(None))) for size in given):
        yield tuple(
            None if size == -1 else size if size is None else abs(size) for size in given
        )
        yield tuple(None if _is_negative(size) else size for size in given)


def guesses(size: int) -> Iterator[Shape]:
    """Yields shapes with a size: a row, an image, a series, and a volume.

    The usual images of 28 × 28 pixels are grey; the others have colours.
    """
    channels = (1, 3) if size == 28 else (3, 1)
    yield (size,)
    yield from ((size, size, it) for it in channels)
    yield (size, 1)
    yield (size, size, size, 1)


class _Shapes:
    """Shapes that an input may have, tried in the place of the one that is wrong."""

    def __init__(self, call: FailedCall, failure: Failure) -> None:
        self._call, self._failure = call, failure
        self._names: Mapping[str, Any] = names_of_frame(failure.scope)

    @classmethod
    def of(cls, failure: Failure) -> "_Shapes | None":
        call = FailedCall.of(failure)
        if call is None or failure.kind != "Input" or failure.stage != "construct":
            return None
        return cls(call, failure)

    def given(self) -> Any:
        """Returns the value that was passed as the shape."""
        node = self._call.argument("shape")
        return Evaluator(self._names).look_up(node)

    def positional(self) -> bool:
        """Returns whether the sizes were passed one by one."""
        args = self._call.call.args
        sizes = [Evaluator(self._names).look_up(each) for each in args]
        return len(args) > 1 and all(isinstance(it, int) for it in sizes)

    def in_one_tuple(self) -> Edit:
        """Returns the edit that writes the sizes in one tuple."""
        args, code = self._call.call.args, self._call.code
        new = f"({', '.join(map(code.source, args))})"
        words = _("Write `keras.Input(shape={shape})`, with the sizes in one tuple.")
        change = Change(code.file, begin_of(args[0]), end_of(args[-1]), new)
        return Edit(words.format(shape=new), (change,))

    def first_that_runs(self, shapes: Any) -> Edit | None:
        """Returns the edit to the first shape with which the rest of the cell runs."""
        for shape in islice(dict.fromkeys(shapes), _MAX_EDITS):
            edit = self._edit(shape)
            rest = rest_of_cell(self._failure, edit.changes)
            if rest is not None and rest.runs and rest.is_known:
                return edit
        return None

    def _edit(self, shape: Shape) -> Edit:
        words = _("Write `keras.Input(shape={shape})`.").format(shape=written(shape))
        node = self._call.argument("shape")
        code, call = self._call.code, self._call.call
        if node is not None:
            return Edit(words, (code.replaced(node, written(shape)),))
        first = [*call.args, *call.keywords][:1]
        if not first:
            return Edit(words, (code.with_argument(call, "shape", written(shape)),))
        begin = begin_of(first[0])
        return Edit(words, (Change(code.file, begin, begin, f"shape={written(shape)}, "),))

    # -- shapes that the cell and the variables tell

    def known(self, size: int | None) -> list[Shape]:
        """Returns the shapes that begin with a size, the ones that are most certain first."""
        found = [*self._of_models(), *self._of_data(), *self._of_other_inputs()]
        return [shape for shape in found if size is None or shape[:1] == (size,)]

    def _target(self) -> str:
        """Returns the variable that gets the input."""
        statement = self._call.code.statement_of(self._call.call)
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        return target.id if isinstance(target, ast.Name) else ""

    def is_read(self) -> bool:
        """Returns whether a call behind takes the input, so that a shape can be tried on it."""
        target = self._target()
        given = (each for call in self._calls_behind() for each in ast.walk(call))
        return any(isinstance(each, ast.Name) and each.id == target for each in given)

    def _calls_behind(self) -> Iterator[ast.Call]:
        place = end_of(self._call.call)
        calls = self._call.code.calls_near(self._call.call)
        yield from (call for call in calls if begin_of(call) > place)

    def _of_models(self) -> Iterator[Shape]:
        """Yields the shape that a model takes which is called on the input."""
        target, values = self._target(), Evaluator(self._names, calls=False)
        for call in self._calls_behind():
            if any(isinstance(each, ast.Name) and each.id == target for each in call.args):
                inputs = getattr(values.look_up(call.func), "inputs", None) or []
                if len(inputs) == 1 and (shape := shape_of(inputs[0])) is not None:
                    yield shape[1:]

    def _of_data(self) -> Iterator[Shape]:
        """Yields the shapes of the examples in arrays, the ones that `fit` takes first."""
        import numpy as np

        passed = {
            node.id: len(call.args)
            for call in self._calls_behind()
            if last_name(call.func) in ("fit", "predict", "evaluate")
            for node in ast.walk(call.args[0] if call.args else call)
            if isinstance(node, ast.Name)
        }
        arrays = {
            name: value
            for name, value in islice(self._names.items(), _MAX_VARIABLES)
            if isinstance(value, np.ndarray) and value.ndim > 1 and not name.startswith("_")
        }
        target = self._target()

        def order(name: str) -> tuple[bool, ...]:
            related = bool(target) and (target in name or name in target)
            return name not in passed, not related, not name.lower().startswith("x")

        yield from (arrays[name].shape[1:] for name in sorted(arrays, key=order))

    def _of_other_inputs(self) -> Iterator[Shape]:
        """Yields the shapes of the other inputs in the cell."""
        values = Evaluator(self._names)
        for call in self._call.code.calls_near(self._call.call):
            if last_name(call.func) != "Input" or call is self._call.call:
                continue
            given = [*call.args[:1], *(it.value for it in call.keywords if it.arg == "shape")]
            shape = values.look_up(given[0]) if given else None
            if isinstance(shape, (tuple, list)) and all(
                isinstance(size, (int, type(None))) for size in shape
            ):
                yield tuple(shape)


def _too_many(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains the sizes of a shape that take the places of other arguments."""
    shapes = _Shapes.of(failure)
    if shapes is None or not shapes.positional():
        return None
    edit = best_edit(failure, [shapes.in_one_tuple()])
    if edit is None:
        return None
    return Mistake(
        "input-shape",
        _("`shape` must be a tuple of sizes, got {value}.").format(value=_("several numbers")),
        "",
        edit.words,
        "shape",
        edit.changes,
    )


RULES: tuple[Rule, ...] = (
    rule("input-shape", r"You must pass a `?shape`? argument", _no_shape),
    rule("input-shape", r"Cannot convert '(?P<value>.*?)' to a shape\.", _not_a_shape),
    rule(
        "input-shape",
        r"Input\(\) got multiple values for argument '(?P<value>\w+)'|"
        r"Input\(\) takes (?P<n>.*?) positional arguments",
        _too_many,
    ),
)
