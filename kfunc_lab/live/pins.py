"""Finds the notebook's variables that hold tensors and models."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

_MAX_DEPTH = 4  # of lists in lists
_MAX_ITEMS = 20_000  # to check in one variable, which may hold data
# Names that IPython adds to the user's own.
_IPYTHON_NAME = re.compile(r"_+\d*|_i+|_i\d+|_[iod]h|In|exit|quit|open|get_ipython")


@dataclass(frozen=True)
class Variables:
    """The variables of a notebook that hold symbolic tensors and models.

    Attributes:
        tensors: Maps each name, such as `"x"` or `"towers[2]"`, to its symbolic tensor.
        models: Maps each name to its model.
    """

    tensors: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Any] = field(default_factory=dict)


def find_variables(namespace: Mapping[str, Any]) -> Variables:
    """Finds the symbolic tensors and models that variables hold, also in lists and dicts.

    Args:
        namespace: The variables.

    Returns:
        The tensors and models, in the order in which the variables were first bound.

    Example:
        >>> import keras
        >>> towers = [keras.Input((3,)), keras.Input((3,))]
        >>> list(find_variables({"towers": towers, "n": 3}).tensors)
        ['towers[0]', 'towers[1]']
    """
    import keras

    kinds = (keras.KerasTensor, keras.Model)
    tensors: dict[str, Any] = {}
    models: dict[str, Any] = {}
    for name, value in list(namespace.items()):
        if not isinstance(value, (*kinds, list, tuple, dict)):
            continue
        if _IPYTHON_NAME.fullmatch(name):
            continue
        for label, item in _find_items(name, value, kinds):
            (tensors if isinstance(item, keras.KerasTensor) else models)[label] = item
    return Variables(tensors, models)


def _find_items(name: str, value: Any, kinds: tuple[type, ...]) -> list[tuple[str, Any]]:
    """Lists the objects of these kinds in a variable, each with the expression that yields it."""
    items = []
    stack = [(name, value, 0)]
    budget = _MAX_ITEMS
    while stack:
        label, item, depth = stack.pop()
        if isinstance(item, kinds):
            items.append((label, item))
        elif depth < _MAX_DEPTH and budget:
            pairs = list(islice(_entries(item), budget))
            budget -= len(pairs)
            stack += [
                (f"{label}[{_key(key)}]", inner, depth + 1)
                for key, inner in reversed(pairs)
                if isinstance(inner, (*kinds, list, tuple, dict))
            ]
    return items


def _entries(container: Any) -> Iterable[tuple[Any, Any]]:
    # Calls the methods of the built-in classes: a user's subclass may override its own.
    if isinstance(container, dict):
        return dict.items(container)
    iterate = list.__iter__ if isinstance(container, list) else tuple.__iter__
    return enumerate(iterate(container))


def _key(key: Any) -> str:
    return f'"{key}"' if isinstance(key, str) else str(key)
