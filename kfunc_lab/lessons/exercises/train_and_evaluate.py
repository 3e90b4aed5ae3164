"""Lesson 02: count steps, and give three heads the activation and the loss that fit."""

from dataclasses import dataclass
from typing import Any

from kfunc_lab.lessons.checking import answers, graphs, losses
from kfunc_lab.lessons.checking.exercise import Exercise, NotAttempted, Wrong
from kfunc_lab.locale import N_, _

_STEPS = 50  # 3,200 digits, 64 at a time


@dataclass(frozen=True)
class _Head:
    """The last layer and the loss of a compiled model."""

    units: int
    activation: str
    loss: str
    from_logits: bool


def _check_heads(answer: Any) -> None:
    answers.attempted(answer)
    models = answers.by_name(answer, ("digit", "even", "ink"))
    heads = {name: _read_head(name, model) for name, model in models.items()}
    if heads == _UNCHANGED:
        raise NotAttempted
    _check_digit(heads["digit"])
    _check_even(heads["even"])
    _check_ink(heads["ink"])


def _read_head(name: str, model: Any) -> _Head:
    loss = getattr(answers.model(model, name), "loss", None)
    if loss is None:
        raise Wrong(
            _("`{name}`: the model has no loss yet; `compile` sets it.").format(name=name)
        )
    graph = graphs.graph_of(model, name)
    kind, from_logits = losses.read_loss(name, loss)
    return _Head(
        units=model.output_shape[-1],
        activation=losses.activation_of(graph.call_of[graph.outputs[0]]),
        loss=kind,
        from_logits=from_logits,
    )


def _check_digit(head: _Head) -> None:
    if head.units != 10:
        raise Wrong(_("`digit`: {n} units; ten classes need ten.").format(n=head.units))
    if head.loss == "categorical_crossentropy":
        raise Wrong(
            _(
                "`digit`: `categorical_crossentropy` expects a row of ten numbers for each "
                "target; these targets are integers from 0 to 9. Its *sparse* twin accepts "
                "those."
            )
        )
    if head.loss == "binary_crossentropy":
        raise Wrong(
            _("`digit`: `binary_crossentropy` is for yes or no; here one of ten is chosen.")
        )
    if head.loss != "sparse_categorical_crossentropy":
        raise Wrong(
            _(
                "`digit`: `{loss}` would treat the class 8 as twice the class 4. Choosing one of "
                "ten needs a crossentropy."
            ).format(loss=head.loss)
        )
    _check_probabilities("digit", head, "softmax")


def _check_even(head: _Head) -> None:
    if head.units == 1 and head.activation == "softmax":
        raise Wrong(
            _(
                "`even`: softmax makes the outputs add up to 1, so a single unit always gives "
                "1. One unit for yes or no needs `sigmoid`."
            )
        )
    if head.units == 2 and head.loss == "sparse_categorical_crossentropy":
        _check_probabilities("even", head, "softmax")
        return
    if head.units != 1:
        raise Wrong(
            _("`even`: {n} units; one unit is enough for yes or no.").format(n=head.units)
        )
    if head.loss in ("mean_squared_error", "mean_absolute_error"):
        raise Wrong(
            _(
                "`even`: with `{loss}` the model learns slowly: where it is sure and wrong, the "
                "gradient of `sigmoid` is almost 0. `binary_crossentropy` makes up for that."
            ).format(loss=head.loss)
        )
    if head.loss != "binary_crossentropy":
        raise Wrong(
            _("`even`: `{loss}` does not compare the probability of yes with 1 or 0.").format(
                loss=head.loss
            )
        )
    _check_probabilities("even", head, "sigmoid")


def _check_ink(head: _Head) -> None:
    if head.units != 1:
        raise Wrong(
            _("`ink`: {n} units; one unit is enough for one number.").format(n=head.units)
        )
    if head.loss == "binary_crossentropy" and head.activation == "sigmoid":
        losses.check_applied_once("ink", head.activation, head.from_logits)
        return  # the ink lies between 0 and 1, and this loss is smallest where both are equal
    if "crossentropy" in head.loss or "hinge" in head.loss:
        raise Wrong(
            _(
                "`ink`: `{loss}` compares probabilities of classes; the target is a quantity. "
                "Measure how far off the answer is, for example with `mse`."
            ).format(loss=head.loss)
        )
    if head.activation == "softmax":
        raise Wrong(_("`ink`: softmax over a single unit always gives 1."))
    if head.activation == "relu":
        raise Wrong(
            _(
                "`ink`: a final `relu` can get stuck at 0, where it no longer learns. A "
                "quantity needs no activation."
            )
        )
    if head.activation not in ("linear", "sigmoid"):
        raise Wrong(
            _("`ink`: with `{activation}` the output cannot reach every amount of ink.").format(
                activation=head.activation
            )
        )


