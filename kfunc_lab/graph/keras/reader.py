"""Reads a Keras model, layer or loose tensors into a `LayerGraph`.

It reads and never builds a model, because building one over existing tensors adds nodes to the
user's own layers.
"""

import contextlib
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any

from kfunc_lab.graph.keras.construction import constructor_code
from kfunc_lab.graph.keras.nodes import (
    Place,
    ancestors,
    arguments_without_masks,
    call_numbers,
    functional_of,
    has_history,
    lost_nodes,
    masks_of,
    parts_of,
    place_of,
)
from kfunc_lab.graph.keras.settings import (
    argument_settings,
    changed_settings,
    configuration_with_warnings,
)
from kfunc_lab.graph.model.layer_graph import (
    Call,
    Edge,
    Group,
    LayerGraph,
    TensorSpec,
    Weight,
    unused_id,
)
from kfunc_lab.locale import _


def read_graph(x: Any, *, masks: bool = False) -> LayerGraph:
    """Reads the graph of a model, or the graph so far of tensors without a model.

    Args:
        x: A functional or Sequential model; a subclassed model or a layer, whose sub-layers
            are listed; or one or more symbolic tensors, as from `keras.Input`, in any nest of
            lists, tuples and dicts.
        masks: Whether to keep the operations that only compute masks.

    Returns:
        The graph, as plain data.

    Raises:
        TypeError: If `x` is none of these.

    Example:
        >>> import keras
        >>> inputs = keras.Input((784,), name="img")
        >>> outputs = keras.layers.Dense(10, name="digits")(inputs)
        >>> graph = read_graph(keras.Model(inputs, outputs, name="classifier"))
        >>> [call.id for call in graph.calls], graph.parameters
        (['img', 'digits'], 7850)
    """
    return read(x, masks=masks).graph


# A group's id, or None, and the `id()` of a record or a layer in it.
ItemPlace = tuple[str | None, int]


@dataclass(frozen=True)
class Reading:
    """A graph, and what in it stands for what in Keras.

    Attributes:
        graph: The graph.
        nodes: For each call, by its id, the record that Keras keeps of it; calls that Keras did
            not record are missing.
        items: For each record, or each layer without one, the id of its call or group, by the
            group that it stands in.
        tensors: For the place of each tensor outside nested models, the id of the call that
            made it.
        layers: For the `id()` of each layer, the id that its calls share, and the layer.
    """

    graph: LayerGraph
    nodes: Mapping[str, Any]
    items: Mapping[ItemPlace, str]
    tensors: Mapping[Place, str]
    layers: Mapping[int, tuple[str, Any]]

    def item_of(self, node: Any) -> str | None:
        """Returns the id of the call or group outside nested models that a record made."""
        return self.items.get((None, id(node)))

    def calls_of(self, part: Any) -> frozenset[str]:
        """Finds the calls of a model or layer within this graph.

        Args:
            part: A model that shares calls with the graph or is called in it, or a layer.

        Returns:
            The ids of its calls; none if it is no part of the graph.
        """
        layer_id, _layer = self.layers.get(id(part), ("", None))
        groups = {group.id for group in self.graph.groups if group.layer_id == layer_id}
        for group in self.graph.groups:  # each after the one that it stands in
            if group.parent in groups:
                groups.add(group.id)
        calls = {
            call.id
            for call in self.graph.calls
            if call.group in groups or (layer_id and call.layer_id == layer_id)
        }
        functional = _nested(part)
        if functional is None:
            return frozenset(calls)
        nodes = ancestors([*functional.inputs, *functional.outputs])
        places = (place_of(tensor) for node in nodes for tensor in node.outputs)
        calls |= {self.tensors[place] for place in places if place in self.tensors}
        if not calls:
            # Keras copies the calls of a model that begins at a tensor amid another; the layers
            # are the same.
            layers = (self.layers.get(id(node.operation), ("", None))[0] for node in nodes)
            layer_ids = set(filter(None, layers))
            calls = {call.id for call in self.graph.calls if call.layer_id in layer_ids}
        return frozenset(calls & set(self.graph.call_of))


