"""A learner's layer reads its input in another form than it gets: lists, dicts, shapes."""

import ast
import re

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import OwnClass, OwnFunction, is_own


def reading_function(failure: Failure) -> OwnFunction | None:
    """Returns the learner's function that reads the input: of a layer or of a `Lambda`."""
    if failure.kind == "Lambda":
        return OwnFunction.of(getattr(failure.operation, "function", None))
    own = OwnClass.of(failure.operation) if is_own(failure.operation) else None
    return None if own is None else own.method("call")


def _unpacked(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an input whose parts are not as many as the code unpacks."""
    function = reading_function(failure)
    if function is None or not function.parameters:
        return None
    name = function.parameters[0].arg
    parts, count = function.unpacked(name), len(failure.tensors)
    if parts is None or count == len(parts) or not count:
        return None
    given = _("one tensor") if count == 1 else _("{n} tensors").format(n=count)
    return Mistake(
        "list-of-tensors",
        _("{layer} unpacks a list of {n} tensors ({names}), got {given}.").format(
            layer=title(failure), n=len(parts), names=", ".join(parts), given=given
        ),
        f"{count} ≠ {len(parts)}",
        _("Call it on a list of {n} tensors: `{kind}(...)([{names}])`.").format(
            n=len(parts), kind=failure.kind, names=", ".join(parts)
        ),
        name,
    )


def _indexed(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an index behind the end of the list of inputs."""
    function, node = reading_function(failure), failure.expression
    if function is None or not function.parameters or not isinstance(node, ast.Subscript):
        return None
    name, count = function.parameters[0].arg, len(failure.tensors)
    if not isinstance(node.value, ast.Name) or node.value.id != name:
        return None
    return Mistake(
        "list-of-tensors",
        _("{layer} reads `{code}`, but it was called on a list of {n} tensors.").format(
            layer=title(failure), code=failure.code, n=count
        ),
        "",
        _("The tensors are `{name}[0]` to `{name}[{last}]`.").format(name=name, last=count - 1),
        name,
    )


def _by_key(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Passes tensors under the names by which the code reads them."""
    function = reading_function(failure)
    if function is None or not function.parameters:
        return None
    name = function.parameters[0].arg
    keys = [
        node.slice.value
        for node in ast.walk(function.node)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    ]
    keys = list(dict.fromkeys(keys))
    if not keys:
        return None
    listed = ", ".join(f'"{key}": ...' for key in keys)
    return Mistake(
        "list-of-tensors",
        _("{layer} reads its tensors by name ({keys}), got a list.").format(
            layer=title(failure), keys=", ".join(keys)
        ),
        "",
        _("Pass a dict: `{{{keys}}}`.").format(keys=listed),
        name,
        _with_keys(keys, failure),
    )


def _with_keys(keys: list[str], failure: Failure) -> tuple[Change, ...]:
    found = outer_call(failure)
    if found is None:
        return ()
    code, node = found
    given = node.args[0] if len(node.args) == 1 else None
    if not isinstance(given, (ast.List, ast.Tuple)) or len(given.elts) != len(keys):
        return ()
    items = (
        f'"{key}": {code.source(item)}' for key, item in zip(keys, given.elts, strict=True)
    )
    return (code.replaced(given, f"{{{', '.join(items)}}}"),)


def outer_call(failure: Failure) -> tuple[Code, ast.Call] | None:
    """Returns the expression that called the layer in whose `call` the code failed."""
    for caller in failure.callers:
        if isinstance(caller.expression, ast.Call) and caller.source is not None:
            return caller.source, caller.expression
    return None


RULES: tuple[Rule, ...] = (
    rule(
        "list-of-tensors",
        r"values to unpack|Iterating over a symbolic|iterating over `tf\.Tensor`|"
        r"Cannot iterate over|iterate over a scalar",
        _unpacked,
    ),
    rule("list-of-tensors", r"(?:list|tuple) index out of range", _indexed),
    rule(
        "list-of-tensors",
        r"(?:list|tuple) indices must be integers or slices, not str",
        _by_key,
    ),
)
