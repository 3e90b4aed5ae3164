"""Which variables of a notebook hold tensors and models."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

_DEEPEST = 4  # lists in lists
_MOST_ITEMS = 20_000  # that are looked at in one variable, which may hold data
# What IPython puts beside the user's own names.
_NOT_A_VARIABLE = re.compile(r"_+\d*|_i+|_i\d+|_[iod]h|In|exit|quit|open|get_ipython")


@dataclass(frozen=True)
class Held:
    """What the variables of a notebook hold.

    Attributes:
        tensors: For each name, as `"x"` or `"towers[2]"`, its symbolic tensor.
        models: For each name its model.
    """

    tensors: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Any] = field(default_factory=dict)


def held_by(namespace: Mapping[str, Any]) -> Held:
    """Finds the symbolic tensors and models that variables hold, in lists and dicts too.

    Args:
        namespace: The variables.

    Returns:
        What they hold, in the order in which they were first bound.

    Example:
        >>> import keras
        >>> held = held_by({"towers": [keras.Input((3,)), keras.Input((3,))], "n": 3})
        >>> list(held.tensors)
        ['towers[0]', 'towers[1]']
    """
    import keras

    wanted = (keras.KerasTensor, keras.Model)
    tensors: dict[str, Any] = {}
    models: dict[str, Any] = {}
    for name, value in list(namespace.items()):
        if not isinstance(value, (*wanted, list, tuple, dict)):
            continue
        if _NOT_A_VARIABLE.fullmatch(name):
            continue
        for label, item in _items(name, value, wanted):
            (tensors if isinstance(item, keras.KerasTensor) else models)[label] = item
    return Held(tensors, models)


def _items(name: str, value: Any, wanted: tuple[type, ...]) -> list[tuple[str, Any]]:
    """Lists what is wanted in a variable, with the expression that gives it."""
    found = []
    waiting = [(name, value, 0)]
    left = _MOST_ITEMS
    while waiting:
        label, item, depth = waiting.pop()
        if isinstance(item, wanted):
            found.append((label, item))
        elif depth < _DEEPEST and left:
            pairs = list(islice(_entries(item), left))
            left -= len(pairs)
            waiting += [
                (f"{label}[{_key(key)}]", inner, depth + 1)
                for key, inner in reversed(pairs)
                if isinstance(inner, (*wanted, list, tuple, dict))
            ]
    return found


def _entries(container: Any) -> Iterable[tuple[Any, Any]]:
    # By the methods of the built-in classes: a class of the user's own may do as it likes.
    if isinstance(container, dict):
        return dict.items(container)
    iterate = list.__iter__ if isinstance(container, list) else tuple.__iter__
    return enumerate(iterate(container))


def _key(key: Any) -> str:
    return f'"{key}"' if isinstance(key, str) else str(key)
