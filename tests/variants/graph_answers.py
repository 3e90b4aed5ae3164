"""The exercises whose answer is a graph: the spec, and how an answer contains it."""

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import keras
import numpy as np
import seed_models

import kfunc_lab as lab
from variants.mutating import mutants
from variants.spec import Node, Spec, build, node, outputs_of
from variants.writing import Mine, Writer

Variant = tuple[str, Any]


def input_node(name: str, *shape: int | None, **settings: Any) -> Node:
    return node(name, "Input", shape=shape, **settings)


def dense(
    name: str, source: str, units: int, activation: str | None = None, **more: Any
) -> Node:
    if activation:
        more["activation"] = activation
    return node(name, "Dense", source, units=units, **more)


def hidden_units() -> Spec:
    nodes = (input_node("i", 784), dense("h", "i", 32, "relu"), dense("o", "h", 10, "softmax"))
    return Spec(nodes, ("i",), ("o",))


def committee() -> Spec:
    nodes = [input_node("i", 784)]
    for it in "abc":
        nodes += [dense(f"h{it}", "i", 32, "relu"), dense(f"o{it}", f"h{it}", 10, "softmax")]
    nodes.append(node("vote", "Average", "oa", "ob", "oc"))
    return Spec(tuple(nodes), ("i",), ("vote",))


def two_heads() -> Spec:
    nodes = (
        input_node("image", 784),
        input_node("place", 2),
        dense("x", "image", 64, "relu"),
        node("both", "Concatenate", "x", "place"),
        dense("digit", "both", 10, "softmax"),
        dense("even", "both", 1, "sigmoid"),
    )
    titles = {name: name for name in ("image", "place", "digit", "even")}
    return Spec(nodes, ("image", "place"), ("digit", "even"), titles, free=True)


def projected_skip() -> Spec:
    conv = {"filters": 128, "kernel_size": 3, "activation": "relu", "padding": "same"}
    nodes = (
        input_node("i", 9, 9, 64),
        node("c1", "Conv2D", "i", **conv),
        node("c2", "Conv2D", "c1", **conv),
        node("skip", "Conv2D", "i", filters=128, kernel_size=1),
        node("sum", "Add", "c2", "skip"),
    )
    return Spec(nodes, ("i",), ("sum",))


def tie_the_towers() -> Spec:
    nodes = []
    for it in "qr":
        nodes += [
            input_node(it, None, dtype="int32"),
            node(f"e{it}", "Embedding", it, layer="e", input_dim=1000, output_dim=128),
            node(f"p{it}", "GlobalAveragePooling1D", f"e{it}"),
            dense(f"d{it}", f"p{it}", 128, "tanh", layer="d"),
        ]
    nodes += [node("both", "Multiply", "dq", "dr"), dense("match", "both", 1, "sigmoid")]
    return Spec(tuple(nodes), ("q", "r"), ("match",), free=True)


def code_to_graph() -> Spec:
    nodes = (
        input_node("left", 8),
        input_node("right", 8),
        dense("rl", "left", 16, "relu", layer="read"),
        dense("rr", "right", 16, "relu", layer="read"),
        node("both", "Concatenate", "rl", "rr"),
        dense("mix", "both", 32, "relu"),
        node("sum", "Add", "mix", "both"),
        dense("judge", "sum", 1, "sigmoid"),
    )
    return Spec(nodes, ("left", "right"), ("judge",))


SPECS = {
    "hidden-units": hidden_units,
    "committee": committee,
    "two-heads": two_heads,
    "projected-skip": projected_skip,
    "tie-the-towers": tie_the_towers,
    "code-to-graph": code_to_graph,
}

# Mutations that leave the answer right, or that the text of the exercise does not decide.
SKIPPED: dict[str, tuple[str, ...]] = {
    # Only the size is asked for: one hidden layer, ten outputs, 25,450 parameters.
    "hidden-units": ("activation", "frozen", "added Activation", "added Dropout"),
    # The text says "joined", in either order.
    "two-heads": ("swapped",),
}


