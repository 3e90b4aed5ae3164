"""Mistakes at models with several outputs: targets, losses, weights and metrics by output."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.kinds import kind_of, spec_of_value
from kfunc_lab.mistakes.data.mending import packed, parts, replaced
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.data.wanted import layer_of_output, wanted_outputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.compiling import argument_of_compile
from kfunc_lab.mistakes.statements.own_code import constructor_of


def _target_structure(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None:
        return None
    outputs = wanted_outputs(passed.model)
    value, names = passed.value("y"), [output.name for output in outputs]
    edits = list(_columns(passed, names)) + list(_fewer(passed)) + list(_renamed(passed, names))
    if not edits:
        return None
    found = len(value) if kind_of(value) in ("list", "tuple", "dict") else 1
    reason = _("The model has {n} outputs ({names}); the targets do not match them.")
    if len(outputs) == 1:
        reason = _("The model has one output, got {found} targets.")
    sums = f"{found} ≠ {len(outputs)}" if found != len(outputs) else ""
    return mistake(
        failure,
        "target-count" if kind_of(value) != "dict" else "y-keys",
        reason.format(n=len(outputs), names=", ".join(names), found=found),
        edits,
        sums,
        "y",
    )


def _columns(passed: Passed, names: list[str]) -> Iterator[Edit]:
    """Yields the columns of one table as the targets of the outputs."""
    spec = spec_of_value(passed.value("y"))
    outputs = wanted_outputs(passed.model)
    as_dict = isinstance(getattr(passed.model, "output", None), dict)
    if (
        spec is None
        or len(spec.shape) != 2
        or len(outputs) < 2
        or spec.shape[1] != len(outputs)
    ):
        return
    y = passed.words("y")
    code = packed(names, [f"{y}[:, {place}]" for place in range(len(outputs))], as_dict)
    words = _("Pass one array for each output, in order: `{code}`.").format(code=code)
    yield Edit(words, replaced(passed, "y", code))


def _fewer(passed: Passed) -> Iterator[Edit]:
    """Yields one of several targets for a model with one output."""
    outputs, value = wanted_outputs(passed.model), passed.value("y")
    if len(outputs) != 1 or kind_of(value) not in ("list", "tuple"):
        return
    for each, source, _node in parts(passed, "y"):
        spec = spec_of_value(each)
        if spec is not None and spec.shape[1:] in (outputs[0].shape[1:], ()):
            words = _("Pass one array of targets: `{code}`.").format(code=source)
            yield Edit(words, replaced(passed, "y", source))


def _renamed(passed: Passed, names: list[str]) -> Iterator[Edit]:
    value, node = passed.value("y"), passed.node("y")
    if kind_of(value) != "dict":
        return
    missing = [name for name in names if name not in value]
    extra = [key for key in value if key not in names]
    if len(missing) != len(extra) or not missing:
        return
    pairs = dict(zip(extra, missing, strict=True))
    words = " ".join(
        _("Write the key '{name}' instead of '{wrong}'.").format(name=name, wrong=wrong)
        for wrong, name in pairs.items()
    )
    changes: list[Change] = []
    if isinstance(node, ast.Dict) and passed.code is not None:
        changes = [
            passed.code.replaced(key, f'"{pairs[key.value]}"')
            for key in node.keys
            if isinstance(key, ast.Constant) and key.value in pairs
        ]
    yield Edit(words, tuple(changes))


def _keys(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains keys of `loss`, `metrics` or `loss_weights` that are no outputs."""
    passed = find_passed(failure)
    if passed is None:
        return None
    names = [output.name for output in wanted_outputs(passed.model)]
    for role in ("loss", "metrics", "loss_weights"):
        found = argument_of_compile(passed, role)
        code, node = found if found is not None else (None, None)
        if not isinstance(node, ast.Dict):
            continue
        keys = [key for key in node.keys if isinstance(key, ast.Constant)]
        given = [str(key.value) for key in keys]
        extra = [key for key in keys if key.value not in names]
        missing = [name for name in names if name not in given]
        if not extra and (role != "loss" or not missing):
            continue
        reason = _("The outputs are named {wanted}, but `{what}` has the keys {given}.").format(
            wanted=", ".join(names), what=role, given=", ".join(given)
        )
        edits = list(_named(failure, [str(key.value) for key in extra], missing))
        edits += _mended_keys(code, node, extra, missing)
        where = str(extra[0].value) if extra else missing[0]
        return mistake(failure, f"{role}-keys", reason, edits, where=where)
    return None


