"""Arguments that belong to another class than the one that is called."""

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import islice

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.passed import value_of
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.arguments.constructor import Constructor, rank_of
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.statements.rest_of_cell import rest_of_cell

# Classes of which one is taken for the other.
_NEAR = {
    "Flatten": ("Reshape",), "Reshape": ("Flatten",), "Dense": ("Conv1D", "Conv2D"),
    "Dropout": ("SpatialDropout1D", "SpatialDropout2D"), "Add": ("Concatenate", "Dot"),
    "UpSampling2D": ("MaxPooling2D", "Conv2DTranspose"), "Embedding": ("Dense",),
    "MaxPooling2D": ("Conv2D",), "Attention": ("MultiHeadAttention",),
}  # fmt: skip
_MAX_EDITS = 4


def _other_class(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains arguments that another class takes, if its layer fits the rest of the cell."""
    made = Constructor.of(failure) if failure.stage == "construct" else None
    if made is None:
        return None
    foreign = _foreign(made)
    if _holds_tensors(made, failure):
        return None  # they belong in a second pair of parentheses
    if not foreign or (len(foreign) == 1 and _runs_without(made, foreign[0], failure)):
        return None
    for edit in islice(_edits(made), _MAX_EDITS):
        rest = rest_of_cell(failure, edit.changes)
        if rest is not None and rest.runs and rest.is_known:
            reason = _("{kind} has no argument `{name}`.")
            return Mistake(
                "unknown-argument",
                reason.format(kind=made.kind, name=foreign[0]),
                "",
                edit.words,
                foreign[0],
                edit.changes,
            )
    return None


def _holds_tensors(made: Constructor, failure: Failure) -> bool:
    """Returns whether tensors are among the arguments by position."""
    import keras

    values = [value_of(node, failure.scope) for node in made.call.args]
    return any(isinstance(it, keras.KerasTensor) for it in keras.tree.flatten(values))


def _foreign(made: Constructor) -> list[str]:
    """Returns the arguments that the class does not take, or that hold another one's value."""
    known = made.parameters()
    found = [each.arg for each in made.call.keywords if each.arg and each.arg not in known]
    found = [
        name for name in found if name not in ("name", "dtype", "trainable", "input_shape")
    ]
    for argument in made.arguments()[: len(made.call.args)]:
        value = argument.value
        if argument.name == "data_format" and argument.is_known and not isinstance(value, str):
            found.append(made.code.source(argument.node))
    if len(made.call.args) > len(known):
        found += map(made.code.source, made.call.args[len(known) :])
    return found


def _runs_without(made: Constructor, name: str, failure: Failure) -> bool:
    change = made.code.without_argument(made.call, name)
    rest = None if change is None else rest_of_cell(failure, (change,))
    return rest is not None and rest.runs


def _edits(made: Constructor) -> Iterator[Edit]:
    """Yields the classes that take all arguments."""
    import keras

    positions = [None] * len(made.call.args)
    names = [each.arg for each in made.call.keywords]
    if None in names or any(isinstance(it, ast.Starred) for it in made.call.args):
        return
    for kind in _related(made.kind):
        cls = getattr(keras.layers, kind, None)
        if cls is None or kind == made.kind:
            continue
        parameters = inspect.signature(cls).parameters
        if not set(names) <= {*parameters, "name", "dtype", "trainable"}:
            continue
        try:
            inspect.signature(cls).bind(*positions, **dict.fromkeys(map(str, names)))
        except TypeError:
            continue
        function = made.call.func
        source = made.code.source(function)
        new = f"{source.removesuffix(made.kind)}{kind}"
        words = _("Write `{code}`, which takes these arguments.").format(code=new)
        yield Edit(words, (made.code.replaced(function, new),))


def _related(kind: str) -> Iterator[str]:
    """Yields the names of the classes that are nearest to a class."""
    if kind.startswith("Global"):
        yield kind.removeprefix("Global")
    yield from _NEAR.get(kind, ())
    rank = rank_of(kind)
    for other in ("1D", "2D", "3D") if rank else ():
        yield f"{kind[:-2]}{other}"


RULES: tuple[Rule, ...] = (
    rule(
        "unknown-argument",
        r"Unrecognized keyword arguments? passed to|unexpected keyword argument|"
        r"`data_format` argument must be one of|positional arguments? but|data_format",
        _other_class,
    ),
)
