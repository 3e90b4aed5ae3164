"""Mistakes in callbacks: names that are not watched, classes, functions, wrong arguments."""

import ast
import difflib
import re
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.cells import assigned, definition, earlier_code
from kfunc_lab.mistakes.data.kinds import kind_of
from kfunc_lab.mistakes.data.passed import Passed, find_passed, value_of
from kfunc_lab.mistakes.data.wanted import wanted_outputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.statements.compiling import argument_of_compile


def watched_names(passed: Passed) -> list[str]:
    """Returns the names that training reports, such as `"val_accuracy"`."""
    names = ["loss"]
    outputs = [output.name for output in wanted_outputs(passed.model)]
    if len(outputs) > 1:
        names += [f"{name}_loss" for name in outputs]
    for local in passed.locals_of_keras:
        for key in ("logs", "epoch_logs"):
            logs = local.get(key)
            if isinstance(logs, dict):
                names += [str(name) for name in logs if not str(name).startswith("val_")]
    if len(names) <= 1 + len(outputs):
        names += _metrics(passed, outputs)
    names = list(dict.fromkeys(names))
    validation = passed.value("validation_data") is not None or passed.value("validation_split")
    return names + ([f"val_{name}" for name in names] if validation else [])


def _metrics(passed: Passed, outputs: list[str]) -> list[str]:
    """Returns the names of the metrics in the learner's `compile`."""
    found = argument_of_compile(passed, "metrics")
    if found is None:
        return []
    made = []
    value = value_of(found[1], passed.scope)
    pairs = value.items() if isinstance(value, dict) else [("", value)]
    for output, each in pairs:
        for metric in each if isinstance(each, (list, tuple)) else [each]:
            name = metric if isinstance(metric, str) else getattr(metric, "name", None)
            name = name or getattr(metric, "__name__", None)
            if isinstance(name, str):
                made.append(f"{output}_{name}" if output and len(outputs) > 1 else name)
    return made


def _close(wrong: str, names: list[str]) -> str:
    """Returns the name that was meant: of the same side, training or validation, if it exists."""
    short = wrong.removeprefix("val_")
    aliases = {"acc": "accuracy", "accuracy": "acc"}
    same = [name for name in names if name.startswith("val_") == wrong.startswith("val_")]
    for each in (same, names):
        for name in each:
            bare = name.removeprefix("val_")
            if bare in (short, aliases.get(short)) or re.fullmatch(
                rf"\w+_{re.escape(short)}", bare
            ):
                return name
        close = difflib.get_close_matches(wrong, each, 1, 0.5)
        if close:
            return close[0]
    accuracies = [name for name in same if "acc" in name and "acc" in short]
    return (accuracies or same or names)[0]


