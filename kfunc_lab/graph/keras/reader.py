"""Reads a Keras model, a layer or tensors without a model into a `LayerGraph`.

It only reads and never builds a model, because a model over existing tensors would add nodes to
the user's layers.
"""

import contextlib
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from math import prod
from typing import Any

from kfunc_lab.graph.foreign.objects import describe
from kfunc_lab.graph.keras.construction import constructor_code
from kfunc_lab.graph.keras.digests import arguments_digests, settings_digests
from kfunc_lab.graph.keras.masks import arguments_without_masks, passed_masks
from kfunc_lab.graph.keras.nodes import (
    Place,
    ancestors,
    call_numbers,
    first_batch_of,
    functional_of,
    has_history,
    lost_nodes,
    masks_of,
    node_of,
    place_of,
    sublayers_of,
)
from kfunc_lab.graph.keras.settings import (
    argument_settings,
    changed_settings,
    configuration_with_warnings,
    named_arguments,
)
from kfunc_lab.graph.model.descriptions import own_name
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
    """Reads the graph of a model, or of tensors without a model.

    Args:
        x: A functional or Sequential model; a subclassed model or a layer, whose sublayers are
            listed; or one or more symbolic tensors, such as those from `keras.Input`, in nested
            lists, tuples and dicts.
        masks: Whether to keep the operations that only compute masks.

    Returns:
        The graph as plain data.

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


# The id of a group, or None, and the `id()` of a node or layer in it.
ItemPlace = tuple[str | None, int]


@dataclass(frozen=True)
class Reading:
    """A graph, with the links between its items and Keras's objects.

    Attributes:
        graph: The graph.
        nodes: Keras's node of each call, by the id of the call; calls that Keras did not record
            are missing.
        items: The id of the call or group of each node, or of each layer without a node, by the
            group that contains it.
        tensors: The id of the call that returned each tensor outside nested models, by the place
            of the tensor.
        layers: The id that the calls of a layer share, and the layer, by the `id()` of the layer.
        nested: Keras's node of each call of a nested model, by the id of its group.
    """

    graph: LayerGraph
    nodes: Mapping[str, Any]
    items: Mapping[ItemPlace, str]
    tensors: Mapping[Place, str]
    layers: Mapping[int, tuple[str, Any]]
    nested: Mapping[str, Any]

    def item_of(self, node: Any) -> str | None:
        """Returns the id of the call or group of a node outside nested models."""
        return self.items.get((None, id(node)))

    def calls_of(self, part: Any) -> frozenset[str]:
        """Finds the calls of a model or layer in this graph.

        Args:
            part: A model that shares calls with the graph or is called in it, or a layer.

        Returns:
            The ids of its calls; empty if it is not part of the graph.
        """
        layer_id, _layer = self.layers.get(id(part), ("", None))
        groups = {group.id for group in self.graph.groups if group.layer_id == layer_id}
        for group in self.graph.groups:  # outer groups first
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
            # If a model begins at a tensor inside another model, Keras copies its calls but keeps
            # the layers.
            layers = (self.layers.get(id(node.operation), ("", None))[0] for node in nodes)
            layer_ids = set(filter(None, layers))
            calls = {call.id for call in self.graph.calls if call.layer_id in layer_ids}
        return frozenset(calls & set(self.graph.call_of))


def read(x: Any, *, masks: bool = False, lost: bool = True) -> Reading:
    """Reads a graph, with the links between its items and Keras's objects.

    Args:
        x: See `read_graph`.
        masks: See `read_graph`.
        lost: Whether to look for branches that lead nowhere, which may collect garbage first.

    Returns:
        The graph and its links to Keras's objects.

    Raises:
        TypeError: See `read_graph`.
    """
    reader = _Reader(masks, lost=lost)
    return reader.reading(reader.read(x))


def read_nodes(
    nodes: Sequence[Any],
    lost: Iterable[Any],
    outputs: Sequence[Any],
    cache: MutableMapping[Any, "KnownCall"],
) -> Reading:
    """Reads the graph of some nodes.

    Args:
        nodes: The nodes in topological order.
        lost: The nodes whose results lead nowhere.
        outputs: The tensors that are outputs of models.
        cache: The calls of nodes that were read before; new ones are added.

    Returns:
        The graph and its links to Keras's objects.
    """
    reader = _Reader(masks=False, cache=cache)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing is saved here, so nothing is unsafe
        graph = reader.records(nodes, {id(node) for node in lost}, outputs)
    return reader.reading(graph)


# ---------------------------------------------------------------------------------------------
# Checking the argument


def _symbolic_tensors(x: Any) -> list[Any]:
    import keras

    tensors = [tensor for _path, tensor in _with_paths(x)]
    wrong = [item for item in tensors if not isinstance(item, keras.KerasTensor)]
    if wrong or not tensors:
        raise TypeError(_wrong_input(x, wrong[0] if wrong else x))
    for tensor in tensors:
        if not has_history(tensor):
            raise TypeError(
                _(
                    "No layer made this tensor, so it has no graph: {tensor}. Start with "
                    "keras.Input(shape)."
                ).format(tensor=tensor)
            )
    return tensors


def _with_paths(x: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yields the items of a nested structure, each with the keys and positions that lead to it."""
    if isinstance(x, Mapping):
        items: Iterable[tuple[Any, Any]] = x.items()
    elif isinstance(x, (list, tuple, set, frozenset)):
        items = enumerate(x)
    else:
        yield path, x
        return
    for key, value in items:
        yield from _with_paths(value, (*path, key))


