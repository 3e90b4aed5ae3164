"""Lesson 04: count what two models share, and cut models out of a graph that is there."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.model.descriptions import shape_tuple
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.text import printable

_ENCODER, _AUTOENCODER = 18_672, 28_241
_IMAGE = (None, 28, 28, 1)


# ---------------------------------------------------------------------------------------------
# What both models have


def _check_both_models(answer: Any) -> None:
    answers.attempted(answer)
    said = answers.by_name(answer, ("shared", "together"))
    _check_shared(answers.whole_number(said["shared"]))
    _check_together(answers.whole_number(said["together"]))


def _check_shared(number: int) -> None:
    if number == _ENCODER:
        return
    messages = {
        0: _(
            "`shared`: {n} would mean that each model has weights of its own. But no layer was "
            "made twice: the second model took what was there, and only went on."
        ),
        _AUTOENCODER: _(
            "`shared`: {n} are all of the autoencoder's. Its last layers are not in the encoder."
        ),
        _AUTOENCODER - _ENCODER: _(
            "`shared`: {n} is what the comparison shows as added: those the encoder has not."
        ),
    }
    raise Wrong(
        messages.get(
            number,
            _("`shared`: it is not {n}. Which layers stand in both models? Add up theirs."),
        ).format(n=f"{number:,}")
    )


def _check_together(number: int) -> None:
    if number == _AUTOENCODER:
        return
    messages = {
        _ENCODER + _AUTOENCODER: _(
            "`together`: {n} counts the layers of the encoder twice. They stand in two models, and "
            "in memory once."
        ),
        2 * _ENCODER + _AUTOENCODER: _(
            "`together`: {n} counts the layers of the encoder three times. They stand in two "
            "models, and in memory once."
        ),
        _AUTOENCODER - _ENCODER: _(
            "`together`: {n} are those behind the code. The layers before it are in memory too, "
            "once."
        ),
        _ENCODER: _("`together`: {n} are the encoder's. What came after it has weights too."),
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
# Two cuts


def _check_cuts(answer: Any) -> None:
    asked = answer
    if isinstance(answer, Mapping):
        asked = {name: part for name, part in answer.items() if name != "autoencoder"}
    answers.attempted(asked)
    said = answers.by_name(answer, ("autoencoder", "maps", "step"))
    whole = said["autoencoder"]
    _check_whole(whole)
    for name, build in _CUTS.items():
        _check_cut(name, said[name], graphs.target_of(build))
        _check_own_weights(name, said[name], whole)


def _check_whole(whole: Any) -> None:
    graph = graphs.graph_of(whole, "autoencoder")
    try:
        graphs.check_graph(graphs.target_of(_WHOLE), graph)
    except Wrong:
        raise Wrong(
            _(
                "`autoencoder` should be the model of this lesson, from the image back to an "
                "image. Run the cells that build it again."
            )
        ) from None


def _check_cut(name: str, answer: Any, target: LayerGraph) -> None:
    import keras

    if isinstance(answer, keras.layers.Layer) and not isinstance(answer, keras.Model):
        raise Wrong(
            _(
                "`{name}`: this is the layer `{layer}`. Its `output` is the tensor that it made; "
                "a model goes from an input to such a tensor."
            ).format(name=name, layer=printable(answer.name))
        )
    graph = graphs.graph_of(answer, name)
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise Wrong(_("`{name}`: one input and one output are asked for.").format(name=name))
    graphs.check_graph(target, graph, partial(_explain_cut, name))


def _explain_cut(name: str, found: Comparison) -> str | None:
    """Says where the model was cut, if that is what is wrong."""
    wanted = found.before.call_of[found.before.outputs[0]]
    begin = found.after.call_of[found.after.inputs[0]]
    end = found.after.call_of[found.after.outputs[0]]
    if begin.outputs[0].shape != _IMAGE:
        return _(
            "`{name}`: the model begins with shape {shape}, in the middle of the graph. It should "
            "begin at the image, `encoder_input`."
        ).format(name=name, shape=shape_tuple(begin.outputs[0]))
    if end.outputs == wanted.outputs:
        return None
    return _explain_end(name, found, end, wanted)


def _explain_end(name: str, found: Comparison, end: Call, wanted: Call) -> str:
    if end.outputs[0].shape == _IMAGE:
        said = _("`{name}`: this is the whole way, back to an image. Cut it at {wanted}.")
    elif name == "maps" and end.kind == "GlobalMaxPooling2D":
        said = _(
            "`{name}`: the model ends at `{layer}`, as the encoder does: of each map only its "
            "largest number is left. The maps are what that layer was called on."
        )
    elif len(found.after.calls) == len(found.before.calls) - 1:
        said = _(
            "`{name}`: the model ends at `{layer}`, one layer early: its shape is {got}, asked for "
            "is {wanted}. In `autoencoder.layers` the input is number 0."
        )
    else:
        said = _("`{name}`: the model ends at `{layer}` with shape {got}; cut it at {wanted}.")
    return said.format(
        name=name,
        layer=printable(end.id),
        got=shape_tuple(end.outputs[0]),
        wanted=shape_tuple(wanted.outputs[0]),
    )


def _check_own_weights(name: str, model: Any, whole: Any) -> None:
    """Checks that a model, whose graph is right, has no weights beside those that are there."""
    known = {id(weight) for weight in whole.weights}
    own = [weight for weight in model.weights if id(weight) not in known]
    if not own:
        return
    if len(own) < len(model.weights):
        layer = next(it for it in model.layers if any(it is own[0] for it in it.weights))
        raise Wrong(
            _(
                "`{name}`: `{layer}` is a new layer, with weights of its own. In the autoencoder "
                "such a layer has been called already: take its `output`."
            ).format(name=name, layer=printable(layer.name))
        )
    if _equal(own, whole.weights):
        raise Wrong(
            _(
                "`{name}`: the numbers are those of the autoencoder, but in a copy. When the "
                "autoencoder is trained further, the copy stays behind. Use the layers themselves."
            ).format(name=name)
        )
    raise Wrong(
        _(
            "`{name}`: the graph is right, but it was built anew, with {n} weights of its own that "
            "no training has touched. Take the `output` of a layer that is there already."
        ).format(name=name, n=f"{sum(weight.numpy().size for weight in own):,}")
    )


def _equal(some: list[Any], others: list[Any]) -> bool:
    """Tells whether weights hold the same numbers as the first of the others."""
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
            "All that the encoder has, the autoencoder has too, as the very same weights. So both "
            "together hold no more than the autoencoder alone."
        ),
        hints=(
            N_(
                'How often was `layers.Conv2D(32, 3, activation="relu")` called for the layer '
                "`conv2d_1`: once, or once for each model?"
            ),
            N_(
                "The encoder is a part of the autoencoder. `count_params()` of each model is all "
                "that you need."
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
            "Two more models, and not one new weight: both are ways through the graph that was "
            "there, and they follow when the autoencoder is trained further."
        ),
        hints=(
            N_(
                "A model needs its two ends. Both begin at `encoder_input`; which layer of "
                "`autoencoder.layers` made the tensor at the other end?"
            ),
            N_(
                "`[layer.name for layer in autoencoder.layers]` shows the numbers. "
                "`autoencoder.layers[3].output` is the tensor after the first pooling."
            ),
            N_(
                "The maps come from number 5, and the first transposed convolution is number 8: "
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
