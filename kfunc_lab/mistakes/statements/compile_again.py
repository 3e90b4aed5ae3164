"""Says when a model must be compiled again before it is trained, after a fit that failed.

TensorFlow traces the training function at its first call. If an exception ends the first trace,
the optimizer and the metrics have no variables yet, and TensorFlow lets no later trace create
them; `compile` throws the function away.
"""

import ast
from collections.abc import Mapping
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.cells import earlier_code, is_before
from kfunc_lab.mistakes.data.passed import Passed, find_passed, value_of
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Edit


def compiled_again(failure: Failure) -> Edit | None:
    """Returns the edit that compiles a model again before the call that failed.

    Args:
        failure: The failure of `fit`, `evaluate` or `train_on_batch`.

    Returns:
        The words, and the change that copies the learner's `compile` before the call, if its
        statement was found; `None` if the failure does not need it.
    """
    passed = find_passed(failure)
    if passed is None or not needs_compile(passed):
        return None
    found = compile_statement(passed)
    if found is not None and passed.code is not None and found[0].file == passed.code.file:
        return None  # it runs again together with the call
    return copied_compile(passed)


def with_compile(failure: Failure, edit: Edit) -> Edit:
    """Adds `compile` to an edit of the call that failed, if the call needs it.

    An edit of an earlier cell runs that cell and all that follow again, and so it compiles the
    model anyway.
    """
    again = compiled_again(failure)
    if again is None or not edit.words:
        return edit
    passed = find_passed(failure)
    here = "" if passed is None or passed.code is None else passed.code.file
    compiles = any(".compile(" in change.new for change in edit.changes)
    if compiles or any(change.file != here for change in edit.changes):
        return edit
    return Edit(f"{edit.words} {again.words}", (*edit.changes, *again.changes))


def needs_compile(passed: Passed) -> bool:
    """Returns whether a model cannot be trained before it is compiled again."""
    import keras

    model = passed.model
    if keras.backend.backend() != "tensorflow" or getattr(model, "run_eagerly", False):
        return False
    if passed.validation or not {"train_step", "test_step"} & set(passed.frames):
        return False
    if "train_step" not in passed.frames and not _has_metrics(model):
        return False
    return not _has_trained(model)


def _has_trained(model: Any) -> bool:
    """Returns whether the optimizer has made a step, so that its first trace went well."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return True
    try:
        return bool(optimizer.built) and int(optimizer.iterations.numpy()) > 0
    except Exception:  # the variables of a failed trace may have no values
        return False


def _has_metrics(model: Any) -> bool:
    try:
        config = model.get_compile_config() or {}
    except Exception:  # a metric of the learner's own may have no configuration
        return True
    return bool(config.get("metrics") or config.get("weighted_metrics"))


def copied_compile(passed: Passed) -> Edit:
    """Returns the edit that copies the learner's `compile` before a call."""
    found = compile_statement(passed)
    words = _("A fit that failed once needs `compile` again before the next one.")
    if found is None or passed.code is None or passed.call is None:
        return Edit(words)
    code, call = found
    return Edit(words, (passed.code.line_before(passed.call, code.source(call)),))


def compile_statement(passed: Passed) -> tuple[Code, ast.Call] | None:
    """Finds the last call of a model's `compile` in the learner's code; `None` without one."""
    if passed.code is None or passed.call is None:
        return None
    file, line = passed.code.file, passed.call.lineno
    for code in earlier_code(file):
        calls = [
            call
            for call in code.calls
            if isinstance(call.func, ast.Attribute)
            and call.func.attr == "compile"
            and value_of(call.func.value, passed.scope) is passed.model
            and is_before(code, call, file, line)
            and _may_compile(call, passed)
        ]
        if calls:
            return code, calls[-1]
    return None


def _class_called(node: ast.expr | None) -> str:
    """Returns the class that an expression of Keras creates, such as `"Adam"`."""
    function = node.func if isinstance(node, ast.Call) else None
    name = function.attr if isinstance(function, ast.Attribute) else ""
    return name if name[:1].isupper() else ""


def _may_compile(call: ast.Call, passed: Passed) -> bool:
    """Returns whether a `compile` may be the one that gave the model its optimizer and loss."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    for place, (name, value) in enumerate(
        (
            ("optimizer", type(getattr(passed.model, "optimizer", None)).__name__),
            ("loss", getattr(passed.model, "loss", None)),
        )
    ):
        node = given.get(name, call.args[place] if place < len(call.args) else None)
        if name == "loss" and (node is None) != (value is None):
            return False
        if isinstance(node, ast.Dict) and not isinstance(value, Mapping):
            return False
        if isinstance(node, (ast.Constant, ast.List)) and isinstance(value, Mapping):
            return False
        if name == "optimizer" and _class_called(node) not in ("", value):
            return False
        known = value_of(node, passed.scope)
        if isinstance(node, ast.Lambda) and getattr(value, "__name__", "") != "<lambda>":
            return False
        if isinstance(known, str) and isinstance(value, str) and known.lower() != value.lower():
            return False
        if isinstance(known, str) and name == "loss" and not isinstance(value, str):
            return False
        if isinstance(known, (dict, list)) and name == "loss" and known != value:
            return False
        if isinstance(node, ast.Name) and name == "loss" and known is not value:
            return False
    return True