def _wrong_input(x: Any, item: Any) -> str:
    import keras

    got = type(item).__name__
    takes = _(
        "A graph is read from a Keras model, a layer or symbolic tensors, such as those from "
        "keras.Input; got {got}."
    ).format(got=got)
    if item is x and isinstance(item, (list, tuple, dict)):
        return takes + " " + _("It is empty.")
    if known := describe(item):
        return takes + " " + known
    if isinstance(item, type):
        return takes + " " + _("Create an instance of {name} first.").format(name=item.__name__)
    if isinstance(item, keras.layers.Layer):
        return takes + " " + _("When you pass several, each must be a symbolic tensor.")
    if hasattr(item, "shape") and hasattr(item, "dtype"):
        return takes + " " + _("It holds values; pass the symbolic tensor instead.")
    return takes


# ---------------------------------------------------------------------------------------------
# Reading

# The source of a tensor: the id of a call, and the index of its output.
_Source = tuple[str, int]

# The calls that take the inputs of a layer, and the sources of its outputs.
_Ends = tuple[tuple[str, ...], tuple[_Source, ...]]


@dataclass(frozen=True)
class KnownCall:
    """What was read of a node.

    Attributes:
        call: The call.
        places: The places of the tensors that it takes.
        parts: Whether there may be layers inside its layer.
    """

    call: Call
    places: tuple[Place, ...]
    parts: bool


