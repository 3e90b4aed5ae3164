"""Finds equal towers over two inputs that are compared later, but have weights of their own."""

import ast
import re
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.own.source import calls_in, definition_of
from kfunc_lab.graph.model.comparison import chosen_name, hashable_settings
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

# These compare two results: whoever subtracts them wants the same scale for both.
_COMPARING = {"Subtract", "Dot", "CosineSimilarity"}
_JOINING = {"Maximum", "Minimum", "Average", "Multiply", "Add"}
_PAIRS = [
    {"left", "right"}, {"first", "second"}, {"one", "two"}, {"anchor", "positive"},
    {"positive", "negative"}, {"anchor", "negative"}, {"one", "other"}, {"this", "that"},
]  # fmt: skip


def _twins(case: Case) -> Iterator[Finding]:
    forms = _Forms(case)
    reported: set[str] = set()
    for call in case.calls:
        for one, other in _compared(case, call):
            if forms.of(one) is None or forms.of(one) != forms.of(other):
                continue
            towers = _tower(case, one), _tower(case, other)
            pairs = _weighted_pairs(*towers)
            sureness = _sureness(case, call, towers, pairs)
            if sureness and pairs[-1][1].id not in reported:
                reported.add(pairs[-1][1].id)
                yield _finding(*pairs[-1], sureness)


def _finding(first: Call, second: Call, sureness: str) -> Finding:
    return Finding(
        "twins",
        second.id,
        _(
            "{one} and {other} process two equal inputs in the same way before the "
            "results are compared, but each has its own weights."
        ).format(one=printable(first.layer), other=printable(second.layer)),
        _(
            "To share weights, create the layer once and call it twice: `layer = ...`, "
            "then `layer(a)` and `layer(b)`."
        ),
        sureness,
    )


def _compared(case: Case, call: Call) -> Iterator[tuple[str, str]]:
    """Yields the pairs of results that a call brings together."""
    ends = case.graph.sources.get(call.id, [])
    for at, one in enumerate(ends):
        for other in ends[at + 1 :]:
            if one != other and len(ends) <= 4:
                yield one, other


class _Forms:
    """A number for each call: equal for calls that do the same to inputs of the same shape."""

    def __init__(self, case: Case) -> None:
        graph = case.graph
        inputs = set(graph.inputs)
        numbers: dict[object, int] = {}
        self._forms: dict[str, int] = {}
        for call in case.calls:  # in topological order
            sources = graph.sources.get(call.id, [])
            if call.id in inputs:
                key: object = ("input", call.outputs)
            elif any(source not in self._forms for source in sources) or not sources:
                continue
            else:
                key = (
                    call.kind,
                    hashable_settings(call.settings),
                    call.outputs,
                    tuple(self._forms[source] for source in sources),
                )
            self._forms[call.id] = numbers.setdefault(key, len(numbers))

    def of(self, call_id: str) -> int | None:
        return self._forms.get(call_id)


def _tower(case: Case, end: str) -> list[Call]:
    """Returns the calls that lead to a result, and the call itself, in the graph's order."""
    ids = {end, *case.leading_to([end])}
    return [call for call in case.calls if call.id in ids]


def _weighted_pairs(one: list[Call], other: list[Call]) -> list[tuple[Call, Call]]:
    """Returns the layers with weights of two towers that correspond; none if they overlap."""
    inputs = [{call.id for call in tower if not call.inputs} for tower in (one, other)]
    if len(one) != len(other) or inputs[0] & inputs[1]:
        return []
    return [
        (left, right)
        for left, right in zip(one, other, strict=True)
        if left.parameters and left.layer_id != right.layer_id and left.kind == right.kind
    ]


def _sureness(
    case: Case,
    call: Call,
    towers: tuple[list[Call], list[Call]],
    pairs: list[tuple[Call, Call]],
) -> str:
    """Tells how likely two towers should share their weights; empty if nothing speaks for it."""
    if not pairs:
        return ""
    named = [(chosen_name(one), chosen_name(other)) for one, other in pairs]
    entries = [
        (chosen_name(one), chosen_name(other))
        for one, other in zip(*towers, strict=True)
        if one.id in case.graph.inputs
    ]
    alike = all(_play_one_role(*names) for names in entries)
    if any(names != ("", "") and not _play_one_role(*names) for names in named):
        alike, entries = False, [("one thing", "another")]
    unnamed = all(names == ("", "") for names in entries)
    own = not call.library or call.kind == "Lambda"
    if call.kind in _COMPARING or (own and _subtracts(case, call)):
        if alike or (unnamed and not _start_with_tables(towers)):
            return "likely"
        # A recommender compares users with items, which are different things.
        return "possible" if unnamed or call.kind == "Subtract" else ""
    if not alike:
        return ""
    if call.kind in _JOINING or own or (call.operation and call.kind != "Concatenate"):
        return "possible"
    two = call.kind == "Concatenate" and len(case.graph.sources[call.id]) == 2
    return "possible" if two else ""


def _subtracts(case: Case, call: Call) -> bool:
    """Tells whether a Lambda or a custom layer subtracts something, by its source."""
    operation: Any = getattr(case.nodes.get(call.id), "operation", None)
    function = getattr(operation, "function", None) or getattr(type(operation), "call", None)
    definition = definition_of(function)
    return definition is not None and (
        any(isinstance(node, ast.Sub) for node in ast.walk(definition))
        or any(name == "subtract" for name, _found in calls_in(definition))
    )


def _start_with_tables(towers: tuple[list[Call], list[Call]]) -> bool:
    """Tells whether each tower looks up a single number: a user, an item, a place."""
    return all(
        any(call.kind == "Embedding" for call in tower)
        and all(
            prod(size or 2 for size in (call.outputs[0].shape or ())[1:]) == 1
            for call in tower
            if not call.inputs and call.outputs
        )
        for tower in towers
    )


def _play_one_role(one: str, other: str) -> bool:
    """Tells whether two names mean the same kind of thing: "a" and "b", "left" and "right"."""
    if not one or not other:
        return False
    words, others = (re.split(r"[_\W]+|(?<=[a-z])(?=[0-9])", it.lower()) for it in (one, other))
    if len(words) != len(others):
        return False
    differing = [{a, b} for a, b in zip(words, others, strict=True) if a != b]
    return len(differing) == 1 and (
        differing[0] in _PAIRS
        or all(len(word) == 1 or word.isdecimal() for word in differing[0])
    )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (_twins,)
