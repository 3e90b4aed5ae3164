"""Mistakes inside a custom `call`: unknown sizes, weights created there, missing values."""

import ast
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from textwrap import dedent
from typing import Any

from kfunc_lab.graph.keras.nodes import is_symbolic
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, as_call, called_name, look_up, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, argument, rule, title, written
from kfunc_lab.mistakes.rules.merging import symbolic_edit
from kfunc_lab.mistakes.rules.own.choices import chosen_by_where
from kfunc_lab.mistakes.rules.own.signature import parses
from kfunc_lab.mistakes.rules.own.weights import moved_out_of_call
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import OwnFunction, constructor_of, spelled

# ---------------------------------------------------------------------------------------------
# Sizes that are not known yet


@dataclass(frozen=True)
class _Size:
    """A size that the user's code reads from a shape and that is not known yet.

    Attributes:
        words: The expression for it in the code that failed, such as `"batch"`.
        read: The expression that read it, such as `"inputs.shape[0]"`.
        source: The tensor that it was read from, such as `"inputs"`.
        tensor: That tensor.
        axis: The axis that is not known.
        value: Its value so far: `None`, or a shape that contains `None`.
    """

    words: str
    read: str
    source: str
    tensor: Any
    axis: int
    value: object


def _unknown_size(match: re.Match[str], failure: Failure) -> Mistake | None:
    size = next(_sizes(failure), None)
    if size is None:
        return None
    reason = _(
        "`{size}` is {value}: the size of axis {axis} is not known while the graph is built."
    )
    if size.axis == 0:
        reason = _(
            "`{size}` is {value}: the size of the batch is not known while the graph is built."
        )
    return Mistake(
        "unknown-size",
        reason.format(size=size.words, value=size.value, axis=size.axis),
        "",
        _size_edit(size, match, failure),
        failure.name,
        _size_changes(size, match, failure),
    )


def _size_changes(size: _Size, match: re.Match[str], failure: Failure) -> tuple[Change, ...]:
    """Replaces the shape by one that has numbers when the model runs, where this is enough."""
    code, whole = failure.source, failure.expression
    name = called_name(failure.code)
    if code is None or whole is None or is_symbolic(size.tensor):
        return ()
    if size.words != size.read:
        return _assigned_changes(size, name, failure)
    if name in ("range", "int", "float") or "not supported between" in match.string:
        return ()
    found = [
        node
        for node in ast.walk(whole)
        if _is_shape(node) and ast.unparse(node) == f"{size.source}.shape"
    ]
    new = f"{spelled('ops', failure)}.shape({size.source})"
    changes = tuple(code.replaced(node, new) for node in found)
    if failure.code.startswith(("np.random.", "numpy.random.")):
        return _drawn_by_keras(whole, size, failure)
    return () if as_call(failure.code) is None or failure.code.startswith("np.") else changes


def _assigned_changes(size: _Size, name: str, failure: Failure) -> tuple[Change, ...]:
    """Replaces the shape where a variable gets an unknown size."""
    code = failure.source
    if code is None or name in ("range", "int", "float") or failure.code.startswith("np."):
        return ()
    found = [
        node.value
        for node in ast.walk(_function_of(failure) or code.tree)
        if isinstance(node, ast.Assign)
        and size.words in _targets(node)
        and ast.unparse(node.value) == size.read
    ]
    if len(found) != 1:
        return ()
    shape = found[0].value if isinstance(found[0], ast.Subscript) else found[0]
    new = f"{spelled('ops', failure)}.shape({size.source})"
    return (code.replaced(shape, new),) if _is_shape(shape) else ()


def _targets(statement: ast.Assign) -> list[str]:
    """Returns the variables to which a statement assigns, or unpacks, a value."""
    target = statement.targets[0]
    parts = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    return [part.id for part in parts if isinstance(part, ast.Name)]


def _function_of(failure: Failure) -> ast.AST | None:
    """Returns the function in the learner's source whose code failed."""
    node: ast.AST | None = failure.expression
    while node is not None and not isinstance(node, (ast.FunctionDef, ast.Lambda)):
        node = None if failure.source is None else failure.source.parents.get(node)
    return node


def _drawn_by_keras(whole: ast.expr, size: _Size, failure: Failure) -> tuple[Change, ...]:
    """Replaces a function of `np.random` by the one of `keras.random`, if only a size is given."""
    import keras

    name = called_name(failure.code)
    if failure.source is None or not callable(getattr(keras.random, name, None)):
        return ()
    if not isinstance(whole, ast.Call) or len(whole.args) + len(whole.keywords) != 1:
        return ()
    shape = _drawn_shape(size, spelled("ops", failure), failure)
    return (failure.source.replaced(whole, f"keras.random.{name}({shape})"),)