class _Reader:
    """Collects the calls, edges and groups of one graph, including nested models."""

    def __init__(
        self,
        masks: bool,
        cache: MutableMapping[Any, KnownCall] | None = None,
        lost: bool = True,
    ) -> None:
        self._masks = masks
        self._finds_lost = lost
        self._cache = cache
        self._open: set[int] = set()  # the models that are being read
        self._first_batch: int | None = None  # of the model that is being read
        self._nodes: dict[str, Any] = {}
        self._nested: dict[str, Any] = {}
        self._items: dict[ItemPlace, str] = {}
        self._calls: list[Call] = []
        self._edges: list[Edge] = []
        self._groups: list[Group] = []
        self._used_ids: set[str] = set()
        # The reference to the layer keeps it alive, so that its `id()` is not reused.
        self._layer_ids: dict[int, tuple[str, Any]] = {}
        self._known_fields: dict[int, dict[str, Any]] = {}
        self._lost: list[str] = []
        self._mask_calls: set[str] = set()
        self._tensors: dict[Place, str] = {}
        self._sizes = _WeightSizes()

    def read(self, x: Any) -> LayerGraph:
        """Reads a model, a layer or tensors."""
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
        return self.tensors(x)

    def reading(self, graph: LayerGraph) -> Reading:
        """Returns a graph with the links between its items and Keras's objects."""
        return Reading(
            graph, self._nodes, self._items, self._tensors, self._layer_ids, self._nested
        )

    def model(self, model: Any, functional: Any) -> LayerGraph:
        """Reads a functional model, or the functional model behind a Sequential model."""
        find_lost = model is functional  # a Sequential calls its layers again with each `add`
        with self._inside(model):
            sources = self._read(functional.inputs, functional.outputs, find_lost)
        names = _output_names(functional)
        return replace(
            self._graph(model.name, type(model).__name__, functional.outputs, sources, names),
            inputs=tuple(sources[place_of(tensor)][0] for tensor in functional.inputs),
            parameters=self._sizes.total(model.weights),
            trainable_parameters=self._sizes.total(model.trainable_weights),
        )

    def tensors(self, x: Any) -> LayerGraph:
        """Reads the graph that leads to tensors without a model."""
        tensors = _symbolic_tensors(x)
        names = [_key(path) for path, _tensor in _with_paths(x)]
        sources = self._read([], tensors, find_lost=True)
        lost = set(self._lost)
        live_ids = {call.layer_id for call in self._calls if call.id not in lost}
        live_ids |= {group.layer_id for group in self._groups}
        layers = [layer for layer_id, layer in self._layer_ids.values() if layer_id in live_ids]
        return replace(
            self._graph("", "KerasTensor", tensors, sources, names),
            parameters=self._sizes.total(_weights(layers, "weights")),
            trainable_parameters=self._sizes.total(_weights(layers, "trainable_weights")),
        )

    def records(
        self, nodes: Sequence[Any], lost: Set[int], outputs: Sequence[Any]
    ) -> LayerGraph:
        """Reads nodes."""
        sources: dict[Place, _Source] = {}
        numbers = call_numbers(nodes)
        for node in nodes:
            before = len(self._calls)
            self._add_node(node, numbers[id(node)], sources, "", None)
            if id(node) in lost:
                self._lost += [call.id for call in self._calls[before:]]
        self._tensors = {place: call for place, (call, _output) in sources.items()}
        self._mask_calls.update(
            self._tensors[place] for place in map(place_of, _masks(nodes)) if place in sources
        )
        # Two models can end in the same tensor.
        distinct = {sources[place_of(tensor)]: tensor for tensor in outputs}
        graph = self._graph("", "KerasTensor", list(distinct.values()), sources)
        layers = {call.layer_id: call for call in graph.calls if call.id not in graph.inside}
        return replace(
            graph,
            parameters=sum(call.parameters for call in layers.values()),
            trainable_parameters=sum(call.trainable_parameters for call in layers.values()),
        )

    def chain(self, model: Any) -> LayerGraph:
        """Reads a Sequential model whose shapes are not known yet."""
        links = [self._add_link(layer) for layer in model.layers]
        for (_entry, before), (after, _exit) in pairwise(links):
            self._edges.append(Edge(*before, after, 0, TensorSpec(None, "")))
        graph = self._layers_graph(model).with_exits(leaving for _entry, leaving in links[-1:])
        return replace(graph, inputs=tuple(entry for entry, _exit in links[:1]), connected=True)

    def layers(self, layer: Any) -> LayerGraph:
        """Reads the sublayers of a subclassed model or layer, or a layer without sublayers."""
        parts = sublayers_of(layer)
        for part in parts or [layer]:
            self._add_layer(part, prefix="", group=None)
        return self._layers_graph(layer)

    # -- calls of a functional graph

    @contextlib.contextmanager
    def _inside(self, model: Any) -> Iterator[None]:
        """Leaves out the batch size of the data that a model was built with."""
        before, self._first_batch = self._first_batch, first_batch_of(model)
        yield
        self._first_batch = before

    def _spec(self, tensor: Any) -> TensorSpec:
        return _for_any_batch(spec_of(tensor), self._first_batch)

    def _read(
        self,
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        find_lost: bool,
        prefix: str = "",
        group: str | None = None,
    ) -> dict[Place, _Source]:
        """Adds the calls from inputs to outputs, and returns the source of each tensor."""
        nodes = ancestors([*inputs, *outputs])
        lost = lost_nodes(nodes, self._open) if find_lost and self._finds_lost else []
        numbers = call_numbers([*nodes, *lost])
        sources: dict[Place, _Source] = {}
        for node in nodes:
            self._add_node(node, numbers[id(node)], sources, prefix, group)
        count = len(self._calls)
        for node in lost:
            self._add_node(node, numbers[id(node)], sources, prefix, group)
        self._lost += [call.id for call in self._calls[count:]]
        if group is None:
            self._tensors = {place: call for place, (call, _output) in sources.items()}
        places = map(place_of, _masks([*nodes, *lost]))
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
        known = self._known_call(node, call_id, layer_id, group)
        self._calls.append(known.call)
        self._nodes[call_id] = node
        taken = zip(known.places, known.call.inputs, strict=False)
        for position, (place, spec) in enumerate(taken):
            if place in sources:  # a tensor that no layer returned has no source
                self._edges.append(Edge(*sources[place], call_id, position, spec))
        if known.parts:
            self._add_inside(node.operation, call_id, layer_id, group)

    def _known_call(
        self, node: Any, call_id: str, layer_id: str, group: str | None
    ) -> "KnownCall":
        known = self._cache.get(node) if self._cache is not None else None
        if (
            known is None
            or known.call.group != group
            or not _is_current(known.call, node.operation)
        ):
            known = self._read_call(node, call_id, layer_id, group)
        elif known.call.id != call_id or known.call.layer_id != layer_id:
            known = replace(known, call=replace(known.call, id=call_id, layer_id=layer_id))
        else:
            return known
        if self._cache is not None:
            self._cache[node] = known
        return known

    def _read_call(
        self, node: Any, call_id: str, layer_id: str, group: str | None
    ) -> "KnownCall":
        tensors = self._arguments(node)
        outputs = tuple(map(self._spec, node.outputs))
        # The call of a nested model feeds its input layer.
        inputs = outputs if node.is_input and group else tuple(map(self._spec, tensors))
        fields = self._fields(node.operation, layer_id)
        given = node.operation, node.arguments.args, node.arguments.kwargs
        if given[2] or list(map(id, given[1])) != list(map(id, tensors)):
            fields["settings"] |= argument_settings(*given, tensors)
            fields["digests"] |= arguments_digests(named_arguments(*given))
        call = Call(id=call_id, inputs=inputs, outputs=outputs, group=group, **fields)
        # A custom layer may make its parts later.
        parts = not call.library or bool(_parts(node.operation))
        return KnownCall(call, tuple(map(place_of, tensors)), parts)

    def _add_nested(
        self,
        node: Any,
        inner: Any,
        call_id: str,
        layer_id: str,
        parent: str | None,
        sources: Mapping[Place, _Source],
    ) -> list[_Source]:
        self._nested[call_id] = node
        # A list of all nodes already contains the lost calls of nested models.
        find_lost = inner is node.operation and self._cache is None
        group = self._add_group(node.operation, inner, call_id, layer_id, parent, find_lost)
        tensors = _in_order_of_inputs(node, inner)
        for entry, tensor in zip(group.entries, tensors, strict=False):
            if tensor is not None:  # an optional input may be missing
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
        fields = _group_fields(model, layer_id, self._sizes)
        place = len(self._groups)
        # A model can be called on one of its own tensors.
        self._open.add(id(model))
        with self._inside(model):
            sources = self._read(inner.inputs, inner.outputs, find_lost, f"{call_id}/", call_id)
        self._open.remove(id(model))
        group = Group(
            id=call_id,
            parent=parent,
            entries=tuple(sources[place_of(tensor)][0] for tensor in inner.inputs),
            exits=tuple(sources[place_of(tensor)] for tensor in inner.outputs),
            **fields,
        )
        self._groups.insert(place, group)
        return group

    def _connect(
        self, tensor: Any, target: str, position: int, sources: Mapping[Place, _Source]
    ) -> None:
        source = sources.get(place_of(tensor))
        if source is not None:  # a tensor that no layer returned has no source
            self._edges.append(Edge(*source, target, position, self._spec(tensor)))

    def _arguments(self, node: Any) -> list[Any]:
        """Returns the tensors that a call takes, without masks unless they are wanted."""
        return list(node.input_tensors) if self._masks else arguments_without_masks(node)

    # -- layers with unknown connections

    def _add_layer(self, layer: Any, prefix: str, group: str | None) -> _Ends:
        """Adds a layer, and returns the calls that take its inputs and those that return."""
        call_id = self._new_id(f"{prefix}{layer.name}", 1)
        layer_id = self._layer_id(layer, call_id)
        self._items[group, id(layer)] = call_id
        inner = _nested(layer)
        if inner is not None:
            nested = self._add_group(layer, inner, call_id, layer_id, group, find_lost=False)
            return nested.entries, nested.exits
        self._add_uncalled(layer, call_id, layer_id, group)
        self._add_inside(layer, call_id, layer_id, group)
        return (call_id,), ((call_id, 0),)

    def _add_inside(self, layer: Any, call_id: str, layer_id: str, parent: str | None) -> None:
        """Adds the layers inside a wrapper or a layer made of layers."""
        parts = _parts(layer)
        if not parts:
            return
        place = len(self._groups)
        ends = [self._add_layer(part, f"{call_id}/", call_id) for part in parts]
        joined = ends if _is_wrapper(layer) else []
        group = Group(
            id=call_id,
            parent=parent,
            entries=tuple(chain.from_iterable(entries for entries, _exits in joined)),
            exits=tuple(chain.from_iterable(exits for _entries, exits in joined)),
            **_group_fields(layer, layer_id, self._sizes),
        )
        self._groups.insert(place, group)

    def _add_link(self, layer: Any) -> tuple[str, _Source]:
        """Adds a layer of a chain, and returns where the chain enters and leaves it."""
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
        inputs, outputs = built_specs(layer)
        first_batch = inputs[0].shape[0] if inputs and inputs[0].shape else None
        self._calls.append(
            Call(
                id=call_id,
                inputs=tuple(_for_any_batch(spec, first_batch) for spec in inputs),
                outputs=tuple(_for_any_batch(spec, first_batch) for spec in outputs),
                group=group,
                **self._fields(layer, layer_id),
            )
        )

    def _fields(self, layer: Any, layer_id: str) -> dict[str, Any]:
        """Returns what all calls of a layer or operation have in common, read once."""
        if id(layer) not in self._known_fields:
            self._known_fields[id(layer)] = _layer_fields(layer, layer_id, self._sizes)
        fields = self._known_fields[id(layer)]
        return {**fields, **{name: {**fields[name]} for name in ("settings", "digests")}}

    def _layers_graph(self, layer: Any) -> LayerGraph:
        built = bool(layer.built) and all(part.built for part in sublayers_of(layer))
        return LayerGraph(
            name=layer.name,
            kind=type(layer).__name__,
            calls=tuple(self._calls),
            edges=tuple(self._edges),
            groups=tuple(self._groups),
            parameters=self._sizes.total(layer.weights),
            trainable_parameters=self._sizes.total(layer.trainable_weights),
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
        names: Iterable[str] = (),
    ) -> LayerGraph:
        graph = LayerGraph(
            name=name,
            kind=kind,
            calls=tuple(self._calls),
            edges=tuple(self._edges),
            groups=tuple(self._groups),
        ).with_exits((sources[place_of(tensor)] for tensor in outputs), names)
        lost = set(self._lost)
        joined = [call for call in graph.calls if call.id not in graph.inside]
        graph = replace(
            graph,
            inputs=tuple(call.id for call in joined if not call.inputs and call.id not in lost),
            lost=tuple(call.id for call in joined if call.id in lost),
        )
        if self._masks or (self._cache is not None and not self._mask_calls):
            return graph
        # With a cache all calls except masks are shown, otherwise those that lead to an output.
        branch_ends = graph.call_of if self._cache is not None else graph.lost
        return _without_mask_operations(graph, self._mask_calls, branch_ends)


