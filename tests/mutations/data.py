"""Changes of the data that are passed to `fit`."""

import ast
from collections.abc import Iterator

from mutations.mutant import Cell, Changes, kind, name_of


def _fits(cell: Cell) -> Iterator[tuple[ast.Call, ast.expr, ast.expr]]:
    """Yields each `fit` with its inputs and its targets."""
    for call in cell.calls():
        if name_of(call) == "fit":
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            values = [*call.args, *(named[it] for it in ("x", "y") if it in named)]
            yield call, values[0], values[1]


def _arrays(node: ast.expr) -> list[ast.expr]:
    """Returns the expressions of the arrays in a list, tuple or dict."""
    if isinstance(node, ast.Dict):
        return list(node.values)
    return list(node.elts) if isinstance(node, (ast.List, ast.Tuple)) else [node]


def _each(cell: Cell, which: str, *forms: str) -> Iterator[Changes]:
    """Replaces each array `a` by each form; `which` names inputs, targets or both."""
    for _call, inputs, targets in _fits(cell):
        nodes = _arrays(inputs) * ("x" in which) + _arrays(targets) * ("y" in which)
        for node in nodes:
            source = cell.code.source(node)
            yield from ([cell.code.replaced(node, form.format(a=source))] for form in forms)


@kind("batch axis of the data")
def batch_axes(cell: Cell) -> Iterator[Changes]:
    yield from _each(cell, "xy", "{a}[0]", "{a}[None]")


@kind("channel axis of the data")
def channel_axes(cell: Cell) -> Iterator[Changes]:
    yield from _each(cell, "x", "{a}[..., 0]", "{a}[..., None]", "np.repeat({a}, 3, axis=-1)")
    yield from _each(cell, "y", "{a}[..., None]", "{a}[..., 0]")


@kind("order of the axes of the data")
def orders_of_axes(cell: Cell) -> Iterator[Changes]:
    forms = "{a}.T", "np.swapaxes({a}, 1, -1)", "np.moveaxis({a}, -1, 1)"
    yield from _each(cell, "x", *forms)
    yield from _each(cell, "y", "{a}.T")


@kind("shape of the data")
def shapes_of_data(cell: Cell) -> Iterator[Changes]:
    forms = "{a}.reshape(len({a}), -1)", "{a}[:, :-1]", "{a}[:, 1:3]", "np.hstack([{a}, {a}])"
    yield from _each(cell, "x", *forms)
    yield from _each(
        cell, "y", "{a}.reshape(len({a}), -1)", "{a}.reshape(-1, 1)", "{a}.ravel()"
    )


@kind("number of the examples")
def numbers_of_examples(cell: Cell) -> Iterator[Changes]:
    yield from _each(cell, "xy", "{a}[:-1]", "{a}[:0]", "np.concatenate([{a}, {a}])")


@kind("one-hot or numbers of classes")
def forms_of_classes(cell: Cell) -> Iterator[Changes]:
    yield from _each(
        cell, "y", "keras.utils.to_categorical({a})", "{a}.argmax(-1)", "{a} + 1", "{a} - 1",
        "keras.utils.to_categorical({a}, 20)", "{a} * 2 - 1",
    )  # fmt: skip


@kind("dtype of the data")
def dtypes_of_data(cell: Cell) -> Iterator[Changes]:
    forms = (
        "{a}.astype(str)", '{a}.astype("object")', "{a}.tolist()", "list({a})",
        '{a}.astype("int64")', '{a}.astype("float64")', "{a} > 0.5",
    )  # fmt: skip
    yield from _each(cell, "xy", *forms)


@kind("values of the data")
def values_of_data(cell: Cell) -> Iterator[Changes]:
    yield from _each(cell, "xy", "{a} * np.nan", "{a} * 255")
    yield from _each(cell, "x", "{a} + 1000", "{a} - 5")


@kind("container of the data")
def containers(cell: Cell) -> Iterator[Changes]:
    for call, inputs, targets in _fits(cell):
        for node in (inputs, targets):
            yield from ([cell.code.replaced(node, new)] for new in _containers(cell, node))
        pair = f"({cell.code.source(inputs)}, {cell.code.source(targets)})"
        if call.args:
            yield [
                cell.code.replaced(call.args[0], pair),
                cell.code.replaced(call.args[1], "None"),
            ]


def _containers(cell: Cell, node: ast.expr) -> Iterator[str]:
    source = cell.code.source(node)
    items = list(map(cell.code.source, _arrays(node)))
    if isinstance(node, ast.Dict):
        keys = [str(ast.literal_eval(key)) for key in node.keys if key is not None]
        yield f"[{', '.join(items)}]"
        yield f"[{', '.join(items[::-1])}]"
        yield (
            "{" + ", ".join(f'"{k}_data": {v}' for k, v in zip(keys, items, strict=True)) + "}"
        )
        yield "{" + f'"{keys[0]}": {items[0]}' + "}"
        yield items[0]
    elif isinstance(node, (ast.List, ast.Tuple)):
        yield f"({', '.join(items)})"
        yield f"[{', '.join(items[::-1])}]"
        yield f"np.concatenate([{', '.join(items)}], axis=-1)"
        yield f"np.array([{', '.join(items)}], dtype=object)"
        yield f"[[{', '.join(items)}]]"
        yield items[0]
        yield "{" + ", ".join(f'"input_{n}": {item}' for n, item in enumerate(items, 1)) + "}"
    else:
        yield f"[{source}]"
        yield f"[{source}, {source}]"
        yield f'{{"input": {source}}}'
        yield f"({source}, {source})"


@kind("inputs and targets of fit")
def inputs_and_targets(cell: Cell) -> Iterator[Changes]:
    for call, inputs, targets in _fits(cell):
        one, two = cell.code.source(inputs), cell.code.source(targets)
        yield [cell.code.replaced(inputs, two), cell.code.replaced(targets, one)]
        yield [cell.code.replaced(targets, one)]
        yield [cell.code.replaced(targets, "None")]
        yield [cell.code.replaced(call, f"model.fit({one}, verbose=0)")]
        yield [cell.code.replaced(call, f"model.fit([{one}, {two}], verbose=0)")]
        yield [cell.code.replaced(call, f"model.fit(zip({one}, {two}), verbose=0)")]
        yield [cell.code.replaced(call, f"model.predict({two}, verbose=0)")]
        yield [cell.code.replaced(call, f"model({two})")]
