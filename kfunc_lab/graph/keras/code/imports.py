"""Finds the expression by which a program names a class or function, and imports it."""

import builtins
import keyword
import sys
from functools import lru_cache, reduce
from types import MethodType
from typing import Any

from kfunc_lab.graph.keras.code.literals import identifier
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

RESERVED = {
    *keyword.kwlist,
    *keyword.softkwlist,
    *dir(builtins),
    "keras",
    "layers",
    "ops",
    "np",
    "not_writable",
}


class Names:
    """The names that a program has used."""

    def __init__(self) -> None:
        self._used = set(RESERVED)
        self._everywhere: set[str] = set()  # those outside all functions

    def new(self, text: str, ending: str = "", everywhere: bool = False) -> str:
        """Returns a name like a text, which nothing has yet."""
        return self.unused(identifier(text) + ending, everywhere)

    def unused(self, stem: str, everywhere: bool = True) -> str:
        """Returns a name, with a number if something has it."""
        name, copy = stem, 2
        while name in self._used:
            name, copy = f"{stem}_{copy}", copy + 1
        self._used.add(name)
        if everywhere:
            self._everywhere.add(name)
        return name

    def enter_function(self) -> set[str]:
        """Returns what `leave_function` needs."""
        return set(self._used)

    def leave_function(self, outside: set[str]) -> None:
        """Frees the names that were used only inside a function."""
        self._used = outside | self._everywhere


class Imports:
    """The classes and functions that a program names.

    Attributes:
        lines: The statements that import them.
        comments: What must be defined before, because it cannot be imported.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self._by_origin: dict[tuple[str, str] | int, str] = {}
        self._alive: list[Any] = []  # so that no `id()` is used again
        self.lines: list[str] = []
        self.comments: list[str] = []

    def of(self, thing: Any) -> str:
        """Returns the expression that names a class or function."""
        public = public_name(thing)
        if public:
            return public
        qualified = str(thing.__qualname__)
        root, dot, rest = qualified.partition(".")
        if not _can_be_imported(thing):
            return self._defined_before(thing, qualified)
        origin = (str(thing.__module__), root)
        if origin not in self._by_origin:
            name = self._by_origin[origin] = self._new(root)
            other = f" as {name}" if name != root else ""
            self.lines.append(f"from {origin[0]} import {root}{other}")
        return self._by_origin[origin] + dot + rest

    def module(self, path: str) -> str:
        """Imports a module, and returns its name."""
        origin = (path, "")
        if origin not in self._by_origin:
            short = {"tensorflow": "tf", "jax.numpy": "jnp"}.get(path, path.rpartition(".")[2])
            name = self._by_origin[origin] = self._new(short)
            self.lines.append(f"import {path}" + (f" as {name}" if name != path else ""))
        return self._by_origin[origin]

    def undefined(self, text: str, what: str = "") -> str:
        """Returns a new name for something that must be defined before."""
        name = self._new(text)
        comment = _("{name} must be defined before this runs.").format(name=name)
        self.comments.append(f"# {comment}" + (f" ({printable(what)})" if what else ""))
        return name

    def _defined_before(self, thing: Any, qualified: str) -> str:
        if id(thing) not in self._by_origin:
            self._alive.append(thing)
            root = qualified.rpartition(".")[2]
            path = f"{thing.__module__}.{qualified}"
            where = "" if path == f"__main__.{root}" else path
            self._by_origin[id(thing)] = self.undefined(root, where)
        return self._by_origin[id(thing)]

    def _new(self, root: str) -> str:
        # A function that builds a nested model has a variable `model` of its own.
        return self._names.unused("model_2" if root == "model" else root)


@lru_cache(maxsize=4096)
def public_name(thing: Any) -> str:
    """Returns the public name of a class or function of Keras, such as `"layers.Dense"`."""
    import keras
    from keras.src.api_export import get_name_from_symbol

    if str(getattr(thing, "__module__", "")).partition(".")[0] != "keras":
        return ""
    path = str(get_name_from_symbol(thing) or "")
    parts = path.split(".")[1:]
    try:
        found = reduce(getattr, parts, keras)
    except AttributeError:
        return ""
    if not parts or found is not thing:
        return ""
    return ".".join(parts if parts[0] in ("layers", "ops") else ["keras", *parts])


def _can_be_imported(thing: Any) -> bool:
    module = sys.modules.get(str(thing.__module__))
    if module is None or module.__name__ in ("__main__", "builtins"):
        return False
    try:
        # A method of a class is another object, though an equal one, whenever it is looked up.
        found = reduce(getattr, str(thing.__qualname__).split("."), module)
        return found is thing or (isinstance(thing, MethodType) and found == thing)
    except AttributeError:
        return False
