"""What a call costs: multiply-adds for one example, and the memory of weights and results."""

from collections.abc import Iterable
from math import prod

from kfunc_lab.graph.layer_graph import Call, TensorSpec, Weight

_BYTES = {
    "bool": 1, "int8": 1, "uint8": 1, "float8_e4m3fn": 1, "float8_e5m2": 1,
    "int16": 2, "uint16": 2, "float16": 2, "bfloat16": 2,
    "int32": 4, "uint32": 4, "float32": 4,
    "int64": 8, "uint64": 8, "float64": 8, "complex64": 8, "complex128": 16,
}  # fmt: skip
_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "Bidirectional", "RNN")


def multiply_adds(call: Call) -> int | None:
    """Counts the multiplications with weights, each with its addition, for one example.

    Products of a call's inputs with its weights are counted, as is usual (Molchanov et al.,
    2017, https://arxiv.org/abs/1611.06440, appendix A.1): not biases, normalisation,
    activations, pooling or sums; nor, in attention, the products of queries, keys and values
    with one another.

    Args:
        call: A call.

    Returns:
        The count; 0 for a call without kernels; `None` where a size that matters, or what a
        layer of the user's own does with its weights, is not known.

    Example:
        >>> kernel = Weight("kernel", (784, 64), "float32")
        >>> image, made = TensorSpec((None, 784), "float32"), TensorSpec((None, 64), "float32")
        >>> multiply_adds(Call("d", "d", "Dense", "d", (image,), (made,), weights=(kernel,)))
        50176
    """
    kernels = [weight for weight in call.weights if _is_kernel(weight)]
    if not call.library and call.weights:
        return None
    if not kernels or "Embedding" in call.kind:
        return 0
    if not call.inputs or not call.outputs:
        return None
    counts = [_times(call, kernel) for kernel in kernels]
    if any(count is None for count in counts):
        return None
    return sum(
        prod(kernel.shape) * count
        for kernel, count in zip(kernels, counts, strict=True)
        if count is not None
    )


def _is_kernel(weight: Weight) -> bool:
    return weight.name.rpartition("/")[2].endswith("kernel") and len(weight.shape) > 1


def _times(call: Call, kernel: Weight) -> int | None:
    """Counts how often each number of a kernel is used for one example."""
    taken, made = call.inputs[0], call.outputs[0]
    if call.kind in _RECURRENT:
        return _size(taken, [1])
    if "Conv" in call.kind:
        spatial = len(kernel.shape) - 2
        at = taken if "Transpose" in call.kind else made
        if at.shape is None:
            return None
        first = call.settings.get("data_format") == "channels_first"
        axes = range(2, 2 + spatial) if first else range(1, 1 + spatial)
        return _size(at, axes)
    if "Attention" in call.kind:
        place = {"key": 2, "value": 1}.get(kernel.name.partition("/")[0], 0)
        source = call.inputs[min(place, len(call.inputs) - 1)]
        return _size(source, range(1, len(source.shape or ()) - 1))
    if call.kind == "EinsumDense":
        return _einsum_times(str(call.settings.get("equation", "")), taken, kernel)
    return _size(made, range(1, len(made.shape or ()) - 1))


def _einsum_times(equation: str, taken: TensorSpec, kernel: Weight) -> int | None:
    """Multiplies the sizes of the input's axes that the kernel does not have."""
    letters, _comma, rest = equation.partition(",")
    own = rest.partition("->")[0]
    if taken.shape is None or not own:
        return None
    letters = letters.replace("...", "." * (len(taken.shape) - len(letters.replace(".", ""))))
    return _size(taken, [at for at, it in enumerate(letters) if at and it not in own])


def _size(tensor: TensorSpec, axes: Iterable[int]) -> int | None:
    """Multiplies the sizes of some axes, if all are known."""
    sizes = [tensor.shape[axis] if tensor.shape else None for axis in axes]
    known = [size for size in sizes if size is not None]
    return prod(known) if len(known) == len(sizes) else None


def bytes_of(dtype: str) -> int | None:
    """Returns how many bytes a number of a type takes, if that is known."""
    return _BYTES.get(dtype)


def weight_bytes(call: Call) -> int | None:
    """Returns the memory of a call's weights, if all their types are known."""
    sizes = [_BYTES.get(weight.dtype) for weight in call.weights]
    if any(size is None for size in sizes):
        return None
    counts = (prod(weight.shape) for weight in call.weights)
    return sum(count * (size or 0) for count, size in zip(counts, sizes, strict=True))


def activation_bytes(call: Call) -> int | None:
    """Returns the memory of a call's results for one example, if all sizes are known."""
    total = 0
    for tensor in call.outputs:
        size = _BYTES.get(tensor.dtype)
        if tensor.shape is None or size is None or None in tensor.shape[1:]:
            return None
        total += prod(it for it in tensor.shape[1:] if it is not None) * size
    return total if call.outputs else None


def in_bytes(count: int) -> str:
    """Writes an amount of memory with three significant digits.

    Example:
        >>> in_bytes(200_960)
        '201 kB'
    """
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count} B"
