"""Takes one batch from the data of a learner, without using any of it up."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kfunc_lab.graph.keras.nodes import functional_of
from kfunc_lab.graph.lint.finding import Case
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable

_MAX_NUMBERS = 10_000_000  # of longer arrays only the first rows are read


@dataclass(frozen=True)
class Batch:
    """One batch, as far as it holds numbers.

    Attributes:
        inputs: The array of each input, by the id of its call.
        targets: The array of each output, in the order of the outputs; `None` if there is none.
        unread: Why no inputs could be checked, in the current language; empty if some were.
    """

    inputs: Mapping[str, Numbers] = field(default_factory=dict)
    targets: tuple[Numbers | None, ...] = ()
    unread: str = ""


def batch_of(case: Case, data: Any) -> Batch:
    """Returns one batch of data.

    Args:
        case: The model.
        data: A tuple `(x, y)`, as `fit` takes them; `x` alone; a `tf.data.Dataset`; or a
            `keras.utils.PyDataset`. A generator is not read, because it would be used up.
    """
    functional = functional_of(case.model)
    if functional is None:
        return Batch(unread=_("only functional and Sequential models say what data they take."))
    if hasattr(data, "__next__") or callable(data):
        return Batch(unread=_("reading a generator would use it up."))
    taken = _one_element(data)
    if taken is None:
        return Batch(unread=_("they hold no examples."))
    x, y = taken
    arrays = _by_name(x, _input_keys(functional))
    inputs = {
        call_id: array
        for call_id, array in zip(case.graph.inputs, arrays, strict=False)
        if array is not None
    }
    targets = _by_name(y, _output_keys(case.model, functional)) if y is not None else []
    return Batch(inputs, tuple(targets), "" if inputs else _why_unread(x, functional))


def _why_unread(x: Any, functional: Any) -> str:
    """Says why the data hold an array of numbers for none of the inputs."""
    import keras

    names = _input_keys(functional)
    wanted = ", ".join(map(printable, names))
    if isinstance(x, Mapping) and not set(names) & set(x):
        given = ", ".join(printable(str(key)) for key in x)
        return _("their keys are {given}, the inputs are {names}.").format(
            given=given, names=wanted
        )
    arrays = keras.tree.flatten(x)
    if not arrays or any(0 in tuple(it.shape) for it in arrays if _is_array(it)):
        return _("they hold no examples.")
    if len(arrays) != len(names) and all(map(_is_array, arrays)):
        return _("they hold {n} arrays, the model has the inputs {names}.").format(
            n=len(arrays), names=wanted
        )
    return _("they are not arrays of numbers.")


def _one_element(data: Any) -> tuple[Any, Any] | None:
    """Returns x and y of one batch; `None` if none can be had without using it up."""
    import keras

    if hasattr(data, "__next__") or callable(data):
        return None
    if _is_dataset(data):
        data = next(iter(data.take(1)), None)
    elif isinstance(data, keras.utils.PyDataset):
        data = data[0]
    elif isinstance(data, tuple) and data and not _is_array(data[0]):
        first = data[0]
        if hasattr(first, "__next__") or _is_dataset(first) or callable(first):
            return _one_element(first)
    if data is None:
        return None
    if isinstance(data, tuple) and 1 <= len(data) <= 3:
        return data[0], data[1] if len(data) > 1 else None
    return data, None


def _is_dataset(data: Any) -> bool:
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _input_keys(functional: Any) -> list[str]:
    return _keys(getattr(functional, "input", None), [it.name for it in functional.inputs])


def _output_keys(model: Any, functional: Any) -> list[str]:
    names = list(getattr(model, "output_names", None) or [])
    count = len(functional.outputs)
    return _keys(None, names if len(names) == count else [""] * count)


def _keys(struct: Any, names: list[str]) -> list[str]:
    """Returns the key of each tensor in a dict, in the order of the tensors."""
    import keras

    if isinstance(struct, Mapping):
        return [str(path[-1]) for path, _tensor in keras.tree.flatten_with_path(struct)]
    return names


def _by_name(values: Any, keys: list[str]) -> list[Numbers | None]:
    """Returns an array for each key, from a dict, a list or one array."""
    import keras

    if isinstance(values, Mapping):
        return [_numbers(values.get(key)) for key in keys]
    if len(keys) == 1 and isinstance(values, (list, tuple)):
        if values and all(map(_is_array, values)):
            return [_numbers(values[0])] if len(values) == 1 else []
        return [_numbers(values)]
    if isinstance(values, (list, tuple)):
        leaves = keras.tree.flatten(values)
        return [_numbers(leaf) for leaf in leaves] if len(leaves) == len(keys) else []
    return [_numbers(values)] if len(keys) == 1 else []


def _numbers(values: Any) -> Numbers | None:
    """Returns values as an array of numbers; `None` if they are none."""
    if values is None or hasattr(values, "row_splits") or hasattr(values, "dense_shape"):
        return None
    shape: Any = getattr(values, "shape", ())
    try:
        size = int(np.prod([int(it) for it in shape])) if len(shape) else 0
        if size > _MAX_NUMBERS:
            values = values[: max(32, _MAX_NUMBERS * int(shape[0]) // size)]
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError):
        return None
    if array.dtype.kind not in "fiub" and str(array.dtype) != "bfloat16":
        return None
    if array.ndim == 0 or not array.size:
        return None
    if array.dtype.kind == "b":
        return array.astype("uint8")
    return array.astype("float32") if array.dtype.kind not in "fiu" else array
