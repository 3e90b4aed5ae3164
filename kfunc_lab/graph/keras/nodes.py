"""Access to Keras's own records of a graph, and the only place that uses these private names.

They are `KerasTensor._keras_history` and `_keras_mask`, `Operation._inbound_nodes`,
`_outbound_nodes` and `_auto_config`, `Node`, `Function._nodes_by_depth`,
`Functional._standardize_inputs`, `Sequential._functional` and `_layers`, `Layer._flatten_layers`,
and `_keras_logits` of a backend tensor. A node is Keras's record of one call of an operation.
"""

import contextlib
import gc
import re
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache
from itertools import pairwise
from types import FrameType
from typing import Any

# The place of a tensor in the records: its operation, the number of the call and of the output.
Place = tuple[int, int, int]

# To find out whether variables hold a tensor.
_MAX_VISITS = 20_000  # objects to visit
_MAX_ITEMS = 5_000  # in one container: a longer one holds data


# These functions are called with each new node, while it is still empty.
new_node_listeners: list[Callable[[Any], None]] = []


def _new_node(cls: Any, *args: Any, **named: Any) -> Any:
    node = object.__new__(cls)
    for listener in list(new_node_listeners):
        listener(node)
    return node


def announce_new_nodes() -> None:
    """Calls the listeners with each node that Keras creates from now on.

    `__new__` calls them. It returns before anything can fail, so it appears in no traceback. It is
    never removed: a class that once had a `__new__` refuses arguments without it.
    """
    from keras.src.ops.node import Node

    Node.__new__ = _new_node


def is_complete(node: Any) -> bool:
    """Tells whether Keras has filled in a node, so that it can be read."""
    return hasattr(node, "is_input")


def random_seed() -> int | None:
    """Returns the seed that was passed to `keras.utils.set_random_seed`, if any."""
    from keras.src.backend.common import global_state

    seed = global_state.get_global_attribute("global_random_seed")
    return seed if isinstance(seed, int) else None


@contextlib.contextmanager
def preserve_name_counters() -> Iterator[None]:
    """Restores the counters by which Keras names layers and operations."""
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
    """Returns the functional model behind a model, if there is one."""
    import keras

    if isinstance(model, keras.Sequential):
        return getattr(model, "_functional", None)
    is_functional = hasattr(model, "operations") and hasattr(model, "_nodes_by_depth")
    return model if is_functional else None


def made_by_sequential(operation: Any) -> bool:
    """Tells whether an input was made by a Sequential for the first data that it was called on.

    A user writes `keras.Input(shape)` or a name; a Sequential passes `batch_shape` and `dtype`.
    """
    config = getattr(getattr(operation, "_auto_config", None), "config", None)
    if type(operation).__name__ != "InputLayer" or not isinstance(config, Mapping):
        return False
    chosen = {name for name, value in config.items() if value not in (None, False)}
    is_named = not re.fullmatch(r"input_layer(_\d+)?", operation.name)
    return chosen == {"batch_shape", "dtype"} and not is_named


def first_batch_of(model: Any) -> int | None:
    """Returns the batch size of the data that a Sequential model was first called on.

    Keras makes the model's input for exactly that size, but the model accepts any other.

    Returns:
        `None` if the model is no Sequential, if a person chose the size, or if a layer keeps a
        state for each example, which needs this size.
    """
    import keras

    if not isinstance(model, keras.Sequential) or not model._layers:
        return None
    first = model._layers[0]
    if not made_by_sequential(first):
        return None
    keeps_states = any(getattr(layer, "stateful", False) for layer in layers_within(model))
    size = first.batch_shape[0]
    return size if isinstance(size, int) and not keeps_states else None


def own_inputs_within(layer: Any) -> set[str]:
    """Returns the names of the Sequential models in a layer that made their own input."""
    import keras

    return {
        part.name
        for part in layers_within(layer)
        if isinstance(part, keras.Sequential)
        and any(made_by_sequential(each) for each in part._layers[:1])
    }


def entry_of(sequential: Any) -> Any:
    """Returns the input layer of a Sequential model; `None` while its input is not known."""
    import keras

    first = next(iter(sequential._layers), None)
    return first if isinstance(first, keras.layers.InputLayer) else None


def sublayers_of(layer: Any) -> list[Any]:
    """Returns the direct sublayers of a layer."""
    return list(layer._flatten_layers(recursive=False, include_self=False))


