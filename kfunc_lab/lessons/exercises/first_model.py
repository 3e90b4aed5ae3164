"""Lesson 01: predict what a Dense layer makes, and build a model of a given size."""

from typing import Any

from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_WANTED = 25_450  # 784 -> 32 -> 10
_ON_IMAGE = 580  # 28 · 20 weights, 20 biases


def _check_hidden_units(answer: Any) -> None:
    answers.attempted(answer)
    graph = graphs.graph_of(answer)
    _check_ends(graph)
    hidden = [call for call in graph.calls if call.kind == "Dense"][:-1]
    _check_hidden(graph, hidden)
    if graph.parameters != _WANTED:
        raise Wrong(
            _(
                "With {units} hidden units the model has {n} parameters; {wanted} are asked for. "
                "Each hidden unit brings 784 weights and a bias of its own, and 10 weights into "
                "the last layer."
            ).format(
                units=hidden[0].outputs[0].shape[-1],  # type: ignore[index]
                n=f"{graph.parameters:,}",
                wanted=f"{_WANTED:,}",
            )
        )


def _check_ends(graph: LayerGraph) -> None:
    calls = {call.id: call for call in graph.calls}
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise Wrong(_("One input and one output are asked for."))
    entering = calls[graph.inputs[0]].outputs[0].shape
    if entering is not None and len(entering) > 2:
        raise Wrong(
            _(
                "The input has shape {shape}. The batch is left out of `shape`: write "
                "`keras.Input(shape=(784,))`."
            ).format(shape=entering)
        )
    if entering is None or entering[-1] != 784:
        raise Wrong(
            _("The input has shape {shape}; 784 numbers should enter.").format(shape=entering)
        )
    leaving = calls[graph.outputs[0]].outputs[0].shape
    if leaving is None or leaving[-1] != 10:
        raise Wrong(
            _("The output has shape {shape}; 10 numbers should leave, one a class.").format(
                shape=leaving
            )
        )


def _check_hidden(graph: LayerGraph, hidden: list[Call]) -> None:
    if not hidden:
        raise Wrong(
            _(
                "The input goes straight into the last layer: {n} parameters. One hidden Dense "
                "layer between them is asked for."
            ).format(n=f"{graph.parameters:,}")
        )
    if len(hidden) > 1:
        raise Wrong(
            _("There are {n} hidden Dense layers; exactly one is asked for.").format(
                n=len(hidden)
            )
        )
    for call in graph.calls:
        if call.settings.get("use_bias") is False:
            raise Wrong(
                _("`{layer}` has no biases; leave `use_bias` at its default.").format(
                    layer=call.layer
                )
            )


def _check_dense_on_image(answer: Any) -> None:
    answers.attempted(answer)
    said = answers.by_name(answer, ("shape", "parameters"))
    _check_shape(said["shape"])
    _check_parameters(answers.whole_number(said["parameters"]))


def _check_shape(said: Any) -> None:
    if not isinstance(said, (tuple, list)):
        raise Wrong(
            _("A shape is a tuple, as `(None, 784)`; this is: {got}.").format(got=repr(said))
        )
    shape = tuple(said)
    if shape == (None, 28, 20):
        return
    messages = {
        (28, 20): _("The batch is missing: it always stands first, as `None`."),
        (None, 20): _(
            "That would be the shape if all 784 pixels went into each unit. A Dense layer does "
            "not flatten: it works along the last axis, and every axis before it stays."
        ),
        (None, 20, 28): _("It is the last axis that changes, not the one before it."),
        (None, 28, 28, 20): _(
            "No axis is added: the last one, of size 28, is replaced by the units."
        ),
        (None, 28, 28): _(
            "The last axis would still be 28 long: each of its 28 numbers goes into 20 units, and "
            "those take their place."
        ),
    }
    raise Wrong(
        messages.get(
            shape,
            _("It is not {shape}. Every axis of `(None, 28, 28)` stays but the last.").format(
                shape=shape
            ),
        )
    )


def _check_parameters(number: int) -> None:
    if number == _ON_IMAGE:
        return
    messages = {
        28 * 20: _("{n} are the weights alone. Each of the 20 units has a bias too."),
        784 * 20 + 20: _(
            "{n} would be right for 784 numbers that enter each unit. Along the last axis only 28 "
            "enter, and all 28 rows use the same weights."
        ),
        28 * (28 * 20 + 20): _(
            "{n} counts the layer once for each row. All rows go through the same weights."
        ),
    }
    raise Wrong(
        messages.get(
            number,
            _(
                "It is not {n}. How many numbers enter each of the 20 units, along the last axis?"
            ),
        ).format(n=f"{number:,}")
    )


EXERCISES = [
    Exercise(
        name="dense-on-image",
        check=_check_dense_on_image,
        praise=N_(
            "Each row of 28 pixels goes through the same 28 · 20 weights and 20 biases: 580. Only "
            "the last axis changes."
        ),
        hints=(
            N_(
                "Of the tensor `(None, 28, 28)`, which axis does the layer look at? The others "
                "stay as they are."
            ),
            N_(
                "28 numbers enter each of the 20 units: 28 · 20 weights, and a bias for each unit."
            ),
        ),
        solution="""\
dense_on_image = {"shape": (None, 28, 20), "parameters": 28 * 20 + 20}""",
        answer="dense_on_image",
    ),
    Exercise(
        name="hidden-units",
        check=_check_hidden_units,
        praise=N_("784 · 32 + 32 = 25,120, and 32 · 10 + 10 = 330: together 25,450."),
        hints=(
            N_(
                "Write the count as a formula: with h hidden units, the first layer has "
                "784 · h + h parameters. And the last one?"
            ),
            N_("784 · h + h + h · 10 + 10 = 795 · h + 10. Which h gives 25,450?"),
        ),
        solution="""\
inputs = keras.Input(shape=(784,))
x = layers.Dense(32, activation="relu")(inputs)
outputs = layers.Dense(10, activation="softmax")(x)
answer = keras.Model(inputs, outputs)""",
        answer="answer",
    ),
]
