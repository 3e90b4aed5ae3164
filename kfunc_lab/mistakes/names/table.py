"""The tables of old names: each old function with its parameters, and what to write today."""

import ast
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class OldFunction:
    """A function or method that is gone, or that takes no symbolic tensors.

    Attributes:
        names: Its names, such as `("tf.reduce_sum", "tf.math.reduce_sum")`.
        parameters: Its parameters, as in a definition; `self` for the object of a method.
        new: The expression to write today, in which a parameter stands for its argument; empty
            if there is no single expression.
        dropped: The parameters that need no place in the new expression.
        attribute: Whether it is an attribute, which is not called.
    """

    names: tuple[str, ...]
    parameters: str
    new: str
    dropped: tuple[str, ...] = ()
    attribute: bool = False

    @cached_property
    def signature(self) -> ast.arguments:
        """The parameters, parsed."""
        definition = ast.parse(f"def f({self.parameters}): pass").body[0]
        assert isinstance(definition, ast.FunctionDef)  # noqa: S101
        return definition.args

    @cached_property
    def template(self) -> ast.expr:
        """The new expression, parsed."""
        return ast.parse(self.new, mode="eval").body


@cache
def functions() -> Mapping[str, OldFunction]:
    """Returns the functions that do not take symbolic tensors, or are gone, by each name."""
    return _by_name(_table("functions"))


@cache
def methods() -> Mapping[str, OldFunction]:
    """Returns the methods and attributes of Keras's objects that are gone, by `Class.name`."""
    return _by_name(_table("methods"))


@cache
def places() -> Mapping[str, str]:
    """Returns today's place of each module, class and function that moved, by its old place."""
    found: dict[str, str] = {}
    for names, new in _table("places").items():
        found.update(dict.fromkeys(names.split(), new))
    return found


@cache
def arguments() -> Mapping[str, Mapping[str, str]]:
    """Returns the arguments that were renamed or removed, for each class or method."""
    found: dict[str, dict[str, str]] = {}
    for owners, renamed in _table("arguments").items():
        for owner in owners.split():
            found.setdefault(owner, {}).update(renamed)
    return found


def _by_name(rows: Mapping[str, str]) -> dict[str, OldFunction]:
    found = {}
    for key, new in rows.items():
        head, _, dropped = key.partition(" | ")
        names, opened, parameters = head.partition(" (")
        inside = parameters.removesuffix(")")
        old = OldFunction(tuple(names.split()), inside, new, tuple(dropped.split()), not opened)
        found.update(dict.fromkeys(old.names, old))
    return found


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text("utf-8"))
