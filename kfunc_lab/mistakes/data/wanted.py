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
        struct = model.input
        if isinstance(struct, Mapping):  # in the learner's order, which is not Keras's
            pairs = [(str(key), tensor) for key, tensor in struct.items()]
        else:
            pairs = [(node_of(tensor).operation.name, tensor) for tensor in model.inputs or []]
        return [Wanted(name, tuple(tensor.shape), str(tensor.dtype)) for name, tensor in pairs]
    except Exception:  # a model that was never built has no inputs
        return []


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