def _check_probabilities(name: str, head: _Head, activation: str) -> None:
    """Raises `Wrong` unless exactly one of layer and loss computes the probabilities."""
    losses.check_applied_once(name, head.activation, head.from_logits)
    if head.from_logits and head.activation == "linear":
        return
    if head.from_logits:
        raise Wrong(
            _(
                "`{name}`: because of `from_logits=True`, the loss takes plain scores and applies "
                "`{activation}` itself. The layer should have no activation; it has `{got}`."
            ).format(name=name, activation=activation, got=head.activation)
        )
    if head.activation != activation:
        raise Wrong(
            _(
                "`{name}`: this loss expects probabilities, which `{activation}` produces."
            ).format(name=name, activation=activation)
        )


def _check_steps(answer: Any) -> None:
    answers.attempted(answer)
    number = answers.whole_number(answer)
    if number == _STEPS:
        return
    messages = {
        63: _(
            "{n} steps would use all 4,000 digits. The fifth that is held out for validation "
            "is not used for training."
        ),
        62: _(
            "{n} steps would use all 4,000 digits. The fifth that is held out for validation "
            "is not used for training."
        ),
        13: _("{n} is the number of batches in the validation part. Training uses the rest."),
        12: _("{n} is the number of batches in the validation part. Training uses the rest."),
        3_200: _(
            "An epoch uses {n} digits. A step takes 64 of them at once and updates the weights "
            "once."
        ),
        64: _(
            "{n} is the number of digits in a step. How many times does that go into an "
            "epoch's digits?"
        ),
        250: _("{n} is the number of steps of five epochs. The question is about one."),
    }
    raise Wrong(
        messages.get(
            number,
            _("It is not {n}. First count the digits used for training, then the batches."),
        ).format(n=f"{number:,}")
    )


# The heads in the lesson; a learner who changes none has not attempted the exercise.
_UNCHANGED = {
    "digit": _Head(10, "softmax", "categorical_crossentropy", False),
    "even": _Head(1, "softmax", "binary_crossentropy", False),
    "ink": _Head(1, "linear", "binary_crossentropy", False),
}

EXERCISES = [
    Exercise(
        name="steps-per-epoch",
        check=_check_steps,
        praise=N_(
            "Four fifths of 4,000 are 3,200 digits, and 3,200 / 64 = 50: in each epoch the weights "
            "change fifty times."
        ),
        hints=(
            N_("How many of the 4,000 digits are used for training, if a fifth is held out?"),
            N_("3,200 digits, 64 in each step."),
        ),
        solution="steps = (4000 - 4000 // 5) // 64",
        answer="steps",
    ),
    Exercise(
        name="three-heads",
        check=_check_heads,
        praise=N_(
            "Each head ends the way its target needs it: probabilities of ten classes, the "
            "probability of yes, a plain number."
        ),
        hints=(
            N_(
                "Ask two questions of each target: what is it, a class, yes or no, or a quantity? "
                "And how is it written, as an integer or as a row of zeros and a one?"
            ),
            N_(
                "Integers from 0 to 9: `softmax` and `sparse_categorical_crossentropy`. Yes or no: "
                "`sigmoid` and `binary_crossentropy`. A quantity: no activation and `mse`."
            ),
        ),
        solution="""\
def head(units, activation, loss):
    inputs = keras.Input(shape=(784,))
    x = layers.Dense(32, activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(units, activation=activation)(x))
    model.compile(optimizer="rmsprop", loss=loss)
    return model


heads = {
    "digit": head(10, "softmax", "sparse_categorical_crossentropy"),
    "even": head(1, "sigmoid", "binary_crossentropy"),
    "ink": head(1, None, "mse"),
}""",
        answer="heads",
    ),
]
