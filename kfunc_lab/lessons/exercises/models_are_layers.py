"""Lesson 05: count a model that is called twice, and let three models vote."""

from typing import Any

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.model.descriptions import shape_tuple
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_TWICE = 136  # 16 · 8 weights, 8 biases
_READER = 25_450  # 784 -> 32 -> 10


def _check_twice(answer: Any) -> None:
    answers.attempted(answer)
    number = answers.whole_number(answer)
    if number == _TWICE:
        return
    messages = {
        2 * _TWICE: _(
            "{n} counts the model once for each call. A call creates no weights: both calls "
            "use those of `m`."
        ),
        16 * 8: _("{n} counts only the weights. Each of the 8 units has a bias too."),
        2 * 16 * 8: _(
            "{n} counts the weights once for each call, and leaves the biases out. A call "
            "creates no weights."
        ),
        _TWICE + 8: _("{n} gives parameters to the addition. It has none: it only adds."),
        2 * _TWICE + 8: _(
            "{n} counts the model once for each call, and gives parameters to the addition. "
            "Neither adds any."
        ),
        32 * 8 + 8: _(
            "{n} would be right if `a` and `b` were joined into 32 numbers. Here 16 numbers go "
            "in at each call, through the same weights."
        ),
        0: _("{n} is what the calls add. The weights of `m` itself are part of the model."),
    }
    raise Wrong(
        messages.get(
            number,
            _(
                "It is not {n}. How many parameters does `m` have alone, and what do two calls "
                "add?"
            ),
        ).format(n=f"{number:,}")
    )


# ---------------------------------------------------------------------------------------------
# Three readers vote


def _check_committee(answer: Any) -> None:
    answers.attempted(answer)
    if isinstance(answer, (list, tuple)):
        raise Wrong(
            _(
                "This is a list of {n} separate objects. Build one model: an image goes in "
                "once, and one average comes out."
            ).format(n=len(answer))
        )
    graphs.check_model(_committee, answer, _explain_committee)


def _explain_committee(comparison: Comparison) -> str | None:
    """Names the misconception about models or averages that leads to such a graph."""
    graph = comparison.after
    if len(graph.inputs) > 1:
        return _(
            "The model has {n} inputs. All readers look at the same image: create one "
            "`keras.Input`, and call each reader on it."
        ).format(n=len(graph.inputs))
    if len(graph.outputs) > 1:
        return _(
            "The model has {n} outputs, one for each reader. `layers.average` merges them into "
            "one."
        ).format(n=len(graph.outputs))
    return _explain_merging(graph) or _explain_readers(graph)


def _explain_merging(graph: LayerGraph) -> str | None:
    kinds = [call.kind for call in graph.calls]
    end = graph.call_of[graph.outputs[0]]
    if end.kind == "Concatenate":
        return _(
            "Concatenating puts the votes side by side: {shape}. Their average has ten "
            "numbers, like each vote."
        ).format(shape=shape_tuple(end.outputs[0]))
    if end.kind == "Add":
        return _(
            "The votes are added up. Each vote sums to 1, so three votes sum to 3: these are "
            "no longer probabilities. Take their average."
        )
    if kinds.count("Average") > 1:
        return _(
            "There are {n} averages. An average of an average and one more vote counts that "
            "vote twice as much. Pass all three votes to one `layers.average`."
        ).format(n=kinds.count("Average"))
    return None


def _explain_readers(graph: LayerGraph) -> str | None:
    """Names the mistake if the graph has the weights of one, two or more than three readers."""
    layers = {call.layer_id: call.parameters for call in graph.calls}
    readers, rest = divmod(sum(layers.values()), _READER)
    votes = len(graph.sources.get(graph.outputs[0], ()))
    if rest or readers in (0, 3):
        return None
    if graph.call_of[graph.outputs[0]].kind != "Average":
        return _(
            "This model ends in a single reader. An ensemble keeps all three and averages what "
            "they *predict*; an average of their weights would be a fourth reader that was "
            "never trained."
        )
    if readers < votes:
        return _(
            "{votes} votes are averaged, but there are only {n} parameters: {readers} × {one}. "
            "A reader that is called again uses the same weights and votes the same. Each call "
            "of `reader()` creates a new one."
        ).format(votes=votes, n=f"{graph.parameters:,}", readers=readers, one=f"{_READER:,}")
    return _("{n} readers vote; there should be three.").format(n=readers)


def _committee() -> Any:
    import keras
    from keras import layers

    inputs = keras.Input((784,))
    votes = []
    for _number in range(3):
        x = layers.Dense(32, activation="relu")(inputs)
        votes.append(layers.Dense(10, activation="softmax")(x))
    return keras.Model(inputs, layers.average(votes))


EXERCISES = [
    Exercise(
        name="same-model-twice",
        check=_check_twice,
        praise=N_(
            "16 · 8 weights and 8 biases, once. A call uses weights but creates none, and an "
            "addition has none either."
        ),
        hints=(
            N_("How many parameters does `m` have before it is called on `a` or `b`?"),
            N_(
                "16 numbers enter each of the 8 units, and each unit has a bias. The calls and "
                "the addition have no parameters."
            ),
        ),
        solution="parameters = 16 * 8 + 8",
        answer="parameters",
    ),
    Exercise(
        name="committee",
        check=_check_committee,
        praise=N_(
            "Three readers with their own weights, 3 · 25,450 = 76,350 parameters, look at the "
            "same image, and the model outputs their average."
        ),
        hints=(
            N_(
                "Look at the ensemble above: what is created three times there, and what only "
                "once?"
            ),
            N_(
                "`[reader() for _ in range(3)]` creates three readers. Call all of them on one "
                "`keras.Input`."
            ),
            N_(
                "`votes = [reader()(inputs) for _ in range(3)]`, then `layers.average(votes)` is "
                "the output of the model."
            ),
        ),
        solution="""\
def reader():
    inputs = keras.Input(shape=(784,))
    x = layers.Dense(32, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


inputs = keras.Input(shape=(784,))
votes = [reader()(inputs) for _ in range(3)]
committee = keras.Model(inputs, layers.average(votes), name="committee")""",
        answer="committee",
    ),
]
