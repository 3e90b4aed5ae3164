"""Changes of names: of arguments and classes."""

import ast
from collections.abc import Iterator

from mutations.mutant import POSITIONS, Cell, Changes, kind, name_of

_OLD = {
    "units": "output_dim", "filters": "nb_filter", "kernel_size": "filter_size",
    "strides": "subsample", "padding": "border_mode", "rate": "p", "pool_size": "size",
    "return_sequences": "return_sequence", "activation": "activations", "shape": "input_shape",
    "inputs": "input", "outputs": "output", "optimizer": "optim", "loss": "losses",
    "metrics": "metric", "learning_rate": "lr", "epochs": "nb_epoch", "axis": "concat_axis",
    "batch_size": "batchsize", "target_shape": "shape", "input_dim": "vocab_size",
    "dilation_rate": "atrous_rate", "mask_zero": "masking", "num_heads": "heads",
    "key_dim": "dim", "size": "factor", "name": "nmae", "dtype": "type",
    "initial_state": "initial_states", "loss_weights": "weights",
}  # fmt: skip


def _calls_of_keras(cell: Cell) -> Iterator[ast.Call]:
    for call in cell.calls():
        source = cell.code.source(call.func)
        if source.startswith(("layers.", "keras.", "model.")) or isinstance(
            call.func, ast.Call
        ):
            yield call


def _renamed(cell: Cell, keyword: ast.keyword, new: str) -> Changes:
    value = cell.code.source(keyword.value)
    return [cell.code.replaced(keyword, f"{new}={value}")]


def _misspelt(name: str) -> str:
    """Swaps two letters in the middle of a name."""
    middle = len(name) // 2
    return name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :]


@kind("misspelt argument")
def misspelt_arguments(cell: Cell) -> Iterator[Changes]:
    for call in _calls_of_keras(cell):
        for keyword in call.keywords:
            if keyword.arg and keyword.arg != "verbose":
                yield _renamed(cell, keyword, _misspelt(keyword.arg))
                yield _renamed(cell, keyword, keyword.arg + "s")
                yield _renamed(cell, keyword, keyword.arg[:-1])


@kind("old argument")
def old_arguments(cell: Cell) -> Iterator[Changes]:
    for call in _calls_of_keras(cell):
        for keyword in call.keywords:
            if keyword.arg in _OLD:
                yield _renamed(cell, keyword, _OLD[keyword.arg])
        order = POSITIONS.get(name_of(call), ())
        for name, node in zip(order, call.args, strict=False):
            if name in _OLD and node is call.args[-1]:
                yield [cell.code.replaced(node, f"{_OLD[name]}={cell.code.source(node)}")]


@kind("argument of another layer")
def other_arguments(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        if name_of(call) == "Input":
            continue
        for name, value in (
            ("input_shape", "(8, 8, 1)"), ("input_dim", "8"), ("return_sequences", "True"),
            ("kernel_size", "3"), ("pool_size", "2"), ("rate", "0.5"), ("padding", '"same"'),
            ("units", "8"), ("filters", "8"), ("axis", "1"),
        ):  # fmt: skip
            if all(keyword.arg != name for keyword in call.keywords):
                yield [cell.code.with_argument(call, name, value)]


@kind("missing argument")
def missing_arguments(cell: Cell) -> Iterator[Changes]:
    for call in cell.creations():
        for place in range(len(call.args)):
            kept = [cell.code.source(it) for n, it in enumerate(call.args) if n != place]
            kept += [f"{each.arg}={cell.code.source(each.value)}" for each in call.keywords]
            yield [
                cell.code.replaced(call, f"{cell.code.source(call.func)}({', '.join(kept)})")
            ]
        for keyword in call.keywords:
            if keyword.arg in ("units", "filters", "kernel_size", "shape", "target_shape"):
                change = cell.code.without_argument(call, keyword.arg)
                yield [change] if change else []


@kind("misspelt class")
def misspelt_classes(cell: Cell) -> Iterator[Changes]:
    for call in cell.calls():
        name, source = name_of(call), cell.code.source(call.func)
        if source.startswith(("layers.", "keras.")) and name:
            begin = source.removesuffix(name)
            for new in (_misspelt(name), name.lower(), name.replace("D", "d"), name + "s"):
                yield [cell.code.replaced(call.func, begin + new)]
