"""The variables of followed code: those it assigned, and those that exist already."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from kfunc_lab.graph.keras.nodes import is_symbolic
from kfunc_lab.mistakes.ahead.values import UNKNOWN, Tensor
from kfunc_lab.mistakes.failure import shape_of

_MAX_ITEMS = 1000
_PLAIN = (bool, int, float, str, bytes, type(None))


@dataclass
class Variables:
    """The variables of a cell or of a function.

    Attributes:
        existing: The learner's variables as they are now.
        bound: How often the followed code assigns each name.
        late: The names that are assigned only behind the failed statement.
        around: The variables around a function.
        own: The assigned variables.
    """

    existing: Mapping[str, Any]
    bound: Counter[str] = field(default_factory=Counter)
    late: frozenset[str] = frozenset()
    around: "Variables | None" = None
    own: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """Returns the value of a name; `UNKNOWN` if it is not certain."""
        if name in self.own:
            return self.own[name]
        if self.around is not None:
            return self.around.get(name)
        if name in self.bound and name not in self.late:
            return UNKNOWN  # an earlier value was replaced when the code ran
        return self._existing(name)

    def set(self, name: str, value: Any, *, has_run: bool = False) -> None:
        """Assigns a name; a value that the code does not tell may be there since it ran."""
        if value is UNKNOWN and has_run and self.bound[name] == 1:
            value = self._existing(name)
            if isinstance(value, Tensor):  # its shape may depend on the edit
                value = UNKNOWN
        self.own[name] = value

    def _existing(self, name: str) -> Any:
        import builtins

        if name in self.existing:
            return known_value(self.existing[name])
        return getattr(builtins, name, UNKNOWN)


def known_value(value: Any) -> Any:
    """Returns a value of the learner's variables in the form in which it is followed."""
    if is_symbolic(value):
        shape = shape_of(value)
        return UNKNOWN if shape is None else Tensor(shape, str(value.dtype), _is_input(value))
    if type(value) in (list, tuple, dict) and len(value) > _MAX_ITEMS:
        return UNKNOWN
    if type(value) in (list, tuple):
        return type(value)(known_value(item) for item in value)
    if type(value) is dict:
        return {key: known_value(item) for key, item in value.items()}
    return value


def _is_input(tensor: Any) -> bool:
    from kfunc_lab.graph.keras.nodes import node_of

    return type(node_of(tensor).operation).__name__ == "InputLayer"


def is_plain(value: Any) -> bool:
    """Tells whether a value is a number, a text, or a list of some: safe to compute with."""
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    return isinstance(value, _PLAIN)


def is_module(value: Any) -> bool:
    """Tells whether the attributes of a value can be read without running the learner's code."""
    return isinstance(value, ModuleType)
