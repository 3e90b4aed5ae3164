"""A call that got data which do not fit, and trials of it with changes of its source."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from kfunc_lab.mistakes.data.passed import Passed, parameters
from kfunc_lab.mistakes.data.values import UNKNOWN, evaluated
from kfunc_lab.mistakes.data.wanted import Shape
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change, Edit, edited
from kfunc_lab.mistakes.trials.fitting import UNKNOWN as UNCHECKED
from kfunc_lab.mistakes.trials.fitting import Fitting, Misfit

ROLES = ("x", "y", "sample_weight")


@dataclass(frozen=True)
class Option:
    """An edit that is not tried yet.

    Attributes:
        cost: The lower, the sooner it is offered.
        edit: The edit.
        losses: The losses that it sets, by the name of the output.
        inputs: The shapes of inputs that it sets, by name.
    """

    cost: float
    edit: Edit
    losses: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Shape] = field(default_factory=dict)


class Trial:
    """A call of a model's method with data, and what does not fit in it.

    Attributes:
        passed: The call.
        code: Its file or cell.
        call: Its node.
        values: The values of x, y and the weights.
        fitting: What the model wants.
        misfit: The first thing that does not fit; `None` if all does.
    """

    def __init__(self, passed: Passed, code: Code, call: ast.Call) -> None:
        self.passed = passed
        self.code = code
        self.call = call
        self.nodes = {role: node for role in ROLES if (node := passed.node(role)) is not None}
        self.values = {role: self._value(role) for role in ROLES}
        self.fitting = Fitting(passed.model, passed.method)
        self.misfit: Misfit | None = self.fitting.misfit(self.values)

    @classmethod
    def of(cls, passed: Passed | None) -> "Trial | None":
        """Returns the trial of a call whose data can be checked and do not fit."""
        if passed is None or passed.code is None or passed.call is None:
            return None
        if any(isinstance(each, ast.Starred) for each in passed.call.args):
            return None
        found = cls(passed, passed.code, passed.call)
        if found.misfit is None and passed.argument("validation_data") is not None:
            found = cls(_with_validation(passed), passed.code, passed.call)
        return None if found.misfit in (None, UNCHECKED) else found

    def _value(self, role: str) -> Any:
        node, known = self.passed.node(role), self.passed.value(role)
        if self.passed.validation and not isinstance(
            self.passed.argument("validation_data"), (ast.Tuple, ast.List)
        ):
            return known
        if node is None:
            return known
        value = evaluated(node, self.passed.scope)
        return known if value is UNKNOWN and known is not None else value

    def source(self, node: ast.AST) -> str:
        """Returns the source of a node of the call."""
        return self.code.source(node)

    def fits(self, option: Option) -> bool:
        """Returns whether all fits after an edit."""
        values = self.values_after(option.edit.changes)
        if values is None:
            return False
        fitting = self.fitting
        if option.losses or option.inputs:
            fitting = Fitting(
                self.passed.model,
                self.passed.method,
                option.losses,
                option.inputs,
                self.fitting.graph,
            )
        return fitting.misfit(values) is None

    def judged(self, edit: Edit) -> bool | None:
        """Returns whether all fits after an edit of the call alone; `None` if it is not known."""
        here = [change for change in edit.changes if self.is_here(change)]
        others = [change for change in edit.changes if not self.is_here(change)]
        if not here or any(".compile(" not in change.new for change in others):
            return None
        values = self.values_after(here)
        if values is None or all(values[role] is self.values[role] for role in ROLES):
            return None  # it changes no data
        misfit = self.fitting.misfit(values)
        return None if misfit == UNCHECKED else misfit is None

    def values_after(self, changes: Iterable[Change]) -> dict[str, Any] | None:
        """Returns the values after changes of the call; `None` if one is not known."""
        here = [change for change in changes if self.is_here(change)]
        if not here:
            return self.values
        nodes = self._nodes_after(here)
        if nodes is None:
            return None
        values = {}
        for role in ROLES:
            node = nodes.get(role)
            value = None if node is None else evaluated(node, self.passed.scope)
            if value is UNKNOWN:
                before = self.nodes.get(role)
                same = before is not None and node is not None
                if not same or ast.dump(before) != ast.dump(node):  # type: ignore[arg-type]
                    return None
                value = self.values[role]
            values[role] = value
        return values

    def is_here(self, change: Change) -> bool:
        """Returns whether a change is one of the call."""
        inside = begin_of(self.call) <= change.begin and change.end <= end_of(self.call)
        return change.file == self.code.file and inside

    def _nodes_after(self, changes: list[Change]) -> dict[str, ast.expr] | None:
        """Returns the expressions of the roles in the call after changes."""
        line, column = begin_of(self.call)

        def place(position: tuple[int, int]) -> tuple[int, int]:
            first = position[0] == line
            return position[0] - line + 1, position[1] - (column - 1 if first else 0)

        moved = [
            Change(change.file, place(change.begin), place(change.end), change.new)
            for change in changes
        ]
        try:
            text = edited(f"({self.code.source(self.call)})", moved)
            call = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError):
            return None
        if not isinstance(call, ast.Call) or len(set(map(_name, call.keywords))) != len(
            call.keywords
        ):
            return None
        return self._roles(call)

    def _roles(self, call: ast.Call) -> dict[str, ast.expr] | None:
        method = self.passed.method
        names = ["x"] if method == "__call__" else parameters(self.passed.model, method)
        found = dict(zip(names, call.args, strict=False))
        for keyword in call.keywords:
            if keyword.arg in found:
                return None  # Python refuses the call
            if keyword.arg:
                found[keyword.arg] = keyword.value
        if self.passed.validation:
            pair = found.get("validation_data")
            if not isinstance(pair, (ast.Tuple, ast.List)):
                return None
            return dict(zip(ROLES, pair.elts, strict=False))
        return {role: found[role] for role in ROLES if role in found}


def _with_validation(passed: Passed) -> Passed:
    """Returns the call with the validation data as its inputs and targets."""
    data = passed.value("validation_data")
    items = list(data) if isinstance(data, (list, tuple)) else [data]
    values = {**passed.values, **dict.fromkeys(ROLES), **dict(zip(ROLES, items, strict=False))}
    return replace(passed, values=values, validation=True)


def _name(keyword: ast.keyword) -> str:
    return keyword.arg or ""


def leaf_nodes(node: ast.expr | None) -> Iterator[ast.expr]:
    """Yields the expressions in a list, tuple or dict; another expression alone."""
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from leaf_nodes(value)
    elif isinstance(node, (ast.List, ast.Tuple)):
        for value in node.elts:
            yield from leaf_nodes(value)
    elif node is not None:
        yield node
