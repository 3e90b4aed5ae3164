"""Functions, methods and attributes that are gone, or that do not take symbolic tensors."""

import ast
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.mistakes.names.nearest import close_attribute
from kfunc_lab.mistakes.names.rewriting import Rewriting, function_at, rewritten
from kfunc_lab.mistakes.names.scope import (
    Evaluator,
    canonical,
    dotted,
    names_of_function,
    short_name,
)
from kfunc_lab.mistakes.names.table import functions
from kfunc_lab.mistakes.rule import Mistake, Rule, quoted, rule, tensor_name, title, written
from kfunc_lab.mistakes.rules.names.trying import (
    changed_source,
    failing_node,
    failing_statement,
    is_refuted,
    names_of,
    spelled_module,
)
from kfunc_lab.mistakes.source.code import Code, end_of
from kfunc_lab.mistakes.source.edit import Change

_LONGEST = 80  # a longer expression is not quoted in a sentence


def rewrite(failure: Failure) -> Rewriting | None:
    """Writes the failing code anew: its statement and those behind it, and all gone names.

    Args:
        failure: The failure, whose place in the source is known.
    """
    code, node = failure.source, failing_node(failure)
    statement = failing_statement(failure)
    if code is None or statement is None:
        return None
    names, symbolic = names_of(failure), _symbolic_names(names_of(failure))
    function = _function_around(code, node or statement)
    if function is not None:
        arguments = [*function.args.args, *function.args.kwonlyargs, *function.args.posonlyargs]
        symbolic |= {each.arg for each in arguments}
    first = _top_level(code, statement)
    parts: list[ast.AST] = [
        each
        for each in code.tree.body
        if isinstance(each, ast.FunctionDef | ast.ClassDef) or each.lineno >= first.lineno
    ]
    known: dict[ast.AST, Any] = {}
    error = failure.error
    if isinstance(node, ast.Attribute) and isinstance(error, AttributeError):
        known[node.value] = error.obj
    return rewritten(code, parts, names, symbolic, known=known, function=function)


def _symbolic_names(names: Mapping[str, Any]) -> set[str]:
    """Returns the variables that hold symbolic tensors, alone or in a list."""
    return {name for name, value in names.items() if _is_symbolic(value)}


def _is_symbolic(value: Any) -> bool:
    import keras

    if type(value) in (list, tuple):
        return any(isinstance(each, keras.KerasTensor) for each in value)
    if type(value) is dict:
        return any(isinstance(each, keras.KerasTensor) for each in value.values())
    return isinstance(value, keras.KerasTensor)


def _function_around(code: Code, node: ast.AST) -> Any:
    parent: ast.AST | None = node
    while parent is not None:
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return parent
        parent = code.parents.get(parent)
    return None


def _top_level(code: Code, statement: ast.AST) -> Any:
    parent = statement
    while not isinstance(code.parents.get(parent), ast.Module):
        parent = code.parents[parent]
    return parent


# ---------------------------------------------------------------------------------------------
# A name that a module or object does not have


def _no_attribute(match: re.Match[str], failure: Failure) -> Mistake | None:
    import keras

    error = failure.error
    if not isinstance(error, AttributeError) or error.name is None:
        return _in_operation(match, failure)
    if isinstance(error.obj, ModuleType):
        return _gone_from_module(failure, error.obj, error.name)
    if failure.subject is None and not type(error.obj).__module__.startswith("keras."):
        return None
    if isinstance(error.obj, keras.callbacks.History):
        return _of_history(failure, error.obj, error.name)
    return _gone_from_object(failure, error.obj, error.name)


def _of_history(failure: Failure, history: Any, name: str) -> Mistake | None:
    """Explains `history.accuracy`, which stands in a dict."""
    node = failing_node(failure)
    key = close_key(name, list(history.history))
    if not isinstance(node, ast.Attribute) or failure.source is None or not key:
        return _gone_from_object(failure, history, name)
    new = f'{failure.source.source(node.value)}.history["{key}"]'
    return Mistake(
        "no-such-attribute",
        _("{kind} has no attribute `{name}`.").format(kind="History", name=name),
        "",
        _("Write `{code}`.").format(code=new),
        name,
        (failure.source.replaced(node, new),),
    )


