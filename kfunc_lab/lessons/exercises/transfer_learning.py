"""Lesson 10: count what a frozen base leaves to train, and build a new head on it."""

from functools import cache
from typing import Any

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_CHANNELS, _CLASSES = 512, 5
_HEAD = _CHANNELS * _CLASSES + _CLASSES
_VGG19 = 20_024_384

# The shapes of the kernels of the base.
_BASE_KERNELS = ((3, 3, 1, 16), (3, 3, 16, 32), (800, 32))


# ---------------------------------------------------------------------------------------------
# Parameters that are trained, and parameters that are frozen


def _check_counts(answer: Any) -> None:
    answers.attempted(answer)
    parts = answers.by_name(answer, ("trained", "frozen"))
    trained, frozen = (answers.whole_number(parts[name], name) for name in parts)
    if (trained, frozen) == (_VGG19, _HEAD):
        raise Wrong(_("The two are swapped: the base is frozen, and the head is trained."))
    if trained != _HEAD:
        raise Wrong(_trained_words(trained))
    if frozen != _VGG19:
        raise Wrong(_frozen_words(frozen))


def _trained_words(number: int) -> str:
    messages = {
        0: _(
            "`trained`: if nothing were trained, the new classes could not be learned. The head "
            "is not frozen."
        ),
        _CHANNELS * _CLASSES: _(
            "`trained`: {n} counts only the weights. Each of the five units has a bias too."
        ),
        7 * 7 * _CHANNELS * _CLASSES + _CLASSES: _(
            "`trained`: {n} is right for `Flatten`. `GlobalAveragePooling2D` leaves one number "
            "for each of the 512 maps."
        ),
        _VGG19 + _HEAD: _("`trained`: {n} is all of them, and the base is frozen."),
    }
    general = _(
        "`trained`: it is not {n}. Only the Dense layer is trained: how many numbers enter it, "
        "and how many units are there?"
    )
    return messages.get(number, general).format(n=f"{number:,}")


def _frozen_words(number: int) -> str:
    if number == _VGG19 + _HEAD:
        return _("`frozen`: {n} is all of them, and the head is not frozen.").format(
            n=f"{number:,}"
        )
    return _("`frozen`: it is not {n}. All parameters of the base are frozen.").format(
        n=f"{number:,}"
    )


# ---------------------------------------------------------------------------------------------
# A new head on a frozen base


def _loops() -> Any:
    import keras
    from keras import layers

    from kfunc_lab.datasets import digits_model

    reader = digits_model()
    base = keras.Model(reader.input, reader.get_layer("features").output)
    base.trainable = False
    x = layers.Dense(16, activation="relu")(base.output)
    return keras.Model(base.input, layers.Dense(3, activation="softmax")(x))


def _check_new_head(answer: Any) -> None:
    answers.attempted(answer)
    graphs.check_graph(graphs.target_of(_loops), graphs.graph_of(answer), _explain)
    _check_learned(answer)


def _explain(comparison: Comparison) -> str | None:
    added = [comparison.after.call_of[call_id] for call_id in comparison.added]
    if any(call.outputs[0].shape == (None, 10) for call in added):
        return _(
            "Your model still contains the old head, which tells ten digits apart. The new head "
            "starts from the features: from the output of `base`."
        )
    return None if added or comparison.removed else _explain_frozen(comparison)


def _explain_frozen(comparison: Comparison) -> str | None:
    """Names the layers that are frozen or trained by mistake, if that is the only mistake."""
    calls = comparison.after.call_of
    names = {setting[0] for change in comparison.changed for setting in change.settings}
    if names != {"trainable"}:
        return None
    wrong = [calls[change.after] for change in comparison.changed]
    if not any(call.trainable_parameters for call in comparison.after.calls):
        return _(
            "The whole model is frozen, with its head: nothing can be learned. Freeze only `base`."
        )
    if not all(call.trainable_parameters for call in wrong):
        return _("A layer of the head is frozen: both Dense layers should be trained.")
    if len(wrong) < len(_BASE_KERNELS):
        return _("A part of the base is not frozen: training would still change it.")
    return _(
        "The base is not frozen: training would change its weights as well. Set "
        "`base.trainable = False`."
    )


def _check_learned(model: Any) -> None:
    """Raises `Wrong` if the base has not been trained; a fine-tuned one is right, too."""
    import numpy as np

    kernels = _kernels(model.weights)
    for shape, learned in _learned_kernels().items():
        if np.corrcoef(kernels[shape].ravel(), learned.ravel())[0, 1] < 0.5:
            raise Wrong(
                _(
                    "The layers of this base have new weights, which have learned nothing. Use "
                    "the layers of the trained network themselves."
                )
            )


@cache
def _learned_kernels() -> dict[tuple[int, ...], Any]:
    from kfunc_lab.datasets import digits_model
    from kfunc_lab.graph.keras.state import preserve_keras_state

    with preserve_keras_state():
        kernels = _kernels(digits_model().weights)
    return {shape: kernels[shape] for shape in _BASE_KERNELS}


def _kernels(weights: Any) -> dict[tuple[int, ...], Any]:
    import keras

    return {
        tuple(weight.shape): keras.ops.convert_to_numpy(weight)
        for weight in weights
        if len(weight.shape) > 1
    }


EXERCISES = [
    Exercise(
        name="frozen-count",
        check=_check_counts,
        praise=N_(
            "Of about 20 million parameters, 2,565 are trained. That is why a few hundred "
            "photographs can be enough."
        ),
        hints=(
            N_(
                "`GlobalAveragePooling2D` has no parameters. It turns the maps of 7 × 7 into one "
                "number each: how many numbers enter the Dense layer?"
            ),
            N_(
                "512 numbers enter five units, each with a bias. The base has as many parameters "
                "as in the last lesson: 20,024,384."
            ),
        ),
        solution="""\
parameters = {"trained": 512 * 5 + 5, "frozen": 20_024_384}""",
        answer="parameters",
    ),
    Exercise(
        name="new-head",
        check=_check_new_head,
        praise=N_(
            "The layers of the trained network, frozen, below a head of your own: 579 parameters "
            "are left to train."
        ),
        hints=(
            N_(
                "Freeze `base` first. Then the head starts at `base.output`, and the model at "
                "`base.input`."
            ),
            N_(
                "`base.trainable = False`, then `x = layers.Dense(16, "
                'activation="relu")(base.output)`, and the last layer has three units with '
                "softmax."
            ),
        ),
        solution="""\
base.trainable = False
x = layers.Dense(16, activation="relu")(base.output)
loops = keras.Model(base.input, layers.Dense(3, activation="softmax")(x))""",
        answer="loops",
        target=_loops,
    ),
]
