"""Weights of a learner's layer: the arguments of `add_weight`, and where it is called."""

import ast
import difflib
import inspect
import re
import sys
from collections.abc import Collection
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.own.signature import parses
from kfunc_lab.mistakes.source.code import begin_of
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import OwnClass, is_own, value_of, variables

# The order of the arguments of `add_weight` in Keras 2.
_OLD_ORDER = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")


def _added(failure: Failure) -> ast.Call | None:
    """Returns the call of `add_weight` that failed."""
    node = failure.expression
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node if node.func.attr == "add_weight" else None
    return None


def _positions(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Passes the arguments of `add_weight` by name, as Keras 2 ordered them."""
    import keras

    call, code = _added(failure), failure.source
    if call is None or code is None or not call.args:
        return None
    first = value_of(call.args[0], variables(failure.scope))
    if not isinstance(first, str) or len(call.args) > len(_OLD_ORDER):
        return None
    known = inspect.signature(keras.Layer.add_weight).parameters
    named = list(zip(_OLD_ORDER, call.args, strict=False))
    if any(name not in known for name, _argument in named):
        return None
    changes = tuple(
        code.replaced(argument, f"{name}={code.source(argument)}") for name, argument in named
    )
    words = [f"{name}={code.source(argument)}" for name, argument in named]
    words += [code.source(word) for word in call.keywords]
    return Mistake(
        "add-weight",
        _("The first argument of `add_weight` is the shape, got the name {name}.").format(
            name=first
        ),
        "",
        _("Write `{callee}({arguments})`.").format(
            callee=code.source(call.func), arguments=", ".join(words)
        ),
        "name",
        changes if parses(changes) else (),
    )


def _unknown_initializer(match: re.Match[str], failure: Failure) -> Mistake | None:
    import keras

    what, value = match["what"], match["value"].strip().splitlines()[0]
    if value.lower() == "none" or not value.isidentifier():
        return None
    module = getattr(keras, f"{what}s", None)
    names = [name for name in dir(module) if not name.startswith("_") and name.islower()]
    close = difflib.get_close_matches(value, names, 1, 0.4)
    usual = {"random": "random_normal", "normal": "random_normal", "uniform": "random_uniform"}
    if what == "initializer" and value in usual:
        close = [usual[value]]
    try:
        getattr(module, "get")(close[0])  # noqa: B009 - the module is looked up by name
    except Exception:  # Keras refuses the name, or there is none
        close = []
    edit = _('Write `"{close}"`.').format(close=close[0]) if close else ""
    return Mistake(
        "unknown-choice",
        _('Keras has no `{where}` named "{value}".').format(where=what, value=value),
        "",
        edit,
        what,
        _literal_replaced(value, close[0], failure) if close else (),
    )


def _literal_replaced(value: str, new: str, failure: Failure) -> tuple[Change, ...]:
    if failure.expression is None or failure.source is None:
        return ()
    found = [
        node
        for node in ast.walk(failure.expression)
        if isinstance(node, ast.Constant) and node.value == value
    ]
    return (failure.source.replaced(found[0], f'"{new}"'),) if len(found) == 1 else ()


# ---------------------------------------------------------------------------------------------
# Shapes of weights


def _weight_shape(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Corrects a shape that was read from the shape of the input in a wrong way."""
    code, scope = failure.source, failure.scope
    if code is None or scope is None or not is_own(failure.operation):
        return None
    own = OwnClass.of(failure.operation)
    function = None if own is None else own.method("build")
    if function is None or not function.parameters or failure.expression is None:
        return None
    name = function.parameters[0].arg
    shape = scope.f_locals.get(name)
    found = _better(name, shape, failure.expression)
    if found is None:
        return None
    node, new = found
    old = code.source(node)
    several = isinstance(shape, (list, tuple)) and isinstance(shape[0], (list, tuple))
    reason = _("`{old}` includes the batch, whose size is not known.")
    if several:
        reason = _("`{name}` is a list of shapes, one for each input: {shape}.")
    elif not _has_axis_zero(node):
        reason = _("`{name}` is the shape of one input: {shape}.")
    return Mistake(
        "weight-shape",
        reason.format(old=old, name=name, shape=shape),
        "",
        _("Write `{new}` instead of `{old}`.").format(new=new, old=old),
        name,
        (code.replaced(node, new),),
    )


def _has_axis_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or not isinstance(
        getattr(node, "value", None), ast.Subscript
    )


def _better(name: str, shape: Any, whole: ast.expr) -> tuple[ast.expr, str] | None:
    """Returns the part of an expression that reads a shape wrongly, and a better one."""
    if not isinstance(shape, (list, tuple)) or not shape:
        return None
    several = isinstance(shape[0], (list, tuple))
    for node in [each for each in ast.walk(whole) if isinstance(each, ast.Subscript)]:
        inner = node.value
        if several:
            if isinstance(inner, ast.Name) and inner.id == name and _index(node) == -1:
                return node, f"{name}[0][-1]"
            continue
        if isinstance(inner, ast.Subscript) and getattr(inner.value, "id", "") == name:
            return node, f"{name}[-1]"
        if isinstance(inner, ast.Name) and inner.id == name and _index(node) == 0:
            return node, f"{name}[-1]"
    if several:
        return None
    subscripts = [each.value for each in ast.walk(whole) if isinstance(each, ast.Subscript)]
    for part in ast.walk(whole):
        if isinstance(part, ast.Name) and part.id == name and part not in subscripts:
            return part, f"{name}[1:]"
    return None


def _index(node: Any) -> int | None:
    try:
        index = ast.literal_eval(node.slice)
    except (ValueError, TypeError):
        return None
    return index if isinstance(index, int) else None


def _product_in_call(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Finds a weight whose axes are swapped, in a product that a learner's layer computes."""
    own = OwnClass.of(failure.operation) if is_own(failure.operation) else None
    if own is None or failure.expression is None or failure.source is None:
        return None
    for node in ast.walk(failure.expression):
        if not isinstance(node, ast.Attribute) or getattr(node.value, "id", "") != "self":
            continue
        weight = getattr(failure.operation, node.attr, None)
        shape = tuple(getattr(weight, "shape", ()))
        added = _shape_argument(node.attr, own)
        if len(shape) != 2 or added is None:
            continue
        last = int(match["a"])
        if shape[0] == last:
            continue
        found = _swapped_axes(added, own) if shape[1] == last else _last_axis(added, own)
        if found is None:
            continue
        edit, change = found
        return Mistake(
            "weight-shape",
            _(
                "`self.{name}` has the shape {shape}, but the input has {n} numbers in its "
                "last axis."
            ).format(name=node.attr, shape=shape, n=last),
            f"{last} ≠ {shape[0]}",
            edit,
            node.attr,
            (change,),
        )
    return None


def _swapped_axes(shape: ast.Tuple, own: OwnClass) -> tuple[str, Change]:
    first, second = map(own.code.source, shape.elts)
    new = f"({second}, {first})"
    return _("Write `shape={new}`.").format(new=new), own.code.replaced(shape, new)


def _last_axis(shape: ast.Tuple, own: OwnClass) -> tuple[str, Change] | None:
    """Reads the number of features from the last axis of the input, not from another one."""
    function, first = own.method("build"), shape.elts[0]
    if function is None or not function.parameters or not isinstance(first, ast.Subscript):
        return None
    name = function.parameters[0].arg
    if not isinstance(first.value, ast.Name) or first.value.id != name or _index(first) is None:
        return None
    old, new = own.code.source(first), f"{name}[-1]"
    words = _("Write `{new}` instead of `{old}`.").format(new=new, old=old)
    return words, own.code.replaced(first, new)


def _shape_argument(name: str, own: OwnClass) -> ast.Tuple | None:
    """Returns the shape of two axes with which a class adds a weight."""
    for node in ast.walk(own.node):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        target = node.targets[0]
        if not isinstance(target, ast.Attribute) or target.attr != name:
            continue
        call = node.value
        shapes = [word.value for word in call.keywords if word.arg == "shape"] or call.args[:1]
        if shapes and isinstance(shapes[0], ast.Tuple) and len(shapes[0].elts) == 2:
            return shapes[0]
    return None


# ---------------------------------------------------------------------------------------------
# Weights and layers that `call` creates


def moved_out_of_call(failure: Failure) -> tuple[Change, ...]:
    """Moves the creation of a weight to `build`, or of a layer to `__init__`.

    Args:
        failure: A failure inside the `call` of a learner's layer.

    Returns:
        The changes; none if the created object depends on more than the shape of the input.
    """
    own = OwnClass.of(failure.operation) if is_own(failure.operation) else None
    function = None if own is None else own.method("call")
    if own is None or function is None or failure.span is None or not function.parameters:
        return ()
    created = own.code.expression_at(*failure.span)
    if not isinstance(created, ast.Call) or not _is_within(created, function.node):
        return ()
    first = function.parameters[0].arg
    if _added(failure) is not None:
        changes = _to_build(created, first, own)
    else:
        layer = created.func if isinstance(created.func, ast.Call) else created
        made = _layers_made(layer, own)
        changes = _to_init(made, own) if made else ()
    return changes if parses(changes) else ()


def _is_within(node: ast.AST, function: ast.AST) -> bool:
    return any(each is node for each in ast.walk(function))


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _locals_of(own: OwnClass) -> set[str]:
    function = own.method("call")
    if function is None:
        return set()
    stored = {
        node.id
        for node in ast.walk(function.node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return stored | {each.arg for each in function.parameters}


def _to_build(created: ast.Call, first: str, own: OwnClass) -> tuple[Change, ...]:
    code = own.code
    source = code.source(created).replace(f"{first}.shape", "input_shape")
    try:
        names = _names(ast.parse(source))
    except SyntaxError:
        return ()
    if names & _locals_of(own) or own.method("build") is not None:
        return ()
    attribute = _attribute_for(created, own, "w")
    lines = ["def build(self, input_shape):", f"    self.{attribute} = {source}"]
    return (own.new_method(lines), code.replaced(created, f"self.{attribute}"))


def _to_init(layers: list[ast.Call], own: OwnClass) -> tuple[Change, ...]:
    """Creates layers in `__init__`, and uses them where the code created them."""
    lines, uses = [], []
    taken: set[str] = set()
    for layer in layers:
        attribute = _attribute_for(layer, own, "inner", taken)
        taken.add(attribute)
        lines.append(f"self.{attribute} = {own.code.source(layer)}")
        uses.append(own.code.replaced(layer, f"self.{attribute}"))
    return (own.new_in_init(lines), *uses)


def _layers_made(first: ast.Call, own: OwnClass) -> list[ast.Call]:
    """Returns the layers that `call` creates as the given one, in the order of the code.

    One that needs what only `call` knows, or that a loop creates, stands for itself.
    """
    import keras

    function = own.method("call")
    call = vars(own.value).get("call")
    known = {**vars(sys.modules["__main__"]), **getattr(call, "__globals__", {})}
    found = [first]
    for node in ast.walk(function.node) if function is not None else ():
        if not isinstance(node, ast.Call) or node is first:
            continue
        kind = value_of(node.func, known)
        if isinstance(kind, type) and issubclass(kind, keras.Layer):
            found.append(node)
    if any(_names(each) & _locals_of(own) or _repeats(each, own) for each in found):
        return []
    return sorted(found, key=begin_of)


def _repeats(layer: ast.Call, own: OwnClass) -> bool:
    """Returns whether a loop inside `call` creates a layer."""
    parent = own.code.parents.get(layer)
    while parent is not None and not isinstance(parent, ast.FunctionDef):
        if isinstance(parent, (ast.For, ast.While, ast.ListComp)):
            return True
        parent = own.code.parents.get(parent)
    return False


def _attribute_for(
    created: ast.Call, own: OwnClass, default: str, taken: Collection[str] = ()
) -> str:
    """Returns the name of the variable that holds a created object, or a free name."""
    parent = own.code.parents.get(created)
    name = default
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
    return own.free_attribute(name, taken)


RULES: tuple[Rule, ...] = (
    rule(
        "add-weight",
        r"`name` must be passed as a keyword argument|"
        r"add_weight\(\) (?:takes at most|takes from|got multiple values for)|"
        r"Cannot convert '\w+' to a shape|Could not interpret initializer identifier: [(\[]",
        _positions,
    ),
    rule(
        "unknown-choice",
        r"Could not interpret (?P<what>initializer|regularizer|constraint)"
        r" identifier: (?P<value>.*)",
        _unknown_initializer,
    ),
    rule(
        "weight-shape",
        r"Shapes used to initialize variables must be fully-defined|"
        r"Cannot convert '.*?' to a shape\. Found invalid dimension|"
        r"'(?:NoneType|int)' object is not subscriptable|Invalid dtype: \w+|"
        r"tuple index out of range",
        _weight_shape,
    ),
    rule(
        "weight-shape",
        r"must be equal, but are (?P<a>\d+) and (?P<b>\d+) for '\{\{node [^}]*MatMul",
        _product_in_call,
    ),
)
