"""The graph of a model as plain frozen data: calls, edges and groups. Nothing here uses Keras."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property


@dataclass(frozen=True)
class TensorSpec:
    """The shape and dtype of a tensor.

    Attributes:
        shape: A size for each axis, the batch first; `None` for a size that is not fixed. The
            whole shape is `None` if it is unknown.
        dtype: The dtype, such as `"float32"`.
    """

    shape: tuple[int | None, ...] | None
    dtype: str


@dataclass(frozen=True)
class Weight:
    """One weight of a layer.

    Attributes:
        name: Its name within the layer, such as `"kernel"`.
        shape: A size for each axis.
        dtype: The dtype, such as `"float32"`.
        trainable: Whether training changes it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    trainable: bool = True


@dataclass(frozen=True)
class Call:
    """One use of a layer or operation: a node of the graph.

    Attributes:
        id: The id, such as `"dense_1"`; `"lstm#2"` for a second call, `"encoder/dense"` inside
            a nested model. It is unique in its graph and the same in every process.
        layer: The name of the layer or operation.
        kind: The class of the layer or operation, such as `"Dense"`.
        layer_id: The id of the layer's first call: equal for all calls that share its weights.
        inputs: The tensors it was called on.
        outputs: The tensors it returned.
        parameters: The number of parameters of the layer.
        trainable_parameters: The number of parameters that training changes.
        settings: The configuration that differs from the defaults.
        group: The id of the group that contains it, if any.
        library: Whether the class comes with Keras; `False` for a custom class.
        operation: Whether it is a raw operation, as in `a + b`, and not a layer.
        weights: The weights of the layer and its sublayers.
        code: The Python expression that creates the layer or operation, such as
            `"layers.Dense(10, name='digits')"`; empty if it cannot be written.
        digests: For each setting that names an array or a function, a digest of its values or
            code; `"class"` for the code of a custom class, `".name"` for an attribute of its
            object.
    """

    id: str
    layer: str
    kind: str
    layer_id: str
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    parameters: int = 0
    trainable_parameters: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)
    group: str | None = None
    library: bool = True
    operation: bool = False
    weights: tuple[Weight, ...] = ()
    code: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """A tensor that one call returns and another call takes.

    Attributes:
        source: The id of the call that returns it.
        output: The index of the tensor among the outputs of the source.
        target: The id of the call that takes it.
        input: The index of the tensor among the inputs of the target.
        tensor: The shape and dtype of the tensor.
    """

    source: str
    output: int
    target: str
    input: int
    tensor: TensorSpec


@dataclass(frozen=True)
class Group:
    """Calls that belong together and can be folded into one box.

    A group is one of three things. A nested model: edges connect its calls to the calls around
    it. The content of a wrapper or of a layer made of layers: that layer is also a call with the
    same id, and the edges lead to the call. A block that a model repeats.

    Attributes:
        id: The id, in the form of a call's id.
        layer: The name of the nested model, layer or block.
        kind: Its class, such as `"Functional"`; empty for a block.
        layer_id: The id of its first call: equal for all calls of the same nested model.
        parent: The id of the group that contains it, if any.
        parameters: The number of its parameters.
        trainable_parameters: The number of parameters that training changes.
        entries: For each input, the id of the inner call that receives it; empty if the inner
            connections are unknown.
        exits: For each output, the inner call that returns it and the index of that output.
        count: The number of equal blocks it contains, such as 3 for "conv2_block ×3"; else 1.
    """

    id: str
    layer: str
    kind: str
    layer_id: str
    parent: str | None = None
    parameters: int = 0
    trainable_parameters: int = 0
    entries: tuple[str, ...] = ()
    exits: tuple[tuple[str, int], ...] = ()
    count: int = 1


