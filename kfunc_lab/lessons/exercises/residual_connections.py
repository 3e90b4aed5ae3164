"""Lesson 07: predict which shapes can be added, and build a skip that changes the channels."""

from typing import Any

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.model.descriptions import shape_tuple
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_MERGES = {"Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"}

# The output shape of `layers.add` for (9, 9, 64) and each of these; `None` if it raises.
_SUMS = {
    "same": (None, 9, 9, 64),
    "channels": None,
    "smaller": None,
    "one": (None, 9, 9, 64),
}


def _check_what_adds(answer: Any) -> None:
    answers.attempted(answer)
    parts = answers.by_name(answer, tuple(_SUMS))
    truths = {name: answers.truth(value, name) for name, value in parts.items()}
    wrong = next((name for name, value in truths.items() if value != bool(_SUMS[name])), None)
    messages = {
        "same": _("`same`: both shapes are equal. This is the one case that never fails."),
        "channels": _(
            "`channels`: 64 maps and 32 maps cannot be paired. Addition works element by "
            "element, and nothing says which two belong together."
        ),
        "smaller": _(
            "`smaller`: maps of 9 × 9 and maps of 7 × 7 do not line up. Without "
            '`padding="same"`, a convolution shrinks its input, and the skip connection no '
            "longer fits."
        ),
        "one": _(
            "`one`: an axis of size 1 is stretched to fit, so there is no error: the single "
            "map is added to all 64. A skip connection should rarely do that."
        ),
    }
    if wrong is not None:
        raise Wrong(messages[wrong])


def _projected_skip() -> Any:
    import keras
    from keras import layers

    inputs = keras.Input((9, 9, 64))
    x = layers.Conv2D(128, 3, activation="relu", padding="same")(inputs)
    x = layers.Conv2D(128, 3, activation="relu", padding="same")(x)
    return keras.Model(inputs, layers.add([x, layers.Conv2D(128, 1)(inputs)]))


def _check_projected_skip(answer: Any) -> None:
    answers.attempted(answer)
    _check_ends(graphs.graph_of(answer))
    graphs.check_model(_projected_skip, answer, _explain)


def _check_ends(graph: LayerGraph) -> None:
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise Wrong(_("The model should have one input and one output."))
    entering = graph.call_of[graph.inputs[0]].outputs[0]
    if entering.shape != (None, 9, 9, 64):
        raise Wrong(
            _(
                "The input has shape {shape}; it should have maps of 9 × 9 with 64 channels."
            ).format(shape=shape_tuple(entering))
        )
    leaving = graph.call_of[graph.outputs[0]].outputs[0]
    if leaving.shape != (None, 9, 9, 128):
        raise Wrong(
            _(
                "The output has shape {shape}; the block should output (None, 9, 9, 128)."
            ).format(shape=shape_tuple(leaving))
        )


def _explain(comparison: Comparison) -> str | None:
    graph = comparison.after
    merges = [call for call in graph.calls if call.kind in _MERGES or call.operation]
    if not merges:
        return _(
            "There is no skip connection: nothing joins the block's input to the output of the "
            "two layers."
        )
    join = merges[-1]
    if join.kind == "Concatenate":
        return _(
            "`{layer}` puts the channels side by side. A residual connection adds: the layers "
            "learn a correction to their input."
        ).format(layer=join.id)
    if join.kind != "Add":
        return None
    return _explain_skip(graph, join)


def _explain_skip(graph: LayerGraph, join: Call) -> str | None:
    """Names the mistake in the skip connection from the block's input to the sum."""
    sources = [graph.call_of[call] for call in graph.sources.get(join.id, ())]
    if any(call.outputs[0].shape != (None, 9, 9, 128) for call in sources):
        return _(
            "`{layer}` adds tensors of shapes {shapes}: the smaller one is stretched over all "
            "channels. Give the skip connection 128 channels, too."
        ).format(
            layer=join.id, shapes=", ".join(shape_tuple(call.outputs[0]) for call in sources)
        )
    if any(call.kind not in ("Conv2D", "Dense", "InputLayer") for call in sources):
        return None  # such as an activation, which is neither of the two paths
    skips = [call for call in sources if _kernel(call) != (3, 3)]
    if not skips:
        return _without_projection(graph, sources)
    skip = skips[0]
    begins = graph.sources.get(skip.id, [""])[0]
    if begins != graph.inputs[0]:
        return _(
            "Your skip connection starts at `{begins}`; it should start at the block's input, "
            "`{input}`."
        ).format(begins=begins, input=graph.inputs[0])
    if "activation" in skip.settings:
        return _(
            "`{layer}` has an activation. A projection changes only the number of channels: it "
            "should be linear."
        ).format(layer=skip.id)
    return None


def _without_projection(graph: LayerGraph, sources: list[Call]) -> str | None:
    from_input = [call for call in sources if graph.sources.get(call.id) == [graph.inputs[0]]]
    if len(sources) != 2 or not from_input:
        return None
    deep = next(call for call in sources if call is not from_input[0]) if from_input else None
    if deep is not None and graph.sources.get(deep.id) == [from_input[0].id]:
        return _(
            "Your skip connection starts at `{begins}`, after the first convolution; it should "
            "start at the block's input, `{input}`. The channels do not match there: they need "
            "a projection."
        ).format(begins=from_input[0].id, input=graph.inputs[0])
    return _(
        "`{layer}` looks at windows of 3 × 3. For a skip connection, kernel size 1 is enough: "
        "it mixes the channels of each position and leaves the positions alone."
    ).format(layer=from_input[0].id)


def _kernel(call: Call) -> object:
    size = call.settings.get("kernel_size")
    return tuple(size) if isinstance(size, (list, tuple)) else size


EXERCISES = [
    Exercise(
        name="what-adds",
        check=_check_what_adds,
        praise=N_(
            "Equal sizes can be added, and an axis of size 1 is stretched without warning. "
            "Any two other sizes raise an error while you build, not while you train."
        ),
        hints=(
            N_(
                "Go through the axes one by one: for each, are the two sizes equal, or is one "
                "of them 1?"
            ),
            N_("Two of the four raise an error. The case that is easy to overlook is size 1."),
        ),
        solution="""\
adds = {"same": True, "channels": False, "smaller": False, "one": True}""",
        answer="adds",
    ),
    Exercise(
        name="projected-skip",
        check=_check_projected_skip,
        praise=N_(
            "The convolution with kernel size 1 gives the skip connection as many channels as "
            "the sum needs, and leaves every position where it is."
        ),
        hints=(
            N_(
                "Write the two convolutions first, from 64 to 128 channels. Then look at the two "
                "shapes that `add` should join."
            ),
            N_(
                "The skip connection starts at the block's input and needs 128 channels: "
                "`layers.Conv2D(128, 1)`, called on `inputs`."
            ),
        ),
        solution="""\
inputs = keras.Input(shape=(9, 9, 64))
x = layers.Conv2D(128, 3, activation="relu", padding="same")(inputs)
x = layers.Conv2D(128, 3, activation="relu", padding="same")(x)
skip = layers.Conv2D(128, 1)(inputs)
block = keras.Model(inputs, layers.add([x, skip]))""",
        answer="block",
        target=_projected_skip,
    ),
]
