"""Lesson 01: predict the output of a Dense layer, and build a model of a certain size."""

from typing import Any

from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_PARAMETERS = 25_450  # 784 -> 32 -> 10
_IMAGE_PARAMETERS = 580  # 28 · 20 weights, 20 biases


def _check_hidden_units(answer: Any) -> None:
    answers.attempted(answer)
    graph = graphs.graph_of(answer)
    _check_ends(graph)
    hidden = [call for call in graph.calls if call.kind == "Dense"][:-1]
    _check_hidden(graph, hidden)
    if graph.parameters != _PARAMETERS:
        raise Wrong(
            _(
                "With {units} hidden units the model has {n} parameters; it should have "
                "{wanted}. Each hidden unit adds 784 weights, a bias, and 10 weights in the "
                "last layer."
            ).format(
                units=hidden[0].outputs[0].shape[-1],  # type: ignore[index]
                n=f"{graph.parameters:,}",
                wanted=f"{_PARAMETERS:,}",
            )
        )


def _check_ends(graph: LayerGraph) -> None:
    calls = {call.id: call for call in graph.calls}
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise Wrong(_("The model should have one input and one output."))
    entering = calls[graph.inputs[0]].outputs[0].shape
    if entering is not None and len(entering) > 2:
        raise Wrong(
            _(
                "The input has shape {shape}. `shape` does not include the batch: write "
                "`keras.Input(shape=(784,))`."
            ).format(shape=entering)
        )
    if entering is None or entering[-1] != 784:
        raise Wrong(
            _("The input has shape {shape}; it should have 784 numbers.").format(shape=entering)
        )
    leaving = calls[graph.outputs[0]].outputs[0].shape
    if leaving is None or leaving[-1] != 10:
        raise Wrong(
            _(
                "The output has shape {shape}; it should have 10 numbers, one for each class."
            ).format(shape=leaving)
        )


def _check_hidden(graph: LayerGraph, hidden: list[Call]) -> None:
    if not hidden:
        raise Wrong(
            _(
                "The input goes straight into the last layer: {n} parameters. Put one hidden "
                "Dense layer between them."
            ).format(n=f"{graph.parameters:,}")
        )
    if len(hidden) > 1:
        raise Wrong(
            _("There are {n} hidden Dense layers; there should be exactly one.").format(
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
    parts = answers.by_name(answer, ("shape", "parameters"))
    _check_shape(parts["shape"])
    _check_parameters(answers.whole_number(parts["parameters"], "parameters"))


def _check_shape(answer: Any) -> None:
    shape = answers.shape(answer)
    if shape == (None, 28, 20):
        return
    messages = {
        (28, 20): _("The batch is missing: it always comes first, as `None`."),
        (None, 20): _(
            "That would be the shape if all 784 pixels went into each unit. A Dense layer does "
            "not flatten: it works along the last axis and keeps every axis before it."
        ),
        (None, 20, 28): _("It is the last axis that changes, not the one before it."),
        (None, 28, 28, 20): _(
            "No axis is added: the last one, of size 28, is replaced by the units."
        ),
        (None, 28, 28): _(
            "Then the last axis would still be 28 long. But its 28 numbers go into 20 units, "
            "and the units take their place."
        ),
    }
    raise Wrong(
        messages.get(
            shape,
            _(
                "It is not {shape}. Every axis of `(None, 28, 28)` stays the same except the "
                "last."
            ).format(shape=shape),
        )
    )


def _check_parameters(number: int) -> None:
    if number == _IMAGE_PARAMETERS:
        return
    messages = {
        28 * 20: _("{n} counts only the weights. Each of the 20 units has a bias too."),
        784 * 20 + 20: _(
            "{n} would be right if 784 numbers entered each unit. Along the last axis only 28 "
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
                "Which axis of the tensor `(None, 28, 28)` does the layer use? The others stay "
                "as they are."
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
