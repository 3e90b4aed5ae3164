"""Mistakes in the types of data: words, objects, missing values, lists in the place of arrays."""

import ast
import inspect
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.acceptance import accepts
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.inputs import edits_of_x, padded
from kfunc_lab.mistakes.data.kinds import (
    Spec,
    is_ragged,
    kind_of,
    leaves,
    missing_in,
    numbers_in,
    spec_of_list,
    spec_of_value,
    words_in,
)
from kfunc_lab.mistakes.data.mending import (
    applied,
    module_name,
    replaced,
    transformed,
    tried,
    validation_part,
)
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.data.wanted import wanted_inputs, wanted_outputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, quoted, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.statements.compiling import loss_name

_ROLES = ("x", "y", "sample_weight")


def _bad_part(passed: Passed) -> tuple[str, Any] | None:
    """Returns the argument that holds no numbers, and its value."""
    for role in _ROLES:
        value = passed.value(role)
        spec = spec_of_value(value)
        if spec is not None and re.match(r"str|object|bytes|datetime|<U|timedelta", spec.dtype):
            return role, value
    return None


def _no_numbers(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    bad = None if passed is None else _bad_part(passed)
    if passed is None or bad is None:
        return None
    role, value = bad
    name = passed.words(role)
    if words_in(value) and not (role == "x" and _takes_words(passed)):
        return words_for_numbers(failure, passed, role, value)
    edits = list(_edits(passed, role, value))
    reason = _("The data must be numbers, but {name} has the dtype {dtype}.")
    if role == "x" and _takes_words(passed):
        reason = _(
            "{name} holds texts as NumPy keeps them (dtype {dtype}), which Keras refuses."
        )
    if missing_in(value):
        reason = _(
            "{name} holds missing values (`None`). As numbers they are NaN, and then the loss "
            "is NaN: they must be filled first."
        )
    dtype = re.sub(r"\d+$", "", match["dtype"])
    return mistake(
        failure, "no-numbers", reason.format(name=name, dtype=dtype), edits, where=role
    )


def words_for_numbers(failure: Failure, passed: Passed, role: str, value: Any) -> Mistake:
    """Explains words where numbers are wanted."""
    edits = list(_edits(passed, role, value))
    example = next(str(each) for each in value.ravel() if not _is_number(each))
    reason = _("The data must be numbers, but {name} holds words such as {example}.").format(
        name=passed.words(role), example=quoted(example, 20)
    )
    return mistake(failure, "no-numbers", reason, edits, where=role)


def _is_number(item: Any) -> bool:
    try:
        float(item)
    except (TypeError, ValueError):
        return False
    return True


def _edits(passed: Passed, role: str, value: Any) -> Iterator[Edit]:
    np = module_name(passed, "numpy", "np")
    if is_ragged(value):
        yield from padded(passed, role)
        return
    if role == "x" and _takes_words(passed):
        yield from _as_text(passed)
        return
    if words_in(value):
        yield from (
            _class_numbers(passed, value, np)
            if role == "y"
            else _word_numbers(passed, value, np)
        )
        return
    inner = tried("np.stack(list({x}))", x=value[:50]) if value.dtype == object else None
    if inner is not None and value.ndim == 1 and inner.ndim > 1 and inner.dtype != object:
        yield _transformed(passed, role, f"{np}.stack(list({{x}}))")
        return
    template = '{x}.astype("float32")'
    if missing_in(value):
        if numbers_in(value):
            yield _transformed(passed, role, f"{np}.nan_to_num({template})")
        return
    result = tried(template, x=value[:1_000])
    if result is not None:
        yield _transformed(passed, role, template)


def _transformed(passed: Passed, role: str, template: str) -> Edit:
    words = _("Write `{code}`.").format(code=template.replace("{x}", passed.words(role)))
    return Edit(words, transformed(passed, role, template))


def _takes_words(passed: Passed) -> bool:
    wants = wanted_inputs(passed.model)
    return len(wants) == 1 and wants[0].dtype == "string"


def _as_text(passed: Passed) -> Iterator[Edit]:
    """Yields ways to pass texts: NumPy's own strings are refused."""
    tf = module_name(passed, "tensorflow", "")
    template = f"{tf}.constant({{x}})" if tf else "{x}.astype(object)"
    if kind_of(passed.value("x")) == "list":
        np = module_name(passed, "numpy", "np")
        template = template if tf else f"{np}.array({{x}}, dtype=object)"
    yield _transformed(passed, "x", template)


def _class_numbers(passed: Passed, value: Any, np: str) -> Iterator[Edit]:
    """Yields numbers for the words that name the classes."""
    outputs, loss = wanted_outputs(passed.model), loss_name(passed.model)
    names = tried("np.unique({y}.astype(str))", y=value)
    if len(outputs) != 1 or names is None:
        return
    units = outputs[0].shape[-1]
    simple = f"{np}.unique({{x}}, return_inverse=True)[1]"
    fits_sparse = "sparse" in loss and units is not None and len(names) <= units
    if (loss.startswith("binary") and len(names) == 2) or fits_sparse:
        template = simple
    elif loss.startswith("categorical") and units == len(names):
        template = f"keras.utils.to_categorical({simple}, {units})"
    else:
        return
    edit = _transformed(passed, "y", template)
    other = validation_part(passed, "y")
    code, node = passed.code, passed.node("y")
    if other is not None and code is not None and node is not None:
        # The validation data may lack a class; its words get the numbers of the training data.
        same = applied(template, code, other).replace(
            applied(simple, code, other),
            f"{np}.searchsorted({applied(f'{np}.unique({{x}})', code, node)}, "
            f"{code.source(other)})",
        )
        edit = Edit(
            edit.words,
            (code.replaced(node, applied(template, code, node)), code.replaced(other, same)),
        )
    yield edit


def _word_numbers(passed: Passed, value: Any, np: str) -> Iterator[Edit]:
    """Yields whole numbers for words that go into an Embedding; nothing for other layers."""
    from kfunc_lab.graph.keras.reader import read

    wants = wanted_inputs(passed.model)
    names = tried("np.unique({x}.astype(str))", x=value)
    if len(wants) != 1 or names is None:
        return
    yield from _word_columns(passed, value, np)
    graph = read(passed.model, lost=False).graph
    following = [edge.target for edge in graph.edges if edge.source == wants[0].name]
    calls = [graph.call_of[each] for each in following]
    if _are_sentences(value):
        if calls and all(call.kind == "Embedding" for call in calls):
            least = min(int(str(call.settings.get("input_dim", 0))) for call in calls)
            yield from _vectorized(passed, wants[0].shape, least)
        return
    if calls and all(
        call.kind == "Embedding" and len(names) <= int(str(call.settings.get("input_dim", 0)))
        for call in calls
    ):
        template = f"{np}.unique({{x}}, return_inverse=True)[1].reshape({{x}}.shape)"
        yield _transformed(passed, "x", template)


def _are_sentences(value: Any) -> bool:
    """Returns whether most of the texts have several words."""
    texts = [str(each).strip() for each in value.ravel()[:200]]
    return 2 * sum(" " in text for text in texts) > len(texts)


def _vectorized(passed: Passed, shape: Any, vocabulary: int) -> Iterator[Edit]:
    """Yields a layer that numbers the words of each text, as many as the Embedding knows."""
    keras, np = module_name(passed, "keras", "keras"), module_name(passed, "numpy", "np")
    name, node, code = "to_numbers", passed.node("x"), passed.code
    known = passed.scope is not None and name in passed.scope.f_locals
    if node is None or code is None or passed.call is None or known or len(shape) != 2:
        return
    length = "" if shape[1] is None else f", output_sequence_length={shape[1]}"
    made = f"{keras}.layers.TextVectorization(max_tokens={vocabulary}{length})"
    x, statement = code.source(node), code.statement_of(passed.call)
    indent = " " * (0 if statement is None else statement.col_offset)
    changes = (
        code.line_before(passed.call, f"{name} = {made}\n{indent}{name}.adapt({x})"),
        code.replaced(node, f"{np}.array({name}({x}))"),
    )
    yield Edit(
        _("Let a layer number the words of each text: `{code}`.").format(code=made), changes
    )


def _word_columns(passed: Passed, value: Any, np: str) -> Iterator[Edit]:
    """Yields whole numbers for the columns of a table that hold words beside numbers."""
    if value.ndim != 2 or value.dtype != object or value.shape[1] > 50:
        return
    columns = [n for n in range(value.shape[1]) if words_in(value[:, n])]
    node = passed.node("x")
    others = [n for n in range(value.shape[1]) if n not in columns]
    if not others or not all(numbers_in(value[:, n]) for n in others):
        return
    x = passed.words("x")
    lines = [
        f"{x}[:, {n}] = {np}.unique({x}[:, {n}].astype(str), return_inverse=True)[1]"
        for n in columns
    ]
    words = _("Number the words of their columns, `{code}`, then pass `{numbers}`.").format(
        code="; ".join(lines), numbers=f'{x}.astype("float32")'
    )
    changes = transformed(passed, "x", '{x}.astype("float32")')
    if isinstance(node, ast.Name) and passed.code is not None and passed.call is not None:
        numbered = tuple(passed.code.line_before(passed.call, line) for line in lines)
        yield Edit(words, (*numbered, *changes))


# -- objects that are no data


def _no_data(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None:
        return None
    for role in _ROLES:
        value = passed.value(role)
        if kind_of(value) in (
            "none",
            "array",
            "tensor",
            "frame",
            "series",
            "dataset",
            "sparse",
        ):
            continue
        found = _of_kind(passed, role, value)
        if found is not None:
            reason, edits = found
            return mistake(failure, "not-an-array", reason, edits, where=role)
    return None


def _of_kind(passed: Passed, role: str, value: Any) -> tuple[str, list[Edit]] | None:
    kind, name = kind_of(value), passed.words(role)
    if role == "sample_weight" and kind == "dict":
        return _weights_of_classes(passed, value)
    if role == "x" and (fewer := _without_numbers(passed, value)) is not None:
        reason = _("{name} holds a single number, which is no data for an input.")
        return reason.format(name=name), [fewer]
    if kind in ("list", "tuple", "dict"):
        if _holds_one_array_each(passed, role, value):
            return None
        edits = _array_edits(passed, role, value)
        if role == "x" and _listed_numbers(passed):
            edits = _both_arrays(passed) or edits
        if is_ragged(value):
            return _("The rows of {name} have different lengths.").format(name=name), edits
        return _("Keras expects arrays; {name} is a Python list.").format(name=name), edits
    if kind == "function" and inspect.isgeneratorfunction(value):
        return _("{name} is a function; calling it makes the generator.").format(name=name), [
            _call(passed, role, "{x}()")
        ]
    if kind == "class":
        return _("{name} is a class, not an instance of it.").format(name=name), [
            _call(passed, role, "{x}()")
        ]
    if type(value).__name__ == "zip":
        return _("{name} gives single pairs, and Keras reads no `zip`.").format(name=name), [
            *_unzipped(passed, role)
        ]
    if kind == "text":
        return _("{name} is a text; read the file that it names first.").format(name=name), []
    if type(value).__name__ in ("range", "set", "frozenset", "dict_values"):
        return _("Keras expects arrays, got {kind}.").format(kind=type(value).__name__), [
            *_from_items(passed, role, value)
        ]
    method = getattr(type(value), "__iter__", None)
    if kind == "object" and inspect.isgeneratorfunction(method):
        return _("Keras reads generators; {name} only makes them.").format(name=name), [
            _call(passed, role, "iter({x})")
        ]
    return None


def _weights_of_classes(passed: Passed, value: Any) -> tuple[str, list[Edit]] | None:
    """Explains weights of the classes that were passed as weights of the examples."""
    word = (
        next((it for it in passed.call.keywords if it.arg == "sample_weight"), None)
        if (passed.call is not None)
        else None
    )
    if passed.code is None or word is None or not all(isinstance(key, int) for key in value):
        return None
    new = f"class_weight={passed.code.source(word.value)}"
    reason = _("`sample_weight` takes one number for each example, got a dict of classes.")
    edit = Edit(_("Write `{code}`.").format(code=new), (passed.code.replaced(word, new),))
    return reason, [edit]


def _without_numbers(passed: Passed, value: Any) -> Edit | None:
    """Leaves a plain number out of the list of inputs."""
    node = passed.node("x")
    if not isinstance(value, (list, tuple)) or not isinstance(node, (ast.List, ast.Tuple)):
        return None
    kept = [number for number, each in enumerate(value) if not isinstance(each, (int, float))]
    if len(kept) == len(value) or len(node.elts) != len(value) or passed.code is None:
        return None
    if not kept or not accepts(passed.model, [spec_of_value(value[place]) for place in kept]):
        return None
    new = f"[{', '.join(passed.code.source(node.elts[place]) for place in kept)}]"
    return Edit(
        _("Pass one array for each input: `{code}`.").format(code=new),
        (passed.code.replaced(node, new),),
    )


def _holds_one_array_each(passed: Passed, role: str, value: Any) -> bool:
    """Returns whether a container holds one array for each input or output."""
    arrays = leaves(value)
    wants = wanted_inputs(passed.model) if role == "x" else wanted_outputs(passed.model)
    return len(arrays) == len(wants) and all(map(spec_of_value, arrays))


def _call(passed: Passed, role: str, template: str) -> Edit:
    words = _("Write `{code}`.").format(code=template.replace("{x}", passed.words(role)))
    return Edit(words, transformed(passed, role, template))


def _array_edits(passed: Passed, role: str, value: Any) -> list[Edit]:
    if role == "x" and _takes_words(passed):
        return list(_as_text(passed))
    if role == "x":
        return edits_of_x(passed)
    np = module_name(passed, "numpy", "np")
    spec = spec_of_list(value)
    if spec is None:
        return []
    if re.match(r"str|object|<U", spec.dtype):
        array = tried("np.array({y})", y=list(value))
        return list(_class_numbers(passed, array, np)) if array is not None else []
    return [_call(passed, role, f"{np}.array({{x}})")]


def _listed_numbers(passed: Passed) -> bool:
    return kind_of(passed.value("y")) == "list"


def _both_arrays(passed: Passed) -> list[Edit]:
    """Returns the edit that makes arrays of both lists, inputs and targets."""
    first, second = edits_of_x(passed), _array_edits(passed, "y", passed.value("y"))
    if not first or not second:
        return []
    words = f"{first[0].words} {second[0].words}"
    return [Edit(words, (*first[0].changes, *second[0].changes))]


def _unzipped(passed: Passed, role: str) -> Iterator[Edit]:
    node = passed.node(role)
    if not isinstance(node, ast.Call) or passed.code is None or len(node.args) != 2:
        return
    new = ", ".join(passed.code.source(each) for each in node.args)
    words = _("Write `{code}`.").format(code=f"{passed.method}({new}, ...)")
    yield Edit(words, replaced(passed, role, new))


def _from_items(passed: Passed, role: str, value: Any) -> Iterator[Edit]:
    np = module_name(passed, "numpy", "np")
    items = spec_of_list(list(value)[:1_000])
    wants = wanted_inputs(passed.model)
    if items is None or (role == "x" and (len(wants) != 1)):
        return
    if role == "x" and not accepts(passed.model, Spec(items.shape, wants[0].dtype)):
        return
    listed = "{x}" if type(value).__name__ == "range" else "list({x})"
    yield _call(passed, role, f"{np}.array({listed})")


# -- words in the graph


def _words_in_graph(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains words that reach a layer which computes with numbers."""
    passed = find_passed(failure)
    if passed is None:
        return None
    wants = wanted_inputs(passed.model)
    layer = _first_layer(passed)
    if len(wants) != 1 or layer is None:
        return None
    reason = _("Words go into {name} ({kind}), which computes with numbers.").format(
        name=layer.name, kind=type(layer).__name__
    )
    return mistake(
        failure, "no-numbers", reason, list(_lookup(passed, layer)), where=wants[0].name
    )


def _first_layer(passed: Passed) -> Any:
    for layer in passed.model.layers:
        if type(layer).__name__ != "InputLayer":
            return layer
    return None


def _lookup(passed: Passed, layer: Any) -> Iterator[Edit]:
    """Yields a StringLookup in front of the layer that got the words."""
    from kfunc_lab.mistakes.data.cells import made_by

    names = _vocabulary(passed)
    words = _('Put `layers.StringLookup(vocabulary=..., output_mode="one_hot")` before {name}.')
    if not names or passed.code is None or not _takes_words(passed):
        if _takes_words(passed):
            yield Edit(words.format(name=layer.name))
        return
    shape = wanted_inputs(passed.model)[0].shape
    listed = ", ".join(f'"{name}"' for name in names)
    code = f'layers.StringLookup(vocabulary=[{listed}], output_mode="one_hot")'
    changes: tuple[Any, ...] = ()
    found = made_by(layer, layer.name, passed.code.file)
    if found is not None and shape == (None, 1):
        source, call = found
        outer = source.parents.get(call)
        if isinstance(outer, ast.Call) and outer.func is call and len(outer.args) == 1:
            changes = (source.wrapped(outer.args[0], code),)
    yield Edit(_("Put `{code}` before {name}.").format(code=code, name=layer.name), changes)


def _vocabulary(passed: Passed) -> list[str]:
    """Returns the words of the data if they are few."""
    value = passed.value("x")
    value = value.numpy() if hasattr(value, "numpy") else value
    if kind_of(value) != "array" or value.size > 10_000:
        return []
    items = [each.decode() if isinstance(each, bytes) else str(each) for each in value.ravel()]
    names = sorted(set(items))
    return names if len(names) <= 20 and all('"' not in name for name in names) else []


RULES: tuple[Rule, ...] = (
    rule("no-numbers", r"Invalid dtype: (?P<dtype>str|object|datetime|bytes)\w*", _no_numbers),
    rule("not-an-array", r"Unrecognized data type: x=", _no_data),
    rule(
        "no-numbers",
        r"Cast string to \w+ is not supported|dtype=.string. is not a valid dtype",
        _words_in_graph,
    ),
)
