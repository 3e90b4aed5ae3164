"""Lesson 11: choose an API for six architectures, and write a subclass as a graph."""

from typing import Any

from kfunc_lab.graph.keras.reader import read_graph
from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.text import printable

_APIS = ("sequential", "functional", "subclass")

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
    said = answers.by_name(answer, _RIGHT)
    for name, right in _RIGHT.items():
        choice = _api(name, said[name])
        if choice != right:
            raise Wrong(f"`{name}`: " + _reason(name, choice))


def _api(name: str, said: Any) -> str:
    word = said.strip().lower() if isinstance(said, str) else ""
    word = "subclass" if word in ("subclassed", "subclassing") else word
    if word not in _APIS:
        raise Wrong(
            _("`{name}`: one of {apis} is expected; this is: {got}.").format(
                name=name, apis=", ".join(f'`"{it}"`' for it in _APIS), got=repr(said)
            )
        )
    return word


def _reason(name: str, choice: str) -> str:
    return {
        ("melody", "functional"): _(
            "That works, but one layer after another, with one input and one output, is a chain. "
            "There is something shorter for it."
        ),
        ("melody", "subclass"): _(
            "The loop over the notes is inside the LSTM layer, which brings it along. Around it, "
            "three layers stand in a chain."
        ),
        ("tickets", "sequential"): _(
            "A chain has one beginning and one end; here three things go in and two come out."
        ),
        ("tickets", "subclass"): _(
            "Several inputs and outputs are the same for every ticket. Code would do, but then "
            "nothing is checked or drawn before data comes."
        ),
        ("resnet", "sequential"): _(
            "In a chain each tensor goes to the next layer only; here some go around layers too."
        ),
        ("resnet", "subclass"): _(
            "50 convolutions are many, but always the same ones: a `for` that builds the graph "
            "writes them down once, and the graph stays fixed."
        ),
        ("twins", "sequential"): _(
            "Two photos are two inputs, and the layers are called twice; a chain calls each once."
        ),
        ("twins", "subclass"): _(
            "To share layers is to call them twice, as in lesson 08; a graph of calls says that."
        ),
        ("grammar", "sequential"): _(
            "Each sentence has a tree of its own; a chain is not even one tree."
        ),
        ("grammar", "functional"): _(
            "A graph is one tree, fixed before the first sentence comes. The next sentence has "
            "another one."
        ),
        ("ponder", "sequential"): _(
            "How many times the block is applied shows only while it runs; a chain has a fixed "
            "length."
        ),
        ("ponder", "functional"): _(
            "Functional graphs do no loops: a `for` in the code that builds them ends with a "
            "fixed number of calls. When to stop depends on numbers that are not there yet."
        ),
    }[name, choice]


def _check_graph(answer: Any) -> None:
    import keras

    answers.attempted(answer)
    if isinstance(answer, type) and issubclass(answer, keras.Model):
        raise Wrong(
            _(
                "This is a class, `{name}`. Asked for is a model with a graph, without it."
            ).format(name=answer.__name__)
        )
    graph = read_graph(answers.model(answer))
    if isinstance(answer, keras.Sequential):
        raise Wrong(
            _(
                "A Sequential model is a chain: it has no second input and no way around `mix`. "
                "Call the layers one by one, on tensors that you name."
            )
        )
    if not graph.connected:
        raise Wrong(
            _(
                "`{name}` is still a subclass ({kind}): how its layers are connected is code. "
                "Begin with `left` and `right`, call each layer, and end with `keras.Model`."
            ).format(name=printable(graph.name), kind=graph.kind)
        )
    for call in graph.calls:
        if not call.library:
            raise Wrong(
                _(
                    "The graph has a call of `{kind}`, and the code is inside it as before. Its "
                    "layers are to be seen in the graph themselves."
                ).format(kind=call.kind)
            )
    if len(graph.inputs) == 1:
        raise Wrong(_("The model has one input; `left` and `right` are two, given as a list."))
    graphs.check_graph(graphs.target_of(_pair), graph, _explain)


def _explain(found: Comparison) -> str | None:
    merging = [call for call in found.after.calls if len(call.inputs) > 1]
    kinds = [call.kind for call in merging]
    for change in found.changed:
        if any(name == "shared with" and got is None for name, _it, got in change.settings):
            return _(
                "`{layer}` has weights of its own, and the model {n} parameters. `read` is one "
                "layer: make it once, and call it on both sides."
            ).format(layer=printable(change.after), n=f"{found.after.parameters:,}")
    if not kinds:
        return _("The two sides never meet: `concatenate` puts them side by side.")
    if kinds == ["Concatenate"]:
        return _(
            "There is no way around `mix`: what enters it should also be added to what it makes."
        )
    if set(kinds) == {"Concatenate"}:
        return _(
            "The way around `mix` is put side by side with its result, which makes {n} numbers; "
            "it should be added, which leaves 32."
        ).format(n=merging[-1].outputs[0].shape[-1])  # type: ignore[index]
    if set(kinds) == {"Add"}:
        return _(
            "The two sides are added, so left and right can no longer be told apart; put them "
            "side by side with `concatenate`."
        )
    return None


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
            "One chain, three fixed graphs, and two whose course depends on the data: those need "
            "code."
        ),
        hints=(
            N_(
                "Two questions decide. Is it the same graph for every example? And if so, is it a "
                "single chain, each layer called once?"
            ),
            N_(
                "Two of the six differ from example to example. Of the other four, one has a "
                "single input, a single output and no way around a layer."
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
            "The same calls, and now they are data: one reader for both sides, a way around "
            "`mix`, 144 + 1,056 + 33 = 1,233 parameters."
        ),
        hints=(
            N_(
                "What `__init__` makes, make first; then write the lines of `call` one after "
                "another, with `left` and `right` as they are."
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
