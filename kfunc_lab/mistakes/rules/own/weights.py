"""Weights of a learner's layer: the arguments of `add_weight`, and where it is called."""

import ast
import difflib
import inspect
import re
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.own.signature import parses
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
        if shape[0] == last or shape[1] != last:
            continue
        first, second = map(own.code.source, added.elts)
        new = f"({second}, {first})"
        return Mistake(
            "weight-shape",
            _(
                "`self.{name}` has the shape {shape}, but the input has {n} numbers in its "
                "last axis."
            ).format(name=node.attr, shape=shape, n=last),
            f"{last} ≠ {shape[0]}",
            _("Write `shape={new}`.").format(new=new),
            node.attr,
            (own.code.replaced(added, new),),
        )
    return None


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
        changes = _to_init(layer, own)
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


def _to_init(layer: ast.Call, own: OwnClass) -> tuple[Change, ...]:
    if _names(layer) & _locals_of(own):
        return ()
    attribute = _attribute_for(layer, own, "inner")
    line = f"self.{attribute} = {own.code.source(layer)}"
    use = own.code.replaced(layer, f"self.{attribute}")
    init = own.method("__init__")
    if init is not None:
        body = init.node.body
        return (own.code.line_after(body[-1], line), use) if isinstance(body, list) else ()
    lines = [
        "def __init__(self, **kwargs):",
        "    super().__init__(**kwargs)",
        f"    {line}",
    ]
    before = own.methods[0].name if own.methods else "call"
    return (own.new_method(lines, before), use)


def _attribute_for(created: ast.Call, own: OwnClass, default: str) -> str:
    """Returns the name of the variable that holds a created object, or a free name."""
    parent = own.code.parents.get(created)
    name = default
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        name = parent.targets[0].id
    while hasattr(own.value, name) or own.attributes(name):
        name = f"{name}_"
    return name


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
