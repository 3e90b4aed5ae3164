"""Lesson 04: the shapes of an encoder and a decoder, and the weights that they share."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Number, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_convolution(guess: Any, truth: Any, variables: Variables) -> str | None:
    _batch, height, width, maps = truth
    if guess == (height, width, maps):
        return _("The batch is missing. Keras puts it in front, with size `None`.")
    if guess[-3:-1] == (28, 28):
        return _(
            "The window never extends beyond the image: its first pixel can be at 0, 1, …, 25, so "
            "{guess} is too large."
        )
    if guess[-1:] == (1,):
        return _("Each filter makes a map of its own: the maps are the new channels.")
    return None


def _wrong_height(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 20:
        return _(
            "{guess} takes off 2 for each convolution, but pooling divides the height by 3."
        )
    if guess in (8, 6):
        return _("{guess} is a height on the way: each convolution takes off another 2.")
    if guess == 1:
        return _("That is what the global pooling leaves. What height does it get?")
    return None


def _changed(variables: Variables) -> int:
    """Returns the number of digits whose code changed."""
    return int((variables["before"] != variables["after"]).any(axis=1).sum())


def _wrong_changed(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 0:
        return _(
            "The encoder was not trained itself, but it has no weights of its own: its layers are "
            "those of the autoencoder."
        )
    return None


def _wrong_cut(guess: Any, truth: Any, variables: Variables) -> str | None:
    if guess == (None, *truth[1:]):
        return _("`predict` returns numbers, for one image here: the batch has size 1.")
    if guess == truth[1:]:
        return _("The batch is missing: one image is a batch of 1.")
    if guess == (1, 24, 24, 32):
        return _("That is layer 2. In `autoencoder.layers` the input is layer 0.")
    return None


PREDICTIONS = [
    Prediction(
        name="convolution-shape",
        question=N_("What is the shape of `x`, after the convolution?"),
        kind=Shape(),
        truth=lambda variables: variables["x"].shape,
        because=N_(
            "28 − 3 + 1 = 26 places for a window of 3, in each direction, and a map for each of "
            "the {x.shape[3]} filters."
        ),
        wrong=_wrong_convolution,
    ),
    Prediction(
        name="map-height",
        question=N_(
            "Begin with 26: what is the height of the maps that `GlobalMaxPooling2D` is called on?"
        ),
        kind=Number(),
        truth=lambda variables: variables["encoder"].layers[-1].input.shape[1],
        because=N_(
            "26 − 2 = 24, divided by 3 is 8, then 8 − 2 = 6 and 6 − 2 = 4. The largest number of "
            "each of the 16 maps is the code."
        ),
        wrong=_wrong_height,
    ),
    Prediction(
        name="changed-codes",
        question=N_(
            "The encoder is never compiled. For how many of the test digits does it output another "
            "code after the training?"
        ),
        kind=Number(),
        truth=_changed,
        because=N_(
            "For all {truth}: training changed the weights, and both models compute with them."
        ),
        wrong=_wrong_changed,
    ),
    Prediction(
        name="cut-shape",
        question=N_("What shape does `pooled` output for one image?"),
        kind=Shape(),
        truth=lambda variables: variables["pooled_maps"].shape,
        because=N_(
            "Layer 3 is the pooling: 24 divided by 3 is 8, with 32 maps, for a batch of one image."
        ),
        wrong=_wrong_cut,
    ),
]
