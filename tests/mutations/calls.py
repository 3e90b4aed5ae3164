"""Changes of the calls of layers: dropped, inserted, on other tensors, in other parentheses."""

import ast
from collections.abc import Iterator

from mutations.mutant import Cell, Changes, kind, name_of

_MERGES = {
    "add", "concatenate", "multiply", "average", "Add", "Concatenate", "Multiply", "Dot",
    "Attention",
}  # fmt: skip
_RANKS = ("1D", "2D", "3D")
_OTHERS = {
    "add": "concatenate", "concatenate": "add", "Add": "Concatenate", "Concatenate": "Add",
    "multiply": "add", "average": "concatenate", "Multiply": "Concatenate", "Dot": "Add",
    "Flatten": "GlobalAveragePooling1D", "LSTM": "Dense", "GRU": "Dense", "Dense": "LSTM",
    "Reshape": "Flatten", "Embedding": "Dense", "UpSampling2D": "MaxPooling2D",
    "Conv2DTranspose": "Conv2D", "Conv2D": "Dense", "Conv1D": "LSTM",
    "MultiHeadAttention": "Attention", "GlobalMaxPooling1D": "MaxPooling1D",
    "GlobalAveragePooling2D": "AveragePooling2D", "MaxPooling2D": "GlobalMaxPooling2D",
    "GlobalAveragePooling1D": "Flatten",
}  # fmt: skip


def _flattens(name: str) -> bool:
    return name in ("Flatten", "Reshape", "Permute", "RepeatVector") or "Pooling" in name


def _dropped(cell: Cell, flattening: bool) -> Iterator[Changes]:
    for call, creation in cell.applications():
        name = name_of(creation)
        if name in _MERGES or _flattens(name) is not flattening or not call.args:
            continue
        yield [cell.code.replaced(call, cell.code.source(call.args[0]))]


@kind("dropped layer")
def dropped_layers(cell: Cell) -> Iterator[Changes]:
    yield from _dropped(cell, False)


@kind("dropped Flatten or pooling")
def dropped_flatten(cell: Cell) -> Iterator[Changes]:
    yield from _dropped(cell, True)


@kind("inserted layer")
def inserted_layers(cell: Cell) -> Iterator[Changes]:
    for call, _creation in cell.applications():
        if len(call.args) == 1 and isinstance(call.args[0], ast.Name):
            for layer in (
                "layers.Flatten()", "layers.GlobalAveragePooling2D()", "layers.MaxPooling2D()",
                "layers.MaxPooling1D()", "layers.GlobalMaxPooling1D()", "layers.LSTM(8)",
                "layers.RepeatVector(3)",
            ):  # fmt: skip
                yield [cell.code.wrapped(call.args[0], layer)]


@kind("swapped tensors")
def swapped_tensors(cell: Cell) -> Iterator[Changes]:
    for call in cell.calls():
        source = cell.code.source(call.func)
        if not source.startswith(("layers.", "ops.")) and not isinstance(call.func, ast.Call):
            continue
        groups = [call.args, *(arg.elts for arg in call.args if isinstance(arg, ast.List))]
        for group in groups:
            if len(group) > 1 and not all(isinstance(it, ast.Constant) for it in group):
                first, second = group[0], group[1]
                yield [
                    cell.code.replaced(first, cell.code.source(second)),
                    cell.code.replaced(second, cell.code.source(first)),
                ]
        for keyword in call.keywords:
            if keyword.arg == "initial_state" and isinstance(keyword.value, ast.List):
                items = [cell.code.source(item) for item in keyword.value.elts]
                yield [cell.code.replaced(keyword.value, items[0])]
                yield [cell.code.replaced(keyword.value, f"[{', '.join(items[::-1])}]")]


