"""The memory of a call, its weights and its outputs, and Python's own while a graph is made."""

import contextlib
import gc
from collections.abc import Iterator
from math import prod

from kfunc_lab.graph.model.layer_graph import Call

_BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "float8_e4m3fn": 1, "float8_e5m2": 1,
    "int16": 2, "uint16": 2, "float16": 2, "bfloat16": 2,
    "int32": 4, "uint32": 4, "float32": 4,
    "int64": 8, "uint64": 8, "float64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip


def dtype_bytes(dtype: str) -> int | None:
    """Returns the number of bytes of one value of a dtype, if it is known."""
    return _BYTES.get(dtype)


def weight_bytes(call: Call) -> int | None:
    """Returns the memory of a call's weights in bytes, if all dtypes are known."""
    sizes = [_BYTES.get(weight.dtype) for weight in call.weights]
    if any(size is None for size in sizes):
        return None
    counts = (prod(weight.shape) for weight in call.weights)
    return sum(count * (size or 0) for count, size in zip(counts, sizes, strict=True))


def activation_bytes(call: Call) -> int | None:
    """Returns the memory of a call's outputs for one example in bytes, if all sizes are known."""
    total = 0
    for tensor in call.outputs:
        size = _BYTES.get(tensor.dtype)
        if tensor.shape is None or size is None or None in tensor.shape[1:]:
            return None
        total += (
            prod(axis_size for axis_size in tensor.shape[1:] if axis_size is not None) * size
        )
    return total if call.outputs else None


def memory_text(count: int) -> str:
    """Formats a number of bytes with three significant digits.

    Example:
        >>> memory_text(200_960)
        '201 kB'
    """
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count} B"


@contextlib.contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Postpones garbage collection: a large model makes it slow, and a view leaves little."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
