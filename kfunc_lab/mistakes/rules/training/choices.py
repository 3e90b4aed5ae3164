"""Mistakes in the arguments of `compile`: names of losses, metrics and optimizers."""

import ast
import difflib
import inspect
import re
from collections.abc import Iterator
from typing import Any

from kfunc_lab.graph.keras.acceptance import loss_accepts
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.kinds import kind_of, spec_of_value
from kfunc_lab.mistakes.data.mending import tried
from kfunc_lab.mistakes.data.passed import Passed, find_passed, parameters
from kfunc_lab.mistakes.data.wanted import layer_of_output, wanted_outputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.nearest import nearest
from kfunc_lab.mistakes.rule import Mistake, Rule, quoted, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.mistakes.statements.compile_again import compile_statement
from kfunc_lab.mistakes.statements.compiling import argument_of_compile

_METRICS = {
    "f1": "keras.metrics.F1Score()", "f1_score": "keras.metrics.F1Score()",
    "f1score": "keras.metrics.F1Score()", "rmse": "keras.metrics.RootMeanSquaredError()",
    "r2": "keras.metrics.R2Score()", "r2_score": "keras.metrics.R2Score()",
    "auc": "keras.metrics.AUC()", "iou": "keras.metrics.BinaryIoU()",
    "top_5_accuracy": "keras.metrics.TopKCategoricalAccuracy(5)",
}  # fmt: skip


def _strings(passed: Passed, role: str, value: str) -> Iterator[tuple[Any, ast.expr]]:
    found = argument_of_compile(passed, role)
    if found is not None:
        for node in ast.walk(found[1]):
            if isinstance(node, ast.Constant) and node.value == value:
                yield found[0], node


