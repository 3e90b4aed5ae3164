"""Keras's own records of a graph: the one place that knows its private names.

They are `KerasTensor._keras_history` and `_keras_mask`, `Operation._inbound_nodes` and
`_outbound_nodes`, `Node`, `Function._nodes_by_depth`, `Functional._standardize_inputs`,
`Sequential._functional`, `Layer._flatten_layers`, and `_keras_logits` of a backend's tensor. A
node is Keras's record of one call of an operation.
"""

import contextlib
import gc
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

# A tensor's place in the records: its operation, which call of it, which output.
Place = tuple[int, int, int]


# Called with each record that Keras makes of a call, still empty.
new_node_listeners: list[Callable[[Any], None]] = []


def _new_node(cls: Any, *args: Any, **named: Any) -> Any:
    node = object.__new__(cls)
    for listener in list(new_node_listeners):
        listener(node)
    return node


def announce_new_nodes() -> None:
    """Has the listeners called with each record that Keras makes from now on.

    They are called from `__new__`, which has returned before anything can fail, so that it
    stands in no traceback. It is never taken away: a class that had a `__new__` refuses
    arguments without it.
    """
    from keras.src.ops.node import Node

    Node.__new__ = _new_node


def is_complete(node: Any) -> bool:
    """Tells whether Keras has filled in a record, and can be asked for what it holds."""
    return hasattr(node, "is_input")


def random_seed() -> int | None:
    """Returns the seed that `keras.utils.set_random_seed` was given, if it was."""
    from keras.src.backend.common import global_state

    seed = global_state.get_global_attribute("global_random_seed")
    return seed if isinstance(seed, int) else None


@contextlib.contextmanager
def name_counters_kept() -> Iterator[None]:
    """Puts back what Keras counts to name layers and operations, whatever is made meanwhile."""
    from keras.src.backend.common import global_state

    before = dict(global_state.get_global_attribute("object_name_uids") or {})
    try:
        yield
    finally:
        counters = global_state.get_global_attribute("object_name_uids")
        if counters is not None:
            counters.clear()
            counters.update(before)


def functional_of(model: Any) -> Any:
    """Returns the graph of layers behind a model, if it has one."""
    import keras

    if isinstance(model, keras.Sequential):
        return getattr(model, "_functional", None)
    is_functional = hasattr(model, "operations") and hasattr(model, "_nodes_by_depth")
    return model if is_functional else None


def parts_of(layer: Any) -> list[Any]:
    """Returns the layers that a layer holds as attributes, without those inside them."""
    return list(layer._flatten_layers(recursive=False, include_self=False))


def operations_within(layer: Any) -> list[Any]:
    """Returns a layer, all layers within it, and the raw operations of the graphs among them."""
    found: dict[int, Any] = {}
    for part in layer._flatten_layers():
        functional = functional_of(part)
        for operation in (part, *(functional.operations if functional is not None else ())):
            found[id(operation)] = operation
    return list(found.values())


def nodes_in_order(functional: Any) -> list[Any]:
    """Returns the nodes of a graph of layers in the order in which Keras runs them."""
    by_depth = functional._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def forget_labels(model: Any) -> None:
    """Has the loss of a model that has not trained yet take labels as if they were the first."""
    compiled = getattr(model, "_compile_loss", None)
    if compiled is not None and not compiled.built:
        vars(model)["_compile_loss"] = type(compiled)(
            compiled._user_loss, compiled._user_loss_weights, output_names=compiled.output_names
        )


def loss_weights_of(model: Any) -> dict[str, float]:
    """Returns by what each output's loss counts in the whole, by the name in Keras's logs.

    Returns:
        Nothing if there is one loss only, if all count alike, or before the first batch.
    """
    losses = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None) or ()
    weights = [1.0 if it.loss_weights is None else float(it.loss_weights) for it in losses]
    if len(weights) < 2 or set(weights) == {1.0}:
        return {}
    return {f"{it.name}_loss": weight for it, weight in zip(losses, weights, strict=True)}


def given_inputs(functional: Any, inputs: Any) -> list[Any]:
    """Returns what a graph of layers makes of its argument: a tensor for each of its inputs."""
    return list(functional._standardize_inputs(inputs))


def node_of(tensor: Any) -> Any:
    """Returns Keras's record of the call that made a tensor, or None for one that none made."""
    operation, node_index, _tensor_index = tensor._keras_history
    return None if operation is None else operation._inbound_nodes[node_index]


def has_history(tensor: Any) -> bool:
    """Tells whether a call made a symbolic tensor."""
    # Keras notes an empty history once a layer was called on a tensor that none made.
    return is_symbolic(tensor) and node_of(tensor) is not None


def place_of(tensor: Any) -> Place:
    """Returns a tensor's place in the records."""
    operation, node_index, tensor_index = tensor._keras_history
    return id(operation), node_index, tensor_index


def output_number(tensor: Any) -> int:
    """Returns which of its call's outputs a tensor is, counted from 0."""
    return int(tensor._keras_history.tensor_index)


def is_symbolic(tensor: Any) -> bool:
    """Tells whether a tensor stands for values that come later."""
    return hasattr(tensor, "_keras_history")