def operations_within(layer: Any) -> list[Any]:
    """Returns a layer, all layers inside it, and the raw operations of their graphs."""
    operations: dict[int, Any] = {}
    for part in layer._flatten_layers():
        functional = functional_of(part)
        for operation in (part, *(functional.operations if functional is not None else ())):
            operations[id(operation)] = operation
    return list(operations.values())


def nodes_in_order(functional: Any) -> list[Any]:
    """Returns the nodes of a functional model in the order in which Keras runs them."""
    by_depth = functional._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def reset_compile_loss(model: Any) -> None:
    """Resets the loss of an untrained model, so that it accepts labels of another structure."""
    compiled = getattr(model, "_compile_loss", None)
    if compiled is not None and not compiled.built:
        vars(model)["_compile_loss"] = type(compiled)(
            compiled._user_loss, compiled._user_loss_weights, output_names=compiled.output_names
        )


def loss_weights_of(model: Any) -> dict[str, float]:
    """Returns the weight of each output's loss, by its name in Keras's logs.

    Returns:
        An empty dict if there is only one loss, if all weights are 1, or before the first batch.
    """
    losses = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None) or ()
    weights = [
        1.0 if loss.loss_weights is None else float(loss.loss_weights) for loss in losses
    ]
    if len(weights) < 2 or set(weights) == {1.0}:
        return {}
    return {f"{loss.name}_loss": weight for loss, weight in zip(losses, weights, strict=True)}


def standardized_inputs(functional: Any, inputs: Any) -> list[Any]:
    """Returns the argument of a functional model as Keras standardizes it: one tensor per input."""
    return list(functional._standardize_inputs(inputs))


def node_of(tensor: Any) -> Any:
    """Returns the node of the call that returned a tensor; `None` if no call did."""
    operation, node_index, _tensor_index = tensor._keras_history
    return None if operation is None else operation._inbound_nodes[node_index]


def nodes_of(operation: Any) -> list[Any]:
    """Returns the nodes of the calls of a layer or operation, the first call first."""
    return list(getattr(operation, "_inbound_nodes", ()))


def has_history(tensor: Any) -> bool:
    """Tells whether a call returned a symbolic tensor."""
    # Keras adds an empty history when a layer is called on a tensor that no call returned.
    return is_symbolic(tensor) and node_of(tensor) is not None


def place_of(tensor: Any) -> Place:
    """Returns the place of a tensor in the records."""
    operation, node_index, tensor_index = tensor._keras_history
    return id(operation), node_index, tensor_index


def output_number(tensor: Any) -> int:
    """Returns the index of a tensor among the outputs of its call."""
    return int(tensor._keras_history.tensor_index)


def is_symbolic(tensor: Any) -> bool:
    """Tells whether a tensor is symbolic, and of this Keras."""
    if type(tensor).__module__.startswith(("tensorflow.python.keras", "tf_keras")):
        return False  # its record of calls is another
    return hasattr(tensor, "_keras_history")


def is_used(tensor: Any) -> bool:
    """Tells whether a call took a symbolic tensor."""
    return any(
        source is tensor
        for consumer in node_of(tensor).operation._outbound_nodes
        for source in consumer.input_tensors
    )


def recorded_arguments(operation: Any) -> Mapping[str, Any] | None:
    """Returns the arguments that an object was created with, if Keras recorded them."""
    recorded = getattr(operation, "_auto_config", None)
    return None if recorded is None else dict(recorded.config)


def calls_in_order(
    tensors: Iterable[Any], sources: Callable[[Any], Iterable[Any]] | None = None
) -> list[Any]:
    """Returns the nodes that lead to tensors, in topological order, each layer's calls in turn.

    Args:
        tensors: The tensors.
        sources: Returns the tensors that a node takes; by default all of them.
    """
    nodes = _ordered(map(node_of, tensors), {}, sources)
    calls: dict[int, list[Any]] = defaultdict(list)
    for node in nodes:
        calls[id(node.operation)].append(node)
    earlier: dict[int, Any] = {}
    for several in calls.values():
        several.sort(key=_node_index)
        earlier.update({id(after): before for before, after in pairwise(several)})
    return _ordered(nodes, earlier, sources) if earlier else nodes


def ancestors(tensors: Iterable[Any]) -> list[Any]:
    """Returns the nodes that lead to tensors, in topological order."""
    return _ordered([node_of(tensor) for tensor in tensors], {})


