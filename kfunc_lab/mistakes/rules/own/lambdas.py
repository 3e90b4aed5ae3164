"""Names that are not defined where a layer's function runs, above all in a loaded `Lambda`."""

import ast
import re
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule, title
from kfunc_lab.mistakes.rules.own.signature import parses
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.own_code import codes_of, spelled, variables

_IMPORTS = {"tf": "import tensorflow as tf", "np": "import numpy as np"}


def _undefined(match: re.Match[str], failure: Failure) -> Mistake | None:
    name = match["name"]
    if failure.kind == "Lambda" and _is_loaded(failure):
        return _lost_in_file(name, failure)
    if failure.scope is None or failure.scope.f_code.co_name == "<module>":
        return None
    reason = _("`{name}` is not defined where {layer} runs.").format(
        name=name, layer=title(failure)
    )
    if name == "K":
        return _backend(reason, failure)
    if name not in _IMPORTS:
        return Mistake("undefined-name", reason, "", "", name)
    changes: tuple[Change, ...] = ()
    if failure.source is not None and failure.source.tree.body:
        place = failure.source.tree.body[0]
        changes = (failure.source.line_before(place, _IMPORTS[name]),)
    edit = _("Import it: `{line}`.").format(line=_IMPORTS[name])
    return Mistake("undefined-name", reason, "", edit, name, changes)


def _backend(reason: str, failure: Failure) -> Mistake:
    """Replaces functions of Keras's old backend by those of `keras.ops`."""
    import keras

    ops, changes = spelled("ops", failure), []
    code, node = failure.source, failure.expression
    attribute = None if code is None or node is None else code.parents.get(node)
    if (
        code is not None
        and isinstance(attribute, ast.Attribute)
        and callable(getattr(keras.ops, attribute.attr, None))
    ):
        changes.append(code.replaced(attribute, f"{ops}.{attribute.attr}"))
    edit = _("Write `{new}`.").format(new=changes[0].new) if changes else ""
    return Mistake("undefined-name", reason, "", edit, "K", tuple(changes))


def _is_loaded(failure: Failure) -> bool:
    """Returns whether a `Lambda` layer got its function from a file."""
    function = getattr(failure.operation, "function", None)
    home = getattr(function, "__globals__", {}).get("__name__", "")
    return str(home).startswith("keras.")


def _lost_in_file(name: str, failure: Failure) -> Mistake:
    layer = failure.name
    found = _definition(layer, failure)
    named = re.sub(r"\W", "_", layer)
    changes = () if found is None else _named_function(named, *found, failure)
    return Mistake(
        "lost-names",
        _(
            "The file keeps the code of the lambda in {layer}, but not `{name}`, which it takes "
            "from outside."
        ).format(layer=title(failure), name=name),
        "",
        _(
            "Write a function with `def`, below `@keras.saving.register_keras_serializable()`, "
            "pass it to `Lambda`, and save again. A loaded model then finds it by its name."
        ),
        layer,
        changes,
    )


def _definition(layer: str, failure: Failure) -> tuple[Code, ast.Lambda] | None:
    """Returns the lambda of the layer with a name in the learner's code."""
    found = []
    for code in codes_of(failure):
        for call in code.calls:
            names = [word.value for word in call.keywords if word.arg == "name"]
            is_named = names and getattr(names[0], "value", None) == layer
            function = call.args[0] if call.args else None
            if is_named and isinstance(function, ast.Lambda):
                found.append((code, function))
        if found:
            break
    return found[0] if len(found) == 1 else None


def _named_function(
    name: str, code: Code, function: ast.Lambda, failure: Failure
) -> tuple[Change, ...]:
    """Replaces a lambda by a registered function, if all its names are known outside."""
    known: Any = variables(failure.callers[-1].scope if failure.callers else failure.scope)
    arguments = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    used = {node.id for node in ast.walk(function.body) if isinstance(node, ast.Name)}
    if not all(each in known or each in arguments for each in used) or "keras" not in known:
        return ()
    while name in known or not name.isidentifier():
        name = f"{name}_function" if name.isidentifier() else "function"
    statement = code.statement_of(function)
    if statement is None:
        return ()
    indent = " " * statement.col_offset
    lines = [
        "@keras.saving.register_keras_serializable()",
        f"def {name}({code.source(function.args)}):",
        f"    return {code.source(function.body)}",
        "",
    ]
    changes = (
        code.line_before(statement, f"\n{indent}".join(lines)),
        code.replaced(function, name),
    )
    return changes if parses(changes) else ()


RULES: tuple[Rule, ...] = (
    rule("undefined-name", r"\Aname '(?P<name>\w+)' is not defined", _undefined),
    rule(
        "undefined-name",
        r"Exception encountered when calling [^\n]*\n\nname '(?P<name>\w+)' is not defined",
        _undefined,
    ),
)
