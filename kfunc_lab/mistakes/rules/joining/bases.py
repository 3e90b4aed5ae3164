"""A pretrained base with its head, or on images of another number of channels."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.nodes import has_history, is_symbolic
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, called_name, shape_of
from kfunc_lab.mistakes.rule import Mistake, Rule, maker, rule, sizes, title, written
from kfunc_lab.mistakes.rules.own.signature import parses
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.statements.own_code import codes_of, spelled, value_of, variables

_IMAGE = 4  # the axes of a batch of images


def _with_top(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Leaves the head of an application out, if a layer behind it needs images."""
    tensor = failure.tensors[0] if len(failure.tensors) == 1 else None
    if int(match["expected"]) != _IMAGE or not has_history(tensor):
        return None
    found = _application_of(tensor, failure)
    if found is None:
        return None
    name, code, call = found
    given = {word.arg: word.value for word in call.keywords}
    top = given.get("include_top")
    if top is not None and value_of(top, variables(failure.scope)) is not True:
        return None
    changes = [code.with_argument(call, "include_top", "False")]
    if "pooling" in given:  # pooled features are no images
        changes.append(code.replaced(given["pooling"], "None"))
    kind = called_name(code.source(call))
    return Mistake(
        "application-top",
        _(
            "{name} is a {kind} with its head: it returns {shape}, and {layer} needs images."
        ).format(
            name=name, kind=kind, shape=written(shape_of(tensor) or ()), layer=title(failure)
        ),
        f"{match['found']} ≠ {_IMAGE}",
        _("Leave the head out: `include_top=False` in {kind}.").format(kind=kind),
        name,
        tuple(changes) if parses(changes) else (),
    )


def _application_of(tensor: Any, failure: Failure) -> tuple[str, Code, ast.Call] | None:
    """Returns the variable of the application that a tensor comes from, and what created it."""
    known, model = variables(failure.scope), maker(tensor)
    for name, code, call in _applications(failure, known):
        base = known.get(name)
        outputs = getattr(base, "outputs", None) or []
        if base is model or any(each is tensor for each in outputs):
            return name, code, call
    return None


def _applications(failure: Failure, known: Any) -> Iterator[tuple[str, Code, ast.Call]]:
    import keras

    for code in codes_of(failure):
        for node in ast.walk(code.tree):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
                continue
            function, target = value_of(node.value.func, known), node.targets[0]
            name = getattr(function, "__name__", "")
            if isinstance(target, ast.Name) and (
                getattr(keras.applications, name, None) is function and callable(function)
            ):
                yield target.id, code, node.value


def _one_channel(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Repeats the channel of grey images for a model that takes coloured ones."""
    shape = sizes(match["shape"])
    wanted = int(match["expected"])
    if len(shape) != _IMAGE or shape[-1] != 1 or wanted != 3:
        return None
    found = list(_calls_of_models(failure, wanted))
    if len(found) != 1:
        return None
    code, call, model = found[0]
    tensor = code.source(call.args[0])
    new = f"{spelled('layers', failure)}.Concatenate()([{tensor}, {tensor}, {tensor}])"
    change = code.replaced(call.args[0], new)
    return Mistake(
        "application-channels",
        _("{model} takes images with {n} channels, and these have one.").format(
            model=code.source(call.func), n=wanted
        ),
        f"1 ≠ {wanted}",
        _("Repeat the channel: `{code}`.").format(code=new),
        model.name,
        (change,) if parses([change]) else (),
    )


def _calls_of_models(failure: Failure, channels: int) -> Iterator[tuple[Code, ast.Call, Any]]:
    """Yields the calls of a model for coloured images on a variable with one channel."""
    import keras

    known = variables(failure.scope)
    for code in codes_of(failure):
        for call in code.calls:
            model = value_of(call.func, known)
            if not isinstance(model, keras.Model) or len(call.args) != 1:
                continue
            tensor = call.args[0]
            value = value_of(tensor, known)
            inputs = getattr(model, "inputs", None) or []
            if len(inputs) != 1 or not isinstance(tensor, ast.Name) or not is_symbolic(value):
                continue
            have, want = shape_of(value) or (), shape_of(inputs[0]) or ()
            if have[-1:] == (1,) and want[-1:] == (channels,) and len(have) == len(want):
                yield code, call, model


RULES: tuple[Rule, ...] = (
    rule(
        "application-top",
        r"expected (?:min_)?ndim=(?P<expected>\d+), found ndim=(?P<found>2)\b",
        _with_top,
    ),
    rule(
        "application-channels",
        r"expected axis -1 of input shape to have value (?P<expected>\d+).*?"
        r"shape (?P<shape>[(\[][^)\]]*[)\]])",
        _one_channel,
    ),
)
