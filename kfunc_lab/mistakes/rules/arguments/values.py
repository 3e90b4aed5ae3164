"""Arguments of a layer whose value has the wrong type or is no size: `filters=-4`, `padding=1`."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.names.nearest import like
from kfunc_lab.mistakes.names.scope import names_of_frame
from kfunc_lab.mistakes.nearest import nearest
from kfunc_lab.mistakes.rule import Mistake, Rule, quoted, rule
from kfunc_lab.mistakes.rules.arguments.constructor import (
    COUNTS,
    WINDOWS,
    Argument,
    Constructor,
    is_count,
    is_right,
    layer_class,
    rank_of,
)
from kfunc_lab.mistakes.search.sites import Sites
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.rest_of_cell import best_edit, rest_of_cell

_EXAMPLES = {
    "units": "32", "filters": "32", "output_dim": "16", "input_dim": "1000", "num_heads": "4",
    "key_dim": "16", "n": "10", "rate": "0.5", "kernel_size": "3", "pool_size": "2", "size": "2",
}  # fmt: skip
_MAX_EDITS = 12


def _wrong_value(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a value that a parameter cannot have, and finds the one that was meant."""
    if failure.stage not in ("construct", "call", "fit"):
        return None
    made = Constructor.of(failure) or _with_class(failure)
    if made is None:
        return None
    for argument in made.arguments():
        if not _is_wrong(argument, made.kind):
            continue
        edit = _best(made, argument, failure)
        if edit is None:
            return None
        return Mistake(
            "wrong-argument",
            _reason(argument, made),
            _sums(argument),
            edit.words,
            argument.name,
            edit.changes,
        )
    return None


def _with_class(failure: Failure) -> Constructor | None:
    """Returns the constructor of a layer of the model whose activation is a class."""
    if failure.stage != "fit":
        return None
    held = [getattr(it, "activation", None) for it in getattr(failure.model, "layers", ())]
    classes = [it for it in held if isinstance(it, type)]
    names = names_of_frame(failure.scope)
    for code in Sites(failure).files() if classes else ():
        for call in code.calls:
            cls = layer_class(call.func, names)
            if cls is None:
                continue
            made = Constructor(code, call, cls, names)
            given = made.argument("activation")
            if given is not None and any(given.value is it for it in classes):
                return made
    return None


def _best(made: Constructor, argument: Argument, failure: Failure) -> Edit | None:
    """Returns the first edit with which the rest of the cell runs; the first one after a fit."""
    edits = islice(_edits(made, argument), _MAX_EDITS)
    if failure.stage == "fit":
        return next(edits, None)
    return best_edit(failure, edits)


def _is_wrong(argument: Argument, kind: str) -> bool:
    name, value = argument.name, argument.value
    if not argument.is_known:
        return False
    if name in COUNTS or name in WINDOWS:
        if name in ("pool_size", "size", "strides") and value is None and "Pool" in kind:
            return False  # strides=None are the sizes of the window
        return not is_right(name, value, kind)
    if name == "padding" and ("Conv" in kind or "Pool" in kind):
        return value not in _paddings(kind)
    if name.endswith("activation"):
        return _is_no_activation(value)
    return name == "rate" and isinstance(value, (str, type(None)))


def _paddings(kind: str) -> tuple[str, ...]:
    return ("valid", "same", "causal") if kind == "Conv1D" else ("valid", "same")


def _is_no_activation(value: Any) -> bool:
    import keras

    is_layer = isinstance(value, type) and issubclass(value, keras.Layer)
    is_number = isinstance(value, (int, float))
    return is_layer or is_number or isinstance(value, (list, tuple))


def _reason(argument: Argument, made: Constructor) -> str:
    value = quoted(made.code.source(argument.node), 40)
    words = {"where": argument.name, "value": value}
    if argument.name == "padding":
        listed = ", ".join(sorted(_paddings(made.kind)))
        return _("`{where}` must be one of {choices}, got {value}.").format(
            choices=listed, **words
        )
    if argument.name == "rate":
        return _("`rate` must be a number from 0 to 1, got {value}.").format(value=value)
    if argument.name.endswith("activation"):
        return _(
            "`{where}` must be the name of a function such as `relu`, or a function, got {value}."
        ).format(**words)
    rank = rank_of(made.kind)
    if isinstance(argument.value, (tuple, list)) and argument.name in WINDOWS and rank:
        return _("`{where}` must be one whole number, or {n} in a tuple, got {value}.").format(
            n=rank, **words
        )
    return _("`{where}` must be a positive whole number, got {value}.").format(**words)


