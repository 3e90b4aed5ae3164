"""What a model wants: the names, shapes and container of its inputs, and its loss."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.keras.nodes import node_of

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Wanted:
    """An input or output of a model.

    Attributes:
        name: Its name or key.
        shape: Its shape with the batch.
        dtype: Its dtype.
    """

    name: str
    shape: Shape
    dtype: str


def wanted_inputs(model: Any) -> list[Wanted]:
    """Returns the inputs of a functional model; none for other models."""
    try:
        tensors = list(model.inputs or [])
        keys = _keys_of(model, tensors)
    except Exception:  # a model that was never built has no inputs
        return []
    return [
        Wanted(key, tuple(tensor.shape), str(tensor.dtype))
        for key, tensor in zip(keys, tensors, strict=True)
    ]


def takes_dict(model: Any) -> bool:
    """Returns whether a model was built on a dict of inputs."""
    return isinstance(getattr(model, "input", None), Mapping)


def wanted_outputs(model: Any) -> list[Wanted]:
    """Returns the outputs of a functional model; none for other models."""
    try:
        tensors = list(model.outputs or [])
        names = [str(name) for name in model.output_names]
    except Exception:
        return []
    return [
        Wanted(name, tuple(tensor.shape), str(tensor.dtype))
        for name, tensor in zip(names, tensors, strict=False)
    ]


def layer_of_output(model: Any, place: int = 0) -> Any:
    """Returns the layer that computes an output; `None` if it is not known."""
    try:
        return node_of(model.outputs[place]).operation
    except Exception:
        return None


def _keys_of(model: Any, tensors: list[Any]) -> list[str]:
    struct = model.input
    if isinstance(struct, Mapping):
        by_id = {id(tensor): str(key) for key, tensor in struct.items()}
        return [by_id.get(id(tensor), tensor.name) for tensor in tensors]
    return [str(tensor.name) for tensor in tensors]
