"""A model's graph as plain frozen data: calls, edges and groups. Nothing here knows Keras."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class TensorSpec:
    """A tensor's shape and type.

    Attributes:
        shape: A size for each axis, the batch first; `None` for a size that is not fixed.
            `None` instead of the tuple where the shape is not known at all.
        dtype: The type of its numbers, as `"float32"`.
    """

    shape: tuple[int | None, ...] | None
    dtype: str


@dataclass(frozen=True)
class Weight:
    """One of a layer's weights.

    Attributes:
        name: Its name within the layer, as `"kernel"`.
        shape: A size for each axis.
        dtype: The type of its numbers, as `"float32"`.
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
        id: `"dense_1"`; `"lstm#2"` for a second call, `"encoder/dense"` inside a nested model.
            Unique in its graph, and the same in every process.
        layer: The layer's or operation's name.
        kind: Its class, as `"Dense"`.
        layer_id: The id of the layer's first call: equal for all calls that share its weights.
        inputs: What it was called on.
        outputs: What it returned.
        parameters: Numbers in the layer's weights.
        trainable_parameters: Those of them that training changes.
        settings: The configuration that differs from the defaults.
        group: The id of the group that it stands in, if any.
        library: Whether the class comes with Keras; `False` for one of the user's own.
        operation: Whether it is a raw operation, as in `a + b`, and not a layer.
        weights: The layer's weights, those of its sub-layers included.
        code: The Python expression that makes the layer or operation, as
            `"layers.Dense(10, name='digits')"`; empty where it cannot be written.
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


@dataclass(frozen=True)
class Edge:
    """A tensor on its way from the call that made it to one that takes it.

    Attributes:
        source: The id of the call that made it.
        output: Which of that call's outputs it is.
        target: The id of the call that takes it.
        input: Which of that call's inputs it is.
        tensor: Its shape and type.
    """

    source: str
    output: int
    target: str
    input: int
    tensor: TensorSpec


@dataclass(frozen=True)
class Group:
    """Calls that belong together and can be folded into one box.

    It is a nested model, whose calls are joined by edges to the calls around it; or what is
    inside a wrapper or a layer made of layers, which is a call too, of the same id, that the
    edges lead to; or a block that a model repeats.

    Attributes:
        id: As a call's id.
        layer: The nested model's or layer's name, or the block's.
        kind: Its class, as `"Functional"`; empty for a block.
        layer_id: The id of its first call: equal for all calls of the same nested model.
        parent: The id of the group that it stands in, if any.
        parameters: Numbers in its weights.
        trainable_parameters: Those of them that training changes.
        entries: The id of the call inside that receives each of its inputs; empty where the
            connections inside are not known.
        exits: The call inside, and which of its outputs, that gives each of its outputs.
        count: How many equal parts it holds, as the 3 of "conv2_block ×3"; 1 for any other.
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
    """A model's graph.

    Attributes:
        name: The model's name; empty for tensors that belong to no model.
        kind: The model's class, as `"Functional"`; `"KerasTensor"` without a model.
        calls: Its calls, each after those that feed it.
        edges: The tensors that flow between them.
        groups: Nested models, layers made of layers, and repeated blocks, each after the one
            that it stands in.
        inputs: The ids of the calls that bring the inputs.
        outputs: The ids of the calls that make the outputs.
        lost: The ids of the calls whose results lead nowhere: no output, variable or other
            model holds them.
        parameters: Numbers in all weights, shared weights counted once.
        trainable_parameters: Those of them that training changes.
        connected: Whether the edges are known; they are not for a subclassed model, whose
            connections are code.
        built: Whether shapes and weights exist yet.
    """

    name: str
    kind: str
    calls: tuple[Call, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Group, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    parameters: int = 0
    trainable_parameters: int = 0
    connected: bool = True
    built: bool = True

    @cached_property
    def call_of(self) -> Mapping[str, Call]:
        """Each call by its id."""
        return {call.id: call for call in self.calls}

    @cached_property
    def group_of(self) -> Mapping[str, Group]:
        """Each group by its id."""
        return {group.id: group for group in self.groups}

    @cached_property
    def inside(self) -> frozenset[str]:
        """The ids of the calls inside a wrapper or a layer made of layers, which no edge joins."""
        hidden = {group.id for group in self.groups if group.id in self.call_of}
        for group in self.groups:  # each after the one that it stands in
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
        """The ids of the calls in each group, those of inner groups included."""
        ids: dict[str, list[str]] = {group.id: [] for group in self.groups}
        for call in self.calls:
            group = call.group
            while group is not None:
                ids[group].append(call.id)
                group = self.group_of[group].parent
        return ids

    @cached_property
    def sources(self) -> Mapping[str, list[str]]:
        """The ids of the calls that each call takes its inputs from, in their order."""
        ids: dict[str, list[str]] = {}
        for edge in sorted(self.edges, key=lambda edge: edge.input):
            ids.setdefault(edge.target, []).append(edge.source)
        return ids

    @cached_property
    def uses(self) -> Mapping[str, list[str]]:
        """The ids of the groups of each nested model or layer, by its `layer_id`."""
        ids: dict[str, list[str]] = {}
        for group in self.groups:
            ids.setdefault(group.layer_id, []).append(group.id)
        return ids

    @cached_property
    def shared(self) -> Mapping[str, tuple[int, int]]:
        """For each call of a layer that is called more than once: which call, of how many."""
        return {
            call_id: (position, len(ids))
            for ids in self.calls_by_layer.values()
            if len(ids) > 1
            for position, call_id in enumerate(sorted(ids, key=_call_numbers), start=1)
        }

    @cached_property
    def unused(self) -> tuple[str, ...]:
        """The ids of the inputs that lead to no output."""
        feeding: dict[str, list[str]] = {}
        for edge in self.edges:
            feeding.setdefault(edge.target, []).append(edge.source)
        used, waiting = set(self.outputs), list(self.outputs)
        for call_id in waiting:
            new = [source for source in feeding.get(call_id, ()) if source not in used]
            used.update(new)
            waiting += new
        if not self.connected or not self.outputs:
            return ()
        return tuple(call_id for call_id in self.inputs if call_id not in used)


def _call_numbers(call_id: str) -> list[int]:
    """Returns which call each step of an id stands for: `"a/b#2"` is the second of the first."""
    numbers = (step.rpartition("#")[2] for step in call_id.split("/"))
    return [int(number) if number.isdecimal() else 1 for number in numbers]


def unused_id(preferred: str, used: Container[str]) -> str:
    """Returns an id that is not used yet.

    Args:
        wanted: The id, if it is free.
        used: The ids that are not.

    Returns:
        The id wanted, or one that ends in `~2`, `~3`, ….

    Example:
        >>> unused_id("dense", {"dense", "dense~2"})
        'dense~3'
    """
    unique, copy = preferred, 2
    while unique in used:
        unique, copy = f"{preferred}~{copy}", copy + 1
    return unique