def _sums(argument: Argument) -> str:
    value = argument.value
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return f"{value} ≤ 0" if is_number and value <= 0 else ""


def _edits(made: Constructor, argument: Argument) -> Iterator[Edit]:
    """Yields edits of one argument, the nearest in meaning first."""
    swapped = _swapped(made, argument)
    if swapped is not None:
        yield swapped
    for source in dict.fromkeys(_sources(made, argument)):
        words = _("Write `{where}={value}`.").format(where=argument.name, value=source)
        yield Edit(words, (made.code.replaced(argument.node, source),))
    default = (
        made.parameters()[argument.name].default if argument.name in made.parameters() else 0
    )
    if default != argument.value and (changes := made.without(argument.name)):
        yield Edit(_("Remove `{name}`.").format(name=argument.name), changes)
    if argument.name in _EXAMPLES:
        source = _EXAMPLES[argument.name]
        words = _("Write a number such as `{where}={value}`.").format(
            where=argument.name, value=source
        )
        yield Edit(words, (made.code.replaced(argument.node, source),))


def _sources(made: Constructor, argument: Argument) -> Iterator[str]:
    """Yields the values that an argument may have instead."""
    name, value = argument.name, argument.value
    siblings = made.siblings(name)
    if name in COUNTS or name in WINDOWS:
        yield from _meant(value, name, made.kind)
        yield from siblings
        if name in COUNTS and name != "input_dim":  # a vocabulary is no size of a layer
            yield from made.numbers()
    elif name == "rate":
        if re.fullmatch(r"[01]?\.\d+", str(value).strip()):
            yield f"{float(value):g}"
        yield from siblings
    elif name == "padding":
        yield from _paddings_meant(value, made, siblings)
    else:
        yield from _activations_meant(argument, made)
        yield from (it for it in siblings if it.startswith(('"', "'")))


def _meant(value: Any, name: str, kind: str) -> Iterator[str]:
    """Yields the size that a value contains."""
    if isinstance(value, str) and (digits := re.findall(r"\d+", value)):
        yield from map(str, _sizes([int(each) for each in digits], name, kind))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if round(abs(value)) and value != -1:  # -1 stands for no number
            yield str(round(abs(value)))
    elif isinstance(value, (tuple, list)):
        numbers = [abs(it) for it in value if isinstance(it, int) and it]
        yield from map(str, _sizes(numbers, name, kind))


def _sizes(numbers: list[int], name: str, kind: str) -> Iterator[Any]:
    rank = rank_of(kind)
    if name in WINDOWS and rank and len(numbers) == rank > 1:
        yield tuple(numbers)
    if len(set(numbers)) == 1 or (numbers and (name in COUNTS or rank == 1)):
        yield numbers[0]
    elif name in WINDOWS and len(numbers) > rank > 0:
        yield tuple(numbers[:rank]) if rank > 1 else numbers[0]


def _paddings_meant(value: Any, made: Constructor, siblings: list[str]) -> Iterator[str]:
    close = nearest(value, _paddings(made.kind), 0.6) if isinstance(value, str) else ""
    if close:
        yield f'"{close}"'
    plain = value.lower() if isinstance(value, str) else value
    if plain in ("none", "no", False, None, 0):
        yield '"valid"'
    yield from siblings
    yield '"same"'
    yield '"valid"'


def _activations_meant(argument: Argument, made: Constructor) -> Iterator[str]:
    import keras

    value = argument.value
    if isinstance(value, type):
        functions = [it for it in vars(keras.activations) if not it.startswith("_")]
        known = like(value.__name__, functions)
        if known:
            yield f'"{known}"'
        yield f"{made.code.source(argument.node)}()"


def _swapped(made: Constructor, argument: Argument) -> Edit | None:
    """Exchanges an argument with another one that stands in its place, as in `Conv2D(3, 8)`."""
    if argument.node not in made.call.args:
        return None
    for other in made.arguments():
        if other is argument or other.node not in made.call.args or not other.is_known:
            continue
        if _is_wrong(Argument(argument.name, argument.node, other.value), made.kind):
            continue
        if _is_wrong(Argument(other.name, other.node, argument.value), made.kind):
            continue
        if not _is_of_its_kind(other.name, argument.value):
            continue
        changes: tuple[Change, ...] = (
            made.code.replaced(argument.node, made.code.source(other.node)),
            made.code.replaced(other.node, made.code.source(argument.node)),
        )
        words = _("Exchange both: first `{first}`, then `{second}`.")
        first, second = sorted((argument, other), key=lambda it: made.call.args.index(it.node))
        return Edit(words.format(first=first.name, second=second.name), changes)
    return None


