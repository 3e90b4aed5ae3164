"""Edits that make data fit the inputs of a model: one array, a list, or a dict."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from kfunc_lab.graph.keras.acceptance import accepts, fits, names_given
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.arrays import Step, steps
from kfunc_lab.mistakes.data.cells import assigned, made_by
from kfunc_lab.mistakes.data.kinds import Spec, is_ragged, kind_of, spec_of_list, spec_of_value
from kfunc_lab.mistakes.data.mending import (
    applied,
    counted,
    dict_nodes,
    module_name,
    packed,
    parts,
    replaced,
    transformed,
)
from kfunc_lab.mistakes.data.passed import Passed, value_of
from kfunc_lab.mistakes.data.wanted import Wanted, takes_dict, wanted_inputs
from kfunc_lab.mistakes.source.edit import Change, Edit


def edits_of_x(passed: Passed) -> list[Edit]:
    """Returns the edits after which a model accepts its data, the first choice first."""
    wants = wanted_inputs(passed.model)
    kind = kind_of(passed.value("x"))
    if not wants:
        return []
    found: Iterator[Edit] = iter(())
    if kind in ("array", "tensor", "frame", "series"):
        found = _one_array(passed, wants)
    elif kind == "dict":
        found = _dict(passed, wants)
    elif kind in ("list", "tuple"):
        found = _list(passed, wants)
    elif kind == "number" and len(wants) == 1:
        found = _python_list(passed)
    unique: dict[str, Edit] = {}
    for edit in found:
        unique.setdefault(edit.words, edit)
    return list(unique.values())


# -- one array


def _one_array(passed: Passed, wants: list[Wanted]) -> Iterator[Edit]:
    spec = spec_of_value(passed.value("x"))
    if spec is None or None in spec.shape:
        return
    if len(wants) > 1:
        yield from _split(passed, wants, spec)
        return
    count = counted(spec_of_value(passed.value("y")))
    for step in _steps(spec.shape, wants[0].shape, count):
        if accepts(passed.model, Spec(step.shape, wants[0].dtype)):
            template = template_for(step.template, passed.value("x"))
            changes = transformed(passed, "x", template)
            yield Edit(step_words(step, template, passed.words("x")), changes)


def _steps(shape: Any, wanted: Any, count: int | None) -> list[Step]:
    found = steps(shape, wanted, count)
    return found or (steps(shape, wanted) if count is None else [])


def template_for(template: str, value: Any) -> str:
    """Returns a transformation of an array in the words of a tensor or a frame."""
    kind = kind_of(value)
    if kind in ("frame", "series"):
        return template.replace("{x}", "{x}.to_numpy()")
    if kind == "tensor" and "{x}." in template:
        name, rest = template.removeprefix("{x}.").split("(", 1)
        rest = rest.removesuffix(")")
        return f"keras.ops.{name}({{x}}, {rest if rest.startswith('(') else f'({rest})'})"
    return template


def step_words(step: Step, template: str, x: str) -> str:
    """Returns the sentence that names a transformation.

    Args:
        step: The transformation.
        template: Its source, with `{x}` in the place of the array.
        x: The source of the array.
    """
    words = {
        "batch": _("Pass one example as a batch of one: `{code}`."),
        "one-less": _("Remove the axis of size 1: `{code}`."),
        "one-more": _("Add an axis of size 1: `{code}`."),
        "order": _("Put the axes in the order of the model: `{code}`."),
        "batch-last": _("Put the axis of the examples first: `{code}`."),
        "merge": _("Reshape the data: `{code}`."),
        "repeat": _("Repeat the gray channel three times: `{code}`."),
        "slice": _("Keep the channels that the model has: `{code}`."),
    }[step.kind].format(code=template.replace("{x}", x))
    if step.wrong:
        words += " " + _("`{wrong}` has that shape too, but mixes the numbers.").format(
            wrong=step.wrong.replace("{x}", x)
        )
    return words


def _split(passed: Passed, wants: list[Wanted], spec: Spec) -> Iterator[Edit]:
    """Yields ways to take several inputs from one array: by columns, or along an axis."""
    yield from _unjoined(passed, wants)
    for templates, shapes in _splits(spec.shape, wants):
        parts_ = [Spec(shape, want.dtype) for shape, want in zip(shapes, wants, strict=True)]
        names = [want.name for want in wants]
        as_dict = takes_dict(passed.model)
        tried = dict(zip(names, parts_, strict=True)) if as_dict else parts_
        if accepts(passed.model, tried):
            template = packed(names, templates, as_dict)
            words = _("The model has {n} inputs; pass one array for each: `{code}`.").format(
                n=len(wants), code=template.replace("{x}", passed.words("x"))
            )
            yield Edit(words, transformed(passed, "x", template))


def _unjoined(passed: Passed, wants: list[Wanted]) -> Iterator[Edit]:
    """Yields the arrays that the learner joined in the call itself."""
    node, code = passed.node("x"), passed.code
    joins = ("concatenate", "hstack", "stack", "column_stack", "vstack", "array", "concat")
    if not isinstance(node, ast.Call) or code is None or not node.args:
        return
    listed = node.args[0]
    if code.source(node.func).rpartition(".")[2] not in joins or not isinstance(
        listed, (ast.List, ast.Tuple)
    ):
        return
    specs = [spec_of_value(value_of(each, passed.scope)) for each in listed.elts]
    sources = [code.source(each) for each in listed.elts]
    names = [want.name for want in wants]
    if len(specs) != len(wants) or None in specs:
        return
    by_source = dict(zip(sources, specs, strict=True))
    if set(sources) == set(names):
        sources = names
    as_dict = takes_dict(passed.model)
    ordered = [by_source[source] for source in sources]
    if accepts(passed.model, dict(zip(names, ordered, strict=True)) if as_dict else ordered):
        new = packed(names, sources, as_dict)
        words = _("The model has {n} inputs; pass one array for each: `{code}`.").format(
            n=len(wants), code=new
        )
        yield Edit(words, replaced(passed, "x", new))


def _splits(
    shape: tuple[Any, ...], wants: list[Wanted]
) -> Iterator[tuple[list[str], list[tuple[Any, ...]]]]:
    widths = [want.shape[1] if len(want.shape) == 2 else None for want in wants]
    if len(shape) == 2 and None not in widths:
        numbers = [width or 0 for width in widths]
        if sum(numbers) == shape[1]:
            starts = [sum(numbers[:place]) for place in range(len(numbers))]
            yield (
                [_columns(a, b, shape[1]) for a, b in zip(starts, numbers, strict=True)],
                [(shape[0], width) for width in numbers],
            )
    for axis in (0, 1):
        if len(shape) > axis + 1 and shape[axis] == len(wants):
            rest = (*shape[:axis], *shape[axis + 1 :])
            lead = ":, " * axis
            yield [f"{{x}}[{lead}{n}]" for n in range(len(wants))], [rest] * len(wants)


def _columns(start: int, width: int, total: int) -> str:
    end = "" if start + width == total else str(start + width)
    return f"{{x}}[:, {start or ''}:{end}]"


# -- a list


def _list(passed: Passed, wants: list[Wanted]) -> Iterator[Edit]:
    items = parts(passed, "x")
    specs = [spec_of_value(value) for value, *_rest in items]
    if not items or None in specs:
        yield from _python_list(passed)
        return
    yield from _targets_inside(passed, wants, items, [each for each in specs if each])
    if len(wants) == 1:
        yield from _joined(passed, wants[0], items, [each for each in specs if each])
        yield from _python_list(passed)
    elif len(items) == len(wants):
        yield from _ordered(passed, wants, items, [each for each in specs if each])
        yield from _each_part(passed, wants, items)


def _targets_inside(
    passed: Passed, wants: list[Wanted], items: list[Any], specs: list[Spec]
) -> Iterator[Edit]:
    """Yields the call with the last array as the targets."""
    if passed.value("y") is not None or len(items) != len(wants) + 1 or passed.code is None:
        return
    first: Any = specs[0] if len(wants) == 1 else specs[:-1]
    names = [want.name for want in wants]
    as_dict = takes_dict(passed.model)
    sources = [source for _value, source, _n in items]
    if accepts(passed.model, dict(zip(names, specs, strict=False)) if as_dict else first):
        new = f"{packed(names, sources[:-1], as_dict)}, {sources[-1]}"
        changes = replaced(passed, "x", new) if passed.method != "__call__" else ()
        words = _("Pass the targets as the second argument: `{method}({code}, ...)`.").format(
            method=passed.method, code=new
        )
        yield Edit(words, changes)


def _joined(
    passed: Passed, want: Wanted, items: list[Any], specs: list[Spec]
) -> Iterator[Edit]:
    """Yields ways to make one array of several: beside each other, or as examples."""
    np = module_name(passed, "numpy", "np")
    sources = ", ".join(source for _value, source, _n in items)
    rank = {len(spec.shape) for spec in specs}
    count = counted(spec_of_value(passed.value("y")))
    options: list[tuple[str, tuple[Any, ...]]] = []
    if rank == {1} and len({spec.shape for spec in specs}) == 1:
        size = specs[0].shape[0]
        options.append((f"{np}.stack([{sources}], axis=1)", (size, len(specs))))
    if rank == {2} and len({spec.shape[0] for spec in specs}) == 1:
        width = sum(spec.shape[1] or 0 for spec in specs)
        options.append((f"{np}.concatenate([{sources}], axis=1)", (specs[0].shape[0], width)))
    for code, shape in options:
        if accepts(passed.model, Spec(shape, want.dtype)) and count in (None, shape[0]):
            words = _("The model has one input; join the arrays: `{code}`.").format(code=code)
            yield Edit(words, replaced(passed, "x", code))


def _ordered(
    passed: Passed, wants: list[Wanted], items: list[Any], specs: list[Spec]
) -> Iterator[Edit]:
    """Yields the arrays in the order of the inputs, or by their names for a model of a dict."""
    names, as_dict = [want.name for want in wants], takes_dict(passed.model)
    for order in permutations(range(len(items))):
        ordered = [specs[place] for place in order]
        data: Any = dict(zip(names, ordered, strict=True)) if as_dict else ordered
        if (as_dict or order != tuple(range(len(items)))) and accepts(passed.model, data):
            code = packed(names, [items[place][1] for place in order], as_dict)
            words = _("The inputs are {names}, in this order: `{code}`.")
            if as_dict:
                words = _("The model takes a dict with the keys {names}: `{code}`.")
            yield Edit(
                words.format(names=", ".join(names), code=code), replaced(passed, "x", code)
            )
            return
        if len(items) > 5:
            return


def _each_part(passed: Passed, wants: list[Wanted], items: list[Any]) -> Iterator[Edit]:
    """Yields transformations of the arrays whose shapes do not fit."""
    count = counted(spec_of_value(passed.value("y")))
    words, changes = [], []
    for want, (value, source, node) in zip(wants, items, strict=True):
        spec = spec_of_value(value)
        if spec is None or fits((None, *spec.shape[1:]), want.shape):
            continue
        found = _steps(spec.shape, want.shape, count)
        if not found:
            return
        template = template_for(found[0].template, value)
        words.append(step_words(found[0], template, source))
        if node is not None and passed.code is not None:
            changes.append(passed.code.replaced(node, applied(template, passed.code, node)))
    if words:
        yield Edit(" ".join(words), tuple(changes) if len(changes) == len(words) else ())


def _python_list(passed: Passed) -> Iterator[Edit]:
    """Yields the array of a list of numbers or rows, or a batch of one."""
    wants, value = wanted_inputs(passed.model), passed.value("x")
    np = module_name(passed, "numpy", "np")
    if len(wants) != 1:
        return
    if is_ragged(value):
        yield from padded(passed, "x")
        return
    spec = spec_of_list(value)
    if spec is None:
        return
    options = [(f"{np}.array({{x}})", spec.shape)]
    for step in steps(spec.shape, wants[0].shape, counted(spec_of_value(passed.value("y")))):
        options.append((step.template.replace("{x}", f"{np}.array({{x}})"), step.shape))
    for template, shape in options:
        if accepts(passed.model, Spec(shape, wants[0].dtype)):
            yield Edit(
                _("Write `{code}`.").format(code=template.replace("{x}", passed.words("x"))),
                transformed(passed, "x", template),
            )
            return


def padded(passed: Passed, role: str) -> Iterator[Edit]:
    """Yields the padding of rows of different lengths to the length that the model wants."""
    value = passed.value(role)
    wants = wanted_inputs(passed.model)
    if role != "x" or len(wants) != 1 or len(wants[0].shape) < 2:
        return
    steps_wanted = wants[0].shape[1]
    length = steps_wanted or max(len(row) for row in value)
    spec = spec_of_list(list(value[:1][0])) if len(value) else None
    if spec is None:
        return
    dtype = "" if spec.dtype.startswith("int") else ', dtype="float32"'
    fixed = "" if steps_wanted is None else f", maxlen={steps_wanted}"
    template = f'keras.utils.pad_sequences({{x}}{fixed}, padding="post"{dtype})'
    shape = (len(value), length, *spec.shape[1:])
    if accepts(passed.model, Spec(shape, wants[0].dtype)):
        words = _("The rows have different lengths; fill them up with zeros: `{code}`.").format(
            code=template.replace("{x}", passed.words(role))
        )
        yield Edit(words, transformed(passed, role, template))


# -- a dict


def _dict(passed: Passed, wants: list[Wanted]) -> Iterator[Edit]:
    value: Mapping[Any, Any] = passed.value("x")
    names = [want.name for want in wants]
    missing = [name for name in names if name not in value]
    extra = [key for key in value if key not in names]
    if missing and len(extra) == len(missing) and not names_given(passed.model):
        yield from _named_inputs(passed, wants, missing, extra)
    elif missing and len(extra) >= len(missing):
        yield from _renamed(passed, wants, missing, extra)
    elif extra and not missing:
        yield from _fewer_keys(passed, extra)
    if not missing and not extra:
        items = parts(passed, "x")
        by_key = dict(zip(value, items, strict=True))
        yield from _each_part(passed, wants, [by_key[name] for name in names])


def matched(
    wants: Sequence[Wanted], names: Sequence[str], shapes: Mapping[Any, Any]
) -> dict[str, Any]:
    """Returns the key whose data fit each missing input, in order; empty if one has none."""
    by_name = {want.name: want for want in wants}
    left, found = list(shapes), {}
    for name in names:
        fitting = [key for key in left if fits((None, *shapes[key][1:]), by_name[name].shape)]
        if not fitting:
            return {}
        close = [key for key in fitting if str(key).lower() == name.lower()]
        found[name] = (close or fitting)[0]
        left.remove(found[name])
    return found


def _shapes(value: Mapping[Any, Any], keys: Sequence[Any]) -> dict[Any, Any]:
    specs = {key: spec_of_value(value[key]) for key in keys}
    return {key: spec.shape for key, spec in specs.items() if spec is not None}


def _named_inputs(
    passed: Passed, wants: list[Wanted], missing: list[str], extra: list[Any]
) -> Iterator[Edit]:
    """Yields the names of the inputs, for inputs that have none of their own."""
    yield from named_inputs(
        passed, wants, matched(wants, missing, _shapes(passed.value("x"), extra))
    )


def named_inputs(passed: Passed, wants: list[Wanted], pairs: dict[str, Any]) -> Iterator[Edit]:
    """Yields the edit that names the inputs by the keys of the data."""
    if not pairs or passed.code is None:
        return
    changes = input_names(passed, wants, pairs)
    words = _(
        "Name the inputs: {names}. Without a name of its own, an input gets another one each "
        "time that the cell runs."
    ).format(names=", ".join(f'`keras.Input(..., name="{key}")`' for key in pairs.values()))
    yield Edit(words, tuple(changes))


def input_names(passed: Passed, wants: list[Wanted], pairs: Mapping[str, Any]) -> list[Change]:
    """Returns the changes that name the calls of `Input`; none if they are not found."""
    from kfunc_lab.mistakes.data.cells import earlier_code

    if passed.code is None:
        return []
    for code in earlier_code(passed.code.file):
        calls = [
            call
            for call in code.calls
            if code.source(call.func).rpartition(".")[2] == "Input"
            and not any(keyword.arg == "name" for keyword in call.keywords)
        ]
        if len(calls) == len(wants):
            return [
                code.with_argument(call, "name", f'"{pairs[want.name]}"')
                for call, want in zip(calls, wants, strict=True)
                if want.name in pairs
            ]
        if calls:
            return []
    return []


def _renamed(
    passed: Passed, wants: list[Wanted], missing: list[str], extra: list[Any]
) -> Iterator[Edit]:
    pairs = matched(wants, missing, _shapes(passed.value("x"), extra))
    if not pairs:
        return
    words = " ".join(
        _("Write the key '{name}' instead of '{wrong}'.").format(name=name, wrong=key)
        for name, key in pairs.items()
    )
    found = dict_in_source(passed)
    changes: list[Change] = []
    if found is not None:
        code, node = found
        for key in node.keys:
            for name, wrong in pairs.items():
                if getattr(key, "value", None) == wrong and key is not None:
                    changes.append(code.replaced(key, f'"{name}"'))
    yield Edit(words, tuple(changes))


def dict_in_source(passed: Passed) -> tuple[Any, Any] | None:
    """Finds the dict that was passed, in the call or where its variable was assigned."""
    node = passed.node("x")
    if passed.code is None:
        return None
    if isinstance(node, ast.Dict):
        return passed.code, node
    if isinstance(node, ast.Name) and passed.call is not None:
        return assigned(
            node.id, passed.code.file, passed.call.lineno, lambda value: bool(dict_nodes(value))
        )
    return None


def _fewer_keys(passed: Passed, extra: list[Any]) -> Iterator[Edit]:
    x = passed.words("x")
    wants = [want.name for want in wanted_inputs(passed.model)]
    value = passed.value("x")
    kept = {name: spec_of_value(value[name]) for name in wants}
    if None in kept.values() or not accepts(passed.model, kept):
        return
    code = "{" + ", ".join(f'"{name}": {x}["{name}"]' for name in wants) + "}"
    words = _("Leave out the keys that the model does not have ({keys}): `{code}`.").format(
        keys=", ".join(map(str, extra)), code=code
    )
    nodes = dict_nodes(passed.node("x"))
    if nodes and passed.code is not None:
        sources = [passed.code.source(nodes[name]) for name in wants if name in nodes]
        if len(sources) == len(wants):
            code = packed(wants, sources, True)
    yield Edit(words, replaced(passed, "x", code))


def other_input(passed: Passed, want: Wanted, shape: Sequence[int | None]) -> Edit | None:
    """Returns the edit that gives an input the shape of the data; `None` if the graph refuses it.

    Args:
        passed: The call.
        want: The input.
        shape: The shape of the data, with the batch.
    """
    from kfunc_lab.graph.keras.reader import read
    from kfunc_lab.shapes.what_if import Changes, what_if

    try:
        graph = read(passed.model, lost=False).graph
        after = what_if(graph, Changes(inputs={want.name: (None, *shape[1:])}))
    except Exception:
        return None
    changed = next(iter([after.graph.call_of.get(want.name)]), None)
    if after.problems or changed is None or passed.code is None:
        return None
    words = _("Match the input to the data: `keras.Input(shape={shape})`.").format(
        shape=tuple(shape[1:])
    )
    found = made_by("Input", want.name, passed.code.file, want.shape)
    if found is None:
        return Edit(words)
    code, call = found
    if any(keyword.arg not in ("name", "shape", "dtype") for keyword in call.keywords):
        return Edit(words)
    return Edit(words, (code.with_argument(call, "shape", str(tuple(shape[1:])), 0),))
