"""Data for any model, and the comparison of what models return."""

import contextlib
from collections.abc import Iterator
from math import prod
from typing import Any

import keras
import numpy as np

_SIZES = {2: (10,), 3: (10, 10), 4: (64, 64, 3), 5: (8, 64, 64, 3)}  # for unknown sizes
_MAX_NUMBERS = 20_000_000
_STATE = 100_000  # numbers; larger variables are frozen weights


def some_data(model: Any) -> Any:
    """Returns a batch of two random examples that the model takes; `None` for a huge one."""
    try:
        inputs = model.input
    except (AttributeError, ValueError):
        return None
    draw = np.random.default_rng(0)
    arrays = keras.tree.map_structure(lambda tensor: _array(tensor, draw), inputs)
    if sum(prod(array.shape) for array in keras.tree.flatten(arrays)) > _MAX_NUMBERS:
        return None
    return arrays


def _array(tensor: Any, draw: np.random.Generator) -> Any:
    shape = tuple(tensor.shape)
    usual = _SIZES.get(len(shape), ())
    sizes = [shape[0] or 2] if shape else []
    for at, size in enumerate(shape[1:]):
        sizes.append(size or (usual[at] if at < len(usual) else 4))
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if dtype == "string":
        return keras.ops.convert_to_tensor(draw.choice(["a b", "c"], sizes))
    if dtype == "bool":
        return np.ones(sizes, "bool")
    if dtype.startswith(("int", "uint")):
        return draw.integers(0, 2, sizes).astype(dtype)
    return draw.uniform(0, 1, sizes).astype("float32" if dtype == "bfloat16" else dtype)


def same_numbers(one: Any, other: Any) -> bool:
    """Tells whether two structures hold bit-equal arrays; of NaN, its place counts."""
    ones, others = (
        [_as_numpy(it) for it in keras.tree.flatten(structure)] for structure in (one, other)
    )
    if len(ones) != len(others):
        return False
    return all(
        a is None or b is None or (a.shape == b.shape and _equal(a, b))
        for a, b in zip(ones, others, strict=True)
    )


def _equal(one: Any, other: Any) -> bool:
    if one.dtype.kind in "fc" and other.dtype.kind in "fc":
        return bool(np.array_equal(one, other, equal_nan=True))
    return bool(np.array_equal(one, other))


def _as_numpy(value: Any) -> Any:
    if value is None:
        return None
    try:
        return np.asarray(keras.ops.convert_to_numpy(value))
    except Exception:  # a ragged or sparse tensor
        return None


@contextlib.contextmanager
def same_seeds(model: Any) -> Iterator[None]:
    """Restores what a call changes: the states of random generators and of recurrent layers."""
    states = [it for it in model.non_trainable_variables if prod(it.shape) <= _STATE]
    states += [it for it in model.variables if it.name == "seed_generator_state"]
    # A stateful layer does not count its states among its variables.
    rnns = [it for it in model._flatten_layers() if getattr(it, "stateful", False)]
    states += keras.tree.flatten([getattr(it, "states", None) or [] for it in rnns])
    before = [keras.ops.convert_to_numpy(it) for it in states]
    try:
        yield
    finally:
        for variable, value in zip(states, before, strict=True):
            variable.assign(value)
