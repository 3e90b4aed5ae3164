"""Mistakes that follow an earlier one: a fit after a failed fit, and variables of another model."""

import ast
import re

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.cells import assigned
from kfunc_lab.mistakes.data.passed import Passed, find_passed
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.rules.training.edits import mistake
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.statements.compile_again import copied_compile
from kfunc_lab.mistakes.statements.compiling import argument_of_compile


def _half_traced(match: re.Match[str], failure: Failure) -> Mistake | None:
    passed = find_passed(failure)
    if passed is None or not type(passed.model).train_step.__module__.startswith("keras."):
        return None  # an own `train_step` may return nothing
    model = passed.call.func.value if passed.call is not None else None  # type: ignore[attr-defined]
    name = (
        passed.code.source(model) if model is not None and passed.code is not None else "model"
    )
    reason = _(
        "An earlier `fit` of this model failed halfway: TensorFlow keeps the function that it "
        "had begun to trace, and refuses to create the optimizer's variables in it now."
    )
    copied = copied_compile(passed)
    words = _("Run `{name}.compile(...)` again, then `{method}`.").format(
        name=name, method=passed.method
    )
    return mistake(
        failure, "half-traced", reason, [Edit(words, copied.changes)], where="compile"
    )


def _unknown_variable(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains an optimizer that was built for other variables."""
    passed = find_passed(failure)
    variable = re.sub(r"[,>].*", "", match["path"]).strip()
    if not variable:
        variable = _refused(passed)
        if passed is None or not variable:
            return None
    if passed is None:
        reason = _(
            "The optimizer was built for the variables of another model, not for {name}."
        )
        edit = Edit(_("Make an optimizer of its own for each model."))
        return mistake(failure, "shared-optimizer", reason.format(name=variable), [edit])
    shared = _shared(passed)
    if shared:
        reason = _(
            "{model} and {other} share one optimizer, and it was built for the variables of "
            "{other}: it does not know {name}."
        ).format(model=passed.model.name, other=shared, name=variable)
        return mistake(failure, "shared-optimizer", reason, [_own_optimizer(passed)])
    reason = _(
        "{name} was frozen when the optimizer was built, and is trained now: the optimizer "
        "does not know it."
    ).format(name=variable)
    copied = copied_compile(passed)
    words = _("Compile the model again after `trainable` was changed.")
    return mistake(failure, "trainable-changed", reason, [Edit(words, copied.changes)])


def _refused(passed: Passed | None) -> str:
    """Returns the variable that the optimizer refused; up to Keras 3.8 the message fails."""
    if passed is None or "_check_variables_are_known" not in passed.frames:
        return ""
    found = [local["v"] for local in passed.locals_of_keras if "v" in local]
    return str(getattr(found[-1], "path", "")) if found else ""


def _shared(passed: Passed) -> str:
    """Returns the name of another model of the learner with the same optimizer."""
    import keras

    values = {} if passed.scope is None else {**passed.scope.f_globals, **passed.scope.f_locals}
    for other in values.values():
        if isinstance(other, keras.Model) and other is not passed.model:
            mine = getattr(passed.model, "optimizer", None)
            if mine is not None and getattr(other, "optimizer", None) is mine:
                return str(other.name)
    return ""


def _own_optimizer(passed: Passed) -> Edit:
    """Returns the edit that makes a new optimizer in the model's `compile`."""
    words = _("Make an optimizer for each model: `{code}`.")
    found = argument_of_compile(passed, "optimizer")
    code_text, changes = f"keras.optimizers.{type(passed.model.optimizer).__name__}(...)", ()
    if found is not None and passed.code is not None and passed.call is not None:
        code, node = found
        if isinstance(node, ast.Name):
            made = assigned(node.id, code.file, node.lineno)
            if made is not None and isinstance(made[1], ast.Call):
                code_text = made[0].source(made[1])
                changes = (code.replaced(node, code_text),)  # type: ignore[assignment]
    return Edit(words.format(code=code_text), changes)


RULES: tuple[Rule, ...] = (
    rule("half-traced", r"Creating variables on a non-first call", _half_traced),
    # If the metrics failed in the first trace, the function exists, but it returns nothing.
    rule("half-traced", r"'Toutput_types' of 'OptionalFromValue' Op passed list", _half_traced),
    rule(
        "shared-optimizer",
        r"Unknown variable: <Variable path=(?P<path>[^\n]*)",
        _unknown_variable,
    ),
    rule(
        "shared-optimizer",
        r"(?P<path>)numpy\(\) is only available when eager execution",
        _unknown_variable,
    ),
    rule(
        "shared-optimizer",
        r"optimizer cannot recognize variable (?P<path>[^\n]*)",
        _unknown_variable,
    ),
)
