"""Parts of an argument that fit without what is around them: `x` in `x[:, 1:3]` or `x.T`."""

import ast
from collections.abc import Iterator
from itertools import islice

from kfunc_lab.locale import _
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.trials.trial import Option, Trial

_COST = 1.0
_SELECTED = 2.7  # what somebody writes on purpose, and the loss may be wrong instead
_ONE_EXAMPLE = 3.2
_MAX = 40  # parts of an expression
_ON_INPUTS = ("predict", "predict_on_batch", "__call__")
_LAST = ("to_categorical", "one_hot", "argmax")


def options(trial: Trial) -> Iterator[Option]:
    """Yields the call with a part of an argument in the place of the whole."""
    for node in trial.nodes.values():
        for outer in _nodes(node):
            seen = set()
            for inner in islice(_nodes(outer), 1, _MAX):
                source = trial.source(inner)
                if source not in seen and not _is_number(inner) and not _is_number(outer):
                    seen.add(source)
                    yield _option(trial, outer, inner)


def _option(trial: Trial, outer: ast.expr, inner: ast.expr) -> Option:
    old, new = trial.source(outer), trial.source(inner)
    if old.startswith(new) and len(new) < len(old):
        words = _("Pass `{new}` as it is, without `{rest}`.").format(
            new=new, rest=old[len(new) :].strip()
        )
    else:
        words = _("Pass `{new}` instead of `{old}`.").format(new=new, old=" ".join(old.split()))
    written = inner
    if isinstance(inner, ast.Tuple) and not new.startswith("("):
        new = f"({new})"
    changes = (trial.code.replaced(outer, new), *_in_validation(trial, outer, old, new))
    cost = _SELECTED if _is_choice(outer) else _COST
    if trial.passed.method in _ON_INPUTS and _is_one_example(outer):
        cost = _ONE_EXAMPLE
    lost = sum(1 for _node in ast.walk(outer)) - sum(1 for _node in ast.walk(written))
    return Option(cost + lost / 100, Edit(words, changes))


def _in_validation(trial: Trial, outer: ast.expr, old: str, new: str) -> Iterator[Change]:
    """Yields the same change of validation data that have the same defect."""
    role = next((role for role, node in trial.nodes.items() if node is outer), "")
    pair = trial.passed.argument("validation_data")
    parts = pair.elts if isinstance(pair, ast.Tuple) and not trial.passed.validation else []
    place = ("x", "y", "sample_weight").index(role) if role else len(parts)
    if place >= len(parts) or new not in old:
        return
    other = parts[place]
    head, _new, tail = old.partition(new)
    source = trial.source(other)
    inner = source.removeprefix(head).removesuffix(tail)
    if source.startswith(head) and source.endswith(tail) and inner:
        yield trial.code.replaced(other, inner)


def _is_choice(node: ast.expr) -> bool:
    """Returns whether a call gives targets another form, for another loss."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else ""
    return name in _LAST or getattr(function, "id", "") in _LAST


def _is_one_example(node: ast.expr) -> bool:
    """Returns whether an expression takes one example of an array, such as `x[0]`."""
    return isinstance(node, ast.Subscript) and not isinstance(
        node.slice, (ast.Slice, ast.Tuple)
    )


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant)
    )


def _nodes(node: ast.expr) -> Iterator[ast.expr]:
    """Yields an expression and all that it is made of."""
    yield node
    for part in _parts(node):
        yield from _nodes(part)


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """Yields the expressions from which an expression is made, if they may be arrays."""
    if isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, ast.Attribute):
        if not isinstance(node.value, ast.Name) or node.attr in ("T", "values", "shape"):
            yield node.value
    elif isinstance(node, ast.BinOp):
        yield node.left
        yield node.right
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Compare):
        yield node.left
    elif isinstance(node, (ast.List, ast.Tuple)):
        yield from node.elts
    elif isinstance(node, ast.Dict):
        yield from node.values
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            yield node.func.value
        yield from (each for each in node.args if not isinstance(each, ast.Starred))
