"""Other variables of the learner in the place of what was passed."""

import ast
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import islice, permutations
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.kinds import kind_of, leaves, spec_of_value
from kfunc_lab.mistakes.data.mending import packed
from kfunc_lab.mistakes.data.wanted import Wanted, takes_dict
from kfunc_lab.mistakes.source.code import end_of
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.trials.fitting import misfit_of_loss
from kfunc_lab.mistakes.trials.trial import Option, Trial, leaf_nodes

_COST, _SWAP, _MISSING, _ORDER = 2.45, 1.3, 1.6, 1.4
_TWICE = 1.0  # the inputs are passed as the targets, too
_INPUTS = 0.1  # inputs with the targets of other data: the targets are wrong rather
_MAX = 300  # variables


def options(trial: Trial) -> Iterator[Option]:
    """Yields the call with other variables, with x and y exchanged, or with what is missing."""
    yield from _exchanged(trial)
    yield from _permuted(trial)
    yield from _targets_in_x(trial)
    yield from _missing_targets(trial)
    yield from _completed(trial, "x")
    yield from _completed(trial, "y")
    yield from _replaced(trial)


def arrays(trial: Trial) -> dict[str, Any]:
    """Returns the learner's variables that hold arrays, the latest first."""
    scope = trial.passed.scope
    if scope is None:
        return {}
    names = {**scope.f_globals, **scope.f_locals}
    found = {
        name: value
        for name, value in islice(reversed(list(names.items())), 5 * _MAX)
        if not name.startswith("_")
        and kind_of(value) in ("array", "tensor", "frame", "series")
        and spec_of_value(value) is not None
    }
    return dict(islice(found.items(), _MAX))


def _exchanged(trial: Trial) -> Iterator[Option]:
    x, y = trial.nodes.get("x"), trial.nodes.get("y")
    if x is None or y is None:
        return
    one, two = trial.source(y), trial.source(x)
    words = _("The inputs come first, then the targets: `{code}`.").format(code=f"{one}, {two}")
    changes = (trial.code.replaced(x, one), trial.code.replaced(y, two))
    yield Option(_SWAP, Edit(words, changes))


def _permuted(trial: Trial) -> Iterator[Option]:
    """Yields the arrays of a list, tuple or dict in another order."""
    for role, wants in (("x", trial.fitting.wants), ("y", trial.fitting.outputs)):
        node = trial.nodes.get(role)
        nodes = list(leaf_nodes(node))
        if not isinstance(node, (ast.List, ast.Tuple, ast.Dict)) or not 2 <= len(nodes) <= 4:
            continue
        for order in list(permutations(nodes))[1:]:
            sources = list(map(trial.source, order))
            code = ", ".join(sources)
            what = ", ".join(want.name for want in wants)
            words = _("The inputs are {names}, in this order: `{code}`.")
            if role == "y":
                words = _("The outputs are {names}, in this order: `{code}`.")
            changes = (
                trial.code.replaced(old, new)
                for old, new in zip(nodes, sources, strict=True)
                if trial.source(old) != new
            )
            words = words.format(names=what, code=f"[{code}]")
            yield Option(_ORDER, Edit(words, tuple(changes)))


def _is_autoencoder(trial: Trial) -> bool:
    wants, outputs = trial.fitting.wants, trial.fitting.outputs
    return len(wants) == len(outputs) == 1 and wants[0].shape[1:] == outputs[0].shape[1:]