def read(x: Any, *, masks: bool = False) -> Reading:
    """Reads a graph as `read_graph` does, and keeps what in it stands for what in Keras.

    Args:
        x: As in `read_graph`.
        masks: As in `read_graph`.

    Returns:
        The graph, with Keras's records of its calls.

    Raises:
        TypeError: As in `read_graph`.
    """
    reader = _Reader(masks)
    return reader.reading(reader.read(x))


def read_nodes(
    nodes: Sequence[Any],
    lost: Iterable[Any],
    outputs: Sequence[Any],
    known: MutableMapping[Any, Call],
) -> Reading:
    """Reads the graph of some of Keras's records of calls.

    Args:
        nodes: The records, each after those that feed it.
        lost: Those of them whose results lead nowhere.
        outputs: The tensors that are the outputs of models.
        known: The calls of earlier readings by their record; new ones are added.

    Returns:
        The graph, with Keras's records of its calls.
    """
    reader = _Reader(masks=False, known=known)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing is saved here, so nothing is unsafe
        graph = reader.records(nodes, {id(node) for node in lost}, outputs)
    return reader.reading(graph)


# ---------------------------------------------------------------------------------------------
# What was given


def _symbolic_tensors(x: Any) -> list[Any]:
    import keras

    tensors = list(_flatten(x))
    wrong = [item for item in tensors if not isinstance(item, keras.KerasTensor)]
    if wrong or not tensors:
        raise TypeError(_wrong_input(x, wrong[0] if wrong else x))
    for tensor in tensors:
        if not has_history(tensor):
            raise TypeError(
                _(
                    "This tensor was made by no layer, so it has no graph: {tensor}. "
                    "Begin with keras.Input(shape)."
                ).format(tensor=tensor)
            )
    return tensors


def _flatten(x: Any) -> Iterator[Any]:
    if isinstance(x, Mapping):
        for value in x.values():
            yield from _flatten(value)
    elif isinstance(x, (list, tuple, set, frozenset)):
        for value in x:
            yield from _flatten(value)
    else:
        yield x


def _wrong_input(x: Any, item: Any) -> str:
    import keras

    got = type(item).__name__
    takes = _(
        "A graph is read from a Keras model, a layer, or symbolic tensors such as those of "
        "keras.Input; this is: {got}."
    ).format(got=got)
    if item is x and isinstance(item, (list, tuple, dict)):
        return takes + " " + _("It is empty.")
    if isinstance(item, str):
        return takes + " " + _("Pass the model itself, not its name.")
    if isinstance(item, type):
        return (
            takes
            + " "
            + _("Make an object of the class {name} first.").format(name=item.__name__)
        )
    if isinstance(item, keras.layers.Layer):
        return takes + " " + _("Among several, each must be a symbolic tensor.")
    if hasattr(item, "shape") and hasattr(item, "dtype"):
        return takes + " " + _("It holds values; the graph needs the symbolic tensor.")
    return takes


# ---------------------------------------------------------------------------------------------
# Reading

# Where a tensor comes from: a call's id, and which of its outputs.
_Source = tuple[str, int]