@dataclass(frozen=True)
class LayerGraph:
    """The graph of a model.

    Attributes:
        name: The name of the model; empty for tensors that belong to no model.
        kind: The class of the model, such as `"Functional"`; `"KerasTensor"` without a model.
        calls: The calls in topological order.
        edges: The tensors that flow between the calls.
        groups: Nested models, layers made of layers, and repeated blocks, outer groups first.
        inputs: The ids of the calls that provide the inputs.
        outputs: The ids of the calls that return the outputs, each once.
        exits: For each output, the call that returns it and the index among the outputs of that
            call: two outputs may come from one call.
        output_names: The key or name of each output; `""` where it has none.
        lost: The ids of the calls whose results lead nowhere: no output, variable or other
            model holds them.
        parameters: The number of parameters; shared weights count once.
        trainable_parameters: The number of parameters that training changes.
        connected: Whether the edges are known. In a subclassed model they are not, because
            Python code connects the layers.
        built: Whether shapes and weights exist yet.
    """

    name: str
    kind: str
    calls: tuple[Call, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Group, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    exits: tuple[tuple[str, int], ...] = ()
    output_names: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    parameters: int = 0
    trainable_parameters: int = 0
    connected: bool = True
    built: bool = True

    def __post_init__(self) -> None:
        # Files of earlier versions, and graphs written by hand, name the calls alone.
        exits = self.exits or tuple((call_id, 0) for call_id in self.outputs)
        object.__setattr__(self, "exits", exits)
        missing = len(exits) - len(self.output_names)
        object.__setattr__(self, "output_names", (*self.output_names, *[""] * missing))

    def with_exits(
        self, exits: Iterable[tuple[str, int]], names: Iterable[str] = ()
    ) -> "LayerGraph":
        """Returns the graph with other outputs.

        Args:
            exits: The call and the index of each output.
            names: The key or name of each output; by default none has one.
        """
        exits = tuple(exits)
        outputs = tuple(dict.fromkeys(call_id for call_id, _output in exits))
        return replace(self, outputs=outputs, exits=exits, output_names=tuple(names))

    def exit_tensor(self, position: int) -> TensorSpec | None:
        """Returns the shape and dtype of an output; `None` if they are not known."""
        call_id, output = self.exits[position]
        tensors = self.call_of[call_id].outputs
        return tensors[output] if output < len(tensors) else None

    @cached_property
    def call_of(self) -> Mapping[str, Call]:
        """The calls by id."""
        return {call.id: call for call in self.calls}

    @cached_property
    def group_of(self) -> Mapping[str, Group]:
        """The groups by id."""
        return {group.id: group for group in self.groups}

    @cached_property
    def inside(self) -> frozenset[str]:
        """The ids of the calls inside wrappers and layers made of layers; no edge reaches them."""
        hidden = {group.id for group in self.groups if group.id in self.call_of}
        for group in self.groups:  # outer groups first
            if group.parent in hidden:
                hidden.add(group.id)
        return frozenset(call.id for call in self.calls if call.group in hidden)

    @cached_property
    def calls_by_layer(self) -> Mapping[str, list[str]]:
        """The ids of the calls of each layer, by its `layer_id`."""
        ids: dict[str, list[str]] = {}
        for call in self.calls:
            ids.setdefault(call.layer_id, []).append(call.id)
        return ids

    @cached_property
    def calls_inside(self) -> Mapping[str, list[str]]:
        """The ids of the calls in each group, including its inner groups."""
        ids: dict[str, list[str]] = {group.id: [] for group in self.groups}
        for call in self.calls:
            group = call.group
            while group is not None:
                ids[group].append(call.id)
                group = self.group_of[group].parent
        return ids

    @cached_property
    def sources(self) -> Mapping[str, list[str]]:
        """The ids of the calls that feed each call, in the order of its inputs."""
        ids: dict[str, list[str]] = {}
        for edge in sorted(self.edges, key=lambda edge: edge.input):
            ids.setdefault(edge.target, []).append(edge.source)
        return ids

    @cached_property
    def taken(self) -> Mapping[str, list[tuple[str, int]]]:
        """The tensors that each call takes, in order: the call that returns it and the index."""
        tensors: dict[str, list[tuple[str, int]]] = {}
        for edge in sorted(self.edges, key=lambda edge: edge.input):
            tensors.setdefault(edge.target, []).append((edge.source, edge.output))
        return tensors

    def ancestors(self, call_id: str) -> frozenset[str]:
        """Returns the ids of all calls on whose results a call depends."""
        found: set[str] = set()
        waiting = [call_id]
        while waiting:
            new = set(self.sources.get(waiting.pop(), ())) - found
            found |= new
            waiting += new
        return frozenset(found - {call_id})

    @cached_property
    def uses(self) -> Mapping[str, list[str]]:
        """The ids of the groups of each nested model or layer, by its `layer_id`."""
        ids: dict[str, list[str]] = {}
        for group in self.groups:
            ids.setdefault(group.layer_id, []).append(group.id)
        return ids

    @cached_property
    def shared(self) -> Mapping[str, tuple[int, int]]:
        """The number of each call of a shared layer, and how many calls the layer has."""
        return {
            call_id: (position, len(ids))
            for ids in self.calls_by_layer.values()
            if len(ids) > 1
            for position, call_id in enumerate(sorted(ids, key=_call_numbers), start=1)
        }

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """The ids of the inputs that lead to no output; without a model, that nothing takes."""
        if self.kind == "KerasTensor" and self.outputs:
            taken = {*self.outputs, *(edge.source for edge in self.edges)}
            return tuple(call_id for call_id in self.inputs if call_id not in taken)
        sources: dict[str, list[str]] = {}
        for edge in self.edges:
            sources.setdefault(edge.target, []).append(edge.source)
        used, waiting = set(self.outputs), list(self.outputs)
        for call_id in waiting:
            new = [source for source in sources.get(call_id, ()) if source not in used]
            used.update(new)
            waiting += new
        if not self.connected or not self.outputs:
            return ()
        return tuple(call_id for call_id in self.inputs if call_id not in used)


def _call_numbers(call_id: str) -> list[int]:
    """Returns the number of the call in each part of an id: `[1, 2]` for `"a/b#2"`."""
    numbers = (part.rpartition("#")[2] for part in call_id.split("/"))
    return [int(number) if number.isdecimal() else 1 for number in numbers]


def unused_id(preferred: str, used: Container[str]) -> str:
    """Returns an id that is not used yet.

    Args:
        preferred: The id to use if it is free.
        used: The ids that are taken.

    Returns:
        The preferred id, with the suffix `~2`, `~3`, … if it is taken.

    Example:
        >>> unused_id("dense", {"dense", "dense~2"})
        'dense~3'
    """
    unique, copy = preferred, 2
    while unique in used:
        unique, copy = f"{preferred}~{copy}", copy + 1
    return unique