def _targets_in_x(trial: Trial) -> Iterator[Option]:
    """Yields the last of several arrays in x as the targets."""
    node = trial.nodes.get("x")
    zipped = node
    while isinstance(zipped, ast.Call) and _called(zipped) in ("list", "tuple", "array"):
        zipped = zipped.args[0] if zipped.args else None
    if isinstance(zipped, ast.Call) and _called(zipped) == "zip":
        items = list(zipped.args)
    else:
        items = list(getattr(node, "elts", []))
    if node is None or trial.values.get("y") is not None or len(items) < 2:
        return
    if not trial.fitting.needs_targets:
        return
    sources = list(map(trial.source, items))
    names = [want.name for want in trial.fitting.wants]
    count = len(items) - 1
    if count == 1:
        first = sources[0]
    elif count == len(names):
        first = packed(names, sources[:-1], takes_dict(trial.passed.model))
    else:
        return
    yield _with_targets(trial, first, sources[-1], 1.0)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _with_targets(trial: Trial, x: str, y: str, cost: float) -> Option:
    words = _("Pass the targets as the second argument: `{method}({code}, ...)`.").format(
        method=trial.passed.method, code=f"{x}, {y}"
    )
    return Option(cost, Edit(words, _changes_of_both(trial, x, y)))


def _changes_of_both(trial: Trial, x: str, y: str) -> tuple[Change, ...]:
    one, two = trial.nodes["x"], trial.nodes.get("y")
    changes = [trial.code.replaced(one, x)] if x != trial.source(one) else []
    if two is not None:
        return (*changes, trial.code.replaced(two, y))
    by_name = any(keyword.value is one for keyword in trial.call.keywords)
    new = f", y={y}" if by_name else f", {y}"
    if changes:
        return (trial.code.replaced(one, f"{x}{new}"),)
    end = end_of(one)
    return (Change(trial.code.file, end, end, new),)


def _missing_targets(trial: Trial) -> Iterator[Option]:
    """Yields targets for a call without any: the rest of a slice, or a variable."""
    x = trial.nodes.get("x")
    missing = trial.values.get("y") is None and trial.fitting.needs_targets
    if x is None or not missing or trial.passed.validation:
        return
    if len(trial.fitting.outputs) != 1:
        return
    for rest in _rests(trial, x):
        yield _with_targets(trial, trial.source(x), rest, _MISSING)
    passed = {id(each) for each in leaves(trial.values.get("x"))}
    expected = _partner(trial.source(x), "y")
    for name, value in arrays(trial).items():
        if id(value) not in passed:
            far = 1 - _likeness(name, [*expected, "y", "labels", "targets"])
            yield _with_targets(trial, trial.source(x), name, _MISSING + 0.5 * far)