def _no_such_loss(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None:
        return None
    wrong = match["value"].strip()
    reason = _('Keras has no `{where}` named "{value}".').format(
        where="loss", value=quoted(wrong, 40)
    )
    if wrong in ("accuracy", "acc"):
        reason = _(
            '"{value}" is a metric, which counts; training needs a loss with a gradient.'
        )
        reason = reason.format(value=wrong)
    name = _loss_for(passed, wrong)
    if not name:
        return None
    changes = [
        code.replaced(node, f'"{name}"') for code, node in _strings(passed, "loss", wrong)
    ]
    edit = Edit(_('Write `loss="{name}"`.').format(name=name), tuple(changes))
    return mistake(failure, "unknown-choice", reason, [edit], where="loss")


def _loss_for(passed: Passed, wrong: str) -> str:
    """Returns the loss of a similar name that accepts the targets; else the one that suits."""
    import keras

    outputs = wanted_outputs(passed.model)
    known = [name for name in dir(keras.losses) if name.islower() and not name.startswith("_")]
    known += ["mse", "mae", "mape", "msle"]
    close = difflib.get_close_matches(wrong.lower().replace(" ", "_"), known, 3, 0.6)
    if len(outputs) != 1:
        return close[0] if close else ""
    spec = spec_of_value(passed.value("y"))
    output = outputs[0]
    if spec is None:
        return close[0] if close else ""
    sparse = "sparse_categorical_crossentropy"
    suits = _suitable(passed)
    if "entropy" in wrong or wrong in ("accuracy", "acc") or "sparse" in wrong:
        close = [suits, sparse]
    for name in [*close, suits]:
        target = (None, *spec.shape[1:])
        if loss_accepts(name, (target, spec.dtype), (output.shape, "float32")):
            return name
    return ""


def _suitable(passed: Passed) -> str:
    """Returns the loss that suits the last layer and the targets."""
    output, y = wanted_outputs(passed.model)[0], passed.value("y")
    activation = getattr(
        getattr(layer_of_output(passed.model), "activation", None), "__name__", ""
    )
    numbers = tried("{y}.max() <= 1 and {y}.min() >= 0", y=y) if kind_of(y) == "array" else None
    if activation == "sigmoid" and numbers:
        return "binary_crossentropy"
    if activation == "softmax" or ((output.shape[-1] or 0) > 1 and y.dtype.kind in "iu"):
        one_hot = len(y.shape) == len(output.shape) and y.shape[-1] == output.shape[-1]
        return "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
    return "mean_squared_error"


def _no_such_metric(match: re.Match[str], failure: Failure) -> Mistake | None:
    import keras

    passed = find_passed(failure)
    if passed is None:
        return None
    wrong = match["value"].strip()
    known = [name for name in dir(keras.metrics) if not name.startswith("_")]
    close = difflib.get_close_matches(wrong, known, 1, 0.6)
    new = _METRICS.get(wrong.lower().replace(" ", "_"), f'"{close[0]}"' if close else "")
    outputs = wanted_outputs(passed.model)
    if "F1Score" in new and len(outputs) == 1 and outputs[0].shape[-1] == 1:
        new = "keras.metrics.F1Score(threshold=0.5)"
    if not new:
        return None
    changes = [code.replaced(node, new) for code, node in _strings(passed, "metrics", wrong)]
    reason = _('Keras has no `{where}` named "{value}".').format(
        where="metrics", value=quoted(wrong, 40)
    )
    edit = Edit(_("Write `{code}`.").format(code=new), tuple(changes))
    return mistake(failure, "unknown-choice", reason, [edit], where="metrics")


def _optimizer(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a loss in the place of the optimizer, a class, and a misspelt name."""
    import keras

    passed = find_passed(failure)
    found = None if passed is None else argument_of_compile(passed, "optimizer")
    if passed is None or found is None or passed.call is None or passed.code is None:
        return None
    code, node = found
    value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
    loss = argument_of_compile(passed, "loss")
    if value is not None and loss is not None and _is_loss(value):
        reason = _("The optimizer comes first, then the loss; {value} is a loss.").format(
            value=quoted(value, 40)
        )
        first, second = code.source(loss[1]), code.source(node)
        edit = Edit(
            _("Write `compile({code})`.").format(code=f"optimizer={first}, loss={second}"),
            (code.replaced(node, first), code.replaced(loss[1], second)),
        )
        return mistake(failure, "compile-order", reason, [edit], where="optimizer")
    if value is not None:
        known = [name for name in dir(keras.optimizers) if name[:1].isupper()]
        lower = {name.lower(): name for name in known}
        close = nearest(str(value).lower(), lower, 0.6)
        if not close:
            return None
        reason = _('Keras has no `{where}` named "{value}".').format(
            where="optimizer", value=quoted(value, 40)
        )
        edit = Edit(
            _('Write `"{name}"`.').format(name=close),
            (code.replaced(node, f'"{close}"'),),
        )
        return mistake(failure, "unknown-choice", reason, [edit], where="optimizer")
    if "class" in match["value"] and isinstance(node, (ast.Attribute, ast.Name)):
        source = code.source(node)
        reason = _("The `{setting}` is the class {name}, not an instance of it.").format(
            setting="optimizer", name=source.rpartition(".")[2]
        )
        edit = Edit(
            _("Write `{code}`.").format(code=f"{source}()"),
            (code.replaced(node, f"{source}()"),),
        )
        return mistake(failure, "class-for-object", reason, [edit], where="optimizer")
    return None


def _is_loss(name: str) -> bool:
    import keras

    try:
        keras.losses.get(name)
    except ValueError:
        return False
    return True


def _argument(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an argument of `compile` or `fit` that has another name."""
    import keras

    passed = find_passed(failure)
    if passed is None or passed.call is None or passed.code is None:
        return None
    wrong, code, call = match["name"], passed.code, passed.call
    names = parameters(keras.Model, passed.method)
    keywords = [each for each in call.keywords if each.arg == wrong]
    reason = _("`{method}` has no argument `{name}`.").format(method=passed.method, name=wrong)
    if not keywords or match["method"] != passed.method:
        return None
    keyword = keywords[0]
    if passed.method == "compile" and wrong in ("learning_rate", "lr"):
        value = code.source(keyword.value)
        found = argument_of_compile(passed, "optimizer")
        kind = _optimizer_class(found[1]) if found is not None else ""
        if found is None or not kind:
            return None
        new = f"keras.optimizers.{kind}(learning_rate={value})"
        words = _("It belongs to the optimizer: `{code}`.").format(code=new)
        rest = code.without_argument(call, wrong)
        if rest is None:
            return None
        old = code.source(found[1])
        edit = Edit(words, (code.replaced(call, rest.new.replace(old, new, 1)),))
        return mistake(failure, "unknown-argument", reason, [edit], where=wrong)
    close = difflib.get_close_matches(wrong, names, 1, 0.6)
    if not close:
        return None
    begin = (keyword.lineno, keyword.col_offset)
    end = (keyword.lineno, keyword.col_offset + len(wrong.encode()))
    edit = Edit(
        _("Write `{name}=`.").format(name=close[0]), (Change(code.file, begin, end, close[0]),)
    )
    return mistake(failure, "unknown-argument", reason, [edit], where=wrong)


def _optimizer_class(node: ast.expr) -> str:
    """Returns the class of an optimizer that was named by a string."""
    import keras

    value = str(getattr(node, "value", "")).lower()
    for name in dir(keras.optimizers):
        if inspect.isclass(getattr(keras.optimizers, name)) and name.lower() == value:
            return name
    return ""


def _not_compiled(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a model without `compile`, or without a loss; the edit suits its last layer."""
    passed = find_passed(failure)
    if passed is None or passed.call is None or passed.code is None:
        return None
    outputs, y = wanted_outputs(passed.model), spec_of_value(passed.value("y"))
    if len(outputs) != 1 or y is None or kind_of(passed.value("y")) != "array":
        return None
    name = _suitable(passed)
    target = (None, *y.shape[1:])
    if not loss_accepts(name, (target, y.dtype), (outputs[0].shape, "float32")):
        return None
    model = passed.code.source(getattr(passed.call.func, "value", passed.call.func))
    code = f'{model}.compile(optimizer="adam", loss="{name}")'
    no_loss = "No loss" in match[0]
    reason = _("{model} has no loss and no optimizer yet.")
    if no_loss:
        reason = _("{model} was compiled without a loss.")
    written = compile_statement(passed) if no_loss else None
    edit = Edit(
        _("Call `{code}` first; this loss suits the targets and the last layer.").format(
            code=code
        ),
        (passed.code.line_before(passed.call, code),),
    )
    if written is not None:
        source, call = written
        edit = Edit(
            _(
                "Write `{code}` in `compile`; this loss suits the targets and the last layer."
            ).format(code=f'loss="{name}"'),
            (source.with_argument(call, "loss", f'"{name}"'),),
        )
    title = f"{passed.model.name} ({type(passed.model).__name__})"
    rule_name = "no-loss" if no_loss else "not-compiled"
    where = "loss" if no_loss else "compile"
    return mistake(failure, rule_name, reason.format(model=title), [edit], where=where)


def _metrics_text(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    found = None if passed is None else argument_of_compile(passed, "metrics")
    if passed is None or found is None:
        return None
    code, node = found
    source = code.source(node)
    reason = _("`metrics` must be a list, got {value}.").format(
        value=quoted(match["value"], 40)
    )
    edit = Edit(
        _("Write `metrics=[{code}]`.").format(code=source),
        (code.replaced(node, f"[{source}]"),),
    )
    return mistake(failure, "metrics-list", reason, [edit], where="metrics")


RULES: tuple[Rule, ...] = (
    rule(
        "unknown-choice",
        r"Could not interpret loss identifier: (?P<value>[^\n]*)",
        _no_such_loss,
    ),
    rule(
        "unknown-choice",
        r"Could not interpret metric identifier: (?P<value>[^\n]*)",
        _no_such_metric,
    ),
    rule(
        "unknown-choice",
        r"Could not interpret optimizer identifier: (?P<value>[^\n]*)",
        _optimizer,
    ),
    rule(
        "unknown-argument",
        r"(?:\w+\.)?(?P<method>\w+)\(\) got an unexpected keyword argument '(?P<name>\w+)'",
        _argument,
    ),
    rule(
        "not-compiled",
        r"You must call `?compile\(\)`? before|No loss to compute",
        _not_compiled,
    ),
    rule(
        "metrics-list",
        r"Expected `metrics` argument to be a list.*?metrics=(?P<value>\S+) of type",
        _metrics_text,
    ),
)
