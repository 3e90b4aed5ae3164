"""Checks the inputs of a model before a call, counts their samples, and slices them."""

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kfunc_lab.graph.keras.nodes import functional_of, node_of
from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable


def check_inputs(model: Any, x: Any) -> Any:
    """Checks the inputs of a model.

    Args:
        model: The model or layer.
        x: An array, or a list, tuple or dict of arrays with the batch axis first.

    Returns:
        The inputs, with lists of numbers converted to arrays.

    Raises:
        TypeError: If they hold no numbers or have the wrong type, or `model` is not a Keras
            layer.
        ValueError: If the model is not built, there are no samples, or an array does not have
            the shape of the model's input.
    """
    _check_model(model)
    functional = functional_of(model)
    x = _with_arrays(x, functional)
    if functional is not None and isinstance(x, Mapping):
        x = {key: x[key] for key in _keys(functional, x)}  # Keras ignores all other keys
    named = _named_arrays(x, functional)
    for name, array in named:
        _check_is_array(name, array)
    specs = list(functional.inputs) if functional is not None else [None] * len(named)
    for (name, array), spec in zip(named, specs, strict=True):
        _check_array(name, array, spec)
    _check_same_count(named)
    return x


def _check_model(model: Any) -> None:
    import keras

    if not isinstance(model, keras.layers.Layer):
        raise TypeError(
            _("Activations need a Keras model or layer, but this is of type {got}.").format(
                got=type(model).__name__
            )
        )
    if not model.built:
        raise ValueError(
            _(
                "{name} has no weights yet, so it cannot compute anything. Call it once on "
                "data, or use {name}.build(input_shape)."
            ).format(name=printable(model.name))
        )


def _with_arrays(x: Any, functional: Any) -> Any:
    """Converts a list of numbers, such as `[[0, 1], [1, 0]]`, to an array."""
    one_input = functional is None or len(functional.inputs) == 1
    if one_input and isinstance(x, (list, tuple)) and not any(map(_is_array, x)):
        with np.errstate(all="ignore"):
            try:
                return np.asarray(x)
            except ValueError:  # lists of unequal lengths
                return x
    return x


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _named_arrays(x: Any, functional: Any) -> list[tuple[str, Any]]:
    """Returns each array with the name of its input, in the order of the inputs."""
    import keras

    if functional is None:
        leaves = keras.tree.flatten(x)
        names = [f"x[{place}]" for place in range(len(leaves))] if len(leaves) > 1 else ["x"]
        return list(zip(names, leaves, strict=True))
    names = [tensor.name for tensor in functional.inputs]
    layers = [node_of(tensor).operation.name for tensor in functional.inputs]
    if isinstance(x, Mapping):
        return [
            (layer, x[name]) for layer, name in zip(layers, _keys(functional, x), strict=True)
        ]
    arrays = keras.tree.flatten(x)
    if len(arrays) != len(names):
        raise ValueError(
            ngettext(
                "The model has {n} input ({names}), but x holds {got} arrays.",
                "The model has {n} inputs ({names}), but x holds {got} arrays.",
                len(names),
            ).format(n=len(names), names=", ".join(map(printable, layers)), got=len(arrays))
        )
    return list(zip(layers, arrays, strict=True))


def _keys(functional: Any, x: Mapping[str, Any]) -> list[str]:
    """Returns the keys of a model's inputs in a dict, in the order of the inputs."""
    import keras

    keys = [tensor.name for tensor in functional.inputs]
    if isinstance(functional.input, Mapping):
        keys = [path[0] for path, _tensor in keras.tree.flatten_with_path(functional.input)]
    missing = [key for key in keys if key not in x]
    if missing:
        raise ValueError(
            _("The model has the inputs {names}; {missing} is missing from x.").format(
                names=", ".join(map(printable, keys)), missing=printable(missing[0])
            )
        )
    return keys


def _check_is_array(name: str, array: Any) -> None:
    import keras

    if isinstance(array, keras.KerasTensor):
        raise TypeError(
            _(
                "{name} is a symbolic tensor, which has no values. Activations need an array "
                "with the batch axis first."
            ).format(name=printable(name))
        )
    if not _is_array(array):
        raise TypeError(
            _(
                "{name} must be an array or a tensor with the batch axis first, but it is of "
                "type {got}. If you have a dataset, take one batch of it."
            ).format(name=printable(name), got=type(array).__name__)
        )


def _check_array(name: str, array: Any, spec: Any) -> None:
    shape = tuple(array.shape)
    if not shape or shape[0] == 0:
        raise ValueError(
            _(
                "{name} holds no samples: its shape is {shape}. At least one sample is needed."
            ).format(name=printable(name), shape=shape)
        )
    _check_dtype(name, array, spec)
    if spec is not None and not _fits(shape, tuple(spec.shape)):
        raise ValueError(_wrong_shape(name, shape, tuple(spec.shape)))


def _fits(shape: Sequence[int], expected: Sequence[int | None]) -> bool:
    # As in Keras, a last axis of size 1 may be missing or superfluous, and the batch may have
    # another size than the input declares.
    if len(shape) == len(expected) - 1 and expected[-1] == 1:
        shape = (*shape, 1)
    elif len(shape) == len(expected) + 1 and shape[-1] == 1:
        shape = shape[:-1]
    return len(shape) == len(expected) and all(
        size is None or size == got for got, size in zip(shape[1:], expected[1:], strict=True)
    )