# ---------------------------------------------------------------------------------------------
# Calls


def _output_names(functional: Any) -> list[str]:
    """Returns the key of each output of a model, or else a name that a person chose.

    Without keys, Keras calls an output by the layer that returns it. A picture says that name
    already, unless the layer is a model: its output comes from a layer inside.
    """
    import keras

    keys = [_key(path) for path, _tensor in keras.tree.flatten_with_path(functional.output)]
    if len(keys) < 2 or any(keys):
        return keys
    models = [node_of(tensor).operation for tensor in functional.outputs]
    names = [
        own_name(model.name, type(model).__name__) if _nested(model) is not None else ""
        for model in models
    ]
    return [name if names.count(name) == 1 else "" for name in names]


def _key(path: Iterable[Any]) -> str:
    """Writes the place of a tensor in a structure, as in `"heads/0"`; empty in a plain list."""
    parts = list(path)
    named = len(parts) > 1 or any(isinstance(part, str) for part in parts)
    return "/".join(map(str, parts)) if named else ""


def _in_order_of_inputs(node: Any, inner: Any) -> list[Any]:
    """Returns the arguments of a call of a nested model, in the order of its inputs."""
    import keras

    named = node.arguments.kwargs
    # A subclass can choose the name of its first argument.
    candidates = [*node.arguments.args, named.get("inputs"), *named.values()]
    value = next(value for value in candidates if value is not None)
    if isinstance(value, Mapping) and not isinstance(inner.input, Mapping):
        return [value[tensor.name] for tensor in inner.inputs]
    return list(keras.tree.flatten(value))