def ancestors(tensors: Iterable[Any]) -> list[Any]:
    """Returns the nodes that lead to tensors, each after those that feed it."""
    ordered: dict[int, Any] = {}
    entered: set[int] = set()
    for tensor in tensors:
        # Depth first without recursion: models may be thousands of layers deep.
        stack = [(node_of(tensor), False)]
        while stack:
            node, inputs_done = stack.pop()
            if node is None or id(node) in ordered:
                continue
            if inputs_done:
                ordered[id(node)] = node
                continue
            # A layer that returns its very input, as Equalization, is recorded as fed by itself.
            if id(node) in entered:
                continue
            entered.add(id(node))
            stack.append((node, True))
            stack += [(node_of(source), False) for source in reversed(node.input_tensors)]
    return list(ordered.values())


def lost_nodes(nodes: list[Any], without: Set[int] = frozenset()) -> list[Any]:
    """Returns the nodes fed by others whose results nothing holds: lost branches.

    Args:
        nodes: The nodes that may feed them.
        without: The `id()` of operations whose calls are left out, with what they feed.
    """
    branches = _other_consumers(nodes, without)
    if not branches:
        return []
    gc.collect()  # a model that was deleted still holds its tensors until it is collected
    alive = held(branches)
    lost: list[Any] = []
    drawn = {id(node) for node in nodes}
    for node in branches:
        # What hangs on a result that is held, yet not part of this graph, is not its branch.
        if id(node) not in alive and any(id(node_of(it)) in drawn for it in node.input_tensors):
            drawn.add(id(node))
            lost.append(node)
    return [node for node in lost if not is_left_by_keras(node)]


def held(branches: Sequence[Any]) -> set[int]:
    """Returns the `id()` of the nodes whose results something holds, or a later call that is."""
    internal = _internal_references(branches)
    alive: set[int] = set()
    for node in reversed(branches):
        if id(node) in alive or _is_held(node.outputs, internal):
            alive.add(id(node))
            alive.update(id(node_of(tensor)) for tensor in node.input_tensors)
    return alive


def is_left_by_keras(node: Any) -> bool:
    """Tells whether Keras itself made a call that it did not use.

    A layer of another precision casts its symbolic input, and goes on with the original.
    """
    return type(node.operation).__name__ == "Cast" and not node.operation._outbound_nodes


def _other_consumers(nodes: list[Any], without: Set[int]) -> list[Any]:
    """Returns the nodes that take results of others, directly or not, and are none of them."""
    known = {id(node) for node in nodes}
    found: list[Any] = []
    waiting = list(nodes)
    for node in waiting:
        for consumer in node.operation._outbound_nodes:
            # A shared layer lists the consumers of all its calls, those of other graphs too.
            if id(consumer) in known or id(consumer.operation) in without:
                continue
            if any(id(node_of(tensor)) in known for tensor in consumer.input_tensors):
                known.add(id(consumer))
                found.append(consumer)
                waiting.append(consumer)
    order = {
        id(node): position
        for position, node in enumerate(
            ancestors(tensor for node in found for tensor in node.outputs)
        )
    }
    # An operation may pass the result of another off as its own: that one's record leads nowhere.
    return sorted((it for it in found if id(it) in order), key=lambda node: order[id(node)])


def _internal_references(nodes: Iterable[Any]) -> dict[int, int]:
    """Counts the references that Keras's own records hold to each tensor, by its `id()`."""
    counts: dict[int, int] = defaultdict(int)

    def count(value: Any) -> None:
        if isinstance(value, Mapping):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            for item in value:
                count(item)
        else:
            counts[id(value)] += 1

    for node in nodes:
        count(node.outputs)
        count(vars(node.arguments))
        count(list(masks_of([node])))
    return counts


def arguments_without_masks(node: Any) -> list[Any]:
    """Returns the tensors that a call takes, without the masks that Keras passes along."""
    masks = {id(getattr(tensor, "_keras_mask", None)) for tensor in node.input_tensors}
    return [tensor for tensor in node.input_tensors if id(tensor) not in masks]


def masks_of(nodes: Iterable[Any]) -> Iterator[Any]:
    """Yields the masks that go with the results of calls, one for each result that has one."""
    for node in nodes:
        for tensor in node.outputs:
            mask = getattr(tensor, "_keras_mask", None)
            if hasattr(mask, "_keras_history"):
                yield mask


def _is_held(tensors: Sequence[Any], internal: Mapping[int, int]) -> bool:
    """Tells whether a variable, a list or a model holds one of a call's results."""
    for position in range(len(tensors)):
        # `getrefcount` counts its own argument too.
        if sys.getrefcount(tensors[position]) - 1 > internal[id(tensors[position])]:
            return True
    return False


def kept_logits(tensor: Any) -> Any:
    """Returns what softmax or sigmoid was applied to for a tensor, if Keras has kept it there."""
    return getattr(tensor, "_keras_logits", None)


def call_numbers(nodes: Iterable[Any]) -> dict[int, int]:
    """Numbers the calls of each operation from 1, in the order in which they were made."""
    by_operation: dict[int, list[Any]] = defaultdict(list)
    for node in nodes:
        by_operation[id(node.operation)].append(node)
    return {
        id(node): number
        for calls in by_operation.values()
        for number, node in enumerate(sorted(calls, key=_node_index), start=1)
    }


def _node_index(node: Any) -> int:
    index: int = node.outputs[0]._keras_history.node_index if node.outputs else 0
    return index
