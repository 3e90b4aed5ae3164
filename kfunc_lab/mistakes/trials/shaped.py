"""Arrays in another shape, and as many examples of each."""

import ast
from collections.abc import Iterator
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.arrays import steps
from kfunc_lab.mistakes.data.inputs import step_words, template_for
from kfunc_lab.mistakes.data.kinds import Spec, leaves, spec_of_value
from kfunc_lab.mistakes.data.mending import applied, tried
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.trials.trial import Option, Trial, leaf_nodes

_STEP, _SAME_SLICE, _CUT, _WEIGHTS = 3.0, 0.5, 4.5, 2.4


def options(trial: Trial) -> Iterator[Option]:
    """Yields the call with arrays in another shape, or cut to the same number of examples."""
    yield from _weights(trial)
    yield from _same_slices(trial)
    yield from _steps(trial)
    yield from _cut(trial)


def _weights(trial: Trial) -> Iterator[Option]:
    """Yields weights of the classes for a list of a few numbers, or the call without weights."""
    node = trial.nodes.get("sample_weight")
    misfit, call = trial.misfit, trial.call
    if node is None or misfit is None or misfit.role not in ("sample_weight", "count"):
        return
    value, y = trial.values.get("sample_weight"), trial.values.get("y")
    keyword = next((each for each in call.keywords if each.value is node), None)
    if keyword is None:
        return
    classes = tried("len(np.unique({y}))", y=y) if spec_of_value(y) is not None else None
    highest = tried("int({y}.max()) if ({y} == {y}.astype(int)).all() else -1", y=y)
    items = list(value) if isinstance(value, (list, tuple)) else []
    if items and classes == len(items) == (highest or 0) + 1:
        code = ", ".join(f"{n}: {each}" for n, each in enumerate(items))
        words = _(
            "`sample_weight` has one weight for each example; weights of the classes are "
            "`class_weight={code}`."
        ).format(code=f"{{{code}}}")
        change = trial.code.replaced(keyword, f"class_weight={{{code}}}")
        yield Option(_WEIGHTS, Edit(words, (change,)))
    removed, spec = trial.code.without_argument(call, "sample_weight"), _first_spec(trial)
    if removed is not None and spec is not None:
        words = _(
            "Leave `sample_weight` out, or pass one weight for each of the {n} examples."
        ).format(n=spec.shape[0])
        yield Option(_WEIGHTS + 1, Edit(words, (removed,)))


def _first_spec(trial: Trial) -> Spec | None:
    for each in leaves(trial.values.get("x"))[:1]:
        spec = spec_of_value(each)
        return spec if spec is not None and spec.shape else None
    return None


def _pairs(trial: Trial, role: str) -> list[tuple[ast.expr, Any]]:
    """Returns the expression of each array of an argument with its value."""
    nodes = list(leaf_nodes(trial.nodes.get(role)))
    values = leaves(trial.values.get(role))
    return list(zip(nodes, values, strict=True)) if len(nodes) == len(values) else []


def _steps(trial: Trial) -> Iterator[Option]:
    pairs = _pairs(trial, "x")
    wants = trial.fitting.wants
    if len(pairs) == len(wants):
        for (node, value), want in zip(pairs, wants, strict=True):
            yield from _steps_of(trial, node, value, want.shape)
    pairs = _pairs(trial, "y")
    outputs = trial.fitting.outputs
    if len(pairs) == len(outputs):
        for (node, value), output in zip(pairs, outputs, strict=True):
            for shape in (output.shape, output.shape[:-1]):
                yield from _steps_of(trial, node, value, shape)


def _steps_of(trial: Trial, node: ast.expr, value: Any, wanted: Any) -> Iterator[Option]:
    spec = spec_of_value(value)
    if spec is None or None in spec.shape or not spec.shape:
        return
    for place, step in enumerate(steps(spec.shape, wanted)):
        template = template_for(step.template, value)
        new = applied(template, trial.code, node)
        words = step_words(step, template, trial.source(node))
        yield Option(_STEP + place / 10, Edit(words, (trial.code.replaced(node, new),)))


def _all_pairs(trial: Trial) -> list[tuple[ast.expr, Any]]:
    roles = ("x", "y", "sample_weight")
    return [pair for role in roles for pair in _pairs(trial, role)]


def _counts(pairs: list[tuple[ast.expr, Any]]) -> list[int] | None:
    specs = [spec_of_value(value) for _node, value in pairs]
    if not specs or any(spec is None or not spec.shape for spec in specs):
        return None
    return [int(spec.shape[0] or 0) for spec in specs if spec is not None]


def _same_slices(trial: Trial) -> Iterator[Option]:
    """Yields the slice of one array, such as `[:1000]`, for the other arrays too."""
    pairs = _all_pairs(trial)
    counts = _counts(pairs)
    if counts is None or len(set(counts)) < 2:
        return
    for node, _value in pairs:
        part = node.slice if isinstance(node, ast.Subscript) else None
        bounds = [getattr(part, name, None) for name in ("lower", "upper")]
        if not isinstance(part, ast.Slice) or not any(bounds):
            continue
        if not all(bound is None or _is_positive(bound) for bound in bounds):
            continue
        written = f"[{trial.source(part)}]"
        others = [each for each, _other in pairs if not trial.source(each).endswith(written)]
        yield _cut_option(trial, others, written, _SAME_SLICE)


def _is_positive(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int) and node.value > 0
    return not isinstance(node, ast.UnaryOp)


def _cut(trial: Trial) -> Iterator[Option]:
    """Yields the first examples of the arrays that have more than the others."""
    pairs = _all_pairs(trial)
    counts = _counts(pairs)
    if counts is None or min(counts) < 1 or len(set(counts)) < 2:
        return
    count = min(counts)
    longer = [pair[0] for pair, each in zip(pairs, counts, strict=True) if each > count]
    yield _cut_option(trial, longer, f"[:{count}]", _CUT)


def _cut_option(trial: Trial, nodes: list[ast.expr], written: str, cost: float) -> Option:
    changes: list[Change] = []
    codes = []
    for node in nodes:
        new = applied(f"{{x}}{written}", trial.code, node)
        codes.append(new)
        changes.append(trial.code.replaced(node, new))
    words = _(
        "If the examples belong together, take the same number of each: `{code}`."
    ).format(code=", ".join(codes))
    return Option(cost, Edit(words, tuple(changes)))
