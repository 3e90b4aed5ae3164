"""Finds the masks in the arguments of a call that Keras passes along by itself.

In a model that was built from its configuration, such as one that was loaded, Keras makes each mask
again and then passes an equal one, which the configuration describes as an operation.
"""

from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.nodes import is_symbolic, mask_of, node_of, output_number

_DEPTH = 20  # operations that compute one mask
_NOT_SETTINGS = ("name", "built")


def passed_masks(node: Any) -> list[tuple[Any, Any]]:
    """Returns the masks that Keras passes to a call, each with the mask of an input that it is."""
    own = [mask for mask in map(mask_of, node.input_tensors) if is_symbolic(mask)]
    if not own:
        return []
    known = {id(mask): mask for mask in own}
    found = [(it, it) for it in node.input_tensors if id(it) in known]
    for tensor in _named_masks(node):
        if id(tensor) not in known:
            equal = next((mask for mask in own if _same(tensor, mask, 0)), None)
            found += [] if equal is None else [(tensor, equal)]
    return found


def arguments_without_masks(node: Any) -> list[Any]:
    """Returns the tensors that a call takes, except the masks that Keras passes along."""
    masks = {id(tensor) for tensor, _mask in passed_masks(node)}
    return [tensor for tensor in node.input_tensors if id(tensor) not in masks]


def _named_masks(node: Any) -> Iterator[Any]:
    import keras

    for name, value in node.arguments.kwargs.items():
        if "mask" in name:
            yield from filter(is_symbolic, keras.tree.flatten(value))


def _same(one: Any, other: Any, depth: int) -> bool:
    """Tells whether two values are one tensor, or computed by equal operations from the same."""
    import keras

    if one is other:
        return True
    if not (is_symbolic(one) and is_symbolic(other)):
        try:
            return type(one) is type(other) and bool(one == other)
        except Exception:  # arrays have no single truth value
            return False
    nodes = node_of(one), node_of(other)
    if None in nodes:
        return False
    kinds = [type(node.operation) for node in nodes]
    if kinds[0] is not kinds[1] or issubclass(kinds[0], keras.layers.Layer) or depth > _DEPTH:
        return False
    settings = [_settings(node.operation) for node in nodes]
    arguments = [
        keras.tree.flatten((node.arguments.args, node.arguments.kwargs)) for node in nodes
    ]
    return (
        output_number(one) == output_number(other)
        and settings[0] == settings[1]
        and len(arguments[0]) == len(arguments[1])
        and all(_same(a, b, depth + 1) for a, b in zip(*arguments, strict=True))
    )


def _settings(operation: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(operation).items()
        if not name.startswith("_") and name not in _NOT_SETTINGS
    }
