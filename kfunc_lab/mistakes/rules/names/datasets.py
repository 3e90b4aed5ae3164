"""Datasets of lists, whose arrays TensorFlow stacks into one."""

import ast
import re

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.names.cause import is_stacking
from kfunc_lab.mistakes.names.scope import Evaluator
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, written
from kfunc_lab.mistakes.rules.names.trying import changed_source, failing_node, names_of
from kfunc_lab.mistakes.source.code import Code, begin_of, end_of
from kfunc_lab.mistakes.source.edit import Change


def _stacked(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `from_tensor_slices(([a, b], y))`, which stacks `a` and `b`."""
    call, code = failing_node(failure), failure.source
    if not isinstance(call, ast.Call) or code is None or not is_stacking(call, match.string):
        return None
    values = Evaluator(names_of(failure), calls=False)
    lists = [
        node
        for node in ast.walk(call)
        if isinstance(node, ast.List)
        and node.elts
        and all(shape_of(values.look_up(each)) for each in node.elts)
    ]
    arrays = [each for node in ast.walk(call) for each in _arrays(node, values)]
    lengths = {shape[0] for shape in arrays}
    if not lists or len(lengths) != 1:
        return None
    changes = [change for each in lists for change in _as_tuple(code, each)]
    held = [shape_of(values.look_up(each)) or () for each in lists[0].elts]
    return Mistake(
        "stacked-list",
        _(
            "tf.data stacks the arrays of a list into one: {shapes} cannot be stacked with the "
            "rest."
        ).format(shapes=", ".join(map(written, held))),
        match[0] and f"{len(held)} ≠ {lengths.pop()}",
        _("Write the arrays as a tuple: `{code}`.").format(
            code=changed_source(code, call.args[0], changes) if call.args else ""
        ),
        "",
        tuple(changes),
    )


def _arrays(node: ast.AST, values: Evaluator) -> list[tuple[int | None, ...]]:
    if not isinstance(node, ast.Name):
        return []
    shape = shape_of(values.look_up(node))
    return [shape] if shape else []


def _as_tuple(code: Code, node: ast.List) -> list[Change]:
    """Returns the changes of the brackets of a list into those of a tuple."""
    (line, column), (end_line, end_column) = begin_of(node), end_of(node)
    comma = "," if len(node.elts) == 1 else ""
    return [
        Change(code.file, (line, column), (line, column + 1), "("),
        Change(code.file, (end_line, end_column - 1), (end_line, end_column), f"{comma})"),
    ]


RULES: tuple[Rule, ...] = (rule("stacked-list", r"not compatible", _stacked),)