def close_key(name: str, keys: list[str]) -> str:
    """Returns the key of a history that a name means; empty if none."""
    listed = {"acc": "accuracy", "val_acc": "val_accuracy"}.get(name, name)
    return listed if listed in keys else ""


def _in_operation(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a gone name in a custom layer, whose error Keras wraps into its own."""
    if callable(getattr(failure.operation, "function", None)):
        return _in_lambda(match, failure)
    own = re.search(r"'(\w+)' object has no attribute '(\w+)'", match.string)
    if own is not None and own[1] == type(failure.operation).__name__:
        return _of_own_class(failure, own[2])
    found = re.search(r"module '([\w.]+)' has no attribute '(\w+)'", match.string)
    call = getattr(type(failure.operation), "call", None)
    inner = getattr(call, "__code__", None)
    code = None if inner is None else Code.of(inner.co_filename)
    if found is None or code is None:
        return None
    names = names_of_function(call)
    result = rewritten(code, list(code.tree.body), names, set(), ("K", "tf"))
    gone = [each for each in result.replaced if each.endswith(f".{found[2]}")]
    node = failing_node(failure)
    edit = _edit_of(failure, node or code.tree, result) if gone and not result.unknown else ""
    return Mistake(
        "old-name",
        _("`{module}` has no `{name}`.").format(
            module=found[1].replace("keras.api.", "keras."), name=found[2]
        ),
        "",
        edit,
        failure.name,
        tuple(result.changes) if edit else (),
    )


def _of_own_class(failure: Failure, name: str) -> Mistake:
    """Explains an attribute that a custom layer or model uses and never set."""
    operation, kind = failure.operation, type(failure.operation).__name__
    found = close_attribute(operation, name)
    inner = getattr(getattr(type(operation), "call", None), "__code__", None)
    code = None if inner is None else Code.of(inner.co_filename)
    used = [
        node
        for each in ([] if code is None else code.tree.body)
        if isinstance(each, ast.ClassDef) and each.name == kind
        for node in ast.walk(each)
        if isinstance(node, ast.Attribute) and dotted(node) == f"self.{name}"
    ]
    if not found or code is None or not used:
        edit = _("Set it in `__init__`: `self.{name} = ...`.").format(name=name)
        reason = _("{kind} has no attribute `{name}`.").format(kind=kind, name=name)
        return Mistake("no-such-attribute", reason, "", edit, failure.name)
    return Mistake(
        "no-such-attribute",
        _("{kind} has no attribute `{name}`.").format(kind=kind, name=name),
        "",
        _("Write `{code}`.").format(code=f"self.{found}"),
        failure.name,
        tuple(code.replaced(node, f"self.{found}") for node in used),
    )


def _gone_from_module(failure: Failure, module: ModuleType, name: str) -> Mistake | None:
    node, result = failing_node(failure), rewrite(failure)
    words = {"module": _module_name(module), "name": name}
    reason = _("`{module}` has no `{name}`.")
    if result is None or node is None:
        return None
    source = failure.source.source(node) if failure.source is not None else name
    own = dotted(node.value) if isinstance(node, ast.Attribute) else ""
    gone = [each for each in result.replaced if each.rpartition(".")[0] == own]
    if len(gone) > 1:
        words["name"] = "`, `".join(each.rpartition(".")[2] for each in gone)
    edit = _edit_of(failure, node, result) if _replaces(result, source) else ""
    if edit and is_refuted(failure, _whole(failure, node), result.changes):
        edit = ""
    return Mistake(
        "old-name",
        reason.format(**words),
        "",
        edit or _without_equivalent(canonical(node, names_of(failure))),
        name,
        tuple(result.changes) if edit else (),
    )


def _module_name(module: ModuleType) -> str:
    name = "keras.backend" if short_name(module) == "K" else short_name(module)
    return "tensorflow" if name == "tf" else name


def _replaces(result: Rewriting, source: str) -> bool:
    """Returns whether the function that failed was replaced."""
    return any(source == old or old.startswith(f"{source}.") for old in result.replaced)


def _whole(failure: Failure, node: ast.AST) -> ast.AST:
    """Returns the call or the statement's value around a name, to be computed as a whole."""
    code = failure.source
    inner = node
    while code is not None and isinstance(
        parent := code.parents.get(inner), ast.expr | ast.keyword
    ):
        if isinstance(parent, ast.Lambda):
            break
        inner = parent
        node = parent if isinstance(parent, ast.expr) else node
    return node


def _edit_of(failure: Failure, node: ast.AST, result: Rewriting) -> str:
    """Returns the sentence for code that was written anew."""
    edit = _sentence(failure, node, result)
    code = failure.source
    is_in_function = code is not None and _function_around(code, node) is not None
    if failure.stage == "fit" and is_in_function:
        edit = _("{edit} Then compile the model again, and fit.").format(edit=edit)
    return edit


def _sentence(failure: Failure, node: ast.AST, result: Rewriting) -> str:
    code, whole = failure.source, _whole(failure, node)
    new = changed_source(code, whole, result.changes) if code is not None else ""
    if len(result.replaced) == 1 and len(new) <= _LONGEST and "\n" not in new:
        return _("Write `{code}`.").format(code=new)
    pairs = [
        _("`{new}` instead of `{old}`").format(old=old, new=new)
        for old, new in result.replaced.items()
    ]
    return _("Write {pairs}.").format(pairs=", ".join(pairs[:6]))


_NONE_TODAY = {
    "sessions": (
        "tf.Session", "tf.InteractiveSession", "tf.global_variables_initializer", "K.get_session",
        "K.set_session", "tf.get_default_graph", "tf.reset_default_graph", "tf.ConfigProto",
        "tf.GPUOptions", "K.manual_variable_initialization", "tf.local_variables_initializer",
    ),
    "phase": ("K.learning_phase", "K.set_learning_phase", "K.in_train_phase"),
    "gpus": ("keras.utils.multi_gpu_model",),
    "seed": ("tf.set_random_seed",),
    "gradients": ("K.gradients", "tf.gradients"),
    "printed": ("K.print_tensor",),
    "contrib": ("tf.contrib",),
    "merged": ("keras.layers.Merge",),
    "locally": ("keras.layers.LocallyConnected1D", "keras.layers.LocallyConnected2D"),
}  # fmt: skip


def _gradient_function() -> str:
    """Returns the function of the backend that computes gradients."""
    import keras

    others = {"jax": "jax.grad", "torch": "torch.autograd.grad"}
    return others.get(keras.backend.backend(), "tf.GradientTape")


def _without_equivalent(name: str) -> str:
    """Returns what to do instead of a function that has no equivalent."""
    kinds = {each: kind for kind, names in _NONE_TODAY.items() for each in names}
    return {
        "sessions": _("Remove it: Keras runs without sessions and graphs."),
        "phase": _(
            "Pass `training=True` or `training=False` in the call of the layer or the model."
        ),
        "gpus": _(
            "Build and compile the model inside `with tf.distribute.MirroredStrategy().scope():`."
        ),
        "seed": _("Write `keras.utils.set_random_seed(seed)`."),
        "gradients": _("Compute the gradients with `{function}`.").format(
            function=_gradient_function()
        ),
        "printed": _("Write a custom layer or a callback that prints the value."),
        "contrib": _("`tf.contrib` is gone; what it held of Keras stands in `keras`."),
        "merged": _(
            "Merge tensors, not models: `layers.concatenate([left.output, right.output])`, and "
            "build a `keras.Model`."
        ),
        "locally": _("Keras no longer has this layer."),
    }.get(kinds.get(name, ""), "")


def _gone_from_object(failure: Failure, obj: Any, name: str) -> Mistake | None:
    import keras

    node, result = failing_node(failure), rewrite(failure)
    if not isinstance(node, ast.Attribute) or result is None or failure.source is None:
        return None
    is_tensor = isinstance(obj, keras.KerasTensor)
    reason = _("{kind} has no attribute `{name}`.")
    if is_tensor:
        reason = _("A symbolic tensor has no `{name}`: it has a shape but no values yet.")
    reason = reason.format(kind=_title(failure, obj), name=name)
    source = failure.source.source(node)
    if source in result.replaced and not is_refuted(
        failure, _whole(failure, node), result.changes
    ):
        changes, edit = tuple(result.changes), _edit_of(failure, node, result)
        return Mistake(
            "symbolic-value" if is_tensor else "old-name", reason, "", edit, name, changes
        )
    if is_tensor and name == "set_shape":
        edit = _("Remove it: the shape of a symbolic tensor is known.")
        return Mistake("symbolic-value", reason, "", edit, name)
    if is_tensor:
        return None
    return _close(failure, node, obj, reason)


def _close(failure: Failure, node: ast.Attribute, obj: Any, reason: str) -> Mistake:
    """Names the attribute that is spelled most like the one that failed."""
    words = _known_instead(node.attr, obj)
    found = "" if words else close_attribute(obj, node.attr)
    if not found or failure.source is None:
        return Mistake("no-such-attribute", reason, "", words, node.attr)
    file, end = failure.source.file, end_of(node)
    begin = (end[0], end[1] - len(node.attr.encode()))
    return Mistake(
        "no-such-attribute",
        reason,
        "",
        _("Write `{code}`.").format(code=f"{failure.source.source(node.value)}.{found}"),
        node.attr,
        (Change(file, begin, end, found),),
    )


def _known_instead(name: str, obj: Any) -> str:
    import keras

    if isinstance(obj, keras.callbacks.History):
        return _("The values stand in `{name}.history`, a dict.").format(name="history")
    by_hand = _("Compute gradients with `{function}`, then `apply_gradients`.").format(
        function=_gradient_function()
    )
    return {
        "add_metric": _("Keep a `keras.metrics` object in the layer and update it in `call`."),
        "fit_generator": _(
            "Write `model.fit(generator, steps_per_epoch=..., epochs=...)`: the steps count "
            "batches, not samples."
        ),
        "decay": _(
            "Pass a schedule: `learning_rate=keras.optimizers.schedules.InverseTimeDecay(...)`."
        ),
        "minimize": by_hand,
        "get_gradients": by_hand,
        "validation_data": _("Pass the data to the constructor of your callback."),
    }.get(name, "")


def _title(failure: Failure, obj: Any) -> str:
    import keras

    if isinstance(obj, keras.Operation):
        return title(failure)
    if isinstance(obj, type):
        return obj.__name__
    return type(obj).__name__


# ---------------------------------------------------------------------------------------------
# Functions of TensorFlow and NumPy on symbolic tensors


def _on_symbolic(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a function that was called on a symbolic tensor, if the table knows it."""
    if failure.stage == "construct":
        return None
    node, code = failing_node(failure), failure.source
    if not isinstance(node, ast.Call) or code is None:
        return None
    name = canonical(node.func, names_of(failure))
    tensor = next(_tensors(failure, node, name), None)
    known = name in functions() or name.startswith("tf.")
    if not known or tensor is None:
        return None
    result = rewrite(failure)
    source = code.source(node.func)
    if result is None:
        return None
    replaced = source in result.replaced and not is_refuted(
        failure, _whole(failure, node), result.changes
    )
    inside = failure.scope is not None and failure.scope.f_code.co_name == "call"
    if inside and not replaced:
        return None  # the rules about a custom `call` say more
    shape = shape_of(tensor)
    return Mistake(
        "symbolic-value",
        _(
            "`{code}` needs numbers, but {tensor} is symbolic: it has the shape {shape} and no "
            "values yet."
        ).format(
            code=source.rpartition(".")[2],
            tensor=tensor_name(failure) or quoted(code.source(node.args[0]), 40)
            if node.args
            else tensor_name(failure),
            shape=written(shape) if shape is not None else "?",
        ),
        "",
        _edit_of(failure, node, result)
        if replaced
        else _in_a_layer(name, node, failure, source in result.replaced),
        failure.name if failure.stage == "call" else tensor_name(failure),
        tuple(result.changes) if replaced else (),
    )


def _tensors(failure: Failure, call: ast.Call, name: str) -> Any:
    """Yields the symbolic tensors that a call gets."""
    if failure.stage in ("tensor", "name"):
        yield from failure.tensors
    values = Evaluator(names_of(failure), calls=False)
    for part in [*call.args, *(keyword.value for keyword in call.keywords)]:
        for each in ast.walk(part):
            if isinstance(each, ast.Name | ast.Attribute | ast.Subscript):
                value = values.look_up(each)
                of_graph = type(value).__name__ == "SymbolicTensor" and name.startswith("np.")
                if of_graph or _is_symbolic(value):
                    yield value


def _in_a_layer(name: str, node: ast.Call, failure: Failure, has_other: bool) -> str:
    """Returns the edit for a function without an equivalent: a layer that calls it."""
    if has_other:
        return _("Compute it in the `call` of a custom layer, where the sizes are known.")
    if not name.startswith("tf."):
        return _(
            "Use a function from `keras.ops` or a layer instead; to choose between values, use "
            "`keras.ops.where`."
        )
    source = failure.source.source(node.func) if failure.source is not None else name
    return _(
        "`keras.ops` has no such function: call `{function}` in the `call` of a custom layer."
    ).format(function=source)


def _array_first(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an array on the left of an operator, which asks the tensor for its numbers."""
    node, code = failing_node(failure), failure.source
    if not isinstance(node, ast.BinOp) or code is None or type(node.op) not in _OPERATIONS:
        return None
    left, right = code.source(node.left), code.source(node.right)
    names = names_of(failure)
    value = Evaluator(names, calls=False)
    array, tensor = value.look_up(node.left), value.look_up(node.right)
    if type(array).__module__ != "numpy" or not _is_symbolic(tensor):
        return None
    new = f"{spelled_module('keras.ops', names)}.{_OPERATIONS[type(node.op)]}({left}, {right})"
    change = code.replaced(node, new)
    if is_refuted(failure, node, [change]):
        return None
    return Mistake(
        "symbolic-value",
        _("The array on the left needs numbers, but {tensor} is symbolic.").format(
            tensor=right
        ),
        "",
        _("Write `{code}`.").format(code=new),
        tensor_name(failure),
        (change,),
    )


_OPERATIONS: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide",
    ast.MatMult: "matmul", ast.Pow: "power", ast.FloorDiv: "floor_divide", ast.Mod: "mod",
}  # fmt: skip


# ---------------------------------------------------------------------------------------------
# Gone names in the function of a Lambda layer


def _in_lambda(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a `Lambda` whose function calls what `keras.backend` no longer has."""
    function = getattr(failure.operation, "function", None)
    inner = getattr(function, "__code__", None)
    code = None if inner is None else Code.of(inner.co_filename)
    if inner is None or code is None:
        return None
    node = function_at(code, inner.co_firstlineno, inner.co_name)
    names = names_of_function(function)
    if node is None:
        return None
    result = rewritten(code, list(code.tree.body), names, set(), ("K", "tf"))
    inside = rewritten(code, node, names, set(), ("K", "tf"))
    if not inside.replaced and not inside.unknown:
        return None
    gone = [*inside.replaced, *inside.unknown]
    module = gone[0].rpartition(".")[0]
    value = names.get(module)
    module = _module_name(value) if isinstance(value, ModuleType) else module
    edit = "" if inside.unknown else _edit_of(failure, node, inside)
    return Mistake(
        "old-name",
        _("`{module}` has no `{name}`.").format(
            module=module, name="`, `".join(each.rpartition(".")[2] for each in gone)
        ),
        "",
        edit,
        failure.name,
        tuple(result.changes) if edit else (),
    )


RULES: tuple[Rule, ...] = (
    rule("old-name", r"automatically infer the shape of the Lambda", _in_lambda),
    rule("old-name", r"has no attribute", _no_attribute),
    rule(
        "symbolic-value",
        r"",
        _on_symbolic,
    ),
    rule("symbolic-value", r"KerasTensor", _array_first),
)