def _masks(nodes: Sequence[Any]) -> Iterator[Any]:
    """Yields the masks of the outputs of nodes, and those that Keras passes to nodes."""
    yield from masks_of(nodes)
    for node in nodes:
        yield from (tensor for tensor, _mask in passed_masks(node))


def _without_mask_operations(
    graph: LayerGraph, mask_calls: Set[str], ends: Iterable[str]
) -> LayerGraph:
    """Removes the operations that feed only masks.

    Args:
        graph: The graph.
        mask_calls: The ids of the calls that returned masks.
        ends: The ids of calls that may end a branch, unless they returned a mask.
    """
    consumers: dict[str, int] = defaultdict(int)
    feeding: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        consumers[edge.source] += 1
        feeding[edge.target].append(edge.source)
    kept_ends = {call_id for call_id in ends if not consumers[call_id]} - mask_calls
    visible = {*graph.outputs, *graph.inputs, *kept_ends, *graph.inside}
    visible |= {entry for group in graph.groups for entry in group.entries}
    visible |= {source for group in graph.groups for source, _output in group.exits}
    idle = [
        call.id for call in graph.calls if not consumers[call.id] and call.id not in visible
    ]
    hidden = set(idle)
    for call_id in idle:
        for source in feeding[call_id]:
            consumers[source] -= 1
            if not consumers[source] and source not in visible:
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