def _drawn_shape(size: _Size, ops: str, failure: Failure) -> str:
    """Returns the shape that a call gives, with the sizes that are known when the model runs."""
    call = as_call(failure.code)
    given = [] if call is None else [*call.args, *(word.value for word in call.keywords)]
    source = ast.unparse(given[-1]) if given else size.read
    return source.replace(f"{size.source}.shape", f"{ops}.shape({size.source})")


def _size_edit(size: _Size, match: re.Match[str], failure: Failure) -> str:
    name = called_name(failure.code)
    new = size.read.replace(f"{size.source}.shape", f"keras.ops.shape({size.source})", 1)
    words = {"old": size.read, "new": new, "name": name}
    if is_symbolic(size.tensor):
        return _(
            "Compute it in the `call` of a custom layer, with `{new}` instead of `{old}`."
        ).format(**words)
    if name in ("range", "int", "float") or "not supported between" in match.string:
        return _number_edit(size.axis, name)
    if "None values" in match.string and as_call(failure.code) is None:
        words["new"] = f"keras.ops.cast({new}, {size.source}.dtype)"
    if failure.code.startswith(("np.random.", "numpy.random.")):
        words["new"] = _drawn_shape(size, "keras.ops", failure)
        return _("Write `keras.random.{name}({new})`: NumPy needs a number here.").format(
            **words
        )
    if failure.code.startswith(("np.", "numpy.")):
        return _("Write `keras.ops.{name}`, with `{new}` instead of `{old}`.").format(**words)
    return _(
        "Write `{new}` instead of `{old}`: it gives the size when the model runs on data."
    ).format(**words)


def _number_edit(axis: int, name: str) -> str:
    """Returns the edit for code that needs a Python number and cannot use a tensor."""
    if axis == 0:
        return _(
            "You do not need the batch size: `keras.ops` computes with all examples at once."
        )
    if name != "range":
        return _("Write the size of that axis in `keras.Input`.")
    return _(
        "Write the number of steps in `keras.Input`, or write one step as a cell and leave the "
        "loop to `keras.layers.RNN`."
    )


def _sizes(failure: Failure) -> Iterator[_Size]:
    """Yields the unknown sizes in the expression that failed."""
    values = {} if failure.scope is None else failure.scope.f_locals
    for node in _reads(_parsed(failure.code)):
        if not isinstance(node, ast.Name):
            size = _size(node, None, values)
            if size is not None:
                yield size
        elif values.get(node.id, "unknown") is None:
            for origin, position in _assigned(node.id, failure):
                size = _size(origin, position, values)
                if size is not None:
                    yield replace(size, words=node.id, value=None)


def _reads(node: ast.AST) -> Iterator[ast.expr]:
    """Yields the names, shapes and items of shapes in an expression."""
    if _is_shape(node) or isinstance(node, ast.Name):
        yield node  # type: ignore[misc]
        return
    if isinstance(node, ast.Subscript) and _is_shape(node.value):
        yield node
        return
    for child in ast.iter_child_nodes(node):
        yield from _reads(child)


def _is_shape(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "shape"


def _assigned(name: str, failure: Failure) -> Iterator[tuple[ast.expr, int | None]]:
    """Yields the expressions that the failing function assigns to a variable, and which part."""
    try:
        function = dedent(inspect.getsource(failure.scope))  # type: ignore[arg-type]
    except (OSError, TypeError):
        return
    for node in ast.walk(_parsed(function)):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            for position, part in enumerate(parts):
                if isinstance(part, ast.Name) and part.id == name:
                    yield node.value, position if parts[0] is not target else None


def _size(node: ast.expr, position: int | None, values: Mapping[str, Any]) -> _Size | None:
    """Returns the first unknown size that an expression reads from a shape."""
    shape = node.value if isinstance(node, ast.Subscript) else node
    if not isinstance(shape, ast.Attribute) or not _is_shape(shape):
        return None
    tensor = look_up(shape.value, values)
    sizes = shape_of(tensor) or ()
    axes = list(range(len(sizes)))
    try:
        if isinstance(node, ast.Subscript):
            axes = _items(axes, node.slice)
        axes = axes if position is None else [axes[position]]
    except (IndexError, TypeError, ValueError):  # the index is not a constant
        return None
    axis = next((axis for axis in axes if sizes[axis] is None), None)
    if axis is None:
        return None
    read = ast.unparse(node)
    value = None if len(axes) == 1 else tuple(sizes[axis] for axis in axes)
    return _Size(read, read, ast.unparse(shape.value), tensor, axis, value)


def _items(axes: list[int], index: ast.expr) -> list[int]:
    if not isinstance(index, ast.Slice):
        return [axes[ast.literal_eval(index)]]
    bounds = (index.lower, index.upper, index.step)
    return axes[
        slice(*(None if bound is None else ast.literal_eval(bound) for bound in bounds))
    ]


def _parsed(code: str) -> ast.AST:
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError):  # the header of a statement, such as `if x > 0:`
        return ast.Module([], [])


