"""The input of a lint rule and its findings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kfunc_lab.graph.model.layer_graph import Call, Edge, LayerGraph


@dataclass(frozen=True)
class Finding:
    """A mistake that raises no error.

    Attributes:
        code: The kind of mistake, such as `"unused-input"`.
        call: The id of the call that it concerns; empty for the whole model.
        reason: Why it is a mistake, in the current language.
        change: How to fix it, in the current language.
        sureness: `"certain"`, `"likely"` or `"possible"`.
    """

    code: str
    call: str
    reason: str
    change: str
    sureness: str


@dataclass(frozen=True)
class Case:
    """The model that the rules check.

    Attributes:
        model: The model, layer or tensors.
        graph: Its graph.
        nodes: Keras's node of each call, by the id of the call.
        nested: Keras's node of each call of a nested model, by the id of its group.
    """

    model: Any
    graph: LayerGraph
    nodes: Mapping[str, Any] = field(default_factory=dict)
    nested: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def calls(self) -> list[Call]:
        """The calls that belong to the model: all but those of lost branches."""
        lost = set(self.graph.lost)
        return [call for call in self.graph.calls if call.id not in lost]

    def is_lost(self, item: str) -> bool:
        """Tells whether a call or a nested model belongs to a lost branch."""
        inside = self.graph.calls_inside.get(item, ())
        return set(inside or [item]) <= set(self.graph.lost)

    @cached_property
    def outputs(self) -> list[Call]:
        """The calls that return the outputs, each once."""
        return [self.graph.call_of[call_id] for call_id in self.graph.outputs]

    @cached_property
    def exits(self) -> list[tuple[Call, int]]:
        """For each output of the model, the call that returns it and which of its results."""
        return [(self.graph.call_of[call_id], output) for call_id, output in self.graph.exits]

    @cached_property
    def takers(self) -> Mapping[str, list[str]]:
        """The ids of the calls that take the result of each call, lost branches excluded."""
        lost = set(self.graph.lost)
        ids: dict[str, list[str]] = {}
        for edge in self.graph.edges:
            if edge.target not in lost:
                ids.setdefault(edge.source, []).append(edge.target)
        return ids

    def only_source(self, call_id: str) -> Call | None:
        """Returns the call that feeds another, if there is only one."""
        sources = self.graph.sources.get(call_id, [])
        return self.graph.call_of[sources[0]] if len(sources) == 1 else None

    def sources_of(self, call_id: str) -> list[tuple[Call, int]]:
        """Returns the calls that feed another, each with which of its results it takes."""
        return [(self.graph.call_of[it.source], it.output) for it in self._incoming[call_id]]

    @cached_property
    def _incoming(self) -> Mapping[str, list[Edge]]:
        edges: dict[str, list[Edge]] = {call.id: [] for call in self.graph.calls}
        for edge in sorted(self.graph.edges, key=lambda it: it.input):
            edges[edge.target].append(edge)
        return edges

    def leading_to(self, call_ids: Iterable[str]) -> list[str]:
        """Returns the ids of the calls that feed some calls, directly or not, nearest first."""
        return _reached(call_ids, self.graph.sources)

    def following(self, call_ids: Iterable[str]) -> list[str]:
        """Returns the ids of the calls that some calls feed, directly or not, nearest first."""
        return _reached(call_ids, self.takers)

    def inside(self, call: Call) -> list[Call]:
        """Returns the calls directly inside a wrapper or a layer made of layers."""
        return [inner for inner in self.graph.calls if inner.group == call.id]


def _reached(start: Iterable[str], neighbours: Mapping[str, list[str]]) -> list[str]:
    waiting = list(start)
    seen = set(waiting)
    found: list[str] = []
    for call_id in waiting:
        for other in neighbours.get(call_id, ()):
            if other not in seen:
                seen.add(other)
                found.append(other)
                waiting.append(other)
    return found
