"""Edits of a call's arguments: transformed, moved, or packed in another way."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kfunc_lab.mistakes.data.kinds import Spec, kind_of, spec_of_value
from kfunc_lab.mistakes.data.passed import Passed, value_of
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change

_SIMPLE = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant, ast.List, ast.Tuple)


def applied(template: str, code: Code, node: ast.expr) -> str:
    """Returns a template with the source of an expression in the place of `{x}`."""
    source = code.source(node)
    return template.replace("{x}", source if isinstance(node, _SIMPLE) else f"({source})")


def tried(template: str, **values: Any) -> Any:
    """Runs a transformation, which is written here and not by the learner, on a sample.

    Args:
        template: The source, with names in braces in the place of the values.
        values: The values, by name.

    Returns:
        The result; `None` if the transformation raises.
    """
    import warnings

    import keras
    import numpy as np

    names = {"np": np, "keras": keras, **values}
    for name in values:
        template = template.replace(f"{{{name}}}", name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return eval(template, names)  # noqa: S307 - the source is ours
    except Exception:
        return None


def transformed(passed: Passed, role: str, template: str) -> tuple[Change, ...]:
    """Returns the changes that transform an argument, and validation data like it.

    Args:
        passed: The call.
        role: The argument, such as `"x"`.
        template: The transformation, with `{x}` in the place of the argument.
    """
    node = passed.node(role)
    if node is None or passed.code is None:
        return ()
    changes = [passed.code.replaced(node, applied(template, passed.code, node))]
    other = validation_part(passed, role)
    if other is not None:
        changes.append(passed.code.replaced(other, applied(template, passed.code, other)))
    return tuple(changes)


def validation_part(passed: Passed, role: str) -> ast.expr | None:
    """Returns the validation data's expression if it has the same defect; `None` otherwise."""
    pair = passed.argument("validation_data")
    place = ("x", "y").index(role) if role in ("x", "y") else 9
    if passed.validation or not isinstance(pair, ast.Tuple) or place >= len(pair.elts):
        return None
    mine = passed.value(role)
    data = passed.value("validation_data")
    other = data[place] if isinstance(data, (tuple, list)) and place < len(data) else None
    return pair.elts[place] if _alike(mine, other) else None


def _alike(one: Any, other: Any) -> bool:
    a, b = spec_of_value(one), spec_of_value(other)
    if a is None or b is None:
        return kind_of(one) == kind_of(other) != "none"
    return a.shape[1:] == b.shape[1:] and a.dtype[:3] == b.dtype[:3]


def parts(passed: Passed, role: str) -> list[tuple[Any, str, ast.expr | None]]:
    """Returns each item of a list, tuple or dict: its value, its source and its expression."""
    node, value = passed.node(role), passed.value(role)
    name = passed.words(role)
    if isinstance(value, Mapping):
        nodes = dict_nodes(node)
        return [
            (each, _source(passed, nodes.get(key), f'{name}["{key}"]'), nodes.get(key))
            for key, each in value.items()
        ]
    listed = node.elts if isinstance(node, (ast.List, ast.Tuple)) else []
    return [
        (each, _source(passed, found, f"{name}[{place}]"), found)
        for place, each in enumerate(value)
        for found in [listed[place] if place < len(listed) else None]
    ]


def dict_nodes(node: ast.expr | None) -> dict[Any, ast.expr]:
    """Returns the expressions of a dict's values by key."""
    if not isinstance(node, ast.Dict):
        return {}
    return {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
    }


def _source(passed: Passed, node: ast.expr | None, instead: str) -> str:
    return passed.code.source(node) if node is not None and passed.code else instead


def packed(keys: Sequence[str], sources: Iterable[str], as_dict: bool) -> str:
    """Writes sources as a dict with keys, or as a list; one source alone as it is."""
    sources = list(sources)
    if as_dict:
        pairs = (f'"{key}": {source}' for key, source in zip(keys, sources, strict=True))
        return f"{{{', '.join(pairs)}}}"
    return sources[0] if len(sources) == 1 else f"[{', '.join(sources)}]"


def replaced(passed: Passed, role: str, new: str) -> tuple[Change, ...]:
    """Returns the change that replaces an argument."""
    node = passed.node(role)
    if node is None or passed.code is None:
        return ()
    return (passed.code.replaced(node, new),)


def without(passed: Passed, *names: str) -> tuple[Change, ...]:
    """Returns the change that leaves arguments out of the call."""
    if passed.call is None or passed.code is None:
        return ()
    code, call = passed.code, passed.call
    places = {passed.place(name) for name in names}
    if any(place < len(call.args) - 1 and place >= 0 for place in places):
        return ()  # the arguments behind it would move
    kept = [code.source(arg) for n, arg in enumerate(call.args) if n not in places]
    kept += [
        f"{each.arg}={code.source(each.value)}" if each.arg else f"**{code.source(each.value)}"
        for each in call.keywords
        if each.arg not in names
    ]
    return (code.replaced(call, f"{code.source(call.func)}({', '.join(kept)})"),)


def module_name(passed: Passed, module: str, usual: str) -> str:
    """Returns the name under which the learner imported a module; its usual name otherwise."""
    if passed.scope is not None:
        for name, value in {**passed.scope.f_globals, **passed.scope.f_locals}.items():
            if getattr(value, "__name__", "") == module and kind_of(value) == "object":
                return name
    return usual


def value_of_name(passed: Passed, name: str) -> Any:
    """Returns the value of a variable of the learner; `None` if there is none."""
    return value_of(ast.Name(name), passed.scope)


def counted(spec: Spec | None) -> int | None:
    """Returns the number of examples of an array; `None` if it is not known."""
    return spec.shape[0] if spec is not None and spec.shape else None
