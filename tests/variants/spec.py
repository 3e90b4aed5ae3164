"""A model as plain data, which tests write down in many ways, or mutate and write down."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import keras
import numpy as np
from keras import layers


@dataclass(frozen=True)
class Node:
    """A call of a layer: its class, settings and sources; `layer` is equal for shared layers."""

    name: str
    kind: str
    settings: Mapping[str, object] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    layer: str = ""

    @property
    def key(self) -> str:
        return self.layer or self.name


@dataclass(frozen=True)
class Spec:
    """The calls of a model in topological order, with its inputs and outputs.

    Attributes:
        nodes: The calls, inputs included.
        inputs: The names of the inputs, in the order of the model.
        outputs: The names of the outputs, in the order of the model.
        titles: The names that the exercise asks for, by node.
        free: Whether the order of inputs and outputs is free.
        given: Whether the layers exist already.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    titles: Mapping[str, str] = field(default_factory=dict)
    free: bool = False
    given: bool = False

    @property
    def node_of(self) -> Mapping[str, Node]:
        return {node.name: node for node in self.nodes}

    def with_node(self, node: Node, **changed: object) -> "Spec":
        """Returns the spec with a node replaced."""
        nodes = tuple(node if it.name == node.name else it for it in self.nodes)
        return replace(self, nodes=nodes, **changed)


def node(name: str, kind: str, *sources: str, layer: str = "", **settings: object) -> Node:
    return Node(name, kind, settings, sources, layer)


def make_layer(node: Node) -> layers.Layer:
    return getattr(layers, node.kind)(**node.settings)


def merges(node: Node) -> bool:
    return node.kind in (
        *("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"),
    )


def build(
    spec: Spec, made: dict[str, layers.Layer] | None = None
) -> tuple[keras.Model, dict[str, layers.Layer]]:
    """Builds a spec in the plainest way, and returns its layers by their keys."""
    made = {} if made is None else made
    tensors = {}
    for it in spec.nodes:
        if it.kind == "Input":
            tensors[it.name] = keras.Input(**it.settings)
            continue
        if it.key not in made:
            made[it.key] = make_layer(it)
        sources = [tensors[source] for source in it.sources]
        tensors[it.name] = made[it.key](sources if merges(it) else sources[0])
    ends = [[tensors[name] for name in names] for names in (spec.inputs, spec.outputs)]
    return keras.Model(*ends), made


def weights_for(made: Mapping[str, layers.Layer], seed: int) -> dict[str, list[np.ndarray]]:
    """Draws weights for layers, equal for equal keys and shapes."""
    drawn = {}
    for key, layer in made.items():
        random = np.random.default_rng([seed, *key.encode()])
        drawn[key] = [
            random.normal(0, 1 / np.sqrt(max(1, np.prod(w.shape[:-1]))), w.shape)
            for w in layer.weights
        ]
    return drawn


def data_for(spec: Spec, seed: int) -> dict[str, np.ndarray]:
    """Draws an array for each input."""
    random = np.random.default_rng(seed)
    arrays = {}
    for name in spec.inputs:
        settings = spec.node_of[name].settings
        shape = [7 if size is None else size for size in settings["shape"]]
        whole = settings.get("dtype") == "int32"
        draw = (
            random.integers(0, 1000, (2, *shape)) if whole else random.normal(size=(2, *shape))
        )
        arrays[name] = draw.astype("int32" if whole else "float32")
    return arrays


def outputs_of(
    spec: Spec, model: keras.Model, made: Mapping[str, layers.Layer], seed: int, ends=None
) -> list[np.ndarray]:
    """Runs a model with drawn weights on drawn data, in inference and in training."""
    kept = {key: layer.get_weights() for key, layer in made.items()}
    for key, weights in weights_for(made, seed).items():
        made[key].set_weights(weights)
    data = data_for(spec, seed)
    names = spec.inputs if ends is None else ends
    arrays = [data[name] for name in names]
    arrays = keras.tree.pack_sequence_as(model.input, arrays)
    results = []
    for training in (False, True):
        results += [
            np.asarray(it) for it in keras.tree.flatten(model(arrays, training=training))
        ]
    for key, weights in kept.items():
        made[key].set_weights(weights)
    return results


def signature(model: keras.Model) -> tuple:
    shapes = [
        sorted(tuple(w.shape) for w in weights)
        for weights in (model.trainable_weights, model.non_trainable_weights)
    ]
    return (shapes, [tuple(t.shape) for t in model.inputs])


def is_equivalent(one: Spec, other: Spec) -> bool:
    """Tells whether two specs are the same model: equal results for equal weights."""
    models = [build(it) for it in (one, other)]
    if signature(models[0][0]) != signature(models[1][0]) or set(models[0][1]) != set(
        models[1][1]
    ):
        return False
    results = [
        outputs_of(it, *model, seed=3) for it, model in zip((one, other), models, strict=True)
    ]
    return len(results[0]) == len(results[1]) and all(
        a.shape == b.shape and np.allclose(a, b, atol=1e-5)
        for a, b in zip(*results, strict=True)
    )