# ---------------------------------------------------------------------------------------------
# Weights and layers that `call` creates


def _state_in_call(match: re.Match[str], failure: Failure) -> Mistake | None:
    if failure.operation is None:
        return None
    if failure.kind == "Lambda":
        return _layer_in_lambda(failure)
    name = called_name(failure.code)
    creates_weights = name in ("add_weight", "add_variable", "Variable")
    reason = _(
        "`call` of {layer} creates layers: it runs many times, and would create new ones each "
        "time."
    )
    edit = _(
        "Create them in `__init__`, for example `self.inner = layers.Dense(...)`, and use "
        "`self.inner` in `call`."
    )
    if creates_weights:
        reason = _(
            "`call` of {layer} creates weights: it runs many times, and would create new ones "
            "each time."
        )
        edit = _(
            "Create them in `build`, for example `self.w = self.add_weight(...)`, and use "
            "`self.w` in `call`."
        )
    if not _is_in_call(failure):
        reason = _("{layer} is already built and cannot get new weights or layers.")
        edit = _("Create them in `__init__` or `build` of its class.")
    return Mistake(
        "state-in-call",
        reason.format(layer=title(failure)),
        "",
        edit,
        failure.name,
        moved_out_of_call(failure) if _is_in_call(failure) else (),
    )


def _layer_in_lambda(failure: Failure) -> Mistake:
    """Puts a layer that a `Lambda` creates in the place of the `Lambda`."""
    found = constructor_of(failure.operation, failure)
    function = OwnFunction.of(getattr(failure.operation, "function", None))
    changes: tuple[Change, ...] = ()
    edit = _("Create the layer before, and call it without `Lambda`.")
    body = None if function is None else function.node.body
    if found is not None and isinstance(body, ast.Call) and isinstance(body.func, ast.Call):
        code, call = found
        new = code.source(body.func)
        changes = (code.replaced(call, new),)
        edit = _("Write `{new}` instead of the `Lambda`.").format(new=new)
    return Mistake(
        "state-in-call",
        _(
            "The function of {layer} creates a layer each time it runs, and its weights with it."
        ).format(layer=title(failure)),
        "",
        edit,
        failure.name,
        changes,
    )


def _is_in_call(failure: Failure) -> bool:
    """Returns whether the user's code failed inside its own `call`."""
    frame = failure.scope
    while frame is not None:
        values = frame.f_locals.values() if frame.f_code.co_name == "call" else ()
        if any(value is failure.operation for value in values):
            return True
        frame = frame.f_back
    return False


# ---------------------------------------------------------------------------------------------
# Values that do not exist yet


def _no_numbers(match: re.Match[str], failure: Failure) -> Mistake:
    name, words = called_name(failure.code), argument(failure)
    call = as_call(failure.code)
    known = {} if failure.scope is None else failure.scope.f_locals
    shape = shape_of(look_up(call.args[0], known)) if call is not None and call.args else None
    reason = _(
        "A symbolic tensor has a shape but no values yet, so Python cannot {what}."
    ).format(what=_("compute with it"))
    if shape is not None:
        reason = _(
            "`{code}` needs numbers, but {tensor} is symbolic: it has the shape {shape} and no "
            "values yet."
        ).format(code=name, tensor=words, shape=written(shape))
    edit = symbolic_edit(name, failure)
    if name in ("float", "int"):
        edit = _(
            "Remove `{name}`: `keras.ops` works on the symbolic tensor itself, and "
            "`keras.ops.cast` changes its dtype."
        ).format(name=name)
    elif name == "range":
        edit = _number_edit(1, name)
    return Mistake("symbolic-value", reason, "", edit, failure.name, _by_ops(failure))


