"""Lesson 07: what can be added, and a skip across a change of channels."""

from typing import Any

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.model.descriptions import shape_tuple
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_MERGES = {"Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"}

# What comes out of `layers.add` on (9, 9, 64) and each of these; nothing where it raises.
_SUMS = {
    "same": (None, 9, 9, 64),
    "channels": None,
    "smaller": None,
    "one": (None, 9, 9, 64),
}


def _check_what_adds(answer: Any) -> None:
    answers.attempted(answer)
    said = answers.by_name(answer, tuple(_SUMS))
    for name, value in said.items():
        if not isinstance(value, bool):
            raise Wrong(
                _("`{name}`: `True` or `False` is expected; this is: {got}.").format(
                    name=name, got=repr(value)
                )
            )
    wrong = next((name for name, value in said.items() if value != bool(_SUMS[name])), None)
    messages = {
        "same": _("`same`: both shapes are equal. This is the one case that never fails."),
        "channels": _(
            "`channels`: 64 maps and 32 maps have no partner for each other. Adding goes number by "
            "number, and nothing says which two belong together."
        ),
        "smaller": _(
            "`smaller`: maps of 9 × 9 and of 7 × 7 do not lie over each other. Without "
            '`padding="same"` a convolution shrinks its input, and the skip no longer fits.'
        ),
        "one": _(
            "`one`: an axis of size 1 is stretched to fit, so this raises nothing: the single map "
            "is added to all 64. That is rarely what a skip should do."
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
    graph = graphs.graph_of(answer)
    _check_ends(graph)
    graphs.check_graph(graphs.target_of(_projected_skip), graph, _misconception)


def _check_ends(graph: LayerGraph) -> None:
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise Wrong(_("One input and one output are asked for."))
    entering = graph.call_of[graph.inputs[0]].outputs[0]
    if entering.shape != (None, 9, 9, 64):
        raise Wrong(
            _(
                "The input has shape {shape}; maps of 9 × 9 with 64 channels should enter."
            ).format(shape=shape_tuple(entering))
        )
    leaving = graph.call_of[graph.outputs[0]].outputs[0]
    if leaving.shape != (None, 9, 9, 128):
        raise Wrong(
            _("The output has shape {shape}; the block should make (None, 9, 9, 128).").format(
                shape=shape_tuple(leaving)
            )
        )


def _misconception(found: Comparison) -> str | None:
    graph = found.after
    merges = [call for call in graph.calls if call.kind in _MERGES or call.operation]
    if not merges:
        return _(
            "There is no skip: nothing joins the block's input to what the two layers make."
        )
    join = merges[-1]
    if join.kind == "Concatenate":
        return _(
            "`{layer}` puts the channels side by side. A residual connection adds: the layers "
            "learn a correction to what comes in."
        ).format(layer=join.id)
    if join.kind != "Add":
        return None
    return _of_the_skip(graph, join)


def _of_the_skip(graph: LayerGraph, join: Call) -> str | None:
    """Names what is wrong with the way from the block's input to the sum."""
    sources = [graph.call_of[it] for it in graph.sources.get(join.id, ())]
    if any(it.outputs[0].shape != (None, 9, 9, 128) for it in sources):
        return _(
            "`{layer}` adds tensors of shapes {shapes}: the smaller one is stretched over all "
            "channels. Give the skip 128 channels of its own."
        ).format(layer=join.id, shapes=", ".join(shape_tuple(it.outputs[0]) for it in sources))
    skips = [it for it in sources if _kernel(it) != (3, 3)]
    if not skips:
        return _without_projection(graph, sources)
    skip = skips[0]
    begins = graph.sources.get(skip.id, [""])[0]
    if begins != graph.inputs[0]:
        return _(
            "Your skip begins at `{begins}`; it should begin at the block's input, `{input}`."
        ).format(begins=begins, input=graph.inputs[0])
    if "activation" in skip.settings:
        return _(
            "`{layer}` has an activation. A projection changes the number of channels and nothing "
            "else: it stays linear."
        ).format(layer=skip.id)
    return None


def _without_projection(graph: LayerGraph, sources: list[Call]) -> str | None:
    from_input = [it for it in sources if graph.sources.get(it.id) == [graph.inputs[0]]]
    if len(sources) != 2 or not from_input:
        return None
    deep = next(it for it in sources if it is not from_input[0]) if from_input else None
    if deep is not None and graph.sources.get(deep.id) == [from_input[0].id]:
        return _(
            "Your skip begins at `{begins}`, after the first convolution; it should begin at the "
            "block's input, `{input}`. There the channels do not fit yet: they need a projection."
        ).format(begins=from_input[0].id, input=graph.inputs[0])
    return _(
        "`{layer}` looks at windows of 3 × 3. For a skip, a kernel of 1 is enough: it mixes the "
        "channels of each place, and leaves the places alone."
    ).format(layer=from_input[0].id)


def _kernel(call: Call) -> object:
    size = call.settings.get("kernel_size")
    return tuple(size) if isinstance(size, (list, tuple)) else size


EXERCISES = [
    Exercise(
        name="what-adds",
        check=_check_what_adds,
        praise=N_(
            "Equal shapes add up, and an axis of size 1 is stretched without a word. Everything "
            "else raises, and the error comes while you build, not while you train."
        ),
        hints=(
            N_(
                "Go through the axes one by one: for each, are the two sizes equal, or is one 1?"
            ),
            N_(
                "Two of the four raise an error. The case that is easy to overlook is the size 1."
            ),
        ),
        solution="""\
adds = {"same": True, "channels": False, "smaller": False, "one": True}""",
        answer="adds",
    ),
    Exercise(
        name="projected-skip",
        check=_check_projected_skip,
        praise=N_(
            "The convolution of kernel 1 gives the skip as many channels as the sum needs, and "
            "leaves every place where it is."
        ),
        hints=(
            N_(
                "Write the two convolutions first, from 64 to 128 channels. Then look at the two "
                "shapes that `add` should join."
            ),
            N_(
                "The skip begins at the block's input and needs 128 channels: "
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