def right(name: str, seed: int, count: int) -> Iterator[Variant]:
    """Yields a solution written in several ways, which was run to make sure that it is one."""
    spec = SPECS[name]()
    plain = build(spec)
    expected = outputs_of(spec, *plain, seed=5)
    for number in range(count):
        writer = Writer(spec, random.Random(f"{name} {seed} {number}"))
        model = writer.write()
        _check_written(spec, writer, model, expected)
        yield f"{name} {number}: " + ", ".join(writer.notes), model


def _check_written(spec: Spec, writer: Writer, model: Any, expected: list[Any]) -> None:
    got = outputs_of(spec, model, writer.layers, 5, writer.ends)
    half = len(got) // 2
    order = [writer.output_order.index(name) for name in spec.outputs]
    got = [got[at] for at in order] + [got[half + at] for at in order]
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4, err_msg=", ".join(writer.notes))


def wrong(name: str, seed: int, count: int) -> Iterator[Variant]:
    """Yields mutants of a solution, written in several ways."""
    found = mutants(SPECS[name](), random.Random(f"wrong {name} {seed}"), SKIPPED.get(name, ()))
    for number, (note, mutant) in enumerate(islice(found, count)):
        mutant = replace(mutant, free=False)
        writer = Writer(mutant, random.Random(f"wrong {name} {seed} {number}"), rate=0.15)
        yield f"{name} {number}: {note} | " + ", ".join(writer.notes), writer.write()


# ---------------------------------------------------------------------------------------------
# Models cut out of a model that exists


def _chain(network: Any, end: int) -> Spec:
    nodes = [input_node("i", *network.layers[0].output.shape[1:])]
    for layer in network.layers[1 : end + 1]:
        nodes.append(Node(layer.name, type(layer).__name__, {}, (nodes[-1].name,)))
    return Spec(tuple(nodes), ("i",), (nodes[-1].name,), given=True)


def _cut(network: Any, end: int, draw: random.Random) -> tuple[str, Any]:
    """Cuts a model out of another, or calls its layers again."""
    if draw.random() < 0.5:
        model = keras.Model(
            draw.choice([network.input, network.inputs]), network.layers[end].output
        )
        return "cut", model
    given = {layer.name: layer for layer in network.layers[1:]}
    writer = Writer(_chain(network, end), draw, given)
    return ", ".join(writer.notes) or "called again", writer.write()


def right_cuts(seed: int, count: int) -> Iterator[Variant]:
    for number in range(count):
        draw = random.Random(f"cuts {seed} {number}")
        whole = seed_models.encoder_and_autoencoder()[1]
        made = {name: _cut(whole, end, draw) for name, end in (("maps", 5), ("step", 8))}
        answer = {"autoencoder": whole, **{name: model for name, (_n, model) in made.items()}}
        keys = list(answer)
        draw.shuffle(keys)
        note = "; ".join(f"{name}: {note}" for name, (note, _m) in made.items())
        yield f"two-cuts {number}: {note}", {key: answer[key] for key in keys}


def wrong_cuts(seed: int, count: int) -> Iterator[Variant]:
    for number in range(count):
        draw = random.Random(f"wrong cuts {seed} {number}")
        whole = seed_models.encoder_and_autoencoder()[1]
        good = {"maps": 5, "step": 8}
        way = number % 6
        answer = {name: _cut(whole, end, draw)[1] for name, end in good.items()}
        name = draw.choice(["maps", "step"])
        if way == 0:
            answer = {"maps": answer["step"], "step": answer["maps"]}
            note = "swapped"
        elif way in (1, 2):
            end = draw.choice([it for it in range(1, 13) if it != good[name]])
            answer[name] = _cut(whole, end, draw)[1]
            note = f"{name} ends at {end}"
        elif way == 3:
            other = seed_models.encoder_and_autoencoder()[1]
            answer[name] = _cut(other, good[name], draw)[1]
            note = f"{name} of another model"
        elif way == 4:
            answer[name] = keras.models.clone_model(answer[name])
            if draw.random() < 0.5:
                answer[name].set_weights(whole.get_weights()[: len(answer[name].weights)])
            note = f"{name} cloned"
        else:
            begin = draw.choice(range(1, good[name]))
            start = whole.layers[begin].output
            answer[name] = keras.Model(start, whole.layers[good[name]].output)
            note = f"{name} begins at {begin}"
        yield f"two-cuts {number}: {note}", {"autoencoder": whole, **answer}


