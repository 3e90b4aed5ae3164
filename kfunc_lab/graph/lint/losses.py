"""Finds last layers and losses of a compiled model that do not fit together."""

import contextlib
import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.own.losses import expectation_of, margin_of, names_exchanged
from kfunc_lab.graph.lint.spans import Span, ending
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable, snake_case

_CLASSES = {"categorical_crossentropy", "sparse_categorical_crossentropy"}
_CROSSENTROPIES = {*_CLASSES, "binary_crossentropy", "categorical_focal_crossentropy"} | {
    "binary_focal_crossentropy"
}
REGRESSION = {
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error", "huber", "log_cosh",
}  # fmt: skip
_OF_COUNTS = {"poisson", "mean_squared_logarithmic_error"}  # these need non-negative outputs
_HINGES = {"hinge", "squared_hinge", "categorical_hinge"}
_OTHER_NAMES = {"kldivergence": "kl_divergence"}
PROBABILITY_LOSSES = {*_CROSSENTROPIES, "kl_divergence", "dice", "tversky"}


@dataclass(frozen=True)
class Head:
    """One output of a compiled model.

    Attributes:
        call: The call that returns it.
        output: Which of the results of that call it is.
        decider: The call whose activation decides the values; often the same.
        span: The values that it can return, if they are known.
        loss: The name of its loss.
        from_logits: Whether the loss applies the last activation itself.
        expects: What a loss of one's own expects, if its source tells.
        is_library: Whether the loss comes with Keras.
        ignored_class: The class number that the loss leaves out, if any.
        margin: The margin of a contrastive loss of one's own, if its source tells.
    """

    call: Call
    output: int
    decider: Call
    span: Span | None
    loss: str
    from_logits: bool
    expects: str
    is_library: bool = True
    ignored_class: int | None = None
    margin: float | None = None

    @property
    def activation(self) -> str:
        """The activation that decides the values; `"?"` if it is not known."""
        return self.span.activation if self.span is not None else "?"

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape; `()` if it is not known."""
        results = self.call.outputs
        return (results[self.output].shape if self.output < len(results) else None) or ()

    @property
    def units(self) -> int | None:
        """The size of the last axis."""
        return self.shape[-1] if self.shape else None

    @property
    def names(self) -> dict[str, str]:
        """What the messages about it name."""
        return {
            "name": printable(self.decider.layer),
            "activation": self.activation,
            "loss": printable(self.loss),
        }


def heads(case: Case) -> Iterator[Head]:
    """Yields each output of a compiled model with its loss."""
    for call, output, loss in losses_of(case):
        kind, from_logits = kind_of_loss(loss)
        decider, span = ending(case, call, output)
        library = _is_library_loss(loss)
        expects = "" if library else expectation_of(loss)
        ignored = _ignored_class(loss) if library else None
        margin = margin_of(loss) if expects == "distances" else None
        yield Head(
            call, output, decider, span, kind, from_logits, expects, library, ignored, margin
        )


def losses_of(case: Case) -> Iterator[tuple[Call, int, Any]]:
    """Yields the call and the index of each output of a compiled model, with its loss."""
    import keras

    model = case.model
    if not isinstance(model, keras.Model) or not getattr(model, "compiled", False):
        return
    losses = for_each_output(model, getattr(model, "loss", None))
    for (call, output), loss in zip(case.exits, losses, strict=False):
        if loss is not None:
            yield call, output, loss


def _ignored_class(loss: Any) -> int | None:
    with contextlib.suppress(Exception):  # a loss may have no configuration
        value = loss.get_config().get("ignore_class")
        return value if isinstance(value, int) else None
    return None


def _is_library_loss(loss: Any) -> bool:
    module = type(loss).__module__ if not inspect.isfunction(loss) else loss.__module__
    own_function = getattr(loss, "fn", None)
    if inspect.isfunction(own_function):
        module = own_function.__module__
    return isinstance(loss, str) or (module or "").partition(".")[0] == "keras"


def for_each_output(model: Any, values: Any) -> list[Any]:
    """Assigns the losses or loss weights that `compile` received to the outputs.

    Args:
        model: A compiled model.
        values: A dict by output name, a list in the order of the outputs, or one value for all.
    """
    names = list(getattr(model, "output_names", None) or [])
    struct = getattr(model, "output", None)
    if isinstance(struct, Mapping) and len(struct) == len(names):
        names = sorted(struct)  # the order of `model.outputs`
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
    if isinstance(loss, functools.partial):
        return kind_of_loss(loss.func)[0], bool(loss.keywords.get("from_logits", False))
    if isinstance(loss, keras.losses.Loss):
        try:
            logits = bool(loss.get_config().get("from_logits", False))
        except Exception:  # a custom loss may raise anything
            logits = False
        name = snake_case(type(loss).__name__)
        return _OTHER_NAMES.get(name, name), logits
    return str(getattr(loss, "__name__", "")), False


def _logits(case: Case) -> Iterator[Finding]:
    for head in heads(case):
        again = head.from_logits or head.expects == "logits"
        squashed = head.span is not None and head.span.is_probability
        if again and squashed and head.activation in ("softmax", "sigmoid"):
            yield Finding(
                "logits",
                head.call.id,
                _(
                    "{name} ends in {activation}, and the loss {loss} with `from_logits=True` "
                    "applies it again."
                ).format(**head.names)
                if head.from_logits
                else _(
                    "{name} ends in {activation}, and the loss {loss} applies an activation of "
                    "its own to it."
                ).format(**head.names),
                _("Remove the activation, or remove `from_logits=True`.")
                if head.from_logits
                else _("Remove the activation of {name}.").format(**head.names),
                "certain" if head.from_logits else "likely",
            )
        elif (
            head.loss in _CROSSENTROPIES
            and not head.from_logits
            and head.activation == "linear"
        ):
            yield Finding(
                "logits",
                head.call.id,
                _(
                    "{name} has no activation, but the loss {loss} expects probabilities."
                ).format(**head.names),
                _(
                    "Pass `from_logits=True` to the loss, or end the model in {activation}."
                ).format(activation=_usual_activation(head.loss)),
                "likely",
            )


def _way_to_probabilities(head: Head) -> str:
    if "activation" in head.decider.settings or head.activation == "linear":
        return _('Use `activation="{usual}"` in {name}.')
    return _('Let `layers.Dense(..., activation="{usual}")` follow {name}.')


def _usual_activation(loss: str) -> str:
    return "softmax" if loss in _CLASSES or loss == "kl_divergence" else "sigmoid"


def _scores(case: Case) -> Iterator[Finding]:
    """Finds outputs whose range does not fit what the loss takes."""
    for head in heads(case):
        span = head.span
        if span is None:
            continue
        takes_probabilities = head.expects == "probabilities" or (
            head.loss in PROBABILITY_LOSSES and not head.from_logits
        )
        if head.loss in _CROSSENTROPIES and span.activation == "linear":
            continue  # the rule of logits says it
        if takes_probabilities and not span.is_probability:
            yield _finding(
                head,
                _("{name} can return {values}, but the loss {loss} takes probabilities."),
                _way_to_probabilities(head),
            )
        elif head.from_logits and span.low >= 0 and not span.is_probability:
            yield _finding(
                head,
                _(
                    "{name} can return {values}, but the loss {loss} with `from_logits=True` "
                    "needs negative scores too: a score of 0 is no vote against a class."
                ),
                _("Remove the activation of {name}."),
            )
        elif head.loss in _HINGES and span.is_probability:
            yield _finding(
                head,
                _("{name} can return {values}, but the loss {loss} takes scores from -1 to 1."),
                _('Use `activation="tanh"`, no activation, or a crossentropy.'),
            )
        elif head.loss == "poisson" and span.low < 0:
            yield _finding(
                head,
                _(
                    "{name} can return {values}, but the loss {loss} takes the logarithm, which "
                    "negative numbers do not have."
                ),
                _('Use `activation="softplus"` or `"exponential"`.'),
            )
        elif head.expects == "distances" and span.activation in ("sigmoid", "softmax", "tanh"):
            yield _finding(
                head,
                _(
                    "{name} ends in {activation}, but the loss {loss} takes distances, which "
                    "can be any number from 0 up."
                ),
                _("Return the distance itself: let the model end before {name}."),
                # With a margin of 1, no distance above 1 is needed.
                "possible" if span.low >= 0 and (head.margin or 1) <= span.high else "likely",
            )


def _finding(head: Head, reason: str, change: str, sureness: str = "likely") -> Finding:
    assert head.span is not None  # noqa: S101
    usual = _usual_activation(head.loss)
    names = {**head.names, "values": _values(head.span), "usual": usual}
    return Finding(
        "loss-activation",
        head.call.id,
        reason.format(**names),
        change.format(**names),
        sureness,
    )


def _values(span: Span) -> str:
    """Describes a range, with the activation that causes it: "numbers above 1 (relu)"."""
    if span.low < 0 and span.high > 1:
        words = _("negative numbers and numbers above 1")
    elif span.low < 0:
        words = _("negative numbers")
    elif span.high > 1:
        words = _("numbers above 1")
    else:
        words = _("numbers from 0 to 1")
    return words if span.activation == "linear" else f"{words} ({span.activation})"


def _mismatches(case: Case) -> Iterator[Finding]:
    for head in heads(case):
        activation, units = head.activation, head.units
        if head.loss in _CLASSES and units == 1:
            yield Finding(
                "loss-activation",
                head.call.id,
                _(
                    "{name} returns one number, but the loss {loss} needs one for each class."
                ).format(**head.names),
                _('Use `loss="binary_crossentropy"`, or one unit for each class with softmax.'),
                "certain",
            )
        elif head.loss in _CLASSES and activation == "sigmoid" and not head.from_logits:
            yield Finding(
                "loss-activation",
                head.call.id,
                _(
                    "{name} ends in {activation}, whose outputs do not add up to 1, but the "
                    "loss {loss} assumes that they do."
                ).format(**head.names),
                _(
                    "If each example has one class, use softmax. If it can have several, keep "
                    'sigmoid and use `loss="binary_crossentropy"`.'
                ),
                "likely",
            )
        elif head.loss.startswith("binary") and activation == "softmax" and units != 1:
            yield Finding(
                "loss-activation",
                head.call.id,
                _(
                    "{name} ends in {activation}, but the loss {loss} is for yes-or-no answers."
                ).format(**head.names),
                _('Use `loss="categorical_crossentropy"`, or sigmoid instead of softmax.'),
                "likely",
            )


def _relu_for_regression(case: Case) -> Iterator[Finding]:
    for head in heads(case):
        if len(head.shape) > 2:
            continue  # no number of an image is negative
        if head.units != 1 and head.decider is not head.call:
            continue  # features that were pooled, not numbers to predict
        if head.loss in REGRESSION - _OF_COUNTS and re.match("relu", head.activation):
            yield Finding(
                "relu-regression",
                head.call.id,
                _(
                    "{name} ends in {activation}, so it cannot predict a negative number, and "
                    "it does not learn where its output is 0."
                ).format(**head.names),
                _('Remove the activation, or use `activation="softplus"`.'),
                "likely" if head.units == 1 else "possible",
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


def _exchanged(case: Case) -> Iterator[Finding]:
    for call, _output, loss in losses_of(case):
        names = None if _is_library_loss(loss) else names_exchanged(loss)
        if names is None:
            continue
        first, second = names
        yield Finding(
            "loss-order",
            call.id,
            _(
                "Keras passes a loss the targets first: in {loss}, {first} gets the targets and "
                "{second} the predictions."
            ).format(loss=kind_of_loss(loss)[0], first=first, second=second),
            _("Exchange the parameters: `({second}, {first})`.").format(
                first=first, second=second
            ),
            "certain",
        )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _exchanged,
    _logits,
    _scores,
    _mismatches,
    _relu_for_regression,
    _losses_by_order,
)
