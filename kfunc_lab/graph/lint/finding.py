"""The input of a lint rule and its findings."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kfunc_lab.graph.model.layer_graph import Call, LayerGraph


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
    """

    model: Any
    graph: LayerGraph

    @cached_property
    def outputs(self) -> list[Call]:
        """The calls that return the outputs."""
        return [self.graph.call_of[call_id] for call_id in self.graph.outputs]

    def only_source(self, call_id: str) -> Call | None:
        """Returns the call that feeds another, if there is only one."""
        sources = self.graph.sources.get(call_id, [])
        return self.graph.call_of[sources[0]] if len(sources) == 1 else None