class _Reader:
    """Collects the calls, edges and groups of one graph, nested models included."""

    def __init__(self, masks: bool, known: MutableMapping[Any, Call] | None = None) -> None:
        self._masks = masks
        self._known = known
        self._open: set[int] = set()  # the models that are being read
        self._nodes: dict[str, Any] = {}
        self._items: dict[ItemPlace, str] = {}
        self._calls: list[Call] = []
        self._edges: list[Edge] = []
        self._groups: list[Group] = []
        self._used_ids: set[str] = set()
        # The layer is kept with its id, so that its `id()` is not given to another meanwhile.
        self._layer_ids: dict[int, tuple[str, Any]] = {}
        self._lost: list[str] = []
        self._mask_calls: set[str] = set()
        self._tensors: dict[Place, str] = {}

    def read(self, x: Any) -> LayerGraph:
        """Reads whatever a graph is read from."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nothing is saved here, so nothing is unsafe
            return self._read_any(x)

    def _read_any(self, x: Any) -> LayerGraph:
        import keras

        if isinstance(x, keras.Model):
            functional = functional_of(x)
            if functional is not None:
                return self.model(x, functional)
            if isinstance(x, keras.Sequential):
                return self.chain(x)
        if isinstance(x, keras.layers.Layer):
            return self.layers(x)
        return self.tensors(_symbolic_tensors(x))

    def reading(self, graph: LayerGraph) -> Reading:
        """Returns a graph that was read, with what in it stands for what in Keras."""
        return Reading(graph, self._nodes, self._items, self._tensors, self._layer_ids)

    def model(self, model: Any, functional: Any) -> LayerGraph:
        """Reads a functional model, or a Sequential by the functional model behind it."""
        find_lost = model is functional  # a Sequential calls its layers anew with each `add`
        sources = self._read(functional.inputs, functional.outputs, find_lost)
        return replace(
            self._graph(model.name, type(model).__name__, functional.outputs, sources),
            inputs=tuple(sources[place_of(tensor)][0] for tensor in functional.inputs),
            parameters=_size(model.weights),
            trainable_parameters=_size(model.trainable_weights),
        )

    def tensors(self, tensors: list[Any]) -> LayerGraph:
        """Reads what leads to loose tensors."""
        sources = self._read([], tensors, find_lost=True)
        kept = {call.layer_id for call in self._calls if call.id not in self._lost}
        kept |= {group.layer_id for group in self._groups}
        layers = [layer for layer_id, layer in self._layer_ids.values() if layer_id in kept]
        sizes = {id(it): prod(it.shape) for it in _weights(layers, "weights")}
        trainable = {id(it) for it in _weights(layers, "trainable_weights")}
        return replace(
            self._graph("", "KerasTensor", tensors, sources),
            parameters=sum(sizes.values()),
            trainable_parameters=sum(sizes[it] for it in trainable if it in sizes),
        )

    def records(
        self, nodes: Sequence[Any], lost: Set[int], outputs: Sequence[Any]
    ) -> LayerGraph:
        """Reads records of calls."""
        sources: dict[Place, _Source] = {}
        numbers = call_numbers(nodes)
        for node in nodes:
            before = len(self._calls)
            self._add_node(node, numbers[id(node)], sources, "", None)
            if id(node) in lost:
                self._lost += [call.id for call in self._calls[before:]]
        self._tensors = {place: call for place, (call, _output) in sources.items()}
        self._mask_calls.update(
            self._tensors[place] for place in map(place_of, masks_of(nodes)) if place in sources
        )
        graph = self._graph("", "KerasTensor", outputs, sources)
        layers = {call.layer_id: call for call in graph.calls if call.id not in graph.inside}
        return replace(
            graph,
            parameters=sum(call.parameters for call in layers.values()),
            trainable_parameters=sum(call.trainable_parameters for call in layers.values()),
        )

    def chain(self, model: Any) -> LayerGraph:
        """Reads a Sequential whose shapes are not known yet."""
        links = [self._add_link(layer) for layer in model.layers]
        for (_entry, before), (after, _exit) in pairwise(links):
            self._edges.append(Edge(*before, after, 0, TensorSpec(None, "")))
        return replace(
            self._layers_graph(model),
            inputs=tuple(entry for entry, _exit in links[:1]),
            outputs=tuple(source for _entry, (source, _output) in links[-1:]),
            connected=True,
        )

    def layers(self, layer: Any) -> LayerGraph:
        """Reads the sub-layers of a subclassed model or layer, or a layer that has none."""
        parts = parts_of(layer)
        for part in parts or [layer]:
            self._add_layer(part, prefix="", group=None)
        return self._layers_graph(layer)

    # -- calls of a functional graph

    def _read(
        self,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        find_lost: bool,
        prefix: str = "",
        group: str | None = None,
    ) -> dict[Place, _Source]:
        """Adds the calls from inputs to outputs, and tells where each tensor comes from."""
        nodes = ancestors([*inputs, *outputs])
        lost = lost_nodes(nodes, self._open) if find_lost else []
        numbers = call_numbers([*nodes, *lost])
        sources: dict[Place, _Source] = {}
        for node in nodes:
            self._add_node(node, numbers[id(node)], sources, prefix, group)
        kept = len(self._calls)
        for node in lost:
            self._add_node(node, numbers[id(node)], sources, prefix, group)
        self._lost += [call.id for call in self._calls[kept:]]
        if group is None:
            self._tensors = {place: call for place, (call, _output) in sources.items()}
        places = map(place_of, masks_of([*nodes, *lost]))
        self._mask_calls.update(sources[place][0] for place in places if place in sources)
        return sources

    def _add_node(
        self,
        node: Any,
        number: int,
        sources: dict[Place, _Source],
        prefix: str,
        group: str | None,
    ) -> None:
        operation = node.operation
        call_id = self._new_id(f"{prefix}{operation.name}", number)
        layer_id = self._layer_id(operation, call_id)
        self._items[group, id(node)] = call_id
        inner = _nested(operation)
        if inner is not None:
            exits = self._add_nested(node, inner, call_id, layer_id, group, sources)
        else:
            self._add_call(node, call_id, layer_id, group, sources)
            exits = [(call_id, position) for position in range(len(node.outputs))]
        for tensor, source in zip(node.outputs, exits, strict=True):
            sources[place_of(tensor)] = source

    def _add_call(
        self,
        node: Any,
        call_id: str,
        layer_id: str,
        group: str | None,
        sources: Mapping[Place, _Source],
    ) -> None:
        tensors = self._arguments(node)
        self._calls.append(self._call(node, call_id, layer_id, group, tensors))
        self._nodes[call_id] = node
        for position, tensor in enumerate(tensors):
            self._connect(tensor, call_id, position, sources)
        self._add_inside(node.operation, call_id, layer_id, group)

    def _call(
        self, node: Any, call_id: str, layer_id: str, group: str | None, tensors: Sequence[Any]
    ) -> Call:
        known = self._known.get(node) if self._known is not None else None
        if known is not None and known.group == group and _is_current(known, node.operation):
            same = known.id == call_id and known.layer_id == layer_id
            return known if same else replace(known, id=call_id, layer_id=layer_id)
        outputs = tuple(map(spec_of, node.outputs))
        # The input layer of a nested model is fed by the call of that model.
        inputs = outputs if node.is_input and group else tuple(map(spec_of, tensors))
        config = configuration_with_warnings(node.operation)
        settings = changed_settings(node.operation, config)
        settings |= argument_settings(
            node.operation, node.arguments.args, node.arguments.kwargs
        )
        call = Call(
            id=call_id,
            inputs=inputs,
            outputs=outputs,
            settings=settings,
            group=group,
            **_layer_facts(node.operation, layer_id, config),
        )
        if self._known is not None:
            self._known[node] = call
        return call

    def _add_nested(
        self,
        node: Any,
        inner: Any,
        call_id: str,
        layer_id: str,
        parent: str | None,
        sources: Mapping[Place, _Source],
    ) -> list[_Source]:
        # The records of all calls hold those that were lost within nested models too.
        find_lost = inner is node.operation and self._known is None
        group = self._add_group(node.operation, inner, call_id, layer_id, parent, find_lost)
        given = _in_order_of_inputs(node, inner)
        for entry, tensor in zip(group.entries, given, strict=False):
            if tensor is not None:  # an optional input that was left out
                self._connect(tensor, entry, 0, sources)
        return list(group.exits)

    def _add_group(
        self,
        model: Any,
        inner: Any,
        call_id: str,
        layer_id: str,
        parent: str | None,
        find_lost: bool,
    ) -> Group:
        facts = _group_facts(model, layer_id)
        place = len(self._groups)
        # A model may have been called on one of its own tensors.
        self._open.add(id(model))
        sources = self._read(inner.inputs, inner.outputs, find_lost, f"{call_id}/", call_id)
        self._open.remove(id(model))
        group = Group(
            id=call_id,
            parent=parent,
            entries=tuple(sources[place_of(tensor)][0] for tensor in inner.inputs),
            exits=tuple(sources[place_of(tensor)] for tensor in inner.outputs),
            **facts,
        )
        self._groups.insert(place, group)
        return group

    def _connect(
        self, tensor: Any, target: str, position: int, sources: Mapping[Place, _Source]
    ) -> None:
        source = sources.get(place_of(tensor))
        if source is not None:  # a tensor that no layer made has no source
            self._edges.append(Edge(*source, target, position, spec_of(tensor)))

    def _arguments(self, node: Any) -> list[Any]:
        """Returns the tensors that a call takes, without masks that Keras passed along."""
        return list(node.input_tensors) if self._masks else arguments_without_masks(node)

    # -- layers whose connections are not known

    def _add_layer(self, layer: Any, prefix: str, group: str | None) -> None:
        call_id = self._new_id(f"{prefix}{layer.name}", 1)
        layer_id = self._layer_id(layer, call_id)
        self._items[group, id(layer)] = call_id
        inner = _nested(layer)
        if inner is not None:
            self._add_group(layer, inner, call_id, layer_id, group, find_lost=False)
            return
        self._add_uncalled(layer, call_id, layer_id, group)
        self._add_inside(layer, call_id, layer_id, group)

    def _add_inside(self, layer: Any, call_id: str, layer_id: str, parent: str | None) -> None:
        """Adds the layers inside a wrapper or a layer made of layers, which is a call itself."""
        parts = _parts(layer)
        if not parts:
            return
        ends = tuple(f"{call_id}/{part.name}" for part in parts) if _is_wrapper(layer) else ()
        self._groups.append(
            Group(
                id=call_id,
                parent=parent,
                entries=ends,
                exits=tuple((end, 0) for end in ends),
                **_group_facts(layer, layer_id),
            )
        )
        for part in parts:
            self._add_layer(part, f"{call_id}/", call_id)

    def _add_link(self, layer: Any) -> tuple[str, _Source]:
        """Adds a layer of a chain whole, and tells where the chain enters and leaves it."""
        call_id = self._new_id(layer.name, 1)
        layer_id = self._layer_id(layer, call_id)
        self._items[None, id(layer)] = call_id
        inner = _nested(layer)
        if inner is None:
            self._add_uncalled(layer, call_id, layer_id, None)
            return call_id, (call_id, 0)
        group = self._add_group(layer, inner, call_id, layer_id, None, find_lost=False)
        return group.entries[0], group.exits[0]

    def _add_uncalled(self, layer: Any, call_id: str, layer_id: str, group: str | None) -> None:
        inputs, outputs = _built_specs(layer)
        config = configuration_with_warnings(layer)
        self._calls.append(
            Call(
                id=call_id,
                inputs=inputs,
                outputs=outputs,
                settings=changed_settings(layer, config),
                group=group,
                **_layer_facts(layer, layer_id, config),
            )
        )

    def _layers_graph(self, layer: Any) -> LayerGraph:
        built = bool(layer.built) and all(part.built for part in parts_of(layer))
        return LayerGraph(
            name=layer.name,
            kind=type(layer).__name__,
            calls=tuple(self._calls),
            edges=tuple(self._edges),
            groups=tuple(self._groups),
            parameters=_size(layer.weights),
            trainable_parameters=_size(layer.trainable_weights),
            connected=len(self._calls) == 1,
            built=built,
        )

    # -- names

    def _new_id(self, name: str, number: int) -> str:
        unique = unused_id(name if number == 1 else f"{name}#{number}", self._used_ids)
        self._used_ids.add(unique)
        return unique

    def _layer_id(self, layer: Any, call_id: str) -> str:
        return self._layer_ids.setdefault(id(layer), (call_id, layer))[0]

    # -- the whole

    def _graph(
        self,
        name: str,
        kind: str,
        outputs: Sequence[Any],
        sources: Mapping[Place, _Source],
    ) -> LayerGraph:
        output_ids = tuple(dict.fromkeys(sources[place_of(tensor)][0] for tensor in outputs))
        graph = LayerGraph(
            name=name,
            kind=kind,
            calls=tuple(self._calls),
            edges=tuple(self._edges),
            groups=tuple(self._groups),
            outputs=output_ids,
        )
        joined = [call for call in graph.calls if call.id not in graph.inside]
        graph = replace(
            graph,
            inputs=tuple(
                call.id for call in joined if not call.inputs and call.id not in self._lost
            ),
            lost=tuple(call.id for call in joined if call.id in self._lost),
        )
        if self._masks or (self._known is not None and not self._mask_calls):
            return graph
        # All that was recorded is shown, but for masks; else what leads to an output.
        kept = graph.call_of if self._known is not None else graph.lost
        return _without_mask_operations(graph, self._mask_calls, kept)


# ---------------------------------------------------------------------------------------------
# Calls


def _in_order_of_inputs(node: Any, inner: Any) -> list[Any]:
    """Returns what a nested model was called on, in the order of its inputs."""
    import keras

    named = node.arguments.kwargs
    # A subclass may name its first argument as it likes.
    candidates = [*node.arguments.args, named.get("inputs"), *named.values()]
    given = next(value for value in candidates if value is not None)
    if isinstance(given, Mapping) and not isinstance(inner.input, Mapping):
        return [given[tensor.name] for tensor in inner.inputs]
    return list(keras.tree.flatten(given))


def _without_mask_operations(
    graph: LayerGraph, mask_calls: Set[str], ends: Iterable[str]
) -> LayerGraph:
    """Leaves out the operations that fed nothing but masks.

    Args:
        graph: The graph.
        mask_calls: The ids of the calls that made masks.
        ends: The ids of calls that may end a branch, unless they made a mask.
    """
    consumers: dict[str, int] = defaultdict(int)
    feeding: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        consumers[edge.source] += 1
        feeding[edge.target].append(edge.source)
    kept_ends = {call_id for call_id in ends if not consumers[call_id]} - mask_calls
    kept = {*graph.outputs, *graph.inputs, *kept_ends, *graph.inside}
    kept |= {entry for group in graph.groups for entry in group.entries}
    kept |= {source for group in graph.groups for source, _output in group.exits}
    idle = [call.id for call in graph.calls if not consumers[call.id] and call.id not in kept]
    hidden = set(idle)
    for call_id in idle:
        for source in feeding[call_id]:
            consumers[source] -= 1
            if not consumers[source] and source not in kept:
                hidden.add(source)
                idle.append(source)
    return replace(
        graph,
        calls=tuple(call for call in graph.calls if call.id not in hidden),
        edges=tuple(edge for edge in graph.edges if edge.target not in hidden),
        lost=tuple(call_id for call_id in graph.lost if call_id not in hidden),
    )


# ---------------------------------------------------------------------------------------------
# Layers


def _nested(operation: Any) -> Any:
    import keras

    return functional_of(operation) if isinstance(operation, keras.Model) else None


def _layer_facts(operation: Any, layer_id: str, config: Any) -> dict[str, Any]:
    import keras

    weights = {id(weight): weight for weight in getattr(operation, "weights", ())}
    described = {key: weight_of(weight, operation) for key, weight in weights.items()}
    sizes = {key: prod(weight.shape) for key, weight in described.items()}
    trainable = {id(weight) for weight in getattr(operation, "trainable_weights", ())}
    return {
        "layer": operation.name,
        "kind": type(operation).__name__,
        "layer_id": layer_id,
        "parameters": sum(sizes.values()),
        "trainable_parameters": sum(size for key, size in sizes.items() if key in trainable),
        "library": is_library(operation),
        "operation": not isinstance(operation, keras.layers.Layer),
        "weights": tuple(described.values()),
        "code": constructor_code(operation, config),
    }


def _group_facts(layer: Any, layer_id: str) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "kind": type(layer).__name__,
        "layer_id": layer_id,
        "parameters": _size(layer.weights),
        "trainable_parameters": _size(layer.trainable_weights),
    }


def _is_current(call: Call, operation: Any) -> bool:
    """Tells whether what was read of a call still holds: its layer may have been frozen."""
    weights = getattr(operation, "weights", ()) or ()
    if len(weights) != len(call.weights):
        return False
    return not weights or all(
        known.trainable == bool(weight.trainable)
        for known, weight in zip(call.weights, weights, strict=True)
    )


def is_library(operation: Any) -> bool:
    """Tells whether the class of a layer or operation comes with Keras."""
    return type(operation).__module__.partition(".")[0] == "keras"


def _is_wrapper(layer: Any) -> bool:
    import keras

    return isinstance(layer, (keras.layers.Wrapper, keras.layers.Bidirectional))


def _parts(layer: Any) -> list[Any]:
    """Returns the layers inside a wrapper or a layer made of layers that are worth showing.

    Keras's own layers are made of layers too, as `MultiHeadAttention`; of those, only what a
    user put inside is shown.
    """
    import keras

    if not isinstance(layer, keras.layers.Layer):
        return []
    parts = parts_of(layer)
    if _is_wrapper(layer) or not is_library(layer):
        return parts
    return [part for part in parts if not is_library(part)]


def weight_of(weight: Any, layer: Any) -> Weight:
    """Describes one of a layer's weights."""
    return Weight(
        # Without the path of the layer that it belongs to.
        name=weight.path.removeprefix(f"{layer.path}/"),
        shape=tuple(weight.shape),
        dtype=str(weight.dtype),
        trainable=bool(weight.trainable),
    )


def _built_specs(layer: Any) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Returns what a layer of Keras's own was built for, and what it makes of that."""
    shape = None
    if layer.built:
        with contextlib.suppress(Exception):  # a custom layer's may raise anything
            shape = (layer.get_build_config() or {}).get("input_shape")
    if not shape or not all(size is None or isinstance(size, int) for size in shape):
        return (), ()
    dtype = layer.compute_dtype
    inputs = (TensorSpec(tuple(shape), dtype),)
    if type(layer).__module__.partition(".")[0] == "keras":
        with contextlib.suppress(Exception):  # not every layer can tell without a call
            return inputs, (TensorSpec(tuple(layer.compute_output_shape(shape)), dtype),)
    return inputs, ()


def spec_of(tensor: Any) -> TensorSpec:
    """Returns a symbolic tensor's shape and type."""
    return TensorSpec(tuple(tensor.shape), str(tensor.dtype))


def _weights(layers: Iterable[Any], attribute: str) -> Iterator[Any]:
    for layer in layers:
        yield from getattr(layer, attribute, ())


def _size(weights: Iterable[Any]) -> int:
    """Adds up the numbers in weights, each weight once."""
    sizes = {id(weight): prod(weight.shape) for weight in weights}
    return sum(sizes.values())
