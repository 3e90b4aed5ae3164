"""Changes of the settings of layers and inputs."""

import ast
from collections.abc import Iterator

from mutations.mutant import Cell, Changes, argument, kind, name_of, without

_SIZES = ("units", "filters", "input_dim", "output_dim", "n", "key_dim", "num_heads")
_RECURRENT = ("LSTM", "GRU", "ConvLSTM2D")


def _set(cell: Cell, call: ast.Call, name: str, *values: str) -> Iterator[Changes]:
    """Replaces a setting that is there."""
    node = argument(call, name)
    if node is not None:
        yield from ([cell.code.replaced(node, value)] for value in values)


def _numbers(cell: Cell, name: str) -> Iterator[tuple[ast.Call, int]]:
    for call in cell.creations():
        node = argument(call, name)
        if isinstance(node, ast.Constant) and type(node.value) is int:
            yield call, node.value


@kind("size")
def sizes(cell: Cell) -> Iterator[Changes]:
    for name in _SIZES:
        for call, value in _numbers(cell, name):
            yield from _set(cell, call, name, f"{value * 2}", f"{value + 1}", f"{value + 3}")


@kind("kernel")
def kernels(cell: Cell) -> Iterator[Changes]:
    for call, value in _numbers(cell, "kernel_size"):
        yield from _set(cell, call, "kernel_size", f"{value + 1}", f"{value * 5}", "(3,)")


