"""Lesson 05: which layers and weights a model has that contains models."""

import math
from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _inner_layers(model: Any) -> set[Any]:
    """Returns the layers of a model that are not models, at every depth."""
    inner = set()
    for layer in model.layers:
        inner |= _inner_layers(layer) if hasattr(layer, "layers") else {layer}
    return inner


def _dense_layers(variables: Variables) -> int:
    both = _inner_layers(variables["m"]) | _inner_layers(variables["outer"])
    return sum(type(layer).__name__ == "Dense" for layer in both)


def _wrong_dense(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 2:
        return _("A call creates no layer: `m(a)` calls the layer of `m` once more.")
    if guess == 0:
        return _('`layers.Dense(8, name="dense")` creates one, inside `m`.')
    return None


def _wrong_layers(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 2:
        return _("The input is a layer too, an `InputLayer`.")
    if guess in (len(_inner_layers(variables["autoencoder"])), 14, 15):
        return _("That counts the layers inside. For Keras a nested model is one layer.")
    return None


def _after_zeros(variables: Variables) -> str:
    import numpy as np

    if not variables["after"].any():
        return "black"
    return "same" if np.array_equal(variables["before"], variables["after"]) else "others"


def _wrong_zeros(guess: str, truth: Any, variables: Variables) -> str | None:
    if guess == "same":
        return _("Then it would have a copy of the encoder. It contains the encoder itself.")
    if guess == "others":
        return _("Every number of the code is 0, and the decoder has nothing to add to it yet.")
    return None


def _wrong_ensemble(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == variables["models"][0].count_params():
        return _("{guess} are those of one member. `get_model()` ran {members} times.")
    if guess == 128 * variables["members"]:
        return _("{guess} counts only the weights. Each member has a bias too.")
    return None


def _trainable(variables: Variables) -> int:
    return sum(math.prod(weight.shape) for weight in variables["autoencoder"].trainable_weights)


def _wrong_trainable(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == variables["encoder"].count_params():
        return _("{guess} are the frozen ones. The others are trained.")
    if guess == variables["autoencoder"].count_params():
        return _("The encoder is part of the autoencoder, and stays frozen in it.")
    return None


PREDICTIONS = [
    Prediction(
        name="second-dense",
        question=N_("How many Dense layers are there after the last line?"),
        kind=Number(),
        truth=_dense_layers,
        because=N_("{truth}: the one that was created for `m`. `m(a)` calls it once more."),
        wrong=_wrong_dense,
    ),
    Prediction(
        name="layers-of-chain",
        question=N_("How many layers does Keras count in `autoencoder.layers`?"),
        kind=Number(),
        truth=lambda variables: len(variables["autoencoder"].layers),
        because=N_("{truth}: the input, and two models, each of which is one layer."),
        wrong=_wrong_layers,
    ),
    Prediction(
        name="zeroed-encoder",
        question=N_(
            "The autoencoder was built before. Which images does it make when all weights of "
            "`encoder` are zero?"
        ),
        kind=Choice(
            {
                "same": N_("the same as before: it has its own weights"),
                "black": N_("black ones"),
                "others": N_("other images, but not black ones"),
            }
        ),
        truth=_after_zeros,
        because=N_(
            "The autoencoder computes with the weights of `encoder`: there are no others."
        ),
        wrong=_wrong_zeros,
    ),
    Prediction(
        name="ensemble-parameters",
        question=N_(
            "A member has 128 numbers in and one unit. How many parameters does the `ensemble` of "
            "all members have?"
        ),
        kind=Number(),
        truth=lambda variables: variables["ensemble"].count_params(),
        because=N_("128 weights and a bias are 129, and {members} · 129 = {truth}."),
        wrong=_wrong_ensemble,
    ),
    Prediction(
        name="trainable-parameters",
        question=N_("How many parameters of `autoencoder` can still be trained?"),
        kind=Number(),
        truth=_trainable,
        because=N_("28,241 in all − 18,672 of the frozen encoder = {truth}."),
        wrong=_wrong_trainable,
    ),
]
