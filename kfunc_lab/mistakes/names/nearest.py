"""Finds today's place of a name of Keras: by the table, by the name itself, or by its spelling."""

import difflib
import importlib
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from kfunc_lab.mistakes.names.table import places

# The modules that are searched for a name, those of everyday use first.
_MODULES = (
    "layers", "models", "utils", "optimizers", "callbacks", "losses", "metrics", "activations",
    "initializers", "regularizers", "constraints", "ops", "saving", "preprocessing.image",
    "preprocessing.sequence", "optimizers.schedules", "applications", "datasets", "config",
    "random", "mixed_precision", "wrappers", "tree",
)  # fmt: skip


def today(name: str) -> str:
    """Returns today's place of a name of Keras.

    Args:
        name: A place that does not exist, such as `"keras.layers.core.Dense"`.

    Returns:
        A place that exists, such as `"keras.layers.Dense"`; empty if none is known.

    Example:
        >>> today("keras.utils.np_utils.to_categorical")
        'keras.utils.to_categorical'
    """
    name = usual(name)
    listed = places().get(name, "")
    if listed and exists(listed):
        return listed
    module, _, last = name.rpartition(".")
    if not module:
        return ""
    inside = today_module(module)
    alike = like(last, public_names(value_of(inside)))
    candidates = [f"{inside}.{last}", *([f"{inside}.{alike}"] if alike else [])]
    for place in (*candidates, *(f"{each}.{last}" for each in _searched())):
        if exists(place) and not _is_module(place):
            return place
    if exists(f"tensorflow.{name}"):  # kept only for those who come from Keras 2
        return f"tensorflow.{name}"
    return nearest(inside, last)


def today_module(name: str) -> str:
    """Returns today's place of a module; the nearest one around it that exists."""
    name = usual(name)
    while name and name != "keras":
        listed = places().get(name, "")
        if listed and _is_module(listed):
            return listed
        if _is_module(name):
            return name
        name = name.rpartition(".")[0]
    return "keras"


def nearest(module: str, name: str) -> str:
    """Returns the place of the name that is spelled most like another, in a module or any."""
    for place in dict.fromkeys([module, *_searched()]):
        found = like(name, public_names(value_of(place)))
        is_class = isinstance(value_of(f"{place}.{found}"), type) if found else False
        if found and (place == module or is_class or not name[:1].isupper()):
            return f"{place}.{found}"
    modules = {each.rpartition(".")[2]: each for each in _searched()}
    close = like(name, modules)
    return modules[close] if close else _by_resemblance(module, name)


def like(name: str, names: Iterable[str]) -> str:
    """Returns the name that differs only by capitals, underlines or a plural; empty if none."""
    plain = _plain(name)
    same = [each for each in names if _plain(each) == plain]
    exact = [each for each in same if each == name.rstrip("s")]  # `adds`: no class
    classes = [each for each in same if each[:1].isupper()]
    return next(iter([*exact, *classes, *same]), "")


def _by_resemblance(module: str, name: str) -> str:
    names = {each.lower(): each for each in public_names(value_of(module))}
    close = difflib.get_close_matches(name.lower(), names, 1, 0.75)
    if close:
        return f"{module}.{names[close[0]]}"
    return ""


def close_attribute(value: Any, name: str) -> str:
    """Returns the public attribute of an object that is spelled most like a name."""
    names = public_names(value)
    found = like(name, names)
    if found:
        return found
    close = difflib.get_close_matches(name, names, 1, 0.7)
    return close[0] if close else ""


def public_names(value: Any) -> list[str]:
    """Returns the public attributes of a module, class or object."""
    kind = value if isinstance(value, ModuleType | type) else type(value)
    own = [] if kind is value else list(getattr(value, "__dict__", {}))
    return [name for name in [*dir(kind), *own] if not name.startswith("_") and name != "src"]


def usual(name: str) -> str:
    """Returns a place in Keras without the package that it was reached through."""
    for prefix in ("tensorflow.python.keras", "tensorflow.contrib.keras", "tensorflow.keras",
                   "tf.keras", "tf_keras", "keras_preprocessing", "keras.api"):  # fmt: skip
        if name == prefix or name.startswith(f"{prefix}."):
            kept = "keras.preprocessing" if prefix == "keras_preprocessing" else "keras"
            return kept + name.removeprefix(prefix)
    return name


def exists(place: str) -> bool:
    """Returns whether a place such as `"keras.layers.Dense"` exists."""
    return value_of(place) is not None


def value_of(place: str) -> Any:
    """Returns what stands at a place; `None` if nothing does."""
    root, *rest = place.split(".")
    if root not in ("keras", "tensorflow") or (
        root == "tensorflow" and root not in sys.modules
    ):
        return None
    try:
        value: Any = importlib.import_module(root)
        for part in rest:
            value = getattr(value, part)
    except Exception:  # a module that loads on first use may fail to load
        return None
    return value


def _is_module(place: str) -> bool:
    return isinstance(value_of(place), ModuleType)


def _searched() -> Iterator[str]:
    yield "keras"
    yield from (f"keras.{name}" for name in _MODULES)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").rstrip("s") or name
