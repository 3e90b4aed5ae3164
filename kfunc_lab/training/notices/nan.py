"""Finds where numbers stop being finite."""

import math

from kfunc_lab.locale import _
from kfunc_lab.training.notices.evidence import Run, finite, slower
from kfunc_lab.training.notices.loss import exceeds
from kfunc_lab.training.notices.notice import Notice
from kfunc_lab.training.run_log import RunLog
from kfunc_lab.ui.text import printable


def not_a_number(run: Run) -> Notice | None:
    """A loss, or a weight, that is NaN or infinite."""
    names = [it for it in {**run.log.batches, **run.log.by_epoch} if _is_loss(it)]
    began = {it: _began(run.log, it) for it in names}
    found = {it: at for it, at in began.items() if at < math.inf}
    training = {it: at for it, at in found.items() if not it.startswith("val_")}
    if training:
        return _nan_loss(run, training, [it for it in names if it not in found])
    last = run.measures(1)[-1:]
    for measures in last:
        for layer, norm in measures.of("weight_norm").items():
            if not math.isfinite(norm):
                return _nan_weights(run, layer, measures.epoch)
    return _nan_validation(run, found) if found else None


def _is_loss(name: str) -> bool:
    # Other metrics may be NaN by their nature, as of a class that is not there.
    return name == "loss" or name.endswith("_loss")


def _began(log: RunLog, name: str) -> float:
    """Returns where a line is NaN or infinite first, in epochs; infinity if nowhere."""
    found = math.inf
    series = log.batches.get(name)
    if series is not None and not math.isfinite(sum(series.y)):
        found = next(
            (x for x, y in zip(series.x, series.y, strict=True) if not math.isfinite(y)), found
        )
    for epoch, value in log.by_epoch.get(name, {}).items():
        if not math.isfinite(value):
            return min(found, epoch + 1)
    return found


def _nan_loss(run: Run, began: dict[str, float], finite: list[str]) -> Notice:
    at = min(began.values())
    epoch = math.ceil(at) - 1
    # Where not all outputs began at the same time, the first ones are the cause.
    first = [it for it, when in began.items() if when == at and it != "loss"]
    others = [it for it in (*began, *finite) if _is_output(it) and it not in first]
    if first and others:
        return _nan_output(run, first[0], epoch)
    layer = _where_nan_begins(run)
    said = _("The loss became NaN in epoch {epoch}.")
    if _first_odd(run) == math.inf:
        said = _("The loss became infinite in epoch {epoch}.")
    return Notice("nan", layer, epoch, said.format(epoch=epoch + 1), _nan_advice(run, layer))


def _is_output(name: str) -> bool:
    return name != "loss" and not name.startswith("val_")


def _first_odd(run: Run) -> float:
    """Returns the first loss that is not finite."""
    series = run.log.batches.get("loss")
    values = [*(series.y if series is not None else ()), *run.losses]
    return next((it for it in values if not math.isfinite(it)), math.nan)


def _nan_output(run: Run, name: str, epoch: int) -> Notice:
    output = name.removesuffix("_loss")
    known = any(layer == output for m in run.measures(1)[:1] for layer in m.layers)
    said = _("The loss of output {name} became NaN in epoch {epoch}, before any other.")
    advice = _(
        "Check the labels of {name} with `np.isfinite(y).all()`, and check whether its loss "
        "takes a logarithm, a root or a quotient of values that {name} can return."
    )
    shown = printable(output)
    said = said.format(name=shown, epoch=epoch + 1)
    return Notice("nan", output if known else "", epoch, said, advice.format(name=shown))


def _where_nan_begins(run: Run) -> str:
    """Returns the first layer that gives NaN though all weights are finite."""
    for measures in run.measures(1)[-1:]:
        if len(finite(measures.of("weight_norm").values())) < len(measures.of("weight_norm")):
            return ""  # by then all of them may
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
        ).format(slower=slower(run))
    if _loss_alone_is_nan(run):
        return _(
            "Look at the loss function, because all layers return finite values: does it take "
            "a logarithm, a root or a quotient of values that the model can return? For "
            "log(y), try `ops.log(ops.maximum(y, 1e-7))`."
        )
    return _(
        "Check with `np.isfinite(x).all()` that the data contains no NaN; if it contains none, "
        "{slower}, or clip the gradients with `clipnorm=1.0` in the optimizer."
    ).format(slower=slower(run))


def _loss_alone_is_nan(run: Run) -> bool:
    """Tells whether on the probe all weights and what all layers give are finite."""
    for measures in run.measures(1)[-1:]:
        given = [*measures.of("activation_mean").values()]
        values = [*given, *measures.of("weight_norm").values()]
        return bool(given) and len(finite(values)) == len(values)
    return False


def _has_grown(run: Run) -> bool:
    """Tells whether the loss was many times what it began with before it was NaN."""
    series = run.log.batches.get("loss")
    values = finite(series.y if series is not None else run.losses)
    return bool(values) and exceeds(max(values), values[0])


def _nan_weights(run: Run, layer: str, epoch: int) -> Notice:
    shown = printable(layer)
    said = _("The weights of layer {layer} became NaN in epoch {epoch}.")
    advice = _("Start again: {slower}, or clip the gradients with `clipnorm=1.0`.")
    said = said.format(layer=shown, epoch=epoch + 1)
    return Notice("nan", layer, epoch, said, advice.format(slower=slower(run)))


def _nan_validation(run: Run, began: dict[str, float]) -> Notice:
    epoch = math.ceil(min(began.values())) - 1
    said = _("The validation loss is NaN in epoch {epoch}, though the training loss is not.")
    advice = _(
        "Check the validation data with `np.isfinite(x_val).all()`, and check that it is "
        "scaled like the training data."
    )
    return Notice("nan", "", epoch, said.format(epoch=epoch + 1), advice)
