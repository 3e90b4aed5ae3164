"""Names in a learner's layer or model: reserved, misspelled, or never set."""

import ast
import difflib
import re

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.signature import parses
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import (
    OwnClass,
    OwnFunction,
    is_own,
    new_first_line,
    value_of,
)

_METHODS = ("call", "build", "get_config", "compute_output_shape", "compute_mask")
_OTHER_WORDS = {"layers": "blocks", "weights": "w", "input": "first", "output": "last"}


def _own_class(failure: Failure) -> OwnClass | None:
    return OwnClass.of(failure.operation) if is_own(failure.operation) else None


def _reserved(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Renames an attribute whose name Keras uses itself."""
    own, name = _own_class(failure), match["name"]
    if own is None or not own.attributes(name):
        return None
    new = _OTHER_WORDS.get(name, f"own_{name}")
    if hasattr(own.value, new) or own.attributes(new):
        new = f"own_{name}"
    if hasattr(own.value, new):
        return None
    return Mistake(
        "reserved-name",
        _("Keras uses `{name}` of a layer or model itself, so {layer} cannot set it.").format(
            name=name, layer=title(failure)
        ),
        "",
        _("Choose another name, such as `self.{new}`.").format(new=new),
        name,
        own.renamed_attribute(name, new),
    )


def _unknown_attribute(match: re.Match[str], failure: Failure) -> Mistake | None:
    own, name = _own_class(failure), match["name"]
    if own is None or match["kind"] != own.node.name or not own.attributes(name):
        return None
    setters = [method for method in own.methods if name in _set_in(method)]
    if setters:
        return _set_too_late(name, setters, own, failure)
    known = {each for method in own.methods for each in _set_in(method)}
    close = difflib.get_close_matches(name, sorted(known), 1, 0.5)
    reason = _("`self.{name}` of {layer} is used, but nothing sets it.").format(
        name=name, layer=title(failure)
    )
    if not close:
        edit = _("Set `self.{name}` in `__init__` or `build`.").format(name=name)
        return Mistake("unknown-attribute", reason, "", edit, name)
    return Mistake(
        "unknown-attribute",
        reason,
        "",
        _("Write `self.{close}`.").format(close=close[0]),
        name,
        own.renamed_attribute(name, close[0]),
    )


def _set_in(method: ast.FunctionDef) -> set[str]:
    """Returns the attributes of `self` that a method sets."""
    return {
        node.attr
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def _set_too_late(
    name: str, setters: list[ast.FunctionDef], own: OwnClass, failure: Failure
) -> Mistake | None:
    """Explains an attribute that only a method sets which did not run."""
    method = setters[0]
    right = _meant(method.name, own)
    reason = _("`self.{name}` is set only in `{method}` of {layer}, which did not run.").format(
        name=name, method=method.name, layer=title(failure)
    )
    if right is None:
        edit = _("Set `self.{name}` in `__init__` or `build`.").format(name=name)
        return Mistake("unknown-attribute", reason, "", edit, name)
    change = own.renamed_method(method, right)
    return Mistake(
        "unknown-attribute",
        reason,
        "",
        _("Keras calls `{right}`: write `def {right}`.").format(right=right),
        name,
        (change,) if change is not None and parses([change]) else (),
    )


def _meant(name: str, own: OwnClass) -> str | None:
    """Returns the method of Keras that a misspelled name means; `None` if there is none."""
    free = [each for each in _METHODS if own.method(each) is None and each != name]
    if name in ("forward", "__call__", "run") and "call" in free:
        return "call"
    close = difflib.get_close_matches(name.strip("_").lower(), free, 1, 0.6)
    return close[0] if close else None


def _no_call(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Finds the method that should be called `call`."""
    own = _own_class(failure)
    if own is None:
        return None
    for method in own.methods:
        if _meant(method.name, own) == "call":
            change = own.renamed_method(method, "call")
            return Mistake(
                "missing-call",
                _("{layer} has a method `{method}`, but Keras calls `call`.").format(
                    layer=title(failure), method=method.name
                ),
                "",
                _("Write `def call` instead of `def {method}`.").format(method=method.name),
                "call",
                (change,) if change is not None and parses([change]) else (),
            )
    return None


def _list_called(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Calls the layers of a list one after the other."""
    call = failure.expression
    if not isinstance(call, ast.Call) or failure.source is None or len(call.args) != 1:
        return None
    layers, argument = failure.source.source(call.func), failure.source.source(call.args[0])
    statement = failure.source.statement_of(call)
    changes: tuple[Change, ...] = ()
    if (
        isinstance(call.args[0], ast.Name)
        and isinstance(statement, (ast.Return, ast.Assign))
        and statement.value is call
    ):
        indent = " " * (statement.col_offset + 4)
        loop = f"for layer in {layers}:\n{indent}{argument} = layer({argument})"
        changes = (
            failure.source.line_before(statement, loop),
            failure.source.replaced(call, argument),
        )
    return Mistake(
        "list-called",
        _("`{layers}` is a list of layers, and a list cannot be called.").format(layers=layers),
        "",
        _(
            "Call its layers one after the other: `for layer in {layers}: {x} = layer({x})`."
        ).format(layers=layers, x=argument),
        failure.name,
        changes if parses(changes) else (),
    )


def _class_called(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a layer's class that `call` uses as if it were a layer."""
    import keras

    call, own = failure.expression, _own_class(failure)
    if not isinstance(call, ast.Call) or own is None or failure.scope is None:
        return None
    cls = value_of(call.func, failure.scope.f_locals)
    if not isinstance(cls, type) or not issubclass(cls, keras.Layer):
        return None
    name = own.code.source(call.func)
    return Mistake(
        "class-for-object",
        _("`{name}` is the class {cls}, and no layer of it was created.").format(
            name=name, cls=cls.__name__
        ),
        "",
        _("Create the layer in `__init__`: `{name} = layers.{cls}(...)`.").format(
            name=name, cls=cls.__name__
        ),
        failure.name,
    )


def _no_super(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Lets `__init__` begin with `super().__init__()`."""
    own = _own_class(failure)
    function = None if own is None else own.method("__init__")
    if own is None or function is None:
        return None
    options = function.node.args.kwarg
    passed = f"**{options.arg}" if options else ""
    new = f"super().__init__({passed})"
    return Mistake(
        "missing-super",
        _("{kind} is used before `super().__init__()` is called.").format(kind=failure.kind),
        "",
        _("Begin `__init__` of {kind} with `super().__init__({options})`.").format(
            kind=failure.kind, options=passed
        ),
        "__init__",
        _moved_to_begin(new, function),
    )


def _moved_to_begin(line: str, function: OwnFunction) -> tuple[Change, ...]:
    changes = [new_first_line(function, line)]
    for statement in function.node.body if isinstance(function.node.body, list) else []:
        if "super().__init__" in function.code.source(statement):
            changes.append(function.code.replaced(statement, "pass"))
    return tuple(changes) if parses(changes) else ()


RULES: tuple[Rule, ...] = (
    rule(
        "reserved-name",
        r"property '(?P<name>\w+)' of '\w+' object has no setter",
        _reserved,
    ),
    rule("reserved-name", r"`Model\.(?P<name>\w+)` attribute is reserved", _reserved),
    rule(
        "unknown-attribute",
        r"'(?P<kind>\w+)' object has no attribute '(?P<name>\w+)'",
        _unknown_attribute,
    ),
    rule("missing-call", r"does not have a `?call\(?\)?`? method implemented", _no_call),
    rule(
        "class-for-object",
        r"invalid value for|unsupported callable|positional argument|KerasTensor|Placeholder",
        _class_called,
    ),
    rule("list-called", r"'(?:TrackedList|list)' object is not callable", _list_called),
    rule("missing-super", r"forgot to call `?super\(\)\.__init__", _no_super),
)