@kind("another tensor")
def other_tensors(cell: Cell) -> Iterator[Changes]:
    names = cell.tensors()
    for call in cell.calls():
        is_layer = isinstance(call.func, ast.Call) or name_of(call) in _MERGES
        if not is_layer:
            continue
        nodes = [
            *call.args,
            *(it for arg in call.args if isinstance(arg, ast.List) for it in arg.elts),
        ]
        for node in nodes:
            if isinstance(node, ast.Name):
                yield from (
                    [cell.code.replaced(node, name)] for name in names if name != node.id
                )


def _merges(cell: Cell) -> Iterator[tuple[ast.Call, ast.expr]]:
    for call in cell.calls():
        name = name_of(call.func) if isinstance(call.func, ast.Call) else name_of(call)
        if name in _MERGES and call.args and not isinstance(call.args[0], ast.Constant):
            yield call, call.args[0]


@kind("merge without a list")
def merges_without_list(cell: Cell) -> Iterator[Changes]:
    for _call, node in _merges(cell):
        if isinstance(node, ast.List):
            yield [cell.code.replaced(node, ", ".join(map(cell.code.source, node.elts)))]


@kind("merge of one tensor")
def merges_of_one(cell: Cell) -> Iterator[Changes]:
    for _call, node in _merges(cell):
        if isinstance(node, ast.List):
            first = cell.code.source(node.elts[0])
            yield [cell.code.replaced(node, first)]
            yield [cell.code.replaced(node, f"[{first}]")]


@kind("tensor in a list")
def in_lists(cell: Cell) -> Iterator[Changes]:
    for call, creation in cell.applications():
        if name_of(creation) not in _MERGES and call.args:
            source = cell.code.source(call.args[0])
            yield [cell.code.replaced(call.args[0], f"[{source}]")]
            yield [cell.code.replaced(call.args[0], f"[{source}, {source}]")]


@kind("tensor in the constructor")
def in_constructors(cell: Cell) -> Iterator[Changes]:
    for call, creation in cell.applications():
        settings = [cell.code.source(node) for node in creation.args]
        named = [f"{each.arg}={cell.code.source(each.value)}" for each in creation.keywords]
        tensors = [cell.code.source(node) for node in call.args]
        function = cell.code.source(creation.func)
        for arguments in ([*settings, *tensors, *named], [*tensors, *settings, *named]):
            yield [cell.code.replaced(call, f"{function}({', '.join(arguments)})")]


@kind("never called")
def never_called(cell: Cell) -> Iterator[Changes]:
    for call, creation in cell.applications():
        yield [cell.code.replaced(call, cell.code.source(creation))]


@kind("class called")
def classes_called(cell: Cell) -> Iterator[Changes]:
    for call, creation in cell.applications():
        yield [cell.code.replaced(creation, cell.code.source(creation.func))]
        tensors = ", ".join(map(cell.code.source, call.args))
        new = f"{cell.code.source(creation)}()({tensors})"
        yield [cell.code.replaced(call, new)]


@kind("another class")
def other_classes(cell: Cell) -> Iterator[Changes]:
    for call in cell.calls():
        name, function = name_of(call), call.func
        if not isinstance(function, ast.Attribute):
            continue
        source = cell.code.source(function)
        if name[-2:] in _RANKS:
            for rank in _RANKS:
                yield [cell.code.replaced(function, f"{source[:-2]}{rank}")]
        if name in _OTHERS:
            new = f"{source.removesuffix(name)}{_OTHERS[name]}"
            yield [cell.code.replaced(function, new)]


@kind("NumPy function")
def numpy_functions(cell: Cell) -> Iterator[Changes]:
    for call in cell.calls():
        source = cell.code.source(call.func)
        if source.startswith("ops."):
            yield [cell.code.replaced(call.func, f"np.{source.removeprefix('ops.')}")]
        if name_of(call) in ("add", "concatenate", "multiply"):
            yield [cell.code.replaced(call.func, f"np.{name_of(call)}")]
            yield [cell.code.replaced(call.func, f"ops.{name_of(call)}")]
