"""What a lint rule looks at, and what it finds."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kfunc_lab.graph.model.layer_graph import Call, LayerGraph


@dataclass(frozen=True)
class Finding:
    """A mistake that raises no error.

    Attributes:
        code: What kind of mistake it is, as `"unused-input"`.
        call: The id of the call that it is about; empty for the model.
        reason: Why it is one, in the language in use.
        change: What to do.
        sureness: `"certain"`, `"likely"` or `"possible"`.
    """

    code: str
    call: str
    reason: str
    change: str
    sureness: str


@dataclass(frozen=True)
class Case:
    """What is looked at.

    Attributes:
        model: The model, layer or tensors.
        graph: Its graph.
    """

    model: Any
    graph: LayerGraph

    @cached_property
    def outputs(self) -> list[Call]:
        """The calls that make the outputs."""
        return [self.graph.call_of[call_id] for call_id in self.graph.outputs]

    def only_source(self, call_id: str) -> Call | None:
        """Returns the call that feeds another, if there is just one."""
        sources = self.graph.sources.get(call_id, [])
        return self.graph.call_of[sources[0]] if len(sources) == 1 else None
