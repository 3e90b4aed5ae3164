"""Models, layers and histories that are indexed, called or counted as what they are not."""

import ast
import difflib
import re
from types import ModuleType
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.names.cause import is_history, nothing_assigned
from kfunc_lab.mistakes.names.nearest import like, public_names
from kfunc_lab.mistakes.names.scope import Evaluator, short_name
from kfunc_lab.mistakes.rule import Mistake, Rule, quoted, rule
from kfunc_lab.mistakes.rules.names.trying import failing_node, names_of
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change

_METRICS = {"acc": "accuracy", "val_acc": "val_accuracy", "accuracy": "acc"}


def _value(failure: Failure, node: ast.AST | None) -> Any:
    """Returns the value of an expression without calls; `None` if it is not known."""
    return Evaluator(names_of(failure), calls=False).look_up(node)


# ---------------------------------------------------------------------------------------------
# Keys of a history


def _no_key(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a metric that a history does not hold."""
    import keras

    error, code = failure.error, failure.source
    if not isinstance(error, KeyError) or not error.args or code is None:
        return None
    key, node = error.args[0], _subscript(failure)
    if not isinstance(key, str) or node is None:
        return None
    held = _value(failure, node.value)
    if isinstance(held, keras.callbacks.History):
        held = held.history
    if not isinstance(held, dict) or not _is_history(held, node, failure):
        return None
    keys = [str(each) for each in held]
    right = _key(key, keys)
    reason = _("`{name}` holds {keys}, but no `{key}`.").format(
        name=quoted(code.source(node.value), 40), keys=", ".join(sorted(keys)), key=key
    )
    if right:
        return Mistake(
            "no-such-metric",
            reason,
            "",
            _('Write `"{right}"` instead of `"{wrong}"`.').format(right=right, wrong=key),
            key,
            tuple(_renamed_keys(code, key, keys)),
        )
    return Mistake("no-such-metric", reason, "", *_of_validation(key, keys, node, failure))


def _subscript(failure: Failure) -> ast.Subscript | None:
    node = failing_node(failure)
    return node if isinstance(node, ast.Subscript) else None


def _is_history(held: dict[Any, Any], node: ast.Subscript, failure: Failure) -> bool:
    """Returns whether a dict is what `fit` returned."""
    import keras

    if isinstance(node.value, ast.Attribute) and node.value.attr == "history":
        return True
    if is_history(held):
        return True
    values = list(names_of(failure).values())
    return any(
        isinstance(each, keras.callbacks.History) and each.history is held for each in values
    )


def _key(wrong: str, keys: list[str]) -> str:
    """Returns the key that was meant; empty if the history holds none."""
    listed = _METRICS.get(wrong, "")
    if listed in keys:
        return listed
    prefix = "val_" if wrong.startswith("val_") else ""
    same = [key for key in keys if key.startswith("val_") == bool(prefix)]
    rest = wrong.removeprefix("val_")
    if rest in ("acc", "accuracy"):
        ends = [key for key in same if key.endswith(("accuracy", "acc"))]
        if len(ends) == 1:
            return ends[0]
    ends = [key for key in same if key.endswith(f"_{rest}")]
    if len(ends) == 1:
        return ends[0]
    close = difflib.get_close_matches(wrong, same, 1, 0.7)
    return close[0] if close else ""


def _renamed_keys(code: Code, key: str, keys: list[str]) -> list[Change]:
    """Returns the changes of all keys in a cell that a history does not hold."""
    changes = []
    for node in ast.walk(code.tree):
        if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Constant):
            continue
        word = node.slice.value
        if isinstance(word, str) and word not in keys and (right := _key(word, keys)):
            is_same = word == key or word.removeprefix("val_") == key.removeprefix("val_")
            if is_same and right in keys:
                changes.append(code.replaced(node.slice, f'"{right}"'))
    return changes


def _of_validation(
    key: str, keys: list[str], node: ast.Subscript, failure: Failure
) -> tuple[str, str, tuple[Change, ...]]:
    """Returns the edit for a key that only a fit with validation data, or a metric, makes."""
    code = failure.source
    if key.startswith("val_") and not any(each.startswith("val_") for each in keys):
        call = None if code is None else _fit_of(code, node)
        edit = _("Pass `validation_split=0.2` or `validation_data=(x, y)` to `fit`.")
        if call is None or code is None:
            return edit, key, ()
        return edit, key, (code.with_argument(call, "validation_split", "0.2"),)
    metric = key.removeprefix("val_")
    if metric in ("acc", "accuracy") or re.fullmatch(r"[a-z_]+", metric):
        name = "accuracy" if metric == "acc" else metric
        edit = _('Compile the model with `metrics=["{name}"]`, and fit again.')
        return edit.format(name=name), key, _with_metric(failure, name)
    return "", key, ()


def _with_metric(failure: Failure, name: str) -> tuple[Change, ...]:
    """Returns the change of the call of `compile` in the same cell, if it names no metrics."""
    code = failure.source
    calls = [] if code is None else list(code.calls)
    for call in calls:
        is_compile = isinstance(call.func, ast.Attribute) and call.func.attr == "compile"
        named = {keyword.arg for keyword in call.keywords}
        if is_compile and code is not None and "metrics" not in named and len(call.args) < 3:
            return (code.with_argument(call, "metrics", f'["{name}"]'),)
    return ()


def _fit_of(code: Code, node: ast.Subscript) -> ast.Call | None:
    """Returns the call of `fit` in the same cell that made a history."""
    fits = [
        call
        for call in code.calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "fit"
    ]
    before = [call for call in fits if call.lineno <= node.lineno]
    return before[-1] if before else None


# ---------------------------------------------------------------------------------------------
# Objects that have no items, are not callable, or have no length


def _no_items(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains square brackets behind a model, a layer, a class or a history."""
    import keras

    node, code = failing_node(failure), failure.source
    if not isinstance(node, ast.Subscript) or code is None:
        return None
    value, base = _value(failure, node.value), code.source(node.value)
    index = code.source(node.slice)
    if isinstance(value, keras.callbacks.History):
        key = node.slice.value if isinstance(node.slice, ast.Constant) else ""
        right = _key(str(key), list(value.history)) if key not in value.history else str(key)
        index = f'"{right}"' if right else index
        return _written(failure, node, f"{base}.history[{index}]", _history_words())
    if isinstance(value, keras.Model):
        new = f"{base}.layers[{index}]"
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            new = _layer_named(value, base, node.slice.value)
        return _written(failure, node, new, _("A model has no items; its layers do."))
    if isinstance(value, type) and issubclass(value, keras.Layer):
        words = _("{kind} is a class: its settings go in round brackets.")
        return _written(failure, node, f"{base}({index})", words.format(kind=value.__name__))
    owner = node.value
    if isinstance(owner, ast.Attribute) and owner.attr == "layers":
        model = _value(failure, owner.value)
        if isinstance(model, keras.Model):
            wanted = str(getattr(node.slice, "value", ""))
            new = _layer_named(model, code.source(owner.value), wanted)
            return _written(failure, node, new, _("`layers` is a list: it takes a number."))
    return None


def _layer_named(model: Any, base: str, name: str) -> str:
    """Returns the code for a layer of a model, by its name or the one spelled most like it."""
    names = [str(layer.name) for layer in model.layers]
    close = difflib.get_close_matches(name, names, 1, 0.4)
    return f'{base}.get_layer("{name if name in names or not close else close[0]}")'


def _history_words() -> str:
    return _("`fit` returns an object; its values stand in `history`, a dict.")


def _written(failure: Failure, node: ast.AST, new: str, reason: str) -> Mistake | None:
    if failure.source is None:
        return None
    return Mistake(
        "wrong-use",
        reason,
        "",
        _("Write `{code}`.").format(code=new),
        failure.name,
        (failure.source.replaced(node, new),),
    )


def _not_callable(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains round brackets behind a module or behind a value."""
    node, code = failing_node(failure), failure.source
    if not isinstance(node, ast.Call) or code is None:
        return None
    value, base = _value(failure, node.func), code.source(node.func)
    if isinstance(value, ModuleType) and value.__name__.startswith("keras"):
        return _called_module(failure, node, value, base)
    if isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        owner = _value(failure, node.func.value)
        if owner is None or value is None:
            return None
        return _written(
            failure,
            node,
            base,
            _("`{name}` is a value, not a function.").format(name=base),
        )
    return None


_BASES = ("Layer", "Optimizer", "Loss", "Metric", "Callback", "Initializer", "Regularizer")


def _called_module(
    failure: Failure, node: ast.Call, module: ModuleType, base: str
) -> Mistake | None:
    """Explains a call of a module, such as `keras.layers(...)`."""
    last = short_name(module).rpartition(".")[2]
    names = [name for name in public_names(module) if name[:1].isupper()]
    found = like(last, [name for name in names if name not in _BASES])
    reason = _("`{name}` is a module, which cannot be called.").format(name=base)
    if not found or failure.source is None:
        example = "Dense" if last == "layers" else ""
        edit = _("Call one of its classes, such as `{code}`.").format(
            code=f"{base}.{example}(...)"
        )
        return Mistake("wrong-use", reason, "", edit if example else "", base)
    return Mistake(
        "wrong-use",
        reason,
        "",
        _("Write `{code}`.").format(code=f"{base}.{found}"),
        base,
        (failure.source.replaced(node.func, f"{base}.{found}"),),
    )


def _no_length(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `len` of a model, and loops over it."""
    import keras

    node, code = failing_node(failure), failure.source
    if node is None or code is None:
        return None
    inside: ast.AST = node.args[0] if isinstance(node, ast.Call) and node.args else node
    if isinstance(node, ast.For):
        inside = node.iter
    elif isinstance(node, ast.ListComp | ast.GeneratorExp):
        inside = node.generators[0].iter
    value = _value(failure, inside)
    if isinstance(value, keras.Model):
        new = f"{code.source(inside)}.layers"
        return _written(failure, inside, new, _("A model has no items; its layers do."))
    if isinstance(value, keras.callbacks.History):
        return _written(failure, inside, f"{code.source(inside)}.history", _history_words())
    return None


def _operands(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a sum of layers or models."""
    import keras

    node = failing_node(failure)
    if not isinstance(node, ast.BinOp) or failure.source is None:
        return None
    for operand in (node.left, node.right):
        made = _value(failure, operand.func) if isinstance(operand, ast.Call) else None
        is_made = isinstance(made, type) and issubclass(made, keras.Layer)
        if is_made or isinstance(_value(failure, operand), keras.Layer):
            return Mistake(
                "wrong-use",
                _("`{code}` is a layer, not a tensor: Python cannot compute with it.").format(
                    code=quoted(failure.source.source(operand), 60)
                ),
                "",
                _("Call each layer on a tensor first, and compute with what it returns."),
                failure.name,
            )
    return None


def _no_index(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an index behind the last size of a shape, or the last layer of a model."""
    node, code = failing_node(failure), failure.source
    if not isinstance(node, ast.Subscript) or code is None:
        return None
    value, name = _value(failure, node.value), code.source(node.value)
    if not isinstance(value, tuple | list) or not value:
        return None
    words = {"name": name, "n": len(value), "last": len(value) - 1}
    reason = _("`{name}` has {n} items: the indices 0 to {last}.")
    if isinstance(value, tuple):
        words["value"] = str(value)
        reason = _("`{name}` is {value}: it has the indices 0 to {last}.")
    return Mistake(
        "wrong-index",
        reason.format(**words),
        "",
        _("For the last one, write `{name}[-1]`.").format(**words),
        failure.name,
    )


def _nothing(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains the use of what a method such as `compile` returned: nothing."""
    node, code, error = failing_node(failure), failure.source, failure.error
    if node is None or code is None or error is None:
        return None
    statement = nothing_assigned(error, node, code)
    if statement is None or not isinstance(statement.value, ast.Call):
        return None
    function = statement.value.func
    if not isinstance(function, ast.Attribute):
        return None
    target, owner = code.source(statement.targets[0]), code.source(function.value)
    call = code.source(statement.value)
    indent = "\n" + " " * statement.col_offset
    if isinstance(function.value, ast.Name):
        lines = [call] if target == owner else [call, f"{target} = {owner}"]
    else:
        lines = [f"{target} = {owner}", target + call[len(owner) :]]
    return Mistake(
        "returns-nothing",
        _("`{method}` changes the model and returns nothing, so `{name}` is None.").format(
            method=function.attr, name=target
        ),
        "",
        _("Write `{code}`.").format(
            code="; ".join(line.split("(")[0] for line in lines) + "(...)"
        )
        if "\n" in call or len(call) > 60
        else _("Write `{code}`.").format(code="; ".join(lines)),
        target,
        (code.replaced(statement, indent.join(lines)),),
    )


RULES: tuple[Rule, ...] = (
    rule("no-such-metric", r"\A[^\n]*\Z", _no_key),
    rule("wrong-index", r"index out of range", _no_index),
    rule("returns-nothing", r"NoneType", _nothing),
    rule(
        "wrong-use",
        r"is not subscriptable|list indices must be integers|object is not subscriptable",
        _no_items,
    ),
    rule("wrong-use", r"object is not callable", _not_callable),
    rule("wrong-use", r"has no len\(\)|object is not iterable", _no_length),
    rule("wrong-use", r"unsupported operand type", _operands),
)