class _WeightSizes:
    """The numbers of values in weights; Keras computes a shape anew whenever it is asked."""

    def __init__(self) -> None:
        # The reference to the weight keeps its `id()`.
        self._known: dict[int, tuple[Any, int]] = {}

    def note(self, weight: Any, size: int) -> None:
        """Stores the size of a weight."""
        self._known[id(weight)] = (weight, size)

    def total(self, weights: Iterable[Any]) -> int:
        """Adds the sizes of weights; each weight counts once."""
        distinct = {id(weight): weight for weight in weights}
        for key, weight in distinct.items():
            if key not in self._known:
                self.note(weight, prod(weight.shape))
        return sum(self._known[key][1] for key in distinct)


def _layer_fields(operation: Any, layer_id: str, known: _WeightSizes) -> dict[str, Any]:
    import keras

    config = configuration_with_warnings(operation)
    weights = {id(weight): weight for weight in getattr(operation, "weights", ())}
    described = {key: weight_of(weight, operation) for key, weight in weights.items()}
    sizes = {key: prod(weight.shape) for key, weight in described.items()}
    for key, weight in weights.items():
        known.note(weight, sizes[key])
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
        "settings": changed_settings(operation, config),
        "code": constructor_code(operation, config),
        "digests": settings_digests(operation, config),
    }


