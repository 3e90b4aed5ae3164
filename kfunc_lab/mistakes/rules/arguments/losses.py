"""A model with several outputs that was compiled without losses."""

import re
from collections.abc import Mapping
from typing import Any

from kfunc_lab.graph.keras.acceptance import loss_accepts
from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.kinds import spec_of_value
from kfunc_lab.mistakes.data.passed import find_passed
from kfunc_lab.mistakes.data.wanted import Wanted, layer_of_output, wanted_outputs
from kfunc_lab.mistakes.failure import Failure
from kfunc_lab.mistakes.rule import Mistake, Rule, rule
from kfunc_lab.mistakes.source.edit import Change
from kfunc_lab.mistakes.statements.compile_again import compile_statement

_BY_ACTIVATION = {
    "softmax": ("sparse_categorical_crossentropy", "categorical_crossentropy"),
    "sigmoid": ("binary_crossentropy",),
}


def _no_losses(match: re.Match[str], failure: Failure) -> Mistake | None:
    """Explains `model.compile()`, with a loss for each output by its activation and targets."""
    passed = find_passed(failure)
    if passed is None or passed.call is None or passed.code is None:
        return None
    model, outputs, y = passed.model, wanted_outputs(passed.model), passed.value("y")
    if len(outputs) < 2:
        return None
    losses = {}
    for place, output in enumerate(outputs):
        target = _target(y, output.name, place)
        name = _loss(output, layer_of_output(model, place), target)
        if not name:
            return None
        losses[output.name] = name
    listed = ", ".join(f'"{name}": "{loss}"' for name, loss in losses.items())
    found = compile_statement(passed) if "No loss" in match[0] else None
    source = passed.code.source(getattr(passed.call.func, "value", passed.call.func))
    code = f'{source}.compile(optimizer="adam", loss={{{listed}}})'
    change: Change = passed.code.line_before(passed.call, code)
    if found is not None:
        change = found[0].with_argument(found[1], "loss", f"{{{listed}}}")
    no_loss = "No loss" in match[0]
    reason = _("{model} has no loss and no optimizer yet.")
    if no_loss:
        reason = _("{model} was compiled without a loss.")
    return Mistake(
        "no-loss" if no_loss else "not-compiled",
        reason.format(model=f"{model.name} ({type(model).__name__})"),
        "",
        _("Give each output the loss that suits it: `loss={code}`.").format(
            code=f"{{{listed}}}"
        ),
        "loss" if no_loss else "compile",
        (change,),
    )


def _target(y: Any, name: str, place: int) -> Any:
    if isinstance(y, Mapping):
        return y.get(name)
    return y[place] if isinstance(y, (list, tuple)) and place < len(y) else None


def _loss(output: Wanted, layer: Any, target: Any) -> str:
    """Returns the first loss that suits the activation and accepts the targets."""
    spec = spec_of_value(target)
    if spec is None:
        return ""
    activation = getattr(getattr(layer, "activation", None), "__name__", "")
    for name in (*_BY_ACTIVATION.get(activation, ()), "mean_squared_error"):
        if "sparse" in name and not spec.dtype.startswith(("int", "uint")):
            continue
        if name == "categorical_crossentropy" and spec.shape[-1:] != output.shape[-1:]:
            continue
        if loss_accepts(name, ((None, *spec.shape[1:]), spec.dtype), (output.shape, "float32")):
            return name
    return ""


RULES: tuple[Rule, ...] = (
    rule(
        "not-compiled", r"You must call `?compile\(\)`? before|No loss to compute", _no_losses
    ),
)