def _ordered(
    ends: Iterable[Any],
    earlier: Mapping[int, Any],
    sources: Callable[[Any], Iterable[Any]] | None = None,
) -> list[Any]:
    """Returns the nodes that lead to nodes, in topological order.

    Args:
        ends: The nodes.
        earlier: Nodes that must come before another, by the `id()` of the other.
        sources: Returns the tensors that a node takes; by default all of them.
    """
    ordered: dict[int, Any] = {}
    entered: set[int] = set()
    for end in ends:
        # Depth first without recursion: models may be thousands of layers deep.
        stack = [(end, False)]
        while stack:
            node, inputs_done = stack.pop()
            if node is None or id(node) in ordered:
                continue
            if inputs_done:
                ordered[id(node)] = node
                continue
            # A layer that returns its input unchanged, such as Equalization, feeds itself.
            if id(node) in entered:
                continue
            entered.add(id(node))
            stack.append((node, True))
            taken = node.input_tensors if sources is None else [*sources(node)]
            stack += [(node_of(source), False) for source in reversed(taken)]
            if id(node) in earlier:
                stack.append((earlier[id(node)], False))
    return list(ordered.values())


def lost_nodes(nodes: list[Any], without: Set[int] = frozenset()) -> list[Any]:
    """Returns the nodes of lost branches: some of `nodes` feed them, and nothing uses them.

    Args:
        nodes: The nodes that may feed a lost branch.
        without: The `id()` of operations whose calls, and the calls they feed, are skipped.
    """
    branches = [node for node in _other_consumers(nodes, without) if not is_unused_cast(node)]
    alive = nodes_in_use(branches, collect=True)
    lost: list[Any] = []
    drawn = {id(node) for node in nodes}
    for node in branches:
        # A node that depends on a result which is in use outside this graph is not its branch.
        if id(node) not in alive and any(
            id(node_of(tensor)) in drawn for tensor in node.input_tensors
        ):
            drawn.add(id(node))
            lost.append(node)
    # Keras computes a mask beside each masked tensor; nobody called it, so nobody lost it.
    masks = {id(mask) for mask in masks_of(node for node in branches if id(node) not in drawn)}
    return [node for node in lost if masks.isdisjoint(map(id, node.outputs))]


def nodes_in_use(branches: Sequence[Any], collect: bool = False) -> set[int]:
    """Returns the `id()` of the nodes whose results are held, or feed such a node.

    Args:
        branches: The nodes, in topological order.
        collect: Whether to collect garbage if only garbage may hold a result: a deleted model
            holds its tensors until it is collected.
    """
    held = _held_nodes(branches)
    if collect and not _proven(held):
        gc.collect()
        held = _held_nodes(branches)
    alive = {id(node) for node in held}
    for node in reversed(branches):
        if id(node) in alive:
            alive.update(id(node_of(tensor)) for tensor in node.input_tensors)
    return alive


def _held_nodes(branches: Sequence[Any]) -> list[Any]:
    internal = _internal_references(branches)
    return [node for node in branches if _is_held(node.outputs, internal)]


def _proven(held: Sequence[Any]) -> bool:
    """Tells whether variables certainly hold a result of each of these nodes."""
    if not held:
        return True
    tensors = [tensor for node in held for tensor in node.outputs]
    found = held_by_variables(tensors)
    return all(any(id(tensor) in found for tensor in node.outputs) for node in held)


def is_unused_cast(node: Any) -> bool:
    """Tells whether a node is a cast that Keras made and did not use.

    A layer of another precision casts its symbolic input but then uses the original.
    """
    return type(node.operation).__name__ == "Cast" and not node.operation._outbound_nodes


def _other_consumers(nodes: list[Any], without: Set[int]) -> list[Any]:
    """Returns the nodes outside `nodes` that use their results, directly or indirectly."""
    known = {id(node) for node in nodes}
    consumers: list[Any] = []
    waiting = list(nodes)
    for node in waiting:
        for consumer in node.operation._outbound_nodes:
            # A shared layer lists the consumers of all its calls, including other graphs.
            if id(consumer) in known or id(consumer.operation) in without:
                continue
            if any(id(node_of(tensor)) in known for tensor in consumer.input_tensors):
                known.add(id(consumer))
                consumers.append(consumer)
                waiting.append(consumer)
    order = {
        id(node): position
        for position, node in enumerate(
            ancestors(tensor for node in consumers for tensor in node.outputs)
        )
    }
    # An operation may return the output of another as its own; its node is then unreachable.
    return sorted(
        (node for node in consumers if id(node) in order), key=lambda node: order[id(node)]
    )


def _internal_references(nodes: Iterable[Any]) -> dict[int, int]:
    """Counts the references to each tensor in Keras's own records, by `id()`."""
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


def mask_of(tensor: Any) -> Any:
    """Returns the mask that belongs to a symbolic tensor; `None` if it has none."""
    return getattr(tensor, "_keras_mask", None)