def _group_fields(layer: Any, layer_id: str, sizes: _WeightSizes) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "kind": type(layer).__name__,
        "layer_id": layer_id,
        "parameters": sizes.total(layer.weights),
        "trainable_parameters": sizes.total(layer.trainable_weights),
    }


def _is_current(call: Call, operation: Any) -> bool:
    """Tells whether a stored call is still correct: its layer may have been frozen since."""
    weights = getattr(operation, "weights", ()) or ()
    now = [bool(weight.trainable) for weight in weights]
    return now == [weight.trainable for weight in call.weights]


def is_library(operation: Any) -> bool:
    """Tells whether the class of a layer or operation comes with Keras."""
    return type(operation).__module__.partition(".")[0] == "keras"


def _is_wrapper(layer: Any) -> bool:
    import keras

    return isinstance(layer, (keras.layers.Wrapper, keras.layers.Bidirectional))


def _parts(layer: Any) -> list[Any]:
    """Returns the inner layers that are worth showing.

    Some of Keras's own layers, such as `MultiHeadAttention`, are made of layers too; of these,
    only the layers that a user put inside are shown.
    """
    import keras

    if not isinstance(layer, keras.layers.Layer):
        return []
    parts = sublayers_of(layer)
    if _is_wrapper(layer) or not is_library(layer):
        return parts
    return [part for part in parts if not is_library(part)]


def weight_of(weight: Any, layer: Any) -> Weight:
    """Describes one weight of a layer."""
    return Weight(
        # Without the path of its layer.
        name=weight.path.removeprefix(f"{layer.path}/"),
        shape=tuple(map(int, weight.shape)),
        dtype=str(weight.dtype),
        trainable=bool(weight.trainable),
    )


def built_specs(layer: Any) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Returns the input that a layer was built for, and its output if Keras can compute it."""
    shape = None
    if layer.built:
        with contextlib.suppress(Exception):  # a custom layer may raise anything
            shape = (layer.get_build_config() or {}).get("input_shape")
    if not shape or not _is_shape(shape):
        return (), ()
    dtype = layer.compute_dtype
    inputs = (TensorSpec(_sizes(shape), dtype),)
    if type(layer).__module__.partition(".")[0] == "keras":
        with contextlib.suppress(Exception):  # some layers cannot compute it without a call
            result = layer.compute_output_shape(shape)
            # A layer that also returns its states has a shape for each output.
            shapes = [result] if _is_shape(result) else list(result)
            if all(map(_is_shape, shapes)):
                return inputs, tuple(TensorSpec(_sizes(each), dtype) for each in shapes)
    return inputs, ()


def _is_shape(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(
        size is None or isinstance(size, int) for size in value
    )


def spec_of(tensor: Any) -> TensorSpec:
    """Returns the shape and dtype of a symbolic tensor."""
    return TensorSpec(_sizes(tensor.shape), str(tensor.dtype))


def _sizes(shape: Iterable[Any]) -> tuple[int | None, ...]:
    """Returns a shape as plain numbers; an older Keras leaves those of NumPy in it."""
    return tuple(None if size is None else int(size) for size in shape)


def _for_any_batch(spec: TensorSpec, size: int | None) -> TensorSpec:
    """Replaces a batch size that only comes from the first data by `None`."""
    if size is None or not spec.shape or spec.shape[0] != size:
        return spec
    return TensorSpec((None, *spec.shape[1:]), spec.dtype)


def _weights(layers: Iterable[Any], attribute: str) -> Iterator[Any]:
    for layer in layers:
        yield from getattr(layer, attribute, ())
