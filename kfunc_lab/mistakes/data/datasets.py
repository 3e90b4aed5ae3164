"""Edits that make a `tf.data` dataset fit a model, tried on its `element_spec`."""

import ast
from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

from kfunc_lab.graph.keras.acceptance import accepts, names_given
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.arrays import steps
from kfunc_lab.mistakes.data.cells import assigned, earlier_code
from kfunc_lab.mistakes.data.inputs import matched, named_inputs
from kfunc_lab.mistakes.data.kinds import Spec
from kfunc_lab.mistakes.data.mending import transformed
from kfunc_lab.mistakes.data.passed import Passed
from kfunc_lab.mistakes.data.solution import Solution
from kfunc_lab.mistakes.data.wanted import Wanted, takes_dict, wanted_inputs
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change, Edit


def dataset_specs(dataset: Any) -> tuple[Any, ...] | None:
    """Returns the specs of what a dataset yields: x, and y and the weights if it has them."""
    import keras

    try:
        spec = dataset.element_spec
        parts = spec if isinstance(spec, tuple) else (spec,)
        return tuple(
            keras.tree.map_structure(lambda each: Spec(_shape(each), each.dtype.name), part)
            for part in parts
        )
    except Exception:  # a dataset of ragged rows or of unknown rank
        return None


def _shape(spec: Any) -> tuple[int | None, ...]:
    return tuple(None if size is None else int(size) for size in spec.shape.as_list())


def _mapped(function: Any, structure: Any) -> Any:
    import keras

    return keras.tree.map_structure(function, structure)


def dataset_solution(passed: Passed) -> Solution:
    """Returns the edits after which a model accepts a dataset."""
    specs = dataset_specs(passed.value("x"))
    wants = wanted_inputs(passed.model)
    if specs is None or not wants:
        return Solution()
    for find in (_unbatched, _batched_twice, _keys, _flat, _named, _other_shape):
        solution = find(passed, wants, specs)
        if solution is not None:
            return solution
    return Solution()


def _unbatched(passed: Passed, wants: list[Wanted], specs: tuple[Any, ...]) -> Solution | None:
    batched = _mapped(lambda spec: Spec((None, *spec.shape), spec.dtype), specs[0])
    if not accepts(passed.model, batched) or accepts(passed.model, specs[0]):
        return None
    x = passed.words("x", "ds")
    reason = _("The dataset {x} gives one example at a time, and the model takes batches.")
    lost = _lost_batch(passed)
    if lost is not None:
        code, statement, source = lost
        name = source.partition(".")[0]
        words = _(
            "Write `{name} = {code}`: `batch` returns a new dataset and leaves the old one as "
            "it is."
        ).format(name=name, code=source)
        change = code.replaced(statement, f"{name} = {source}")
        return Solution([Edit(words, (change,))], "missing-batch", reason.format(x=x))
    words = _("Write `{code}`.").format(code=f"{x}.batch(32)")
    edits = [Edit(words, transformed(passed, "x", "{x}.batch(32)"))]
    return Solution(edits, "missing-batch", reason.format(x=x))


def _lost_batch(passed: Passed) -> tuple[Code, ast.Expr, str] | None:
    """Finds a statement such as `ds.batch(10)`, whose result is lost."""
    node = passed.node("x")
    if not isinstance(node, ast.Name) or passed.code is None:
        return None
    for code in earlier_code(passed.code.file):
        for statement in ast.walk(code.tree):
            if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
                continue
            names = _methods(statement.value)
            if names and names[0] == node.id and "batch" in names:
                return code, statement, code.source(statement.value)
    return None


def _methods(call: ast.expr) -> list[str]:
    """Returns the name and the methods of a chain of calls, such as `ds.shuffle(9).batch(3)`."""
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        return [*_methods(call.func.value), call.func.attr]
    return [call.id] if isinstance(call, ast.Name) else []


def _batched_twice(
    passed: Passed, wants: list[Wanted], specs: tuple[Any, ...]
) -> Solution | None:
    if any(len(spec.shape) < 2 for spec in _flat_specs(specs[0])):
        return None
    once = _mapped(lambda spec: Spec((None, *spec.shape[2:]), spec.dtype), specs[0])
    if not accepts(passed.model, once):
        return None
    x = passed.words("x", "ds")
    reason = _("The dataset {x} makes batches of batches: it was batched twice.").format(x=x)
    found = _last_batch(passed)
    if found is None:
        words = _("Write `{code}`.").format(code=f"{x}.unbatch()")
        changes = transformed(passed, "x", "{x}.unbatch()")
        return Solution([Edit(words, changes)], "batched-twice", reason)
    code, call = found
    source = code.source(call)
    kept = code.source(call.func.value)  # type: ignore[attr-defined]
    words = _("Leave one of them out: `.{call}`.").format(
        call=source.removeprefix(kept).lstrip(".").strip()
    )
    return Solution([Edit(words, (code.replaced(call, kept),))], "batched-twice", reason)


def _last_batch(passed: Passed) -> tuple[Code, ast.Call] | None:
    """Finds the last `.batch(...)` in the expression of a dataset."""
    node = passed.node("x")
    code = passed.code
    if isinstance(node, ast.Name) and code is not None and passed.call is not None:
        found = assigned(
            node.id, code.file, passed.call.lineno, lambda it: "batch" in _methods(it)
        )
        if found is None:
            return None
        code, node = found
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "batch" and code is not None:
            return code, node
        node = node.func.value
    return None