def set_mask(tensor: Any, mask: Any) -> None:
    """Gives a symbolic tensor a mask, which Keras passes to each layer that takes one."""
    tensor._keras_mask = mask


def masks_of(nodes: Iterable[Any]) -> Iterator[Any]:
    """Yields the masks of the outputs of nodes; some outputs have none."""
    for node in nodes:
        for tensor in node.outputs:
            mask = getattr(tensor, "_keras_mask", None)
            if hasattr(mask, "_keras_history"):
                yield mask


def _is_held(tensors: Sequence[Any], internal: Mapping[int, int]) -> bool:
    """Tells whether a variable, a list or a model holds one of a call's outputs."""
    for position in range(len(tensors)):
        # `getrefcount` counts its own argument too.
        if sys.getrefcount(tensors[position]) - 1 > internal[id(tensors[position])]:
            return True
    return False


def stored_logits(tensor: Any) -> Any:
    """Returns the input of the softmax or sigmoid that returned a tensor, if Keras stored it."""
    return getattr(tensor, "_keras_logits", None)


def call_numbers(nodes: Iterable[Any]) -> dict[int, int]:
    """Numbers the calls of each operation from 1, in the order of the calls."""
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


def layers_within(layer: Any) -> list[Any]:
    """Returns a layer and all layers inside it."""
    return list(layer._flatten_layers()) if hasattr(layer, "_flatten_layers") else [layer]


def creation_number(node: Any) -> int:
    """Returns a number that is greater for nodes that were made later; -1 if it is not known."""
    # Keras numbers the tensors, as in "keras_tensor_12", in the order in which they are made.
    found = (
        re.fullmatch(r"keras_tensor(?:_(\d+))?", node.outputs[0].name) if node.outputs else None
    )
    return int(found[1] or 0) if found else -1


# These tell whether an earlier run of a notebook's cell made a node; whoever follows a notebook
# adds one.
earlier_run_checks: list[Callable[[Any], bool]] = []


def is_of_earlier_run(node: Any) -> bool:
    """Tells whether an earlier run of a cell made a node, as far as anybody knows."""
    return any(check(node) for check in earlier_run_checks)


# ---------------------------------------------------------------------------------------------
# Tensors that variables hold
#
# A full garbage collection visits every object of the process, which takes seconds beside large
# data. A path from a variable to a tensor proves that the tensor is no garbage, and most such
# paths are short.


def held_by_variables(tensors: Iterable[Any]) -> set[int]:
    """Finds tensors to which a path leads from a variable of the user's modules.

    Args:
        tensors: The tensors to find.

    Returns:
        The `id()` of those that were found near the variables. Others may be held too: by a local
        variable, or far from any variable.
    """
    wanted = set(map(id, tensors))
    found: set[int] = set()
    seen: set[int] = set()
    waiting: list[Any] = list(_variables())
    for item in waiting:
        if id(item) in seen:
            continue
        if found == wanted or len(seen) > _MAX_VISITS:
            break
        seen.add(id(item))
        if id(item) in wanted:
            found.add(id(item))
        elif _leads_on(item):
            waiting += filter(gc.is_tracked, gc.get_referents(item))
    return found


def _variables() -> Iterator[dict[str, Any]]:
    """Yields the variables of the modules that run, and those of a notebook."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame.f_globals
        frame = frame.f_back
    if "__main__" in sys.modules:
        yield vars(sys.modules["__main__"])


@lru_cache(maxsize=1)
def _folders() -> tuple[str, ...]:
    return tuple({sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")})


def _leads_on(item: Any) -> bool:
    """Tells whether to follow the references of an object."""
    import keras
    from keras.src.ops.node import Node

    cls = type(item)  # `isinstance` would run the code of proxies
    for kind in (dict, list, tuple, set, frozenset):
        if issubclass(cls, kind):
            small = kind.__len__(item) <= _MAX_ITEMS
            return small and not (kind is dict and _is_installed(item))
    # Keras's records lead from each layer to every tensor that it returned.
    return not issubclass(cls, (type, keras.KerasTensor, Node))


def _is_installed(names: dict[str, Any]) -> bool:
    """Tells whether a dict holds the names of a module of Python or of a package."""
    file, name = dict.get(names, "__file__"), str(dict.get(names, "__name__"))
    return (
        dict.__contains__(names, "__spec__")
        and name != "__main__"
        and (
            not isinstance(file, str)
            or file.startswith(_folders())
            or name.startswith("kfunc_lab.")  # in a checkout it is in no folder of packages
        )
    )