NAMES = ("edges", "parts", "features")


def _extractor(network: Any, places: dict[str, str], draw: random.Random) -> tuple[str, Any]:
    ends = [network.get_layer(name).output for name in places.values()]
    outputs = dict(zip(places, ends, strict=True))
    keys = list(outputs)
    draw.shuffle(keys)
    outputs = {key: outputs[key] for key in keys}
    way = draw.choice(
        ["cut", "inputs", "identity", "nested", "again", "dict in", "leftover", "own"]
    )
    if way == "cut":
        return way, keras.Model(network.input, outputs)
    if way == "inputs":
        return way, keras.Model(network.inputs, dict(outputs))
    if way == "identity":
        return way, keras.Model(
            network.input, {n: keras.layers.Identity()(t) for n, t in outputs.items()}
        )
    if way == "leftover":
        keras.layers.Flatten()(ends[0])
        return way, keras.Model(inputs=network.input, outputs=outputs, name="probe")
    if way == "own":
        return way, Mine(inputs=network.input, outputs=outputs)
    image = keras.Input((28, 28, 1), name=draw.choice([None, "picture"]))
    if way == "again":
        x, found = image, {}
        for layer in network.layers[1:]:
            x = layer(x)
            found[layer.name] = x
        return way, keras.Model(image, {n: found[source] for n, source in places.items()})
    inner = keras.Model(network.input, ends)
    results = inner(image)
    if way == "dict in":
        return way, keras.Model({"image": image}, dict(zip(places, results, strict=True)))
    return way, keras.Model(image, dict(zip(places, results, strict=True)))


def right_features(seed: int, count: int) -> Iterator[Variant]:
    network = lab.datasets.digits_model()
    for number in range(count):
        draw = random.Random(f"features {seed} {number}")
        way, model = _extractor(network, {name: name for name in NAMES}, draw)
        yield f"three-features {number}: {way}", model


def wrong_features(seed: int, count: int) -> Iterator[Variant]:
    network = lab.datasets.digits_model()
    every = [layer.name for layer in network.layers]
    for number in range(count):
        draw = random.Random(f"wrong features {seed} {number}")
        places = {name: name for name in NAMES}
        name = draw.choice(NAMES)
        note = ""
        way = number % 8
        if way == 0:
            places[name] = draw.choice([it for it in every[1:] if it != name])
        elif way == 1:
            one, other = draw.sample(NAMES, 2)
            places[one], places[other] = places[other], places[one]
        elif way == 2:
            del places[name]
        elif way == 3:
            places = {(n[:-1] if n == name else n): s for n, s in places.items()}
        elif way == 4:
            places["more"] = draw.choice(every[1:])
        note, model = _extractor(network, places, draw)
        if way == 5:
            model = keras.models.clone_model(
                keras.Model(network.input, [network.get_layer(n).output for n in NAMES])
            )
            model = keras.Model(model.input, dict(zip(NAMES, model.outputs, strict=True)))
            note = "cloned"
        elif way == 6:
            order = list(NAMES)
            draw.shuffle(order)
            model = keras.Model(network.input, [network.get_layer(n).output for n in order])
            note = "list"
        elif way == 7:
            image = keras.Input((28, 28, 1))
            x, found = image, {}
            for layer in network.layers[1:]:
                if layer.name == name or draw.random() < 0.2:
                    layer = type(layer).from_config(layer.get_config())
                x = layer(x)
                found[layer.name] = x
            model = keras.Model(image, {n: found[n] for n in NAMES})
            note = f"new {name}"
        yield f"three-features {number}: {places} {note}", model