def _wrong_shape(name: str, shape: tuple[int, ...], expected: tuple[int | None, ...]) -> str:
    message = _("{name} must have the shape {expected}, but it has {got}.").format(
        name=printable(name),
        expected="(" + ", ".join(["n", *map(_size, expected[1:])]) + ")",
        got=shape,
    )
    if _fits((1, *shape), expected):
        return f"{message} " + _("A single sample needs a batch axis: {code}.").format(
            code="x[None]"
        )
    sizes = [size for size in expected[1:] if size is not None]
    if len(sizes) == len(expected) - 1 and math.prod(shape[1:]) == math.prod(sizes):
        shape_code = ", ".join(map(str, ["-1", *sizes]))
        return f"{message} " + _(
            "The number of elements matches: {code} has the right shape."
        ).format(code=f"x.reshape(({shape_code}))")
    return message


def _size(size: int | None) -> str:
    return "?" if size is None else str(size)


def _check_dtype(name: str, array: Any, spec: Any) -> None:
    kind = _kind_of(array)
    expected = str(getattr(spec, "dtype", "")) or None
    takes_text = expected == "string"
    is_text = kind in "OSU"
    if is_text != takes_text and (spec is not None or kind == "O"):
        raise TypeError(
            _("{name} must hold {expected}, but it holds {got}.").format(
                name=printable(name),
                expected=_("text") if takes_text else expected or _("numbers"),
                got=_dtype_name(array),
            )
        )
    if expected is None or is_text:
        return
    if kind == "c" and not expected.startswith("complex"):
        raise TypeError(
            _("{name} must hold {expected}, but it holds {got}.").format(
                name=printable(name), expected=expected, got=_dtype_name(array)
            )
        )
    if kind == "f" and expected.lstrip("u").startswith("int") and not _is_whole(array):
        raise TypeError(
            _(
                "{name} must hold integers ({expected}), but it holds fractions ({got}), which "
                "would be truncated."
            ).format(name=printable(name), expected=expected, got=_dtype_name(array))
        )


def _kind_of(array: Any) -> str:
    name = _dtype_name(array)
    if name.startswith(("string", "str", "object", "bytes")):
        return "O"
    if "float" in name:
        return "f"
    return np.dtype(name).kind


def _dtype_name(array: Any) -> str:
    dtype = array.dtype
    return str(getattr(dtype, "name", dtype)).removeprefix("torch.")


def _is_whole(array: Any) -> bool:
    numbers = np.asarray(array)
    finite = numbers[np.isfinite(numbers)]
    return bool((finite == np.floor(finite)).all())


def _check_same_count(named: Sequence[tuple[str, Any]]) -> None:
    counts = {name: int(array.shape[0]) for name, array in named}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{printable(name)}: {count}" for name, count in counts.items())
        raise ValueError(
            _("All inputs need the same number of samples, but these differ: {counts}.").format(
                counts=listed
            )
        )


# ---------------------------------------------------------------------------------------------
# Samples


def sample_count(x: Any) -> int:
    """Returns the number of samples."""
    import keras

    return int(keras.tree.flatten(x)[0].shape[0])


def fixed_batch_size(model: Any) -> int:
    """Returns the batch size that a model's inputs declare, or 0 if it is free."""
    functional = functional_of(model)
    inputs = functional.inputs if functional is not None else ()
    return next((int(tensor.shape[0]) for tensor in inputs if tensor.shape[0]), 0)


def slice_samples(x: Any, start: int, stop: int) -> Any:
    """Returns the samples from `start` up to, but not including, `stop`."""
    import keras

    return keras.tree.map_structure(lambda array: array[start:stop], x)


def chunks_of(x: Any, size: int) -> Iterator[tuple[int, Any]]:
    """Yields a batch in chunks of `size` samples, each with the number of its first sample."""
    for first in range(0, sample_count(x), size):
        yield first, slice_samples(x, first, first + size)


def count_non_finite(x: Any) -> tuple[int, list[int]]:
    """Counts NaN and infinities.

    Args:
        x: The inputs of a model.

    Returns:
        The count, and the numbers of the samples that hold one.
    """
    import keras

    total = 0
    samples: set[int] = set()
    for array in keras.tree.flatten(x):
        if _kind_of(array) != "f":
            continue
        mask = ~np.isfinite(np.asarray(array, np.float32))
        if mask.any():
            total += int(mask.sum())
            samples.update(map(int, np.flatnonzero(mask.reshape(len(mask), -1).any(axis=1))))
    return total, sorted(samples)


def as_image(values: Numbers) -> Numbers | None:
    """Returns an input as an image, if it looks like one.

    Args:
        values: One sample, without the batch axis.

    Returns:
        An array of shape (rows, columns, 1 or 3); `None` if the input is not an image. A square
        of at least 8 × 8 numbers that are not negative counts as an image, and so does a vector
        with as many.
    """
    values = np.asarray(values)
    if values.dtype.kind not in "fiub":
        return None
    if values.ndim == 3 and values.shape[-1] in (1, 3):
        return values
    side = math.isqrt(values.size)
    is_square = values.shape in ((side, side), (side * side,)) and side >= 8
    if is_square and values.dtype.kind in "fub" and values.min() >= 0:
        return values.reshape(side, side, 1)
    return None


def positive_integer(name: str, value: Any) -> int:
    """Returns a positive integer as an `int`, and raises a ValueError for any other argument."""
    try:
        number: int = operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ValueError(
            _("{name} must be a positive integer, but it is {value}.").format(
                name=name, value=repr(value)
            )
        )
    return number