def _rests(trial: Trial, node: ast.expr) -> Iterator[str]:
    """Yields the part of an array behind a slice: `a[:, 10:]` for `a[:, :10]`."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
        return
    items = node.slice.elts
    for place, item in enumerate(items):
        if isinstance(item, ast.Slice) and item.lower is None and item.upper is not None:
            upper = trial.source(item.upper)
            new = ["1:"] if upper == "-1" else []
            sources = list(map(trial.source, items))
            for part in [*new, f"{upper}:"]:
                inner = ", ".join([*sources[:place], part, *sources[place + 1 :]])
                yield f"{trial.source(node.value)}[{inner}]"


def _completed(trial: Trial, role: str) -> Iterator[Option]:
    """Yields the arrays of a role with variables for the inputs or outputs that lack one."""
    node, fitting = trial.nodes.get(role), trial.fitting
    wants = fitting.wants if role == "x" else fitting.outputs
    given, values = list(leaf_nodes(node)), leaves(trial.values.get(role))
    if node is None or not 0 < len(given) < len(wants) or len(values) != len(given):
        return
    used = [*leaves(trial.values.get("x")), *leaves(trial.values.get("y"))]
    count = _count(trial.values.get("y" if role == "x" else "x")) or _count(values[0])
    others = {
        name: value
        for name, value in arrays(trial).items()
        if _count(value) == count and not any(value is each for each in used)
    }
    left = dict(zip(map(trial.source, given), values, strict=True))
    names = _matched(trial, role, wants, left, others)
    if names is None:
        return
    sources = [names[want.name] for want in wants]
    is_dict = isinstance(node, ast.Dict) or (role == "x" and takes_dict(trial.passed.model))
    code = packed([want.name for want in wants], sources, is_dict)
    words = _("The model has {n} inputs; pass one array for each: `{code}`.")
    if role == "y":
        words = _("The model has {n} outputs; pass one array for each: `{code}`.")
    words = words.format(n=len(wants), code=code)
    yield Option(_MISSING, Edit(words, (trial.code.replaced(node, code),)))


def _matched(
    trial: Trial, role: str, wants: list[Wanted], left: dict[str, Any], others: dict[str, Any]
) -> dict[str, str] | None:
    """Returns the array for each input or output: first those that were passed."""

    def fits(value: Any, want: Wanted) -> bool:
        if role == "x":
            return _fits(value, want)
        loss = trial.fitting.loss_of(want.name)
        return loss is None or not misfit_of_loss(loss, value, want.shape)

    chosen: dict[str, str] = {}
    for known in (left, others):
        for name, value in known.items():
            free = [want for want in wants if want.name not in chosen and fits(value, want)]
            best = max(free, key=lambda want: _likeness(name, [want.name]), default=None)
            if best is not None:
                chosen[best.name] = name
    return chosen if len(chosen) == len(wants) else None


def _fits(value: Any, want: Wanted) -> bool:
    spec = spec_of_value(value)
    return (
        spec is not None
        and len(spec.shape) == len(want.shape)
        and all(
            None in pair or len(set(pair)) == 1
            for pair in zip(spec.shape[1:], want.shape[1:], strict=True)
        )
        and (want.dtype.startswith("int")) <= (not spec.dtype.startswith("float"))
    )


def _count(value: Any) -> int | None:
    for each in leaves(value)[:1]:
        spec = spec_of_value(each)
        return spec.shape[0] if spec is not None and spec.shape else None
    return None


def _replaced(trial: Trial) -> Iterator[Option]:
    """Yields the call with another variable in the place of one array."""
    known = arrays(trial)
    used = [*leaves(trial.values.get("x")), *leaves(trial.values.get("y"))]
    if _is_autoencoder(trial):
        used = leaves(trial.values.get("y"))
    for role in ("x", "y"):
        node = trial.nodes.get(role)
        other = trial.nodes.get("y" if role == "x" else "x")
        for place, leaf in enumerate(leaf_nodes(node)):
            old = trial.source(leaf)
            expected = [old]
            wrong_count = trial.misfit is not None and trial.misfit.role == "count"
            if other is not None and wrong_count and len(trial.fitting.wants) == 1:
                expected += _partner(trial.source(other), role)
            if role == "x" and place < len(trial.fitting.wants):
                expected.append(trial.fitting.wants[place].name)
            for name, value in known.items():
                inside = name == old or name in _names_in(leaf)  # see `unwrapped`
                if inside or any(value is each for each in used):
                    continue
                yield _other_variable(trial, leaf, name, old, expected, role)


def _names_in(node: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _other_variable(
    trial: Trial, leaf: ast.expr, name: str, old: str, expected: list[str], role: str
) -> Option:
    far = 1 - _likeness(name, expected) + _INPUTS * (role == "x")
    x, y = trial.nodes.get("x"), trial.nodes.get("y")
    if x is not None and y is leaf and trial.source(x) == old and not _is_autoencoder(trial):
        far -= _TWICE
    words = _("Pass `{new}` instead of `{old}`.").format(new=name, old=" ".join(old.split()))
    return Option(_COST + far, Edit(words, (trial.code.replaced(leaf, name),)))


def _partner(name: str, role: str) -> list[str]:
    """Returns how the targets or inputs of a variable may be called: `y_train` for `x_train`."""
    if not re.fullmatch(r"\w+", name):
        return []
    new = re.sub(r"^[xXyY](?=_|\d|$)", role, name)
    return [new] if new != name else []


def _likeness(name: str, expected: list[str]) -> float:
    """Returns how alike two names are, from 0 to 1."""
    return max(
        (SequenceMatcher(None, name.lower(), each.lower()).ratio() for each in expected),
        default=0.0,
    )
