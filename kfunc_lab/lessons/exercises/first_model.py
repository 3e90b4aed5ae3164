"""Lesson 01: build a model with a given number of parameters."""

from typing import Any

from kfunc_lab.graph.layer_graph import Call, LayerGraph
from kfunc_lab.lessons.exercises import answers, graphs
from kfunc_lab.lessons.exercises.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_WANTED = 25_450  # 784 -> 32 -> 10


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


EXERCISES = [
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
    )
]