def _is_of_its_kind(name: str, value: Any) -> bool:
    """Returns whether a value that stands elsewhere may belong to a parameter."""
    if name in COUNTS:
        return is_count(value)
    if name in WINDOWS:
        return isinstance(value, (tuple, list))
    return isinstance(value, str) and name in ("activation", "padding")


def _no_kernel(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an argument that is needed and missing, with a value that fits the cell."""
    made = Constructor.of(failure) if failure.stage == "construct" else None
    missing = match["where"]
    if made is None or missing not in made.parameters():
        return None
    edits = list(islice(_with_missing(made, missing), _MAX_EDITS))
    edit = best_edit(failure, edits)
    if edit is None:
        return None
    return Mistake(
        "missing-argument",
        _("{kind} needs the argument `{where}`.").format(kind=made.kind, where=missing),
        "",
        edit.words,
        missing,
        edit.changes,
    )


def _with_missing(made: Constructor, missing: str) -> Iterator[Edit]:
    """Yields calls with the missing argument."""
    yield from _moved(made, missing)
    sources = [
        *made.siblings(missing),
        *(made.numbers() if missing in COUNTS - {"input_dim"} else ()),
    ]
    if missing in _EXAMPLES:
        sources.append("64" if made.kind == "Dense" else _EXAMPLES[missing])
    for source in dict.fromkeys(sources):
        yield _pass_it(made, missing, source)


def _moved(made: Constructor, missing: str) -> Iterator[Edit]:
    """Takes the only value by position for the missing one, if its siblings tell that it is."""
    required = [it for it, each in made.parameters().items() if each.default is each.empty]
    if len(made.call.args) != 1 or required.index(missing) != 1:
        return
    first, source = required[0], made.code.source(made.call.args[0])
    if source == "1" or source not in made.siblings(missing) or source in made.siblings(first):
        return
    for value in made.siblings(first):
        node = made.call.args[0]
        code = _written(made, f"{value}, {source}")
        words = _("Pass it, for example `{code}`.").format(code=code)
        yield Edit(words, (made.code.replaced(node, f"{value}, {source}"),))


def _pass_it(made: Constructor, name: str, source: str) -> Edit:
    changes = made.with_value(name, source)
    new = changes[0].new.strip(", ")
    words = [*map(made.code.source, made.call.args), new]
    words += [f"{it.arg}={made.code.source(it.value)}" for it in made.call.keywords if it.arg]
    code = _written(made, ", ".join(words))
    return Edit(_("Pass it, for example `{code}`.").format(code=code), changes)


def _written(made: Constructor, arguments: str) -> str:
    return f"{made.code.source(made.call.func)}({arguments})"


def _twice(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an argument that is passed by position and by name."""
    made = Constructor.of(failure) if failure.stage == "construct" else None
    name = match["where"]
    if made is None:
        return None
    changes = made.code.without_argument(made.call, name)
    if changes is None:
        return None
    edit = Edit(
        _("Remove `{code}`: its value stands in its place already.").format(code=f"{name}="),
        (changes,),
    )
    rest = rest_of_cell(failure, edit.changes)
    if rest is None or not (rest.is_known and rest.steps):
        return None
    return Mistake(
        "argument-twice",
        _("{kind} gets the argument `{where}` twice: by its position, and by its name.").format(
            kind=made.kind, where=name
        ),
        "",
        edit.words,
        name,
        edit.changes,
    )


RULES: tuple[Rule, ...] = (
    rule("argument-twice", r"got multiple values for argument '(?P<where>\w+)'", _twice),
    rule(
        "missing-argument",
        r"missing \d+ required positional arguments?: '(?P<where>\w+)'",
        _no_kernel,
    ),
    rule(
        "wrong-argument",
        r"positive integer|strictly positive|must be a tuple of|not supported between instances|"
        r"to a shape|fully-defined|has no attribute 'lower'|unhashable|argument must be|"
        r"must be either|"
        r"activation function identifier|as a Python `bool`|cannot be interpreted as an integer|"
        r"unsupported operand|can only concatenate|must be real number|invalid literal|"
        r"greater than (?:0|zero)|Expected an? (?:int|positive)|'NoneType'|object is not iterable|"
        r"Expected int32|Dimension.*must be|not callable|must be positive|division|modulo",
        _wrong_value,
    ),
)
