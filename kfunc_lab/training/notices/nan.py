"""Finds where numbers become NaN or infinite."""

import math

from kfunc_lab.locale import _
from kfunc_lab.training.notices.evidence import Run, finite, lower_rate_words
from kfunc_lab.training.notices.loss import exceeds
from kfunc_lab.training.notices.notice import Notice
from kfunc_lab.training.run_log import RunLog
from kfunc_lab.ui.text import printable


def not_a_number(run: Run) -> Notice | None:
    """Finds a loss or a weight that is NaN or infinite."""
    names = [name for name in {**run.log.batches, **run.log.by_epoch} if _is_loss(name)]
    starts = {name: _start_of_nan(run.log, name) for name in names}
    nan_starts = {name: start for name, start in starts.items() if start < math.inf}
    training = {
        name: start for name, start in nan_starts.items() if not name.startswith("val_")
    }
    if training:
        return _nan_loss(run, training, [name for name in names if name not in nan_starts])
    for measures in run.measures(1)[-1:]:
        for layer, norm in measures.of("weight_norm").items():
            if not math.isfinite(norm):
                return _nan_weights(run, layer, measures.epoch)
    return _nan_validation(run, nan_starts) if nan_starts else None


def _is_loss(name: str) -> bool:
    # Other metrics may be NaN by definition, such as for a class without samples.
    return name == "loss" or name.endswith("_loss")


def _start_of_nan(log: RunLog, name: str) -> float:
    """Returns the position, in epochs, at which a line becomes NaN or infinite, or infinity."""
    start = math.inf
    line = log.batches.get(name)
    if line is not None and not math.isfinite(sum(line.y)):
        start = next(
            (x for x, y in zip(line.x, line.y, strict=True) if not math.isfinite(y)), start
        )
    for epoch, value in log.by_epoch.get(name, {}).items():
        if not math.isfinite(value):
            return min(start, epoch + 1)
    return start


def _nan_loss(run: Run, starts: dict[str, float], finite_losses: list[str]) -> Notice:
    start = min(starts.values())
    epoch = math.ceil(start) - 1
    # If the outputs became NaN at different times, the first ones are the cause.
    first = [name for name, position in starts.items() if position == start and name != "loss"]
    others = [
        name
        for name in (*starts, *finite_losses)
        if _is_output_loss(name) and name not in first
    ]
    if first and others:
        return _nan_output(run, first[0], epoch)
    layer = _where_nan_begins(run)
    message = _("The loss became NaN in epoch {epoch}.")
    if _first_non_finite_loss(run) == math.inf:
        message = _("The loss became infinite in epoch {epoch}.")
    return Notice("nan", layer, epoch, message.format(epoch=epoch + 1), _nan_advice(run, layer))


def _is_output_loss(name: str) -> bool:
    return name != "loss" and not name.startswith("val_")


def _first_non_finite_loss(run: Run) -> float:
    """Returns the first loss that is not finite."""
    line = run.log.batches.get("loss")
    values = [*(line.y if line is not None else ()), *run.losses]
    return next((value for value in values if not math.isfinite(value)), math.nan)


def _nan_output(run: Run, name: str, epoch: int) -> Notice:
    output = name.removesuffix("_loss")
    is_layer = any(output in measures.layers for measures in run.measures(1)[:1])
    message = _("The loss of output {name} became NaN in epoch {epoch}, before any other.")
    advice = _(
        "Check the labels of {name} with `np.isfinite(y).all()`, and check whether its loss "
        "takes a logarithm, a root or a quotient of values that {name} can return."
    )
    shown = printable(output)
    message = message.format(name=shown, epoch=epoch + 1)
    return Notice("nan", output if is_layer else "", epoch, message, advice.format(name=shown))


def _where_nan_begins(run: Run) -> str:
    """Returns the first layer that returns NaN although all weights are finite."""
    for measures in run.measures(1)[-1:]:
        if len(finite(measures.of("weight_norm").values())) < len(measures.of("weight_norm")):
            return ""  # then every layer may return NaN
        for layer, value in measures.of("activation_mean").items():
            if not math.isfinite(value):
                return layer
    return ""


def _nan_advice(run: Run, layer: str) -> str:
    if layer:
        return _(
            "Look at layer {layer}, the first that returns values that are not finite, and "
            "check with `np.isfinite(x).all()` that the data contains no NaN."
        ).format(layer=printable(layer))
    if _has_grown(run):
        return _(
            "The loss was already growing, so {slower}, or clip the gradients with "
            "`clipnorm=1.0` in the optimizer."
        ).format(slower=lower_rate_words(run))
    if _loss_alone_is_nan(run):
        return _(
            "Look at the loss function, because all layers return finite values: does it take "
            "a logarithm, a root or a quotient of values that the model can return? For "
            "log(y), try `ops.log(ops.maximum(y, 1e-7))`."
        )
    return _(
        "Check with `np.isfinite(x).all()` that the data contains no NaN; if it contains none, "
        "{slower}, or clip the gradients with `clipnorm=1.0` in the optimizer."
    ).format(slower=lower_rate_words(run))


def _loss_alone_is_nan(run: Run) -> bool:
    """Tells whether all weights are finite, and all layers' outputs on the probe are."""
    for measures in run.measures(1)[-1:]:
        means = [*measures.of("activation_mean").values()]
        values = [*means, *measures.of("weight_norm").values()]
        return bool(means) and len(finite(values)) == len(values)
    return False


def _has_grown(run: Run) -> bool:
    """Tells whether the loss grew to many times its first value before it became NaN."""
    line = run.log.batches.get("loss")
    values = finite(line.y if line is not None else run.losses)
    return bool(values) and exceeds(max(values), values[0])


def _nan_weights(run: Run, layer: str, epoch: int) -> Notice:
    shown = printable(layer)
    message = _("The weights of layer {layer} became NaN in epoch {epoch}.")
    advice = _("Start again: {slower}, or clip the gradients with `clipnorm=1.0`.")
    message = message.format(layer=shown, epoch=epoch + 1)
    return Notice("nan", layer, epoch, message, advice.format(slower=lower_rate_words(run)))


def _nan_validation(run: Run, starts: dict[str, float]) -> Notice:
    epoch = math.ceil(min(starts.values())) - 1
    message = _("The validation loss is NaN in epoch {epoch}, though the training loss is not.")
    advice = _(
        "Check the validation data with `np.isfinite(x_val).all()`, and check that it is "
        "scaled like the training data."
    )
    return Notice("nan", "", epoch, message.format(epoch=epoch + 1), advice)
