"""Finds last layers and losses of a compiled model that do not fit together."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable, snake_case

_CLASSES = {"categorical_crossentropy", "sparse_categorical_crossentropy"}
_CROSSENTROPIES = {*_CLASSES, "binary_crossentropy", "categorical_focal_crossentropy"} | {
    "binary_focal_crossentropy"
}
_REGRESSION = {
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error", "huber", "log_cosh",
}  # fmt: skip
_OF_COUNTS = {"poisson", "mean_squared_logarithmic_error"}  # these need non-negative outputs
_ACTIVATIONS = {"Softmax", "ReLU", "Sigmoid", "Relu"}


def _activation(call: Call) -> str:
    """Returns the activation of a call; `"linear"` if it has none."""
    if call.kind in _ACTIVATIONS:
        return call.kind.lower()
    if not call.library:
        return "?"
    return str(call.settings.get("activation", "linear"))


def _units(call: Call) -> int | None:
    shape = call.outputs[0].shape if call.outputs else None
    return shape[-1] if shape else None


def _losses(case: Case) -> Iterator[tuple[Call, str, bool]]:
    """Yields each output with the name of its loss, and whether the loss expects logits."""
    import keras

    model = case.model
    if not isinstance(model, keras.Model) or not getattr(model, "compiled", False):
        return
    losses = for_each_output(model, getattr(model, "loss", None))
    for call, loss in zip(case.outputs, losses, strict=False):
        if loss is not None:
            yield call, *kind_of_loss(loss)


def for_each_output(model: Any, values: Any) -> list[Any]:
    """Assigns the losses or loss weights that `compile` received to the outputs.

    Args:
        model: A compiled model.
        values: A dict by output name, a list in the order of the outputs, or one value for all.
    """
    names = list(getattr(model, "output_names", None) or [])
    if isinstance(values, Mapping):
        return [values.get(name) for name in names]
    if isinstance(values, (list, tuple)):
        return list(values)
    return [values] * max(1, len(names))


def kind_of_loss(loss: Any) -> tuple[str, bool]:
    """Returns the name of a loss, such as `"binary_crossentropy"`, and whether it takes logits."""
    import keras

    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return str(loss), False
    if isinstance(loss, keras.losses.Loss):
        try:
            logits = bool(loss.get_config().get("from_logits", False))
        except Exception:  # a custom loss may raise anything
            logits = False
        return snake_case(type(loss).__name__), logits
    return str(getattr(loss, "__name__", "")), False


def _logits(case: Case) -> Iterator[Finding]:
    for call, loss, from_logits in _losses(case):
        activation = _activation(call)
        names = {"name": printable(call.layer), "activation": activation, "loss": loss}
        if from_logits and activation in ("softmax", "sigmoid"):
            yield Finding(
                "logits",
                call.id,
                _(
                    "{name} ends in {activation}, and the loss {loss} with `from_logits=True` "
                    "applies it again."
                ).format(**names),
                _("Remove the activation, or remove `from_logits=True`."),
                "certain",
            )
        elif loss in _CROSSENTROPIES and not from_logits and activation == "linear":
            yield Finding(
                "logits",
                call.id,
                _(
                    "{name} has no activation, but the loss {loss} expects probabilities."
                ).format(**names),
                _(
                    "Pass `from_logits=True` to the loss, or end the model in {activation}."
                ).format(activation="softmax" if loss in _CLASSES else "sigmoid"),
                "likely",
            )


def _mismatches(case: Case) -> Iterator[Finding]:
    for call in case.outputs:
        if _activation(call) == "softmax" and _units(call) == 1:
            yield Finding(
                "one-class",
                call.id,
                _("{name} applies softmax to a single unit, so its output is always 1.").format(
                    name=printable(call.layer)
                ),
                _('Use `activation="sigmoid"`, or one unit for each class.'),
                "certain",
            )
    for call, loss, _from_logits in _losses(case):
        activation, units = _activation(call), _units(call)
        names = {"name": printable(call.layer), "activation": activation, "loss": loss}
        if loss in _CLASSES and units == 1:
            yield Finding(
                "loss-activation",
                call.id,
                _(
                    "{name} returns one number, but the loss {loss} needs one for each class."
                ).format(**names),
                _('Use `loss="binary_crossentropy"`, or one unit for each class with softmax.'),
                "certain",
            )
        elif loss in _CLASSES and activation == "sigmoid":
            yield Finding(
                "loss-activation",
                call.id,
                _(
                    "{name} ends in {activation}, whose outputs do not add up to 1, but the "
                    "loss {loss} assumes that they do."
                ).format(**names),
                _(
                    "If each example has one class, use softmax. If it can have several, keep "
                    'sigmoid and use `loss="binary_crossentropy"`.'
                ),
                "likely",
            )
        elif loss.startswith("binary") and activation == "softmax" and units != 1:
            yield Finding(
                "loss-activation",
                call.id,
                _(
                    "{name} ends in {activation}, but the loss {loss} is for yes-or-no answers."
                ).format(**names),
                _('Use `loss="categorical_crossentropy"`, or sigmoid instead of softmax.'),
                "likely",
            )


def _relu_for_regression(case: Case) -> Iterator[Finding]:
    for call, loss, _from_logits in _losses(case):
        if loss in _REGRESSION - _OF_COUNTS and re.match("relu", _activation(call)):
            yield Finding(
                "relu-regression",
                call.id,
                _(
                    "{name} ends in {activation}, so it cannot predict a negative number, and "
                    "it does not learn where its output is 0."
                ).format(name=printable(call.layer), activation=_activation(call)),
                _('Remove the activation, or use `activation="softplus"`.'),
                "likely" if _units(call) == 1 else "possible",
            )


def _losses_by_order(case: Case) -> Iterator[Finding]:
    import keras

    model = case.model
    if not isinstance(model, keras.Model) or not getattr(model, "compiled", False):
        return
    loss = getattr(model, "loss", None)
    struct = getattr(model, "output", None) if case.graph.outputs else None
    if isinstance(loss, (list, tuple)) and isinstance(struct, Mapping) and len(struct) > 1:
        names = ", ".join(printable(str(key)) for key in sorted(struct))
        yield Finding(
            "losses-by-order",
            "",
            _(
                "The outputs are a dict but the losses are a list: Keras matches them in the "
                "sorted order of the names, {names}."
            ).format(names=names),
            _("Name the losses: `loss={{{pairs}}}`.").format(
                pairs=", ".join(f'"{printable(str(key))}": ...' for key in sorted(struct))
            ),
            "certain",
        )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _logits,
    _mismatches,
    _relu_for_regression,
    _losses_by_order,
)
