"""Proposes numbers for an argument that is missing or impossible, such as `Dense(0)`."""

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.ahead.notebook import Notebook
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.search.sites import last_name, parameters_of
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change, Edit

_RULES = frozenset(["missing-argument", "wrong-argument", "unknown", "unknown-size"])
_NUMBERS = frozenset(
    ["units", "filters", "output_dim", "input_dim", "key_dim", "num_heads", "n", "kernel_size",
     "pool_size", "strides", "size", "dilation_rate", "target_shape"]
)  # fmt: skip
_SIZES = frozenset(["units", "filters", "output_dim", "key_dim", "n"])
_CHOICES = {"padding": ("same", "valid")}
_DEFAULTS = {
    "kernel_size": 3, "pool_size": 2, "num_heads": 2, "units": 32, "filters": 32,
    "output_dim": 16, "key_dim": 16,
}  # fmt: skip
_ANY = "4099"  # a number that nothing else in the code needs
_MAX_TRIED = 40
_MAX_POOL = 12


@dataclass(frozen=True)
class _Place:
    """An argument of a constructor in the learner's code."""

    code: Code
    call: ast.Call
    cls: Any
    name: str

    def with_value(self, value: str) -> Change:
        names = parameters_of(self.cls)
        position = names.index(self.name) if self.name in names else -1
        free = len(self.call.args)
        if position == free and all(it.arg != self.name for it in self.call.keywords):
            return self._with_positional(value)
        return self.code.with_argument(self.call, self.name, value, position)

    def _with_positional(self, value: str) -> Change:
        words = [self.code.source(each) for each in self.call.args] + [value]
        words += [
            f"{it.arg}={self.code.source(it.value)}" if it.arg else self.code.source(it)
            for it in self.call.keywords
        ]
        source = f"{self.code.source(self.call.func)}({', '.join(words)})"
        return self.code.replaced(self.call, source)

    def at_front(self, value: str) -> Change:
        words = [value, *(self.code.source(each) for each in self.call.args)]
        words += [f"{it.arg}={self.code.source(it.value)}" for it in self.call.keywords]
        source = f"{self.code.source(self.call.func)}({', '.join(words)})"
        return self.code.replaced(self.call, source)


def proposals(mistake: Mistake, failure: Failure, notebook: Notebook) -> Iterator[Edit]:
    """Yields the number for a missing or impossible argument that the code needs."""
    if mistake.rule not in _RULES:
        return
    place = _place(mistake, failure)
    if place is None:
        return
    is_missing = mistake.rule == "missing-argument"
    # If any number fits, the code does not tell which one is meant.
    is_needed = not notebook.verdict([place.with_value(_ANY)]).fits
    for name, value, change in _candidates(place, is_missing=is_missing, is_needed=is_needed):
        verdict = notebook.verdict([change])
        if not verdict.is_known:
            return
        if verdict.is_proof:
            needed = is_needed and name in _SIZES
            yield Edit(_words(name, value, is_needed=needed), (change,))
            return


def _candidates(
    place: _Place, *, is_missing: bool, is_needed: bool
) -> Iterator[tuple[str, str, Change]]:
    """Yields arguments and values with the change that sets them, the most likely first."""
    own = place.name
    yield from ((own, value, place.with_value(value)) for value in _own_values(place))
    if is_missing:
        yield from _shifted(place)
    values = [value for value, _count in _of_siblings(place, place.name).most_common()]
    if place.name in _SIZES and is_needed:
        values += _pool(place)
    if place.name in _DEFAULTS:
        values.append(_DEFAULTS[place.name])
    yield from (
        (own, f"{value}", place.with_value(f"{value}")) for value in values[:_MAX_TRIED]
    )


def _words(name: str, value: str, *, is_needed: bool) -> str:
    sentence = _("Write `{where}={value}`.")
    if is_needed:
        sentence = _("Write `{where}={value}`, which the calls that follow need.")
    return sentence.format(where=name, value=value)


def _place(mistake: Mistake, failure: Failure) -> _Place | None:
    """Finds the argument at fault."""
    import keras

    code, expression = failure.source, failure.expression
    if code is None or not isinstance(expression, ast.Call):
        return None
    call = expression.func if isinstance(expression.func, ast.Call) else expression
    cls = getattr(keras.layers, last_name(call.func), None)
    if not isinstance(cls, type) or cls is keras.layers.InputLayer:
        return None
    names = parameters_of(cls)
    if mistake.rule == "missing-argument" and mistake.where in names:
        return _Place(code, call, cls, mistake.where) if mistake.where in _NUMBERS else None
    for name in names:
        node = _argument(call, names, name)
        if node is None:
            continue
        is_choice = name in _CHOICES and type(getattr(node, "value", "")) is int
        if is_choice or (name in _NUMBERS and _is_impossible(node, cls)):
            return _Place(code, call, cls, name)
    return None


