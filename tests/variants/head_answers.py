"""A new head on a frozen base: trained layers that exist, with two new ones."""

import contextlib
import random
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import keras
from keras import layers

import kfunc_lab as lab
from variants.graph_answers import dense, input_node
from variants.mutating import mutants
from variants.spec import Node, Spec
from variants.writing import Writer

Variant = tuple[str, Any]

_BASE = {
    "edges": ("Conv2D", {"filters": 16, "kernel_size": 3, "activation": "relu"}),
    "pool_1": ("MaxPooling2D", {}),
    "parts": ("Conv2D", {"filters": 32, "kernel_size": 3, "activation": "relu"}),
    "pool_2": ("MaxPooling2D", {}),
    "flatten": ("Flatten", {}),
    "features": ("Dense", {"units": 32, "activation": "relu"}),
}


def new_head() -> Spec:
    nodes = [input_node("img", 28, 28, 1)]
    for name, (kind, settings) in _BASE.items():
        frozen = {**settings, "trainable": False}
        nodes.append(Node(name, kind, frozen, (nodes[-1].name,)))
    nodes += [dense("hidden", "features", 16, "relu"), dense("loops", "hidden", 3, "softmax")]
    return Spec(tuple(nodes), ("img",), ("loops",))


def _trained() -> tuple[Any, Any]:
    reader = lab.datasets.digits_model()
    return reader, keras.Model(reader.input, reader.get_layer("features").output)


def _freeze(base: Any, draw: random.Random) -> str:
    way = draw.choice(["base", "layers", "weighted layers"])
    if way == "base":
        base.trainable = False
    for layer in base.layers if way != "base" else ():
        if way == "layers" or layer.weights:
            layer.trainable = False
    return way


def _head(x: Any, draw: random.Random) -> Any:
    """Calls a head, written in some way, on features."""
    spec = Spec((input_node("x", x.shape[-1]), *new_head().nodes[-2:]), ("x",), ("loops",))
    spec = spec.with_node(dense("hidden", "x", 16, "relu"))
    return Writer(spec, draw).write()(x)


def right(seed: int, count: int) -> Iterator[Variant]:
    for number in range(count):
        draw = random.Random(f"head {seed} {number}")
        reader, base = _trained()
        frozen = _freeze(base, draw) if draw.random() < 0.7 else ""
        way = draw.choice(["end", "called", "in inference", "again", "sequential", "reader"])
        model = _with_head(way, reader, base, draw)
        if not frozen:
            frozen = "later " + _freeze(base, draw)
        more = draw.choice(["", "", "compiled", "fine-tuned", "loaded", "nested"])
        model = _and_more(more, model, base)
        yield f"new-head {number}: {way}, frozen by {frozen}, {more}", model


def _with_head(way: str, reader: Any, base: Any, draw: random.Random) -> Any:
    if way == "end":
        return keras.Model(base.input, _head(base.output, draw))
    if way == "reader":
        x = draw.choice([reader.get_layer("features"), reader.layers[-2]]).output
        return keras.Model(reader.inputs, _head(x, draw))
    if way == "sequential":
        head = [layers.Dense(16, "relu"), layers.Dense(3, activation="softmax")]
        parts = draw.choice([[base, *head], [*base.layers[1:], *head], base.layers + head])
        return keras.Sequential(
            [keras.Input((28, 28, 1)), *parts[parts[0] is base.layers[0] :]]
        )
    image = keras.Input((28, 28, 1), name=draw.choice([None, "picture"]))
    if way == "again":
        x = image
        for layer in base.layers[1:]:
            x = layer(x)
    else:
        x = base(image, training=False) if way == "in inference" else base(image)
    return keras.Model(image, _head(x, draw))


