"""Lesson 08: count shared weights once, and let two towers share their layers."""

from typing import Any

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.text import printable

_FIRST, _SECOND, _LAST = 8 * 4 + 4, 4 * 5 + 5, 14 + 1
_ALL = _FIRST + _SECOND + _LAST


# ---------------------------------------------------------------------------------------------
# Parameters of layers that are called several times


def _check_count(answer: Any) -> None:
    answers.attempted(answer)
    number = answers.whole_number(answer)
    if number == _ALL:
        return
    messages = {
        3 * _FIRST + 2 * _SECOND + _LAST: _(
            "{n} counts weights once for each *call*. `first` is called three times, but it is one "
            "layer, with one set of weights."
        ),
        3 * _FIRST + _SECOND + _LAST: _(
            "{n} counts `first` once for each of its three calls. Three layers would have "
            "three sets of weights; this is one."
        ),
        _FIRST + 2 * _SECOND + _LAST: _(
            "{n} counts `second` twice. It appears twice in the code, but only one layer was "
            "created."
        ),
        8 * 4 + 4 * 5 + 14: _(
            "{n} counts only the weights. Each unit has a bias too: 4 in `first`, 5 in "
            "`second`, and the last one."
        ),
        _FIRST + _SECOND: _("{n} leaves out the last layer. How many numbers enter it?"),
        24 * 4 + 4 + _SECOND + _LAST: _(
            "{n} sends 24 numbers into `first` at once. Its calls are separate: 8 numbers "
            "enter at each."
        ),
        _FIRST + 8 * 5 + 5 + _LAST: _(
            "{n} sends 8 numbers into `second`. It is called on the output of `first`."
        ),
        _FIRST + _SECOND + 6: _(
            "{n} sends 5 numbers into the last layer. `Concatenate` puts them side by side."
        ),
    }
    general = _(
        "It is not {n}. Add up three layers, each once: how many numbers enter a call, and how "
        "many units are there?"
    )
    raise Wrong(messages.get(number, general).format(n=f"{number:,}"))


# ---------------------------------------------------------------------------------------------
# Two towers that share their layers


def _tied() -> Any:
    import keras
    from keras import layers

    texts = [keras.Input((None,), dtype="int32") for _text in range(2)]
    embedding, dense = layers.Embedding(1000, 128), layers.Dense(128, activation="tanh")
    ends = [dense(layers.GlobalAveragePooling1D()(embedding(text))) for text in texts]
    match = layers.Dense(1, activation="sigmoid")(layers.Multiply()(ends))
    return keras.Model(texts, match)


def _check_tied(answer: Any) -> None:
    answers.attempted(answer)
    graph = graphs.graph_of(answer)
    if len(graph.inputs) == 1:
        raise Wrong(
            _(
                "This model has one input, `{input}`: both towers would read the same text. "
                "Only the *layers* are shared; the question and the reply have separate inputs."
            ).format(input=printable(graph.inputs[0]))
        )
    if graph.unused:
        raise Wrong(
            _("`{input}` leads nowhere: both towers read the other text.").format(
                input=printable(graph.unused[0])
            )
        )
    _check_not_in_a_row(graph)

    def explain(comparison: Comparison) -> str | None:
        return _explain_untied(answer, comparison)

    graphs.check_model(_tied, answer, explain, ends="in any order")


def _check_not_in_a_row(graph: LayerGraph) -> None:
    for ids in graph.calls_by_layer.values():
        for call_id in ids:
            before = graph.ancestors(call_id) & set(ids)
            if before:
                raise Wrong(
                    _(
                        "`{layer}` is called on the output of its own first call: twice in a "
                        "row, on one text. To share it, call it side by side: once for the "
                        "question, once for the reply."
                    ).format(layer=printable(graph.call_of[call_id].layer))
                )


def _explain_untied(answer: Any, comparison: Comparison) -> str | None:
    """Names the layers that were created twice, if that is the only mistake."""
    other = [
        difference
        for change in comparison.changed
        for difference in change.settings
        if difference[0] != "shared with"
    ]
    if comparison.added or comparison.removed or other or not comparison.changed:
        return None
    twice = [comparison.after.call_of[change.after] for change in comparison.changed]
    kinds = {call.kind for call in twice}
    if kinds == {"Embedding", "Dense"}:
        if _weights_are_equal(answer):
            return _(
                "The weights of both towers are equal, but they are still {n} parameters in "
                "two towers: after the first training step they differ. Call one layer twice; "
                "then there is nothing to copy."
            ).format(n=f"{comparison.after.parameters:,}")
        return _(
            "{first} and {second} have equal arguments but are two layers, with 128,000 "
            "parameters each; so are the Dense layers. A function that creates layers creates "
            "new ones at each call. Create each layer once, outside the function."
        ).format(**_two_names(twice, "Embedding"))
    kind = kinds.pop()
    there = "Dense" if kind == "Embedding" else "Embedding"
    return _(
        "`{there}` is shared, but `{kind}` is not yet: {first} and {second} are two layers, so "
        "the towers still read a text in two ways."
    ).format(there=there, kind=kind, **_two_names(twice, kind))


def _two_names(calls: list[Call], kind: str) -> dict[str, str]:
    first, second = [f"`{printable(call.id)}`" for call in calls if call.kind == kind][:2]
    return {"first": first, "second": second}


def _weights_are_equal(answer: Any) -> bool:
    """Returns whether the large weights of two separate towers have the same values."""
    import numpy as np

    for shape in ((1000, 128), (128, 128)):
        first, second = (
            np.asarray(weight) for weight in answer.weights if tuple(weight.shape) == shape
        )
        if not np.array_equal(first, second):
            return False
    return True


EXERCISES = [
    Exercise(
        name="shared-count",
        check=_check_count,
        praise=N_(
            "8 · 4 + 4 = 36, 4 · 5 + 5 = 25 and 14 + 1 = 15: together 76, however many times "
            "the layers are called."
        ),
        hints=(
            N_(
                "Parameters belong to layers, not to calls. How many layers does the code "
                "create?"
            ),
            N_(
                "Three: 8 numbers enter `first`, 4 enter `second`, and 5 + 5 + 4 enter the "
                "last one. Count the weights and biases of each once."
            ),
        ),
        solution="parameters = (8 * 4 + 4) + (4 * 5 + 5) + (14 * 1 + 1)",
        answer="parameters",
    ),
    Exercise(
        name="tie-the-towers",
        check=_check_tied,
        praise=N_(
            "One Embedding and one Dense layer, each called on both texts: 144,641 parameters "
            "instead of 289,153, and a text means the same on both sides."
        ),
        hints=(
            N_(
                "How many times does `layers.Embedding(1000, 128)` run when `encode` is called "
                "twice? And if that line were above the function?"
            ),
            N_(
                "Create `embedding = layers.Embedding(1000, 128)` and `dense = "
                'layers.Dense(128, activation="tanh")` before `def encode`, and call them in '
                "it."
            ),
        ),
        solution="""\
embedding = layers.Embedding(1000, 128)
dense = layers.Dense(128, activation="tanh")


def encode(text):
    return dense(layers.GlobalAveragePooling1D()(embedding(text)))


question = keras.Input(shape=(None,), dtype="int32", name="question")
reply = keras.Input(shape=(None,), dtype="int32", name="reply")
both = layers.Multiply()([encode(question), encode(reply)])
tied = keras.Model([question, reply], layers.Dense(1, activation="sigmoid")(both))""",
        answer="tied",
        target=_tied,
    ),
]