def _argument(call: ast.Call, names: list[str], name: str) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    place = names.index(name)
    return call.args[place] if place < len(call.args) else None


def _is_impossible(node: ast.expr, cls: Any) -> bool:
    try:
        value = ast.literal_eval(node)
    except (ValueError, SyntaxError, TypeError):
        return False
    if cls.__name__ == "Reshape":
        return isinstance(value, int)
    if isinstance(value, (tuple, list)):
        rank = re.search(r"(\d)D", cls.__name__)
        return rank is not None and len(value) != int(rank[1])
    return value is None or isinstance(value, (str, float)) or value < 1


def _own_values(place: _Place) -> Iterator[str]:
    """Yields the numbers that the learner's own value may mean."""
    node = _argument(place.call, parameters_of(place.cls), place.name)
    if node is None:
        return
    if place.name in _CHOICES:
        text = place.code.text
        choices = [f'"{choice}"' for choice in _CHOICES[place.name]]
        yield from sorted(choices, key=text.count, reverse=True)
        return
    if place.name == "target_shape":
        yield from _target_shapes(place, node)
        return
    numbers = re.findall(r"\d+", place.code.source(node))
    whole = [number for number in numbers if int(number) > 0]
    if isinstance(node, (ast.Tuple, ast.List)) and len(set(whole)) == 1:
        yield whole[0]
    elif isinstance(node, ast.Constant) and isinstance(node.value, float):
        yield str(max(1, round(node.value)))
    elif len(whole) == 1 and whole[0] != "1":
        yield whole[0]


def _target_shapes(place: _Place, node: ast.expr) -> Iterator[str]:
    """Yields the shapes that begin with the number which was written alone."""
    if not isinstance(node, ast.Constant) or type(node.value) is not int:
        return
    first, pool = node.value, _pool(place)[:_MAX_POOL]
    yield f"({first},)"
    yield from (f"({first}, {size})" for size in pool)
    yield from (f"({first}, {first}, {size})" for size in dict.fromkeys([1, 3, *pool]))


def _of_siblings(place: _Place, name: str) -> Counter[int]:
    """Counts the numbers that other layers of the class have for an argument."""
    names = parameters_of(place.cls)
    found: Counter[int] = Counter()
    for call in place.code.calls:
        if call is place.call or last_name(call.func) != place.cls.__name__:
            continue
        node = _argument(call, names, name)
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0:
            found[node.value] += 1
    return found


def _shifted(place: _Place) -> Iterator[tuple[str, str, Change]]:
    """Yields changes for a call whose first argument is missing, and not the one named."""
    names = parameters_of(place.cls)
    if not place.call.args or place.name != names[1]:
        return
    given = place.call.args[0]
    if isinstance(given, ast.Tuple) and names[0] in _DEFAULTS:
        numbers = [*_of_siblings(place, names[0]), _DEFAULTS[names[0]]]
        yield names[0], str(numbers[0]), place.at_front(str(numbers[0]))
        return
    value = given.value if isinstance(given, ast.Constant) else None
    first, second = _of_siblings(place, names[0]), _of_siblings(place, names[1])
    if not isinstance(value, int) or (
        first[value] >= second[value] and names[0] != "input_dim"
    ):
        return
    is_width = names[0] == "input_dim" and (not first or value < min(first))
    if second[value] > first[value] or is_width:
        for number, _count in first.most_common(3):
            yield names[0], str(number), place.at_front(str(number))


def _pool(place: _Place) -> list[int]:
    """Returns the numbers that the code mentions, and the products of its tuples."""
    numbers: Counter[int] = Counter()
    for node in ast.walk(place.code.tree):
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0:
            numbers[node.value] += 1
        if isinstance(node, ast.Tuple) and len(node.elts) > 1:
            sizes = [getattr(each, "value", None) for each in node.elts]
            if all(type(size) is int and size > 0 for size in sizes):
                numbers[math.prod(size for size in sizes if size)] += 1
    near = _nearest_first(place)
    return sorted(numbers, key=lambda it: (it == 1, near.get(it, 1000), -numbers[it]))


def _nearest_first(place: _Place) -> dict[int, int]:
    """Returns how many lines away each number stands."""
    found: dict[int, int] = {}
    for node in ast.walk(place.code.tree):
        if isinstance(node, ast.Constant) and type(node.value) is int:
            distance = abs(node.lineno - place.call.lineno)
            found[node.value] = min(distance, found.get(node.value, 1000))
    return found
