"""Lesson 04: count the weights that two models share, and build models from an existing graph."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.model.descriptions import shape_tuple
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.text import printable

_ENCODER, _AUTOENCODER = 18_672, 28_241
_IMAGE = (None, 28, 28, 1)


# ---------------------------------------------------------------------------------------------
# The weights of two models


def _check_both_models(answer: Any) -> None:
    answers.attempted(answer)
    parts = answers.by_name(answer, ("shared", "together"))
    _check_shared(answers.whole_number(parts["shared"], "shared"))
    _check_together(answers.whole_number(parts["together"], "together"))


def _check_shared(number: int) -> None:
    if number == _ENCODER:
        return
    messages = {
        0: _(
            "`shared`: {n} would mean that each model has its own weights. But no layer was "
            "created twice: the second model continues from the existing tensors."
        ),
        _AUTOENCODER: _(
            "`shared`: {n} counts the whole autoencoder. Its last layers are not in the "
            "encoder."
        ),
        _AUTOENCODER - _ENCODER: _(
            "`shared`: {n} are the parameters of the layers after the code, which the encoder does "
            "not have."
        ),
    }
    raise Wrong(
        messages.get(
            number,
            _(
                "`shared`: it is not {n}. Which layers are in both models? Add up their "
                "parameters."
            ),
        ).format(n=f"{number:,}")
    )


def _check_together(number: int) -> None:
    if number == _AUTOENCODER:
        return
    messages = {
        _ENCODER + _AUTOENCODER: _(
            "`together`: {n} counts the layers of the encoder twice. They are in two models, "
            "but only once in memory."
        ),
        2 * _ENCODER + _AUTOENCODER: _(
            "`together`: {n} counts the layers of the encoder three times. They are in two "
            "models, but only once in memory."
        ),
        _AUTOENCODER - _ENCODER: _(
            "`together`: {n} counts only the layers after the code. The layers before it are "
            "in memory too, once."
        ),
        _ENCODER: _(
            "`together`: {n} counts only the encoder. The layers after it have weights too."
        ),
    }
    raise Wrong(
        messages.get(
            number,
            _(
                "`together`: it is not {n}. Go through the graph once, and count each layer once."
            ),
        ).format(n=f"{number:,}")
    )


# ---------------------------------------------------------------------------------------------
# Two models from one graph


def _check_cuts(answer: Any) -> None:
    attempt = answer
    if isinstance(answer, Mapping):
        attempt = {name: part for name, part in answer.items() if name != "autoencoder"}
    answers.attempted(attempt)
    parts = answers.by_name(answer, ("autoencoder", "maps", "step"))
    whole = parts["autoencoder"]
    _check_whole(whole)
    for name, build in _CUTS.items():
        _check_cut(name, parts[name], build)
        _check_own_weights(name, parts[name], whole)


def _check_whole(whole: Any) -> None:
    graphs.graph_of(whole, "autoencoder")
    try:
        graphs.check_model(_WHOLE, whole)
    except Wrong:
        raise Wrong(
            _(
                "`autoencoder` should be the model of this lesson, from the image back to an "
                "image. Run the cells that build it again."
            )
        ) from None


def _check_cut(name: str, answer: Any, build: Callable[[], Any]) -> None:
    import keras

    if isinstance(answer, keras.layers.Layer) and not isinstance(answer, keras.Model):
        raise Wrong(
            _(
                "`{name}`: this is the layer `{layer}`. Its `output` is the tensor that it "
                "produced; a model goes from an input to such a tensor."
            ).format(name=name, layer=printable(answer.name))
        )
    graph = graphs.graph_of(answer, name)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise Wrong(
            _("`{name}`: the model should have one input and one output.").format(name=name)
        )
    graphs.check_model(build, answer, partial(_explain_cut, name), name=name)


def _explain_cut(name: str, comparison: Comparison) -> str | None:
    """Names a cut in the wrong place, if that is the mistake."""
    target = comparison.before.call_of[comparison.before.outputs[0]]
    begin = comparison.after.call_of[comparison.after.inputs[0]]
    end = comparison.after.call_of[comparison.after.outputs[0]]
    if begin.outputs[0].shape != _IMAGE:
        return _(
            "`{name}`: the model starts with shape {shape}, in the middle of the graph. It "
            "should start at the image, `encoder_input`."
        ).format(name=name, shape=shape_tuple(begin.outputs[0]))
    if end.outputs == target.outputs:
        return None
    return _explain_end(name, comparison, end, target)


def _explain_end(name: str, comparison: Comparison, end: Call, target: Call) -> str:
    if end.outputs[0].shape == _IMAGE:
        message = _("`{name}`: this is the whole path, back to an image. Cut it at {wanted}.")
    elif name == "maps" and end.kind == "GlobalMaxPooling2D":
        message = _(
            "`{name}`: the model ends at `{layer}`, like the encoder: only the largest number "
            "of each map is left. The maps are the input of that layer."
        )
    elif len(comparison.after.calls) == len(comparison.before.calls) - 1:
        message = _(
            "`{name}`: the model ends at `{layer}`, one layer too early: its shape is {got}, "
            "but should be {wanted}. In `autoencoder.layers`, the input is layer 0."
        )
    else:
        message = _(
            "`{name}`: the model ends at `{layer}` with shape {got}; cut it at {wanted}."
        )
    return message.format(
        name=name,
        layer=printable(end.id),
        got=shape_tuple(end.outputs[0]),
        wanted=shape_tuple(target.outputs[0]),
    )


def _check_own_weights(name: str, model: Any, whole: Any) -> None:
    """Raises `Wrong` if a model with the right graph has new weights."""
    known = {id(weight) for weight in whole.weights}
    own = [weight for weight in model.weights if id(weight) not in known]
    if not own:
        return
    if len(own) < len(model.weights):
        layer = next(
            other for other in model.layers if any(other is own[0] for other in other.weights)
        )
        raise Wrong(
            _(
                "`{name}`: `{layer}` is a new layer with its own weights. The autoencoder "
                "already has such a layer: use its `output`."
            ).format(name=name, layer=printable(layer.name))
        )
    if _equal(own, whole.weights):
        raise Wrong(
            _(
                "`{name}`: the weights are a copy of the autoencoder's. When the autoencoder "
                "is trained further, the copy does not change. Use the layers themselves."
            ).format(name=name)
        )
    raise Wrong(
        _(
            "`{name}`: the graph is right, but it was built again, with {n} new, untrained "
            "weights. Use the `output` of an existing layer."
        ).format(name=name, n=f"{sum(weight.numpy().size for weight in own):,}")
    )


def _equal(some: list[Any], others: list[Any]) -> bool:
    """Returns whether weights have the same values as the first of the others."""
    import numpy as np

    pairs = zip(some, others[: len(some)], strict=True)
    return all(np.array_equal(one.numpy(), other.numpy()) for one, other in pairs)


def _first_layers(count: int) -> Any:
    """Builds the first layers of the autoencoder."""
    import keras
    from keras import layers

    inputs = x = keras.Input(_IMAGE[1:])
    for layer in [
        layers.Conv2D(16, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(3),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(16, 3, activation="relu"),
        layers.GlobalMaxPooling2D(),
        layers.Reshape((4, 4, 1)),
        layers.Conv2DTranspose(16, 3, activation="relu"),
        layers.Conv2DTranspose(32, 3, activation="relu"),
        layers.UpSampling2D(3),
        layers.Conv2DTranspose(16, 3, activation="relu"),
        layers.Conv2DTranspose(1, 3, activation="relu"),
    ][:count]:
        x = layer(x)
    return keras.Model(inputs, x)


_WHOLE = partial(_first_layers, 12)
_CUTS = {"maps": partial(_first_layers, 5), "step": partial(_first_layers, 8)}

EXERCISES = [
    Exercise(
        name="both-models",
        check=_check_both_models,
        praise=N_(
            "The autoencoder contains all of the encoder, with the very same weights. So both "
            "together have no more weights than the autoencoder alone."
        ),
        hints=(
            N_(
                'How many times was `layers.Conv2D(32, 3, activation="relu")` called to create '
                "the layer `conv2d_1`: once, or once for each model?"
            ),
            N_(
                "The encoder is part of the autoencoder. `count_params()` of each model is all "
                "you need."
            ),
        ),
        solution="""\
counts = {"shared": encoder.count_params(), "together": autoencoder.count_params()}""",
        answer="counts",
    ),
    Exercise(
        name="two-cuts",
        check=_check_cuts,
        praise=N_(
            "Two more models, and not one new weight: both are paths through the existing "
            "graph, and they change when the autoencoder is trained further."
        ),
        hints=(
            N_(
                "A model needs an input tensor and an output tensor. Both models start at "
                "`encoder_input`; which layer of `autoencoder.layers` produced the output "
                "tensor?"
            ),
            N_(
                "`[layer.name for layer in autoencoder.layers]` lists the layers in order, "
                "counting from 0. `autoencoder.layers[3].output` is the tensor after the first "
                "pooling."
            ),
            N_(
                "The maps come from layer 5, and the first transposed convolution is layer 8: "
                "`keras.Model(encoder_input, autoencoder.layers[5].output)` is the first model."
            ),
        ),
        solution="""\
cuts = {
    "autoencoder": autoencoder,
    "maps": keras.Model(encoder_input, autoencoder.layers[5].output),
    "step": keras.Model(encoder_input, autoencoder.layers[8].output),
}""",
        answer="cuts",
    ),
]
