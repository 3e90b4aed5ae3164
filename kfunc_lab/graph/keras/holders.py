"""Tells which tensors the user's variables hold, without a garbage collection.

A full collection visits every object of the process, which takes seconds beside large data. A path
from a variable to a tensor proves that the tensor is no garbage, and most such paths are short.
"""

import gc
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import FrameType
from typing import Any

_MAX_VISITS = 20_000  # objects to visit
_MAX_ITEMS = 5_000  # in one container: a longer one holds data


def held_by_variables(tensors: Iterable[Any]) -> set[int]:
    """Finds tensors to which a path leads from a variable of the user's modules.

    Args:
        tensors: The tensors to find.

    Returns:
        The `id()` of those that were found near the variables. Others may be held too: by a local
        variable, or far from any variable.
    """
    wanted = set(map(id, tensors))
    found: set[int] = set()
    seen: set[int] = set()
    waiting: list[Any] = list(_variables())
    for item in waiting:
        if id(item) in seen:
            continue
        if found == wanted or len(seen) > _MAX_VISITS:
            break
        seen.add(id(item))
        if id(item) in wanted:
            found.add(id(item))
        elif _leads_on(item):
            waiting += filter(gc.is_tracked, gc.get_referents(item))
    return found


def _variables() -> Iterator[dict[str, Any]]:
    """Yields the variables of the modules that run, and those of a notebook."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame.f_globals
        frame = frame.f_back
    if "__main__" in sys.modules:
        yield vars(sys.modules["__main__"])


@lru_cache(maxsize=1)
def _folders() -> tuple[str, ...]:
    return tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


def _leads_on(item: Any) -> bool:
    """Tells whether to follow the references of an object."""
    import keras
    from keras.src.ops.node import Node

    cls = type(item)  # `isinstance` would run the code of proxies
    for kind in (dict, list, tuple, set, frozenset):
        if issubclass(cls, kind):
            small = kind.__len__(item) <= _MAX_ITEMS
            return small and not (kind is dict and _is_installed(item))
    # Keras's records lead from each layer to every tensor that it returned.
    return not issubclass(cls, (type, keras.KerasTensor, Node))


def _is_installed(names: dict[str, Any]) -> bool:
    """Tells whether a dict holds the names of a module of Python or of a package."""
    file = dict.get(names, "__file__")
    return (
        dict.__contains__(names, "__spec__")
        and dict.get(names, "__name__") != "__main__"
        and (not isinstance(file, str) or file.startswith(_folders()))
    )
