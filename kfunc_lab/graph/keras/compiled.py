"""What Keras knows of a compiled model, and of the masks and arguments of a recorded call."""

from collections.abc import Mapping
from typing import Any


def optimized_variables(model: Any) -> list[Any] | None:
    """Returns the variables that the optimizer of a model was built for; `None` before that."""
    optimizer = getattr(model, "optimizer", None)
    # With mixed precision, one optimizer holds another.
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if optimizer is None or not getattr(optimizer, "built", False):
        return None
    return list(getattr(optimizer, "_trainable_variables", ()))


def has_trained(model: Any) -> bool:
    """Tells whether a model has been trained since it was compiled."""
    return getattr(model, "train_function", None) is not None


def changed_since_compile(model: Any) -> bool:
    """Tells whether a layer was frozen or unfrozen since; true if Keras did not record it."""
    state = getattr(model, "_compiled_trainable_state", None)  # newer versions of Keras
    if not isinstance(state, Mapping):
        return True
    return any(layer.trainable != trainable for layer, trainable in state.items())


def mask_of(tensor: Any) -> Any:
    """Returns the mask that Keras recorded for a symbolic tensor, if any."""
    return getattr(tensor, "_keras_mask", None)


def training_argument(node: Any) -> bool | None:
    """Returns the `training` argument that the user passed to a call, if any."""
    named: Mapping[str, Any] = node.arguments.kwargs
    value = named.get("training")
    return value if isinstance(value, bool) else None