def _by_ops(failure: Failure) -> tuple[Change, ...]:
    """Replaces functions of NumPy in a statement by those of `keras.ops` with their names."""
    import keras
    import numpy

    code, node = failure.source, failure.expression
    statement = None if code is None or node is None else code.statement_of(node)
    if code is None or statement is None or failure.scope is None:
        return ()
    known = {**failure.scope.f_globals, **failure.scope.f_locals}
    root: ast.AST = statement
    if failure.kind == "Lambda" and node is not None:
        root = node
    calls = [each for each in ast.walk(root) if isinstance(each, ast.Call)]
    found = [
        each.func
        for each in calls
        if isinstance(each.func, ast.Attribute) and look_up(each.func.value, known) is numpy
    ]
    if not found or not all(callable(getattr(keras.ops, each.attr, None)) for each in found):
        return ()
    ops = spelled("ops", failure)
    return tuple(code.replaced(each, f"{ops}.{each.attr}") for each in found)


def _no_attribute(match: re.Match[str], failure: Failure) -> Mistake:
    import keras

    name, tensor = match["name"], failure.code.rpartition(".")[0]
    edit = _("Remove `.{name}`: `keras.ops` works on the symbolic tensor itself.")
    if callable(getattr(keras.ops, name, None)):
        edit = _("Write `keras.ops.{name}({x}, ...)`.")
    return Mistake(
        "symbolic-value",
        _("A symbolic tensor has no `{name}`: it has a shape but no values yet.").format(
            name=name
        ),
        "",
        edit.format(name=name, x=tensor if tensor.isidentifier() else "x"),
        failure.name,
        _without_numpy(failure),
    )


def _without_numpy(failure: Failure) -> tuple[Change, ...]:
    """Removes `.numpy()` behind a tensor."""
    node, code = failure.expression, failure.source
    if code is None or not isinstance(node, ast.Attribute) or node.attr != "numpy":
        return ()
    call = code.parents.get(node)
    if not isinstance(call, ast.Call) or call.func is not node:
        return ()
    return (code.replaced(call, code.source(node.value)),)


def _no_truth(match: re.Match[str], failure: Failure) -> Mistake:
    what = _("tell whether it is true") if match["bool"] else _("iterate over it")
    changes = chosen_by_where(failure) if match["bool"] else ()
    changes = changes if parses(changes) else ()
    edit = _(
        "Use a function from `keras.ops` or a layer instead; to choose between values, use "
        "`keras.ops.where`."
    )
    if changes:
        edit = _("Write `{code}`.").format(code=changes[0].new)
    return Mistake(
        "symbolic-value",
        _("A symbolic tensor has a shape but no values yet, so Python cannot {what}.").format(
            what=what
        ),
        "",
        edit,
        failure.name,
        changes,
    )


def _no_assignment(match: re.Match[str], failure: Failure) -> Mistake:
    return Mistake(
        "symbolic-value",
        _("A symbolic tensor has a shape but no values yet, so Python cannot {what}.").format(
            what=_("change its items")
        ),
        "",
        _("Create a new tensor with `keras.ops.where` or `keras.ops.slice_update`."),
        failure.name,
    )


RULES: tuple[Rule, ...] = (
    rule(
        "unknown-size",
        r"'NoneType'|None values not supported|Attempt to convert a value \(None\)|"
        r"Failed to convert elements of [(\[][^)\]]*None|Invalid dtype: NoneType|num_rows=None|"
        r"Cannot convert a partially known TensorShape",
        _unknown_size,
    ),
    rule(
        "state-in-call",
        r"cannot add new elements of state|only supports singleton tf\.Variables|"
        r"create a variable while in a stateless scope",
        _state_in_call,
    ),
    rule(
        "symbolic-value",
        r"symbolic tf\.Tensor \([^)]*\) to a numpy array|(?:not|number,) '?SymbolicTensor|"
        r"len is not well defined for a symbolic|'SymbolicTensor' object cannot be inter",
        _no_numbers,
    ),
    rule(
        "symbolic-value",
        r"'SymbolicTensor' object has no attribute '(?P<name>\w+)'",
        _no_attribute,
    ),
    rule(
        "symbolic-value",
        r"symbolic `tf\.Tensor` as a Python `(?P<bool>bool)`|Iterating over a symbolic `tf\.Tensor",
        _no_truth,
    ),
    rule("symbolic-value", r"Tensor' object does not support item assignment", _no_assignment),
)