def _flat_specs(structure: Any) -> list[Spec]:
    import keras

    return list(keras.tree.flatten(structure))


def _keys(passed: Passed, wants: list[Wanted], specs: tuple[Any, ...]) -> Solution | None:
    if not isinstance(specs[0], Mapping):
        return None
    shapes = {key: spec.shape for key, spec in specs[0].items()}
    names = [want.name for want in wants]
    missing = [name for name in names if name not in shapes]
    extra = [key for key in shapes if key not in names]
    pairs = matched(wants, missing, {key: shapes[key] for key in extra})
    if missing and not pairs:
        return None
    if missing and not names_given(passed.model):
        return Solution(list(named_inputs(passed, wants, pairs)))
    keys = {name: pairs.get(name, name) for name in names}
    if not accepts(passed.model, {name: specs[0][key] for name, key in keys.items()}):
        return None
    reason = _("The data hold keys that the model does not have: {keys}.").format(
        keys=", ".join(map(str, extra))
    )
    if missing:
        reason = ""
    return Solution(
        [_map(passed, _chosen(keys), len(specs))], "" if missing else "input-keys", reason
    )


def _chosen(keys: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f'"{name}": x["{key}"]' for name, key in keys.items()) + "}"


def _map(passed: Passed, code: str, count: int) -> Edit:
    """Returns the edit that maps the inputs of a dataset."""
    others = ["x", "y", "w"][:count]
    result = ", ".join([code, *others[1:]])
    result = f"({result})" if count > 1 else result
    template = f"{{x}}.map(lambda {', '.join(others)}: {result})"
    words = _("Write `{code}`.").format(code=template.replace("{x}", passed.words("x", "ds")))
    return Edit(words, transformed(passed, "x", template))


def _flat(passed: Passed, wants: list[Wanted], specs: tuple[Any, ...]) -> Solution | None:
    """Puts the inputs into a tuple of their own, as in `((a, b), y)`."""
    count = len(wants)
    if count < 2 or len(specs) not in (count, count + 1):
        return None
    inputs = list(specs[:count])
    names = [want.name for want in wants]
    as_dict = takes_dict(passed.model)
    if not accepts(passed.model, dict(zip(names, inputs, strict=True)) if as_dict else inputs):
        return None
    letters = [f"x{place + 1}" for place in range(count)]
    together = f"({', '.join(letters)})"
    if as_dict:
        pairs = zip(names, letters, strict=True)
        together = "{" + ", ".join(f'"{name}": {letter}' for name, letter in pairs) + "}"
    rest = ["y"] if len(specs) > count else []
    result = f"({', '.join([together, *rest])}{'' if rest else ','})"
    template = f"{{x}}.map(lambda {', '.join([*letters, *rest])}: {result})"
    reason = _(
        "Keras reads a tuple as inputs, targets and weights; the {n} inputs need a tuple of "
        "their own."
    ).format(n=count)
    words = _("Write `{code}`.").format(code=template.replace("{x}", passed.words("x", "ds")))
    return Solution([Edit(words, transformed(passed, "x", template))], "", reason)


def _named(passed: Passed, wants: list[Wanted], specs: tuple[Any, ...]) -> Solution | None:
    """Puts a tuple of inputs into a dict, for a model that was built on one."""
    inputs, names = specs[0], [want.name for want in wants]
    if not takes_dict(passed.model) or not isinstance(inputs, (tuple, list)):
        return None
    if len(inputs) != len(wants) or not all(isinstance(each, Spec) for each in inputs):
        return None
    places = range(len(inputs))
    for order in permutations(places):
        data = {name: inputs[place] for name, place in zip(names, order, strict=True)}
        if accepts(passed.model, data):
            pairs = (f'"{name}": x[{n}]' for name, n in zip(names, order, strict=True))
            return Solution([_map(passed, "{" + ", ".join(pairs) + "}", len(specs))])
    return None


def _other_shape(
    passed: Passed, wants: list[Wanted], specs: tuple[Any, ...]
) -> Solution | None:
    """Transforms the inputs of each batch."""
    spec = specs[0]
    if len(wants) != 1 or not isinstance(spec, Spec) or None in spec.shape[1:]:
        return None
    batch = 7  # any number that is no size of the example
    edits = []
    for step in steps((batch, *spec.shape[1:]), wants[0].shape, batch):
        if accepts(passed.model, Spec((None, *step.shape[1:]), spec.dtype)):
            code = step.template.replace("np.", "keras.ops.")
            if code.startswith("{x}."):
                name, rest = code.removeprefix("{x}.").removesuffix(")").split("(", 1)
                inner = rest if rest.startswith("(") else f"({rest})"
                code = f"keras.ops.{name}({{x}}, {inner})"
            edits.append(_map(passed, code.replace("{x}", "x"), len(specs)))
    return Solution(edits) if edits else None


def slices_as_tuples(code: Code, call: ast.Call) -> Iterator[Change]:
    """Yields the changes that make tuples of the lists in `from_tensor_slices`."""
    for node in ast.walk(call):
        if isinstance(node, ast.List) and not all(
            isinstance(each, ast.Constant | ast.List) for each in node.elts
        ):
            inner = ", ".join(code.source(each) for each in node.elts)
            yield code.replaced(node, f"({inner}{',' if len(node.elts) == 1 else ''})")
