"""Finds metrics that do not measure what the model predicts, and outputs that nothing trains."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.losses import REGRESSION, Head, for_each_output, heads
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable, snake_case

_ACCURACIES = {"accuracy", "acc", "binary_accuracy", "categorical_accuracy"} | {
    "sparse_categorical_accuracy"
}
# The accuracy that reads the targets of a loss; "accuracy" itself finds the right one.
_FITTING = {
    "sparse_categorical_crossentropy": "sparse_categorical_accuracy",
    "categorical_crossentropy": "categorical_accuracy",
    "binary_crossentropy": "binary_accuracy",
}


def _metrics(case: Case) -> Iterator[Finding]:
    found = list(heads(case))
    by_output = _metrics_by_output(case.model) if found else []
    for head, metrics in zip(found, by_output, strict=False):
        for metric in metrics:
            if metric in _ACCURACIES:
                yield from _accuracy(head, metric)


def _metrics_by_output(model: Any) -> list[list[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            config = model.get_compile_config() or {}
        except Exception:  # a loss or metric of one's own may not be serialisable
            return []
    metrics = config.get("metrics")
    if isinstance(metrics, Mapping) and "class_name" not in metrics:
        return [_names(value) for value in for_each_output(model, metrics)]
    count = len(getattr(model, "output_names", None) or [1])
    if count > 1:
        return [_names(value) for value in metrics] if isinstance(metrics, list) else []
    return [_names(metrics)]


def _names(value: Any) -> list[str]:
    """Returns the names of metrics that are given as strings, or as Keras stores objects."""
    values = value if isinstance(value, (list, tuple)) else [value]
    names = []
    for item in values:
        if isinstance(item, (list, tuple)):
            names += _names(item)
        elif isinstance(item, str):
            names.append(item)
        elif isinstance(item, Mapping) and (item.get("config") or {}).get("threshold") != 0:
            names.append(snake_case(str(item.get("class_name", ""))))
    return names


def _accuracy(head: Head, metric: str) -> Iterator[Finding]:
    names = {**head.names, "metric": metric, "fitting": _FITTING.get(head.loss, "")}
    if head.loss in REGRESSION and head.activation in ("linear", "relu") and head.units == 1:
        yield Finding(
            "metric",
            head.call.id,
            _(
                "{metric} counts right classes, but {name} predicts numbers (loss {loss}): it says "
                "nothing about how near they are."
            ).format(**names),
            _('Use `metrics=["mae"]`.'),
            "likely",
        )
    elif metric not in ("accuracy", "acc", names["fitting"]) and names["fitting"]:
        yield Finding(
            "metric",
            head.call.id,
            _("{metric} reads other targets than the loss {loss} does.").format(**names),
            _('Use `metrics=["accuracy"]`, which becomes {fitting} here.').format(**names),
            "likely",
        )
    elif (
        head.loss == "binary_crossentropy" and head.from_logits and head.activation == "linear"
    ):
        yield Finding(
            "metric",
            head.call.id,
            _(
                "{name} returns scores, which mean yes above 0, but {metric} counts yes above 0.5."
            ).format(**names),
            _("Use `metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)]`."),
            "possible",
        )


def _outputs_without_loss(case: Case) -> Iterator[Finding]:
    import keras

    model = case.model
    if not isinstance(model, keras.Model) or not getattr(model, "compiled", False):
        return
    losses = for_each_output(model, getattr(model, "loss", None))
    if len(losses) != len(case.exits) or len(losses) < 2 or not any(losses):
        return
    pairs = [(call, loss) for (call, _at), loss in zip(case.exits, losses, strict=True)]
    trained = {
        it for call, loss in pairs if loss for it in (call.id, *case.leading_to([call.id]))
    }
    for call, loss in pairs:
        if loss:
            continue
        own = [it for it in (call.id, *case.leading_to([call.id])) if it not in trained]
        if any(case.graph.call_of[it].trainable_parameters for it in own):
            yield Finding(
                "no-loss",
                call.id,
                _("The output {name} has no loss, so its own layers are never trained.").format(
                    name=printable(call.layer)
                ),
                _("Name a loss for each output, or leave this output out of the model."),
                "likely",
            )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (_metrics, _outputs_without_loss)
