"""The samples on which a model is measured during training."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kfunc_lab.forward.samples import fixed_batch_size
from kfunc_lab.locale import _


@dataclass(frozen=True)
class Probe:
    """The samples on which a model is measured, as tensors.

    Attributes:
        x: The inputs, as for `fit`.
        y: The labels.
        sample_weight: The weight of each sample; `None` if all have the same weight.
    """

    x: Any
    y: Any
    sample_weight: Any

    @classmethod
    def of(cls, model: Any, probe: Any, max_samples: int) -> "Probe":
        """Takes the first samples of a probe.

        Args:
            model: The model; if its batch size is fixed, that many samples are taken.
            probe: `(x, y)` or `(x, y, sample_weight)`.
            max_samples: The largest number of samples otherwise.

        Raises:
            TypeError: If the probe has another form.
        """
        import keras

        size = fixed_batch_size(model) or max_samples
        parts = (
            keras.tree.map_structure(lambda array: first_of(array, size), part)
            for part in parts_of(probe)
        )
        return cls(*(*parts, None)[:3])


def parts_of(probe: Any) -> tuple[Any, ...]:
    """Returns the two or three parts of a probe, and raises a TypeError for any other form."""
    if not isinstance(probe, (tuple, list)) or len(probe) not in (2, 3):
        raise TypeError(wrong_probe(probe))
    return tuple(probe)


def first_of(array: Any, size: int) -> Any:
    """Returns the first samples of an array, with the type that `fit` would convert them to."""
    import keras

    if array is None:  # there are no labels, or none for this output
        return None
    if not getattr(array, "shape", ()):
        raise TypeError(wrong_probe(array))
    part = array[:size] if hasattr(array, "dtype") else np.asarray(array)[:size]
    dtype = keras.backend.floatx() if "float" in str(part.dtype) else None
    return keras.ops.convert_to_tensor(part, dtype=dtype)


def wrong_probe(got: Any) -> str:
    """Returns the message that a probe has the wrong form."""
    return _(
        "The probe must be (x, y) or (x, y, sample_weight), with arrays that have the batch "
        "axis first, but this is of type {got}."
    ).format(got=type(got).__name__)


def inference_arguments(function: Callable[..., Any]) -> dict[str, bool]:
    """Returns the argument that runs a function in inference mode, if the function has one."""
    return {"training": False} if "training" in inspect.signature(function).parameters else {}