def _monitor(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None:
        return None
    wrong, kind = match["name"], match["kind"]
    names = watched_names(passed)
    if wrong in names:
        return None
    right = _close(wrong, names)
    reason = _("{kind} watches {wrong}, but training reports {names}.").format(
        kind=kind, wrong=wrong, names=", ".join(names)
    )
    changes = []
    for code, node in _strings(passed, wrong, kind):
        changes.append(code.replaced(node, f'"{right}"'))
    edit = Edit(_('Write `monitor="{name}"`.').format(name=right), tuple(changes[:1]))
    return mistake(failure, "monitored-name", reason, [edit], where="monitor")


def _strings(passed: Passed, wrong: str, kind: str) -> list[tuple[Code, ast.expr]]:
    """Finds a text among the arguments of the callback's class."""
    if passed.code is None:
        return []
    for code in earlier_code(passed.code.file):
        found: list[tuple[Code, ast.expr]] = [
            (code, node)
            for call in code.calls
            if code.source(call.func).rpartition(".")[2] == kind
            for node in [*call.args, *(each.value for each in call.keywords)]
            if isinstance(node, ast.Constant) and node.value == wrong
        ]
        if found:
            return found
    return []


def _log_key(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a key that the logs of a learner's callback do not have."""
    passed, scope, code = find_passed(failure), failure.scope, failure.source
    node: Any = failure.expression
    if isinstance(node, ast.Compare):
        node = node.left
    if passed is None or scope is None or code is None:
        return None
    if isinstance(node, ast.Subscript):
        owner, place = node.value, node.slice
    elif isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute):
        owner, place = node.func.value, node.args[0]
    else:
        return None
    logs, key = value_of(owner, scope), getattr(place, "value", None)
    if (
        not isinstance(logs, dict)
        or not isinstance(key, str)
        or key in logs
        or scope is passed.scope
    ):
        return None
    if "loss" not in logs:
        return None
    right = _close(key, [str(name) for name in logs])
    reason = _("The logs have no {wrong}; they hold {names}.").format(
        wrong=key, names=", ".join(map(str, logs))
    )
    edit = Edit(
        _("Write the key '{name}' instead of '{wrong}'.").format(name=right, wrong=key),
        (code.replaced(place, f'"{right}"'),),
    )
    return mistake(failure, "monitored-name", reason, [edit], where=key)


def _file_name(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a name in braces, in the file of a checkpoint, that is not reported."""
    passed = find_passed(failure)
    if passed is None or passed.code is None:
        return None
    names = [*watched_names(passed), "epoch", "batch"]
    wrong = match["name"]
    right = _close(wrong, names)
    reason = _("The name of the file holds {wrong}, but training reports {names}.").format(
        wrong=f"{{{wrong}}}", names=", ".join(names)
    )
    changes = []
    for code in earlier_code(passed.code.file):
        for node in ast.walk(code.tree):
            text = node.value if isinstance(node, ast.Constant) else None
            inside = isinstance(code.parents.get(node), ast.JoinedStr)
            if isinstance(text, str) and f"{{{wrong}" in text and not inside:
                new = code.source(node).replace(f"{{{wrong}", f"{{{right}")
                changes.append(code.replaced(node, new))
        if changes:
            break
    words = _("Write `{name}` in its place.").format(name=f"{{{right}}}")
    return mistake(
        failure, "monitored-name", reason, [Edit(words, tuple(changes))], where=wrong
    )


def _no_callback(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a class, a function or a name in the list of callbacks."""
    import keras

    passed = find_passed(failure)
    node = None if passed is None else passed.argument("callbacks")
    if passed is None or node is None or passed.code is None:
        return None
    items = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
    for item in items:
        value, source = value_of(item, passed.scope), passed.code.source(item)
        kind = kind_of(value)
        if kind == "class":
            reason = _("One of the callbacks is a class, not an instance.")
            new, rule_name = f"{source}()", "class-for-object"
        elif kind == "function":
            reason = _("{name} is a function, not a callback.").format(name=source)
            count = value.__code__.co_argcount
            event = "on_epoch_end" if count == 2 else "on_train_end"
            new, rule_name = f"keras.callbacks.LambdaCallback({event}={source})", "no-callback"
        elif kind == "text" and hasattr(keras.callbacks, str(value)):
            reason = _("Callbacks have no short names; {name} is a text.").format(name=source)
            new, rule_name = f"keras.callbacks.{value}()", "no-callback"
        else:
            continue
        edit = Edit(_("Write `{code}`.").format(code=new), (passed.code.replaced(item, new),))
        return mistake(failure, rule_name, reason, [edit], where="callbacks")
    return None


def _method_arguments(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a method of a callback or metric with too few arguments."""
    passed = find_passed(failure)
    if passed is None or passed.code is None:
        return None
    kind, method = match["kind"], match["method"]
    wanted = {
        "on_epoch_end": "self, epoch, logs=None", "on_epoch_begin": "self, epoch, logs=None",
        "on_train_batch_end": "self, batch, logs=None",
        "on_train_batch_begin": "self, batch, logs=None",
        "on_train_end": "self, logs=None", "on_train_begin": "self, logs=None",
        "update_state": "self, y_true, y_pred, sample_weight=None",
    }.get(method)  # fmt: skip
    made = definition(kind, passed.code.file)
    if wanted is None or made is None or not isinstance(made[1], ast.ClassDef):
        return None
    code, node = made
    for each in node.body:
        if isinstance(each, ast.FunctionDef) and each.name == method and each.args.args:
            from kfunc_lab.mistakes.source.code import begin_of, end_of
            from kfunc_lab.mistakes.source.edit import Change

            parts: list[Any] = [*each.args.args, *each.args.defaults]
            begin, end = begin_of(each.args.args[0]), max(map(end_of, parts))
            reason = _("Keras calls `{method}` with more arguments than {kind} takes.").format(
                method=method, kind=kind
            )
            edit = Edit(
                _("Write `def {name}({arguments}):`.").format(name=method, arguments=wanted),
                (Change(code.file, begin, end, wanted),),
            )
            return mistake(failure, "method-arguments", reason, [edit], where=method)
    return None


def _schedule(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains a number in the place of a schedule, or a schedule that returns a whole number."""
    passed = find_passed(failure)
    if passed is None or passed.code is None:
        return None
    for code in earlier_code(passed.code.file):
        for call in code.calls:
            if not code.source(call.func).endswith("LearningRateScheduler") or not call.args:
                continue
            node = call.args[0]
            value = node
            if isinstance(node, ast.Name):
                made = assigned(node.id, code.file, node.lineno)
                value = made[1] if made is not None else node
            if isinstance(value, ast.Constant):
                new = f"lambda epoch: {code.source(node)}"
            elif isinstance(value, ast.Lambda) and value is node:
                body = code.source(node.body)
                new = f"{code.source(node)[: -len(body)]}float({body})"
            else:
                return None
            reason = _("LearningRateScheduler takes a function from the epoch to a float.")
            edit = Edit(_("Write `{code}`.").format(code=new), (code.replaced(node, new),))
            return mistake(failure, "schedule", reason, [edit], where="schedule")
    return None


RULES: tuple[Rule, ...] = (
    rule(
        "monitored-name",
        r"(?P<kind>\w+) callback received monitor=(?P<name>\S+?),? but Keras",
        _monitor,
    ),
    rule("monitored-name", r"^'?\w+'?$|not supported between instances of", _log_key),
    rule(
        "monitored-name",
        r"Failed to format this callback filepath.*Reason: \\?'(?P<name>\w+)",
        _file_name,
    ),
    rule(
        "no-callback",
        r"Callback\.set_model\(\) missing|has no attribute 'set_(?:model|params)'",
        _no_callback,
    ),
    rule(
        "method-arguments",
        r"(?P<kind>\w+)\.(?P<method>on_\w+|update_state)\(\) (?:takes \d+ positional|got an "
        r"unexpected keyword)",
        _method_arguments,
    ),
    rule(
        "schedule",
        r"'float' object is not callable|output of the `schedule` function should be a float",
        _schedule,
    ),
)
