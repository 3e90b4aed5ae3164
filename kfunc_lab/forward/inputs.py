"""Checks the inputs of a model before a call, and brings them into the model's own structure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kfunc_lab.forward.samples import dtype_name, kind_of
from kfunc_lab.graph.foreign.objects import describe
from kfunc_lab.graph.keras.nodes import functional_of, node_of
from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.text import printable


def check_inputs(model: Any, x: Any) -> Any:
    """Checks the inputs of a model.

    Args:
        model: The model or layer.
        x: An array, or arrays in the nested structure that the model takes, with the batch axis
            first. An optional input may be `None`.

    Returns:
        The inputs, with lists of numbers converted to arrays, and without arrays that the model
        does not take.

    Raises:
        TypeError: If they hold no numbers or have the wrong type, or `model` is not a Keras
            layer.
        ValueError: If the model is not built, there are no samples, or an array does not have
            the shape of the model's input.
    """
    _check_model(model)
    functional = _declares_inputs(model)
    x = _with_arrays(x, functional)
    if functional is None:
        _check_any(x)
        return x
    x = _in_structure(functional, x)
    named = _named_arrays(x, functional)
    counts = {}
    for (name, array), spec in zip(named, functional.inputs, strict=True):
        if array is None and getattr(node_of(spec).operation, "optional", False):
            continue
        _check_is_array(name, array)
        _check_array(name, array, spec)
        if spec.shape and spec.shape[0] is None:
            counts[name] = int(array.shape[0])
    _check_same_count(counts)
    return x


def _declares_inputs(model: Any) -> Any:
    """Returns the functional model behind a model, if its inputs are those of the call."""
    functional = functional_of(model)
    # The call of a user's own class may take others, and prepare them for the graph.
    return functional if functional is not None and runs_own_graph(model) else None


def _check_any(x: Any) -> None:
    """Checks the inputs of a model that declares none."""
    import keras

    leaves = keras.tree.flatten(x)
    names = [f"x[{place}]" for place in range(len(leaves))] if len(leaves) > 1 else ["x"]
    counts = {}
    for name, array in zip(names, leaves, strict=True):
        if array is None and len(leaves) > 1:
            continue
        _check_is_array(name, array)
        if array.shape or len(leaves) == 1:  # a number beside arrays is an option of the call
            _check_array(name, array, None)
            counts[name] = int(array.shape[0])
    if not counts:
        raise ValueError(_no_samples("x", ()))
    _check_same_count(counts)


def _check_model(model: Any) -> None:
    import keras

    if not isinstance(model, keras.layers.Layer):
        needs = _("Activations need a Keras model or layer, but this is of type {got}.").format(
            got=type(model).__name__
        )
        raise TypeError(f"{needs} {describe(model)}".rstrip())
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
    if one_input and isinstance(x, (list, tuple)) and not _holds_array(x):
        with np.errstate(all="ignore"):
            try:
                return np.asarray(x)
            except ValueError:  # lists of unequal lengths
                return x
    return x


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _holds_array(value: Any) -> bool:
    """Tells whether a structure, however deep, holds an array: `[{"image": array}]` does."""
    if isinstance(value, (list, tuple, Mapping)):
        parts = value.values() if isinstance(value, Mapping) else value
        return any(map(_holds_array, parts))
    return _is_array(value)


def _in_structure(functional: Any, x: Any) -> Any:
    """Returns the inputs in the structure of the model's own, without superfluous keys."""
    import keras

    structure = functional.input
    if not isinstance(x, Mapping) or isinstance(structure, Mapping):
        return _matched(structure, x)
    # Keras accepts a dict with the names of the inputs for any other structure.
    names = [tensor.name for tensor in functional.inputs]
    _check_keys(names, x)
    return keras.tree.pack_sequence_as(structure, [x[name] for name in names])