@kind("strides")
def strides(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        if "kernel_size" in _order(call) or "Pooling" in name_of(call):
            yield [cell.code.with_argument(call, "strides", "2", 2)]
            yield without(cell, call, "strides")
            yield from _set(cell, call, "strides", "3", "1")


def _order(call: ast.Call) -> tuple[str, ...]:
    from mutations.mutant import POSITIONS

    return POSITIONS.get(name_of(call), ())


@kind("padding")
def padding(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        if "padding" not in _order(call):
            continue
        if argument(call, "padding") is None:
            yield [cell.code.with_argument(call, "padding", '"same"', 3)]
        else:
            yield without(cell, call, "padding")
            yield from _set(cell, call, "padding", '"valid"')


@kind("pool size")
def pool_sizes(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        for name in ("pool_size", "size"):
            yield from _set(cell, call, name, "3", "4", "1", "(8, 8)", "2")


@kind("return_sequences")
def return_sequences(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        if name_of(call) in _RECURRENT:
            yield without(cell, call, "return_sequences")
            yield from _set(cell, call, "return_sequences", "False")
            if argument(call, "return_sequences") is None:
                yield [cell.code.with_argument(call, "return_sequences", "True")]


@kind("return_state")
def return_state(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        if name_of(call) in _RECURRENT:
            yield without(cell, call, "return_state")
            if argument(call, "return_state") is None:
                yield [cell.code.with_argument(call, "return_state", "True")]


@kind("axis")
def axes(cell: Cell) -> Iterator[Changes]:
    for call in cell.calls():
        for name in ("axis", "axes"):
            node = next((each.value for each in call.keywords if each.arg == name), None)
            if node is not None:
                values = ("0", "1", "2", "-1", "-2", "3")
                yield from ([cell.code.replaced(node, value)] for value in values)
        if name_of(call) in ("concatenate", "Concatenate") and argument(call, "axis") is None:
            yield from ([cell.code.with_argument(call, "axis", n)] for n in ("0", "1", "2"))
        node = argument(call, "dims")
        if node is not None and isinstance(node, ast.Tuple):
            order = [cell.code.source(item) for item in node.elts]
            yield [cell.code.replaced(node, f"({', '.join(order[::-1])})")]
            yield [cell.code.replaced(node, f"({', '.join(order[:-1])},)")]


def _tuples(node: ast.expr | None) -> list[int]:
    """Returns the numbers of a tuple of numbers; empty for anything else."""
    try:
        value = ast.literal_eval(node) if node is not None else ()
    except ValueError:
        return []
    whole = isinstance(value, (tuple, list)) and all(type(it) is int for it in value)
    return list(value) if whole else []


def _written(sizes: list[int]) -> str:
    return repr(tuple(sizes))


@kind("target_shape")
def target_shapes(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        node = argument(call, "target_shape") if name_of(call) == "Reshape" else None
        sizes = _tuples(node)
        if node is None or not sizes:
            continue
        for new in (
            _written(sizes[::-1]),
            _written([sizes[0] + 1, *sizes[1:]]),
            _written([*sizes[:-1], sizes[-1] * 2]),
            _written(sizes[:-1]),
            _written([*sizes, 1]),
            _written([4, *sizes]),
            f"{sizes[0]}",
        ):
            yield [cell.code.replaced(node, new)]


@kind("activation")
def activations(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        node = argument(call, "activation")
        if node is not None:
            yield without(cell, call, "activation")
            yield from _set(
                cell,
                call,
                "activation",
                '"softmax"',
                '"sigmoid"',
                '"relu"',
                '"tanh"',
                '"linear"',
            )
        elif name_of(call) == "Dense":
            for value in ('"softmax"', '"sigmoid"', '"relu"'):
                yield [cell.code.with_argument(call, "activation", value, 1)]


@kind("mask_zero")
def mask_zero(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        if name_of(call) == "Embedding":
            yield without(cell, call, "mask_zero")
            yield [cell.code.with_argument(call, "mask_zero", "True")]


@kind("value of the wrong type")
def wrong_types(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        for name in (*_SIZES, "kernel_size", "pool_size", "strides"):
            node = argument(call, name)
            if node is not None:
                source = cell.code.source(node)
                for value in (f'"{source}"', f"{source}.0", f"-{source}", "0", "None"):
                    yield from _set(cell, call, name, value)
        yield from _set(cell, call, "padding", '"full"', '"smae"', "1")
        yield from _set(cell, call, "activation", '"rleu"', '"softmx"', "layers.ReLU", "1")
        yield from _set(cell, call, "merge_mode", '"add"')
        yield from _set(cell, call, "target_shape", '"flat"')
        yield from _set(cell, call, "rate", "50", "1.5")


def _inputs(cell: Cell) -> Iterator[tuple[ast.Call, ast.expr, list[str]]]:
    """Yields each `keras.Input` with the node of its shape and the source of each size."""
    for call in cell.creations():
        node = argument(call, "shape") if name_of(call) == "Input" else None
        if isinstance(node, (ast.Tuple, ast.List)):
            yield call, node, [cell.code.source(item) for item in node.elts]


def _shape(sizes: list[str]) -> str:
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


@kind("input with a batch")
def inputs_with_batch(cell: Cell) -> Iterator[Changes]:
    for _call, node, sizes in _inputs(cell):
        for batch in ("8", "None", "32"):
            yield [cell.code.replaced(node, _shape([batch, *sizes]))]


@kind("rank of an input")
def ranks_of_inputs(cell: Cell) -> Iterator[Changes]:
    for _call, node, sizes in _inputs(cell):
        yield [cell.code.replaced(node, _shape([*sizes, "1"]))]
        yield [cell.code.replaced(node, _shape([*sizes, "3"]))]
        if len(sizes) > 1:
            yield [cell.code.replaced(node, _shape(sizes[:-1]))]
            yield [cell.code.replaced(node, _shape(sizes[1:]))]
            if all(map(str.isdigit, sizes)):
                yield [cell.code.replaced(node, f"({' * '.join(sizes)},)")]
        else:
            yield [cell.code.replaced(node, "()")]


@kind("size of an input")
def sizes_of_inputs(cell: Cell) -> Iterator[Changes]:
    for _call, node, sizes in _inputs(cell):
        if len(sizes) > 1:
            yield [cell.code.replaced(node, _shape(sizes[::-1]))]
        for place, size in enumerate(sizes):
            if size.isdigit():
                for new in (f"{int(size) + 1}", f"{int(size) * 2}"):
                    yield [
                        cell.code.replaced(
                            node, _shape([*sizes[:place], new, *sizes[place + 1 :]])
                        )
                    ]


@kind("form of an input")
def forms_of_inputs(cell: Cell) -> Iterator[Changes]:
    for call, node, sizes in _inputs(cell):
        yield [cell.code.replaced(node, f"({', '.join(sizes)})")]
        yield [cell.code.replaced(node, f'"{sizes[0]}"')]
        yield [cell.code.replaced(node, _shape([f'"{size}"' for size in sizes]))]
        yield [cell.code.replaced(node, _shape([f"-{size}" for size in sizes]))]
        if call.args and node is call.args[0]:
            yield [cell.code.replaced(node, ", ".join(sizes))]


@kind("dtype of an input")
def dtypes_of_inputs(cell: Cell) -> Iterator[Changes]:
    for call, _node, _sizes in _inputs(cell):
        yield without(cell, call, "dtype")
        for dtype in ('"string"', '"int32"', '"flaot32"', "int", '"float32"'):
            yield [cell.code.with_argument(call, "dtype", dtype)]