def _named(failure: Failure, keys: list[str], missing: list[str]) -> Iterator[Edit]:
    """Yields the names of the output layers, if these have only automatic ones.

    Such names go on counting when a cell runs again, so keys by them would not last.
    """
    layers = {layer.name: layer for layer in _output_layers(failure)}
    if not keys or len(keys) != len(missing) or not set(missing) <= set(layers):
        return
    changes: list[Change] = []
    for name, key in zip(missing, keys, strict=True):
        site = constructor_of(layers[name], failure)
        kind = type(layers[name]).__name__.lower()
        if site is None or re.sub(r"_\d+$", "", name).replace("_", "") != kind:
            return
        if any(word.arg in ("name", None) for word in site[1].keywords):
            return
        changes.append(site[0].with_argument(site[1], "name", f'"{key}"'))
    words = _(
        "Name the output layers: {names}. Without a name of its own, a layer gets another one "
        "each time that the cell runs."
    ).format(names=", ".join(f'`name="{key}"`' for key in keys))
    yield Edit(words, tuple(changes))


def _output_layers(failure: Failure) -> list[Any]:
    outputs = getattr(failure.model, "outputs", None) or []
    layers = [layer_of_output(failure.model, place) for place in range(len(outputs))]
    return [layer for layer in layers if layer is not None]


def _mended_keys(
    code: Any, node: ast.Dict, extra: list[Any], missing: list[str]
) -> Iterator[Edit]:
    if extra and missing:
        words = _("Write the key '{name}' instead of '{wrong}'.").format(
            name=missing[0], wrong=extra[0].value
        )
        pairs = zip(extra, missing, strict=False)
        yield Edit(words, tuple(code.replaced(key, f'"{name}"') for key, name in pairs))
    elif extra:
        kept = [
            f"{code.source(key)}: {code.source(value)}"
            for key, value in zip(node.keys, node.values, strict=True)
            if key not in extra and key is not None
        ]
        words = _("Remove the key '{wrong}'.").format(wrong=extra[0].value)
        yield Edit(words, (code.replaced(node, f"{{{', '.join(kept)}}}"),))
    else:
        words = _("Add the key '{name}': with its loss, or `None` if it has none.")
        source = code.source(node)
        new = f'{source[:-1]}, "{missing[0]}": None}}'
        yield Edit(words.format(name=missing[0]), (code.replaced(node, new),))


def _weights(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains one list of weights or metrics for several outputs."""
    passed = find_passed(failure)
    if passed is None:
        return None
    names = [output.name for output in wanted_outputs(passed.model)]
    role = "loss_weights" if "loss_weights" in match[0] else "metrics"
    found = argument_of_compile(passed, role)
    if found is None or len(names) < 2:
        return None
    code, node = found
    if not isinstance(node, (ast.List, ast.Tuple)):
        return None
    items = node.elts
    sources = [code.source(item) for item in items]
    if role == "metrics":
        if len(sources) == len(names) or isinstance(node, ast.Dict):
            return None
        listed = f"[{', '.join(sources)}]"
        new = "{" + ", ".join(f'"{name}": {listed}' for name in names[:1]) + "}"
        reason = _("The model has {n} outputs ({names}), but `metrics` is a single list.")
        new = "{" + ", ".join(f'"{name}": {listed}' for name in names) + "}"
        rule_name = "metrics-count"
    else:
        padded = [*sources, *["1.0"] * len(names)][: len(names)]
        new = "{" + ", ".join(f'"{a}": {b}' for a, b in zip(names, padded, strict=True)) + "}"
        loss = argument_of_compile(passed, "loss")
        if loss is not None and not isinstance(loss[1], ast.Dict):
            new = f"[{', '.join(padded)}]"
        reason = _("The model has {n} outputs ({names}), and each needs a weight.")
        rule_name = "loss-count"
    words = _("Write one for each output, by name: `{what}={code}`.").format(
        what=role, code=new
    )
    sums = f"{len(sources)} ≠ {len(names)}" if len(sources) != len(names) else ""
    return mistake(
        failure,
        rule_name,
        reason.format(n=len(names), names=", ".join(names)),
        [Edit(words, (code.replaced(node, new),))],
        sums,
        role,
    )


RULES: tuple[Rule, ...] = (
    rule(
        "target-count",
        r"y_true and y_pred have different structures|Expected float32, but got \S+ of type 'str'",
        _target_structure,
    ),
    rule(
        "loss-keys",
        r"in loss dict, but found|Invalid `metrics`|dict argument `metrics`, key|^'?\w+'?$",
        _keys,
    ),
    rule(
        "loss-count",
        r"`loss_weights` must match the number of losses|Expected `loss_weights` argument|"
        r"Invalid `metrics`|`metrics` argument as a list",
        _weights,
    ),
)