def _and_more(more: str, model: Any, base: Any) -> Any:
    if more == "compiled":
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    elif more == "fine-tuned":
        for layer in base.layers:
            layer.set_weights([weights + 0.01 for weights in layer.get_weights()])
    elif more == "loaded":
        with tempfile.TemporaryDirectory() as folder:
            model.save(path := Path(folder, "loops.keras"))
            return keras.saving.load_model(path, compile=False)
    elif more == "nested":
        image = keras.Input((28, 28, 1))
        return keras.Model(image, model(image))
    return model


# ---------------------------------------------------------------------------------------------
# Wrong


def wrong(seed: int, count: int) -> Iterator[Variant]:
    """Yields slips with the base, and mutants of the whole, in turn."""
    found = chain.from_iterable(zip(_slips(seed), _mutants(seed), strict=False))
    for number, (note, model) in enumerate(islice(found, count)):
        yield f"new-head {number}: {note}", model


def _mutants(seed: int) -> Iterator[Variant]:
    draw = random.Random(f"wrong head {seed}")
    spec = new_head()
    for note, mutant in mutants(spec, draw):
        _reader, base = _trained()
        base.trainable = False
        kept = {it.name for it in mutant.nodes if _is_kept(it, spec)}
        given = {layer.name: layer for layer in base.layers[1:] if layer.name in kept}
        writer = Writer(replace(mutant, free=False), draw, given, rate=0.15)
        with contextlib.suppress(Exception):  # a learner never gets to the check
            yield f"{note} | " + ", ".join(writer.notes), writer.write()


def _is_kept(node: Node, spec: Spec) -> bool:
    """Tells whether a mutant has the same layer as the model that was mutated."""
    same = spec.node_of.get(node.key)
    return same is not None and (node.kind, node.settings) == (same.kind, same.settings)


def _slips(seed: int) -> Iterator[Variant]:
    number = 0
    while True:
        draw = random.Random(f"slip {seed} {number}")
        number += 1
        reader, base = _trained()
        way = draw.choice(_SLIPS)
        yield way, _slip(way, reader, base, draw)


_SLIPS = (
    *("not frozen", "one layer not frozen", "all frozen", "head layer frozen", "cloned base"),
    *("old head", "other features", "untrained layer", "only the head", "on the classes"),
    *("shuffled weights", "two heads", "frozen and thawed", "tensor", "base"),
)


def _slip(way: str, reader: Any, base: Any, draw: random.Random) -> Any:
    if way == "cloned base":
        base = keras.models.clone_model(base)
    elif way == "old head":
        base = reader
    elif way == "on the classes":
        base = keras.Model(reader.input, reader.layers[-1].output)
    elif way == "other features":
        x = reader.get_layer(draw.choice(["flatten", "pool_2", "parts"])).output
        base = keras.Model(reader.input, x if len(x.shape) == 2 else layers.Flatten()(x))
    elif way == "untrained layer":
        layer = base.get_layer(draw.choice(["edges", "parts", "features"]))
        layer.set_weights([keras.random.normal(w.shape) for w in layer.get_weights()])
    elif way == "shuffled weights":
        for layer in base.layers:
            layer.set_weights([w[..., ::-1] for w in layer.get_weights()])
    elif way == "base":
        base.trainable = False
        return base
    base.trainable = way == "not frozen"
    model = keras.Model(base.input, _head(base.output, draw))
    weighted = [layer for layer in base.layers if layer.weights]
    if way == "one layer not frozen":
        draw.choice(weighted).trainable = True
    elif way == "frozen and thawed":
        model.trainable = True
        for layer in base.layers:
            layer.trainable = True
    elif way == "all frozen":
        model.trainable = False
    elif way == "head layer frozen":
        model = keras.Sequential([base, layers.Dense(16, "relu"), layers.Dense(3, "softmax")])
        model.layers[draw.choice([-1, -2])].trainable = False
    elif way == "only the head":
        x = keras.Input((32,))
        model = keras.Model(x, _head(x, draw))
    elif way == "two heads":
        model = keras.Model(base.input, [_head(base.output, draw), _head(base.output, draw)])
    return model.output if way == "tensor" else model
