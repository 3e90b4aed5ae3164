"""Lesson 12: choose an API for six architectures, and write a subclass as a graph."""

import re
from typing import Any

from kfunc_lab.graph.keras.reader import read_graph
from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.text import printable

_APIS = ("sequential", "functional", "subclass")

# The words for each, such as those of the Spanish lesson, and words that may stand beside them.
_WORDS = {
    **dict.fromkeys(("sequential", "secuencial"), "sequential"),
    **dict.fromkeys(("functional", "funcional"), "functional"),
    **dict.fromkeys(("subclass", "subclassed", "subclassing"), "subclass"),
    **dict.fromkeys(("subclase", "herencia"), "subclass"),
}
_BESIDE = {"a", "api", "de", "el", "keras", "la", "model", "modelo", "por", "the", "un", "una"}

_RIGHT = {
    "melody": "sequential",
    "tickets": "functional",
    "resnet": "functional",
    "twins": "functional",
    "grammar": "subclass",
    "ponder": "subclass",
}


def _check_choices(answer: Any) -> None:
    answers.attempted(answer)
    parts = answers.by_name(answer, _RIGHT)
    for name, right in _RIGHT.items():
        choice = _api(name, parts[name])
        if choice != right:
            raise Wrong(f"`{name}`: " + _reason(name, choice))


def _api(name: str, answer: Any) -> str:
    text = answer.__name__ if isinstance(answer, type) else answer
    words = set(re.findall(r"\w+", text.lower())) - _BESIDE if isinstance(text, str) else set()
    apis = {_WORDS.get(word, "") for word in words}
    if len(apis) != 1 or not apis <= set(_APIS):
        raise Wrong(
            _("`{name}`: expected one of {apis}, got {got}.").format(
                name=name, apis=", ".join(f'`"{name}"`' for name in _APIS), got=repr(answer)
            )
        )
    return apis.pop()


def _reason(name: str, choice: str) -> str:
    return {
        ("melody", "functional"): _(
            "That works, but one layer after another, with one input and one output, is a "
            "chain. There is a shorter way to write it."
        ),
        ("melody", "subclass"): _(
            "The loop over the notes is part of the LSTM layer. The model itself is a chain of "
            "three layers."
        ),
        ("tickets", "sequential"): _(
            "A chain has one beginning and one end; here three things go in and two come out."
        ),
        ("tickets", "subclass"): _(
            "There are several inputs and outputs, but they are the same for every ticket. "
            "Code would work, but then nothing is checked or drawn before the data arrives."
        ),
        ("resnet", "sequential"): _(
            "In a chain, each tensor goes only to the next layer; here, some also go around "
            "layers."
        ),
        ("resnet", "subclass"): _(
            "There are 50 convolutions, but always the same ones: a `for` loop in the code "
            "builds them once, and the graph stays fixed."
        ),
        ("twins", "sequential"): _(
            "Two photos are two inputs, and the layers are called twice; a chain calls each once."
        ),
        ("twins", "subclass"): _(
            "Sharing layers means calling them twice, as in lesson 08; a graph of calls "
            "expresses that."
        ),
        ("grammar", "sequential"): _(
            "Each sentence has its own tree; a chain is not even one tree."
        ),
        ("grammar", "functional"): _(
            "A graph is one tree, fixed before the first sentence arrives. The next sentence "
            "has another tree."
        ),
        ("ponder", "sequential"): _(
            "The number of times the block is applied is known only while it runs; a chain has "
            "a fixed length."
        ),
        ("ponder", "functional"): _(
            "A Python loop in the code that builds a graph ends with a fixed number of calls, "
            "and when to stop depends on numbers that do not exist yet. "
            "`keras.ops.while_loop` repeats operations in a graph, but Keras does not train the "
            "layers inside it."
        ),
    }[name, choice]


def _check_graph(answer: Any) -> None:
    import keras

    answers.attempted(answer)
    if isinstance(answer, type) and issubclass(answer, keras.Model):
        raise Wrong(
            _(
                "This is a class, `{name}`. Build a model with a graph, without that class."
            ).format(name=answer.__name__)
        )
    graph = read_graph(answers.model(answer))
    if isinstance(answer, keras.Sequential):
        raise Wrong(
            _(
                "A Sequential model is a chain: it has no second input and no path around "
                "`mix`. Call the layers one by one, and keep each tensor in a variable."
            )
        )
    if not graph.connected:
        raise Wrong(
            _(
                "`{name}` is still a subclass ({kind}): its connections are code. Start with "
                "`left` and `right`, call each layer, and end with `keras.Model`."
            ).format(name=printable(graph.name), kind=graph.kind)
        )
    graph = graphs.graph_of(answer)
    for call in graph.calls:
        if not call.library:
            raise Wrong(
                _(
                    "The graph has a call of `{kind}`, which still contains the code. Call its "
                    "layers in the graph itself."
                ).format(kind=call.kind)
            )
    if len(graph.inputs) == 1:
        raise Wrong(
            _(
                "The model has one input; it should have two, `left` and `right`, given as a list."
            )
        )
    graphs.check_model(_pair, answer, _explain)