def _matched(structure: Any, x: Any) -> Any:
    if isinstance(structure, Mapping) and isinstance(x, Mapping):
        _check_keys(list(structure), x)
        return {key: _matched(part, x[key]) for key, part in structure.items()}
    is_sequence = isinstance(structure, (list, tuple)) and isinstance(x, (list, tuple))
    if is_sequence and len(structure) == len(x):
        parts = [_matched(part, item) for part, item in zip(structure, x, strict=True)]
        return parts if isinstance(x, list) else tuple(parts)
    return x


def _check_keys(keys: Sequence[str], x: Mapping[str, Any]) -> None:
    missing = [key for key in keys if key not in x]
    if missing:
        raise ValueError(
            _("The model has the inputs {names}; {missing} is missing from x.").format(
                names=", ".join(map(printable, keys)), missing=printable(missing[0])
            )
        )


def _named_arrays(x: Any, functional: Any) -> list[tuple[str, Any]]:
    """Returns each array with the name of its input, in the order of the inputs."""
    import keras

    layers = [node_of(tensor).operation.name for tensor in functional.inputs]
    arrays = keras.tree.flatten(x)
    if len(arrays) != len(layers):
        raise ValueError(
            ngettext(
                "The model has {n} input ({names}), but x holds {got} arrays.",
                "The model has {n} inputs ({names}), but x holds {got} arrays.",
                len(layers),
            ).format(n=len(layers), names=", ".join(map(printable, layers)), got=len(arrays))
        )
    return list(zip(layers, arrays, strict=True))


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
        raise ValueError(_no_samples(name, shape))
    _check_dtype(name, array, spec)
    if spec is not None and not _fits(shape, tuple(spec.shape)):
        raise ValueError(_wrong_shape(name, shape, tuple(spec.shape)))


def _no_samples(name: str, shape: tuple[int, ...]) -> str:
    return _(
        "{name} holds no samples: its shape is {shape}. At least one sample is needed."
    ).format(name=printable(name), shape=shape)


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
    kind = kind_of(array)
    expected = str(getattr(spec, "dtype", "")) or None
    takes_text = expected == "string"
    is_text = kind in "OSU"
    # A model that declares no inputs may take text.
    is_wrong = not _holds_text(array) if spec is None else not takes_text
    if (is_text and is_wrong) or (takes_text and not is_text):
        raise TypeError(
            _("{name} must hold {expected}, but it holds {got}.").format(
                name=printable(name),
                expected=_("text") if takes_text else expected or _("numbers"),
                got=dtype_name(array),
            )
        )
    if expected is None or is_text:
        return
    if kind == "c" and not expected.startswith("complex"):
        raise TypeError(
            _("{name} must hold {expected}, but it holds {got}.").format(
                name=printable(name), expected=expected, got=dtype_name(array)
            )
        )
    if kind == "f" and expected.lstrip("u").startswith("int") and not _is_whole(array):
        raise TypeError(
            _(
                "{name} must hold integers ({expected}), but it holds fractions ({got}), which "
                "would be truncated."
            ).format(name=printable(name), expected=expected, got=dtype_name(array))
        )


def _holds_text(array: Any) -> bool:
    if dtype_name(array) != "object":
        return True
    return all(isinstance(item, (str, bytes)) for item in np.asarray(array).flat)


def _is_whole(array: Any) -> bool:
    numbers = np.asarray(array)
    finite = numbers[np.isfinite(numbers)]
    return bool((finite == np.floor(finite)).all())


def _check_same_count(counts: Mapping[str, int]) -> None:
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{printable(name)}: {count}" for name, count in counts.items())
        raise ValueError(
            _("All inputs need the same number of samples, but these differ: {counts}.").format(
                counts=listed
            )
        )


def runs_own_graph(model: Any) -> bool:
    """Tells whether a functional model's class leaves it to Keras to run the graph."""
    module: str = type(model).call.__module__
    return module.partition(".")[0] == "keras"
