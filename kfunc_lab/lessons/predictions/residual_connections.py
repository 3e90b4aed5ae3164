"""Lesson 07: what a skip adds to a block, and what it changes in a deep network."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _wrong_sum(guess: Any, truth: Any, variables: Variables) -> str | None:
    truth = tuple(truth)
    if guess == truth[1:]:
        return _("The batch is missing. Keras puts it in front, with size `None`.")
    if guess == (*truth[:-1], 2 * truth[-1]):
        return _(
            "That is what `layers.concatenate` gives: it puts the channels side by side. `add` "
            "adds them number by number."
        )
    if guess == (truth[0], *(size - 4 for size in truth[1:3]), truth[-1]):
        return _(
            'Two convolutions of 3 × 3 would take off four pixels, but `padding="same"` keeps '
            "the size."
        )
    return None


def _convolution(variables: Variables) -> Any:
    """Returns the first convolution that keeps the number of channels."""
    from keras import layers

    convolutions = [it for it in variables["model"].layers if isinstance(it, layers.Conv2D)]
    return next(it for it in convolutions if it.kernel.shape[2] == it.filters)


def _parameters(variables: Variables) -> int:
    return int(_convolution(variables).count_params())


def _wrong_parameters(guess: float, truth: Any, variables: Variables) -> str | None:
    channels = _convolution(variables).filters
    if guess == truth - channels:
        return _(
            "That counts only the weights. Each of the {n} filters has a bias too."
        ).format(n=channels)
    if guess in (3 * 3 * channels, 3 * 3 * channels + 1):
        return _("That is one filter, and the convolution has {n} of them.").format(n=channels)
    if guess in (3 * 3 * channels + channels, (3 * 3 + 1) * channels):
        return _(
            "That is a filter that looks at one channel. Each of the {n} filters looks at all {n} "
            "channels."
        ).format(n=channels)
    return None


def _lower_loss(variables: Variables) -> str:
    plain, skips = (
        variables["histories"][name].history["loss"][-1] for name in ("plain", "skips")
    )
    if abs(plain - skips) < 0.1 * max(plain, skips):
        return "same"
    return "plain" if plain < skips else "skips"


def _wrong_loss(guess: str, truth: str, variables: Variables) -> str | None:
    if truth == "skips" and guess == "same":
        return _(
            "Both have the same layers and weights, so both could compute the same; but only one "
            "of them gets there by training."
        )
    if truth == "skips" and guess == "plain":
        return _("The skips take nothing away: all convolutions are still there.")
    return None


def _times(variables: Variables) -> str:
    plain, skips = variables["gradients"]
    ratio = float(skips) / max(float(plain), 1e-30)
    return "same" if ratio < 4 else "ten" if ratio < 100 else "more"


def _wrong_times(guess: str, truth: str, variables: Variables) -> str | None:
    if truth != "more":
        return None
    if guess == "same":
        return _("The layers are the same, but not the ways back to the first of them.")
    return _("Each layer weakens the signal a little, and the factors of all layers multiply.")


PREDICTIONS = [
    Prediction(
        name="sum-shape",
        question=N_("What is the shape of `block_2_output`, the sum?"),
        kind=Shape(),
        truth=lambda variables: variables["block_2_output"].shape,
        because=N_(
            "Both parts have shape `{truth}`, and `add` adds each number to the one in the same "
            "place."
        ),
        wrong=_wrong_sum,
    ),
    Prediction(
        name="convolution-parameters",
        question=N_(
            "How many parameters does a 3 × 3 convolution from 64 to 64 channels have, such as "
            "those of the blocks?"
        ),
        kind=Number(),
        truth=_parameters,
        because=N_(
            "A filter looks at 3 · 3 places in 64 channels and has a bias, and there are 64 "
            "filters: (3 · 3 · 64 + 1) · 64 = {truth}. The two `add` have none."
        ),
        wrong=_wrong_parameters,
    ),
    Prediction(
        name="deep-loss",
        question=N_("Which of the two networks has the lower loss after the training?"),
        kind=Choice(
            {
                "plain": N_("the one without skips"),
                "skips": N_("the one with skips"),
                "same": N_("both about the same"),
            }
        ),
        truth=_lower_loss,
        because=N_(
            "The layers and the initial weights are equal. What differs is how well the signal "
            "gets through all of them."
        ),
        wrong=_wrong_loss,
    ),
    Prediction(
        name="first-gradient",
        question=N_(
            "How much larger are the gradients of the first convolution in the network with skips?"
        ),
        kind=Choice(
            {
                "same": N_("about as large"),
                "ten": N_("about ten times as large"),
                "more": N_("more than a hundred times as large"),
            }
        ),
        truth=_times,
        because=N_(
            "They are {gradients[1]:.1f} with skips and {gradients[0]:.7f} without: every layer "
            "on the way back weakens the signal, and the skips lead around them."
        ),
        wrong=_wrong_times,
    ),
]