def _explain(comparison: Comparison) -> str | None:
    merging = [call for call in comparison.after.calls if len(call.inputs) > 1]
    kinds = [call.kind for call in merging]
    for change in comparison.changed:
        if any(
            name == "shared with" and got is None for name, _expected, got in change.settings
        ):
            return _(
                "`{layer}` has its own weights, so the model has {n} parameters. `read` is one "
                "layer: create it once, and call it on both sides."
            ).format(layer=printable(change.after), n=f"{comparison.after.parameters:,}")
    if _differs_only_in_sides(comparison):
        return _(
            "The first input of the model is `{first}`, but `{layer}` puts the other side first. "
            "`left` should come first in both."
        ).format(first=printable(comparison.after.inputs[0]), layer=printable(merging[0].id))
    if not kinds:
        return _("The two sides never meet: `concatenate` puts them side by side.")
    if kinds == ["Concatenate"]:
        return _("There is no path around `mix`: its input should also be added to its output.")
    if set(kinds) == {"Concatenate"}:
        return _(
            "The path around `mix` is placed side by side with its output, which gives {n} "
            "numbers; it should be added, which gives 32."
        ).format(n=merging[-1].outputs[0].shape[-1])  # type: ignore[index]
    if set(kinds) == {"Add"}:
        return _(
            "The two sides are added, so left and right can no longer be told apart; put them "
            "side by side with `concatenate`."
        )
    return None


def _differs_only_in_sides(comparison: Comparison) -> bool:
    """Tells whether an input and the merge of both sides begin with different sides."""
    after = comparison.after
    return not (comparison.added or comparison.removed) and all(
        [name for name, *_values in change.settings] == ["inputs"]
        and after.call_of[change.after].kind == "Concatenate"
        and len(set(after.sources.get(change.after, ()))) == len(after.inputs)
        for change in comparison.changed
    )


def _pair() -> Any:
    import keras
    from keras import layers

    left, right = keras.Input((8,), name="left"), keras.Input((8,), name="right")
    read = layers.Dense(16, activation="relu", name="read")
    both = layers.concatenate([read(left), read(right)])
    x = layers.add([layers.Dense(32, activation="relu", name="mix")(both), both])
    outputs = layers.Dense(1, activation="sigmoid", name="judge")(x)
    return keras.Model([left, right], outputs)


EXERCISES = [
    Exercise(
        name="six-architectures",
        check=_check_choices,
        praise=N_(
            "One chain, three fixed graphs, and two architectures that depend on the data: "
            "those need code."
        ),
        hints=(
            N_(
                "Two questions decide. Is it the same graph for every example? And if so, is "
                "it a single chain, with each layer called once?"
            ),
            N_(
                "Two of the six differ from example to example. Of the other four, one has a "
                "single input, a single output and no path around a layer."
            ),
        ),
        solution="""\
answer = {
    "melody": "sequential",
    "tickets": "functional",
    "resnet": "functional",
    "twins": "functional",
    "grammar": "subclass",
    "ponder": "subclass",
}""",
        answer="answer",
    ),
    Exercise(
        name="code-to-graph",
        check=_check_graph,
        praise=N_(
            "The same calls, and now they are data: one reader for both sides, a path around "
            "`mix`, 144 + 1,056 + 33 = 1,233 parameters."
        ),
        hints=(
            N_(
                "First create what `__init__` creates; then write the lines of `call` one "
                "after another, with `left` and `right` as they are."
            ),
            N_(
                '`read = layers.Dense(16, activation="relu")` once, `read(left)` and '
                "`read(right)`; at the end `keras.Model([left, right], …)`."
            ),
        ),
        solution="""\
left = keras.Input((8,), name="left")
right = keras.Input((8,), name="right")
read = layers.Dense(16, activation="relu", name="read")
both = layers.concatenate([read(left), read(right)])
mixed = layers.Dense(32, activation="relu", name="mix")(both)
outputs = layers.Dense(1, activation="sigmoid", name="judge")(layers.add([mixed, both]))
answer = keras.Model([left, right], outputs)""",
        answer="answer",
        target=_pair,
    ),
]
