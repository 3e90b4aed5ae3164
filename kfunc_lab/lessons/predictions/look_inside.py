"""Lesson 09: places in the graph, and what models that end there return."""

from typing import Any

from kfunc_lab.lessons.predictions.kinds import Choice, Number, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import N_, _


def _kind_of_output(variables: Variables) -> str:
    import keras

    return "place" if isinstance(variables["edges"], keras.KerasTensor) else "all"


def _wrong_output(guess: str, truth: str, variables: Variables) -> str | None:
    if guess == "weights":
        return _("The weights of a layer are in `layer.get_weights()`.")
    return _(
        "Running a model changes nothing in its graph: the numbers went to what `predict` returned."
    )


def _wrong_arrays(guess: float, truth: Any, variables: Variables) -> str | None:
    if guess == 1:
        return _("One digit goes in, but the model ends at {n} places.").format(n=truth)
    if guess == truth - 1:
        return _("`model.layers` begins with the input: its place is one of them.")
    return None


def _wrong_dead(guess: float, truth: Any, variables: Variables) -> str | None:
    units = variables["features"].shape[1]
    if guess == units - truth:
        return _("That is the number of units that are alive.")
    if guess > truth:
        return _(
            "A unit that is above 0 for one digit is not dead, so more digits cannot give more "
            "dead units."
        )
    if guess == 0:
        return _("These units stay below 0 for every digit, and relu makes that 0.")
    return None


def _hits(variables: Variables) -> tuple[int, int]:
    """Returns how many of the nearest have the right digit, by pixels and by features."""
    labels = variables["y_train"]
    wanted = variables["y_test"][variables["digit"]]
    pixels, features = (
        int((labels[variables[name]] == wanted).sum()) for name in ("by_pixels", "by_features")
    )
    return pixels, features


def _better_search(variables: Variables) -> str:
    pixels, features = _hits(variables)
    return "same" if pixels == features else "pixels" if pixels > features else "features"


def _wrong_search(guess: str, truth: str, variables: Variables) -> str | None:
    pixels, features = _hits(variables)
    return _("By pixels, {pixels} of eight are right; by features, {features}.").format(
        pixels=pixels, features=features
    )


def _pool_shape(variables: Variables) -> tuple[int | None, ...]:
    return tuple(variables["blocks"]["block3_pool"].shape)


def _wrong_pool(guess: Any, truth: Any, variables: Variables) -> str | None:
    if guess == truth[1:]:
        return _("The batch is missing. A place has it in front, with size `None`.")
    if guess == (1, *truth[1:]):
        return _("No image was given: the batch is still `None`.")
    if guess[1:3] == (2 * truth[1], 2 * truth[2]):
        return _("Blocks 1 and 2 also end in a pooling layer: the size was halved three times.")
    if guess[1:3] == (truth[1] // 2, truth[2] // 2):
        return _("The size was halved three times, not four: 224 / 2 / 2 / 2.")
    return None


PREDICTIONS = [
    Prediction(
        name="layer-output",
        question=N_("What is `edges.output` now?"),
        kind=Choice(
            {
                "last": N_("the numbers that the layer computed for the last digit"),
                "all": N_("the numbers that the layer computed for all digits"),
                "weights": N_("the weights of the layer"),
                "place": N_("a tensor without numbers"),
            }
        ),
        truth=_kind_of_output,
        because=N_(
            "It is a symbolic tensor of shape `{edges.shape}`: it has a shape, and no numbers."
        ),
        wrong=_wrong_output,
    ),
    Prediction(
        name="extractor-arrays",
        question=N_("How many arrays does the extractor return for one digit?"),
        kind=Number(),
        truth=lambda variables: len(variables["values"]),
        because=N_(
            "There are {truth} layers, and one array for each place. Each array begins with 1, for "
            "the one digit."
        ),
        wrong=_wrong_arrays,
    ),
    Prediction(
        name="dead-units",
        question=N_("How many units of `features` are still dead for a thousand digits?"),
        kind=Number(),
        truth=lambda variables: variables["dead"],
        because=N_("{truth} units were 0 for all of the digits."),
        wrong=_wrong_dead,
    ),
    Prediction(
        name="nearest-digits",
        question=N_("Which search finds more images of the same digit?"),
        kind=Choice(
            {
                "pixels": N_("the one by pixels"),
                "features": N_("the one by features"),
                "same": N_("both find equally many"),
            }
        ),
        truth=_better_search,
        because=N_(
            "Pixels are near if the ink is in the same places; features are near if the network "
            "would answer alike."
        ),
        wrong=_wrong_search,
    ),
    Prediction(
        name="vgg-shape",
        question=N_("An image has shape `(224, 224, 3)`. What is the shape of `block3_pool`?"),
        kind=Shape(),
        truth=_pool_shape,
        because=N_("224 / 2 / 2 / 2 = 28, with 256 maps, and the batch in front: `{truth}`."),
        wrong=_wrong_pool,
    ),
]
