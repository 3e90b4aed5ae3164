"""The samples that a model is asked about while it trains."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.forward.samples import fixed_batch_size
from kfunc_lab.locale import _


@dataclass(frozen=True)
class Probe:
    """What a model is measured on, as tensors.

    Attributes:
        x: Its inputs, as `fit` takes them.
        y: The right answers.
        sample_weight: What each sample counts; `None` if all count alike.
    """

    x: Any
    y: Any
    sample_weight: Any

    @classmethod
    def of(cls, model: Any, probe: Any, most: int) -> "Probe":
        """Takes the first samples of a probe.

        Args:
            model: The model; where its batch has a fixed size, so many are taken.
            probe: `(x, y)` or `(x, y, sample_weight)`.
            most: How many samples at most.

        Raises:
            TypeError: If the probe is something else.
        """
        import keras

        size = fixed_batch_size(model) or most
        parts = (
            keras.tree.map_structure(lambda it: first_of(it, size), part)
            for part in parts_of(probe)
        )
        return cls(*(*parts, None)[:3])


def parts_of(probe: Any) -> tuple[Any, ...]:
    """Returns the two or three parts of a probe, and raises a TypeError if it has others."""
    if not isinstance(probe, (tuple, list)) or len(probe) not in (2, 3):
        raise TypeError(wrong_probe(probe))
    return tuple(probe)


def first_of(array: Any, size: int) -> Any:
    """Returns the first samples of an array, in the type that `fit` would give them."""
    import keras

    if array is None:  # there are no labels, or an output has none
        return None
    if not getattr(array, "shape", ()):
        raise TypeError(wrong_probe(array))
    part = array[:size] if hasattr(array, "dtype") else np.asarray(array)[:size]
    dtype = keras.backend.floatx() if "float" in str(part.dtype) else None
    return keras.ops.convert_to_tensor(part, dtype=dtype)


def wrong_probe(got: Any) -> str:
    """Says what a probe must be."""
    return _(
        "The probe must be (x, y) or (x, y, sample_weight), with arrays that have the batch "
        "axis first, but this is of type {got}."
    ).format(got=type(got).__name__)


def inference_arguments(function: Callable[..., Any]) -> dict[str, bool]:
    """Returns the argument that has a function of a model run as at inference, if it has one."""
    return {"training": False} if "training" in inspect.signature(function).parameters else {}
