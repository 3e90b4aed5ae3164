"""Changes of `keras.Model`, `compile` and the arguments of `fit` that are no data."""

import ast
from collections.abc import Iterator

from mutations.mutant import Cell, Changes, kind, name_of

_LOSSES = (
    '"mse"', '"binary_crossentropy"', '"categorical_crossentropy"',
    '"sparse_categorical_crossentropy"', '"mae"', '"hinge"', '"kl_divergence"',
)  # fmt: skip


def _calls(cell: Cell, name: str) -> Iterator[ast.Call]:
    yield from (call for call in cell.calls() if name_of(call) == name)


def _value(call: ast.Call, name: str, position: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if position < len(call.args) else None


@kind("inputs and outputs of the model")
def ends_of_models(cell: Cell) -> Iterator[Changes]:
    names = cell.tensors()
    for call in _calls(cell, "Model"):
        first, second = _value(call, "inputs", 0), _value(call, "outputs", 1)
        if first is None or second is None:
            continue
        one, two = cell.code.source(first), cell.code.source(second)
        yield [cell.code.replaced(first, two), cell.code.replaced(second, one)]
        for node in (first, second):
            source = cell.code.source(node)
            if isinstance(node, ast.List):
                items = [cell.code.source(item) for item in node.elts]
                yield [cell.code.replaced(node, items[0])]
                yield [cell.code.replaced(node, f"[{', '.join(items[1:])}]")]
                yield [cell.code.replaced(node, f"[{', '.join(items[::-1])}]")]
                yield [cell.code.replaced(node, f"[*{source}, {items[0]}]")]
            else:
                yield [cell.code.replaced(node, f"[{source}, {source}]")]
                yield [cell.code.replaced(node, f"{source}.shape")]
            yield from ([cell.code.replaced(node, name)] for name in names[:6])
        yield [cell.code.replaced(call, f"keras.Model({one})")]
        yield [cell.code.replaced(call, f"keras.Sequential([{one}, {two}])")]
        yield [cell.code.replaced(second, "layers.Dense(3)")]


@kind("no compile")
def no_compile(cell: Cell) -> Iterator[Changes]:
    for call in _calls(cell, "compile"):
        yield [cell.code.replaced(cell.code.statement_of(call), "")]
        yield [cell.code.replaced(call, "model.compile()")]
        yield [cell.code.replaced(call, 'model.compile("adam")')]
        yield [cell.code.replaced(call, 'model.compile(metrics=["accuracy"])')]


@kind("another loss")
def other_losses(cell: Cell) -> Iterator[Changes]:
    for call in _calls(cell, "compile"):
        node = _value(call, "loss", 1)
        if node is not None:
            yield from ([cell.code.replaced(node, loss)] for loss in _LOSSES)
            items = node.values if isinstance(node, ast.Dict) else getattr(node, "elts", [])
            for item in items:
                yield from ([cell.code.replaced(item, loss)] for loss in _LOSSES)


@kind("name of a loss or optimizer")
def names_in_compile(cell: Cell) -> Iterator[Changes]:
    for call in _calls(cell, "compile"):
        for name, position, values in (
            ("loss", 1, ('"mean_square_error"', '"crossentropy"', '"catagorical_crossentropy"',
                         "keras.losses.MeanSquaredError", '"sparse_categorical_cross_entropy"')),
            ("optimizer", 0, ('"adma"', '"Adam()"', "keras.optimizers.Adam", '"adamw2"', "0.01")),
            ("metrics", 9, ('["acurracy"]', '"accuracy"', "[accuracy]", '["f1"]')),
        ):  # fmt: skip
            node = _value(call, name, position)
            if node is not None:
                yield from ([cell.code.replaced(node, value)] for value in values)


@kind("losses of the outputs")
def forms_of_losses(cell: Cell) -> Iterator[Changes]:
    for call in _calls(cell, "compile"):
        node = _value(call, "loss", 1)
        if node is None:
            continue
        source = cell.code.source(node)
        if isinstance(node, ast.Dict):
            values = list(map(cell.code.source, node.values))
            key = cell.code.source(node.keys[0])
            yield [cell.code.replaced(node, f"[{', '.join(values)}]")]
            yield [cell.code.replaced(node, f"[{', '.join(values[::-1])}]")]
            yield [cell.code.replaced(node, f"{{{key}: {values[0]}}}")]
            yield [cell.code.replaced(node.keys[0], f'"{ast.literal_eval(key)}_output"')]
        else:
            yield [cell.code.replaced(node, f"[{source}, {source}]")]
            yield [cell.code.replaced(node, f'{{"output": {source}}}')]
            yield [cell.code.replaced(node, f"[{source}, {source}, {source}]")]
        metrics = _value(call, "metrics", 9)
        if metrics is not None:
            yield [cell.code.replaced(metrics, '{"output": ["accuracy"]}')]
            yield [cell.code.replaced(metrics, '[["accuracy"], ["accuracy"]]')]


@kind("settings of fit")
def settings_of_fit(cell: Cell) -> Iterator[Changes]:
    for call in _calls(cell, "fit"):
        for name, value in (
            ("batch_size", "0"), ("batch_size", '"8"'), ("batch_size", "2.5"), ("epochs", '"2"'),
            ("validation_split", "20"), ("validation_split", "0.99"),
            ("class_weight", '"balanced"'), ("callbacks", "keras.callbacks.EarlyStopping"),
            ("callbacks", "keras.callbacks.EarlyStopping(monitor='loss')"),
            ("sample_weight", "[1, 2]"), ("class_weight", "[1, 2]"), ("epochs", "0"),
        ):  # fmt: skip
            yield [cell.code.with_argument(call, name, value)]
