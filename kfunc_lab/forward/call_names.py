"""Gives every call of a forward pass an id: that of the graph, or one for a call inside a layer.

A call of the graph keeps its id. A call inside a layer's own code, such as that of a recurrent
layer's cell at each time step, gets the id of its place and a number: `"rnn/cell"`,
`"rnn/cell#2"`, ….
"""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of, node_of, nodes_in_order
from kfunc_lab.graph.keras.reader import ItemPlace, is_library
from kfunc_lab.graph.model.layer_graph import unused_id


@dataclass
class Place:
    """The position of a running call within the model.

    Attributes:
        operation: The layer or operation that is called.
        parent: The place of the enclosing call; `None` for the model itself.
        base: The id that repeated calls in this place share; empty for the model itself.
        number: The number of the call among these, from 1.
        item: The id of the nearest call or group of the graph; empty for the model itself.
    """

    operation: Any
    parent: "Place | None" = None
    base: str = ""
    number: int = 1
    item: str = ""
    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    nodes: dict[int, list[Any]] = field(default_factory=dict)
    # Before the time steps, Keras calls a cell once, and the cells stacked in it, only to infer
    # the shape of their outputs.
    skips_first: bool = False
    infers_shape: bool = False

    @property
    def id(self) -> str:
        """The id of the call."""
        prefix = f"{self.parent.id}/" if self.parent is not None and self.parent.base else ""
        own = self.base.removeprefix(self.parent.base if self.parent is not None else "")
        number = self.number - self._is_after_probe
        return f"{prefix}{own.removeprefix('/')}" + (f"#{number}" if number > 1 else "")

    @property
    def _is_after_probe(self) -> bool:
        return self.parent is not None and self.parent.skips_first

    @property
    def is_probe(self) -> bool:
        """Whether the call, or an enclosing one, only infers the shape of its outputs."""
        if self.parent is None:
            return False
        is_first = self.parent.skips_first and self.number == 1
        return is_first or self.infers_shape or self.parent.is_probe


class CallNames:
    """Finds the places of the calls of one model."""

    def __init__(self, items: Mapping[ItemPlace, str], known: Container[str]) -> None:
        self._items = items
        self._used = set(items.values())
        self._bases: dict[tuple[str, int], str] = {}
        self._known = known

    def root(self, model: Any) -> Place:
        """Returns the place of the model itself."""
        place = Place(model)
        base = self._items.get((None, id(model)))
        if base is not None:  # the layer itself is the only call of the graph
            place.base = place.item = base
        self._prepare(place)
        return place

    def place(self, running: Sequence[Place], operation: Any) -> Place:
        """Returns the place of a new call, from the running calls with the innermost last."""
        return self.inside(running[-1], operation) if running else self.root(operation)

    def inside(self, parent: Place, operation: Any) -> Place:
        """Returns the place of a new call inside a running one."""
        parent.counts[id(operation)] += 1
        count = parent.counts[id(operation)]
        nodes = parent.nodes.get(id(operation), ())
        node = nodes[count - 1] if count <= len(nodes) else None
        recorded = (
            self._items.get((parent.base or None, id(node))) if node is not None else None
        )
        if recorded is not None:
            place = Place(operation, parent, recorded)
        else:
            place = Place(operation, parent, self._base(parent, operation), count)
        place.item = place.base if place.base in self._known else parent.item
        place.infers_shape = _infers_shape(parent.operation, operation)
        self._prepare(place)
        return place

    def inputs(self, place: Place) -> list[Place]:
        """Returns the places of the inputs of a functional model."""
        functional = functional_of(place.operation)
        return [self._input(place, tensor) for tensor in functional.inputs]

    def _input(self, parent: Place, tensor: Any) -> Place:
        node = node_of(tensor)
        recorded = self._items.get((parent.base or None, id(node)), "")
        return Place(node.operation, parent, recorded, item=recorded)

    def _prepare(self, place: Place) -> None:
        import keras

        if not isinstance(place.operation, keras.Model):
            return
        functional = functional_of(place.operation)
        if functional is None:
            return
        by_operation: dict[int, list[Any]] = defaultdict(list)
        for node in nodes_in_order(functional):
            by_operation[id(node.operation)].append(node)
        place.nodes = by_operation

    def _base(self, parent: Place, operation: Any) -> str:
        known = self._items.get((parent.base or None, id(operation)))
        if known is not None:
            return known
        key = parent.base, id(operation)
        if key not in self._bases:
            prefix = f"{parent.base}/" if parent.base else ""
            self._bases[key] = unused_id(f"{prefix}{operation.name}", self._used)
            self._used.add(self._bases[key])
        return self._bases[key]


def _infers_shape(layer: Any, operation: Any) -> bool:
    """Tells whether one of Keras's recurrent layers calls something other than its cell."""
    import keras

    is_recurrent = isinstance(layer, keras.layers.RNN) and is_library(layer)
    return is_recurrent and operation is not layer.cell
