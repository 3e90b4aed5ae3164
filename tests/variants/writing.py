"""Writes a spec down as a learner might: nested, with other layers for the same, with leftovers."""

import random as standard
from collections.abc import Mapping
from functools import reduce
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from variants.spec import Node, Spec

# What other variables of the notebook hold.
KEPT: list[Any] = []

_ACTIVATION_CLASSES = {"relu": layers.ReLU, "softmax": layers.Softmax}


@keras.saving.register_keras_serializable()
class Mine(keras.Model):
    """A functional model of the learner's own class."""


class Writer:
    """Writes one spec down in one way, which the random numbers choose.

    Attributes:
        layers: The layers with weights, by key.
        notes: The ways that were chosen.
        ends: The names of the inputs in the order of the written model.
    """

    def __init__(
        self,
        spec: Spec,
        random: standard.Random,
        given: Mapping[str, Any] | None = None,
        rate: float = 0.35,
    ) -> None:
        self.spec, self.random, self.rate = spec, random, rate
        self.layers: dict[str, Any] = dict(given or {})
        self._given = set(self.layers)
        self._activation_ways: dict[str, str] = {}
        self.notes: list[str] = []
        self.ends: list[str] = []
        self._count = 0

    # -- choices

    def maybe(self, note: str, rate: float | None = None) -> bool:
        chosen = self.random.random() < (self.rate if rate is None else rate)
        if chosen:
            self.notes.append(note)
        return chosen

    def choose(self, what: str, ways: list[str]) -> str:
        way = self.random.choice(ways)
        self.notes.append(f"{what}: {way}")
        return way

    def name(self, title: str | None = None) -> dict[str, str]:
        if title is not None:
            return {"name": title}
        if self.maybe("named", 0.3):
            self._count += 1
            stem = self.random.choice(["first", "layer", "x", "dense_of", "my_layer", "relu_1"])
            return {"name": f"{stem}_{self._count}"}
        return {}

    # -- the whole model

    def write(self) -> keras.Model:
        spec = self.spec
        tensors = {name: self.input(spec.node_of[name]) for name in self._input_order()}
        nodes = self._shuffled([it for it in spec.nodes if it.kind != "Input"])
        titled = set(spec.outputs) <= set(spec.titles)
        self.dict_outputs = titled and self.maybe("dict of outputs", 0.2)
        self.run(nodes, tensors, depth=0)
        return self.finish(tensors)

    def _input_order(self) -> list[str]:
        names = [it.name for it in self.spec.nodes if it.kind == "Input"]
        self.random.shuffle(names)
        return names

    def _shuffled(self, nodes: list[Node]) -> list[Node]:
        waiting, done, ordered = list(nodes), set(self.spec.inputs), []
        done |= {it.name for it in self.spec.nodes if it.kind == "Input"}
        while waiting:
            ready = [it for it in waiting if set(it.sources) <= done]
            chosen = self.random.choice(ready)
            waiting.remove(chosen)
            done.add(chosen.name)
            ordered.append(chosen)
        return ordered

    def input(self, node: Node) -> Any:
        settings = dict(node.settings)
        shape, title = settings.pop("shape"), self.spec.titles.get(node.name)
        way = self.choose(
            "input", ["shape", "list", "batch_size", "batch_shape", "dtype", "model"]
        )
        named = {"name": title} if title else self.name()
        if way == "list":
            return keras.Input(list(shape), **settings, **named)
        if way == "batch_size":
            return keras.Input(shape, batch_size=32, **settings, **named)
        if way == "batch_shape":
            return keras.Input(batch_shape=(None, *shape), **settings, **named)
        if way == "dtype":
            return keras.Input(shape, **{"dtype": "float32", **settings}, **named)
        if way == "model":
            tensor = keras.Input(shape, **settings, **named)
            KEPT.append(keras.Model(tensor, layers.Identity()(tensor)))
            return KEPT[-1].inputs[0]
        return keras.Input(shape, **settings, **named)

    def finish(self, tensors: dict[str, Any]) -> keras.Model:
        spec = self.spec
        ins, outs = list(spec.inputs), list(spec.outputs)
        if spec.free and self.maybe("inputs in another order"):
            self.random.shuffle(ins)
        if spec.free and spec.titles and self.maybe("outputs in another order"):
            self.random.shuffle(outs)
        self.ends, self.output_order = ins, outs
        inputs: Any = [tensors[name] for name in ins]
        outputs: Any = [tensors[name] for name in outs]
        if len(inputs) == 1 and self.maybe("a single input", 0.6):
            inputs = inputs[0]
        elif set(ins) <= set(spec.titles) and self.maybe("dict of inputs", 0.2):
            self.ends = sorted(ins, key=lambda name: spec.titles[name])
            inputs = {spec.titles[name]: tensors[name] for name in ins}
        if self.dict_outputs:
            self.output_order = sorted(outs, key=lambda name: spec.titles[name])
            outputs = {spec.titles[name]: tensors[name] for name in outs}
        elif len(outputs) == 1 and self.maybe("a single output", 0.7):
            outputs = outputs[0]
        kind = Mine if self.maybe("own class", 0.15) else keras.Model
        model = kind(inputs=inputs, outputs=outputs, **self.name())
        if not spec.titles and not isinstance(inputs, dict) and self.maybe("outer model", 0.15):
            again = [keras.Input(t.shape[1:], dtype=t.dtype) for t in model.inputs]
            model = keras.Model(again, model(again if isinstance(inputs, list) else again[0]))
        if self.maybe("compiled", 0.2):
            model.compile(optimizer="rmsprop", loss="mse")
        if self.maybe("trained", 0.2) and not spec.given:
            model.set_weights([np.full_like(w, 0.01) for w in model.get_weights()])
        return model

    # -- stretches

    def run(self, nodes: list[Node], tensors: dict[str, Any], depth: int) -> None:
        at = 0
        while at < len(nodes):
            size = self.random.randint(1, 4)
            stretch = nodes[at : at + size]
            titled = not self.dict_outputs and any(
                it.name in self.spec.titles for it in stretch
            )
            if depth < 2 and not titled and self.maybe(f"nested {len(stretch)}", 0.25):
                self.nest(stretch, tensors, depth)
                at += len(stretch)
            else:
                self.emit(nodes[at], tensors)
                at += 1

    def nest(self, nodes: list[Node], tensors: dict[str, Any], depth: int) -> None:
        made = {it.name for it in nodes}
        sources = list(dict.fromkeys(s for it in nodes for s in it.sources if s not in made))
        used = {s for it in self.spec.nodes if it.name not in made for s in it.sources}
        exits = [it.name for it in nodes if it.name in used or it.name in self.spec.outputs]
        exits = exits or [nodes[-1].name]
        if self._is_chain(nodes) and self.maybe("Sequential"):
            tensors[nodes[-1].name] = self._sequential(nodes)(tensors[sources[0]])
            return
        inner = {
            name: keras.Input(tensors[name].shape[1:], dtype=tensors[name].dtype)
            for name in sources
        }
        begins = [inner[name] for name in sources]
        self.run(nodes, inner, depth + 1)
        ends = [inner[name] for name in exits]
        model = keras.Model(
            begins if len(begins) > 1 else begins[0],
            ends if len(ends) > 1 else ends[0],
            **self.name(),
        )
        given = [tensors[name] for name in sources]
        results = model(given if len(given) > 1 else given[0])
        results = results if isinstance(results, (list, tuple)) else [results]
        tensors.update(zip(exits, results, strict=True))

    def _is_chain(self, nodes: list[Node]) -> bool:
        used = {s for it in self.spec.nodes if it not in nodes for s in it.sources}
        used |= set(self.spec.outputs)
        return all(len(it.sources) == 1 for it in nodes) and all(
            after.sources == (before.name,) and before.name not in used
            for before, after in pairwise(nodes)
        )

    def _sequential(self, nodes: list[Node]) -> Any:
        parts = []
        for it in nodes:
            layer, activation = self.layer(it, ("argument", "layer", "class"))
            parts.append(layer)
            if activation:
                parts.append(self._activation_layer(activation, self._activation_ways[it.key]))
        return keras.Sequential(parts, **self.name())

    # -- one call

    def emit(self, node: Node, tensors: dict[str, Any]) -> None:
        sources = [self.around(tensors[name]) for name in node.sources]
        title = None if self.dict_outputs else self.spec.titles.get(node.name)
        if node.kind in ("Add", "Average", "Concatenate", "Multiply", "Subtract", "Maximum"):
            result = self.merge(node, sources)
        elif node.kind == "GlobalAveragePooling1D" and self.maybe("ops.mean"):
            result = ops.mean(sources[0], axis=1)
        elif node.kind == "GlobalMaxPooling2D" and not self._given and self.maybe("ops.max"):
            result = ops.max(sources[0], axis=(1, 2))
        else:
            result = self.call(node, sources[0], title)
        tensors[node.name] = result if title else self.around(result, last=True)
        self.leftover(tensors[node.name])

    def around(self, x: Any, last: bool = False) -> Any:
        """Puts a layer after a tensor that does not change it."""
        if not self.maybe("identity", 0.07):
            return x
        whole = "int" in str(x.dtype)
        ways = (
            ["identity"] if whole else ["identity", "linear", "dropout", "reshape", "flatten"]
        )
        way = self.choose("identity", ways)
        if way == "linear":
            return layers.Activation("linear")(x)
        if way == "dropout":
            return layers.Dropout(0.0)(x)
        if way == "reshape" and None not in x.shape[1:]:
            return layers.Reshape(x.shape[1:])(x)
        if way == "flatten" and len(x.shape) == 2:
            return layers.Flatten()(x)
        return layers.Identity()(x)

    def leftover(self, x: Any) -> None:
        """Calls something on a tensor that the model does not need."""
        if self.maybe("leftover", 0.08):
            layer = layers.Activation("tanh") if "int" in str(x.dtype) else layers.Dense(3)
            result = layer(x)
            if self.maybe("kept leftover", 0.5):
                KEPT.append(result)

    def layer(self, node: Node, ways: tuple[str, ...], title: str | None = None) -> Any:
        """Returns the layer of a node, and the activation that still has to follow."""
        activation = None
        if node.key in self._given:
            return self.layers[node.key], None
        if "activation" in node.settings and node.kind != "Activation":
            if node.key not in self._activation_ways:
                self._activation_ways[node.key] = self.choose("activation", list(ways))
            plain = node.settings["activation"] == "linear"
            if not plain and self._activation_ways[node.key] not in ("argument", "function"):
                activation = node.settings["activation"]
        if node.key not in self.layers:
            settings = self._settings(node)
            if activation:
                del settings["activation"]
            elif self._activation_ways.get(node.key) == "function":
                settings["activation"] = getattr(keras.activations, settings["activation"])
            named = self.name(title if not activation else None)
            self.layers[node.key] = getattr(layers, node.kind)(**settings, **named)
        return self.layers[node.key], activation

    def _settings(self, node: Node) -> dict[str, Any]:
        settings = dict(node.settings)
        if self.maybe("explicit defaults", 0.3):
            if node.kind in ("Dense", "Conv2D"):
                settings = {"use_bias": True, "bias_initializer": "zeros", **settings}
            if node.kind == "Conv2D":
                settings = {
                    "strides": 1,
                    "padding": "valid",
                    "dilation_rate": (1, 1),
                    **settings,
                }
            if node.kind in ("Dense", "Conv2D") and "activation" not in settings:
                settings["activation"] = self.random.choice(["linear", None])
        if isinstance(settings.get("kernel_size"), int) and self.maybe(
            "kernel as a tuple", 0.4
        ):
            settings["kernel_size"] = (settings["kernel_size"],) * 2
        return settings

    def call(self, node: Node, x: Any, title: str | None) -> Any:
        ways = ["argument", "argument", "function", "layer", "class", "sequential", "model"]
        ways += [] if title else ["ops", "activations"]
        layer, activation = self.layer(node, tuple(ways), title)
        if not activation:
            return layer(x)
        way = self._activation_ways[node.key]
        named = {"name": title} if title else {}
        if way == "ops":
            return getattr(ops, activation)(layer(x))
        if way == "activations":
            return getattr(keras.activations, activation)(layer(x))
        if way == "sequential":
            parts = [layer, self._activation_layer(activation, way)]
            return keras.Sequential(parts, **named)(x)
        if way == "model":
            inner = keras.Input(x.shape[1:], dtype=x.dtype)
            end = self._activation_layer(activation, way)(layer(inner))
            return keras.Model(inner, end, **named)(x)
        return self._activation_layer(activation, way, named)(layer(x))

    def _activation_layer(self, activation: str, way: str, named: Any = None) -> Any:
        if way == "class" and activation in _ACTIVATION_CLASSES:
            return _ACTIVATION_CLASSES[activation](**(named or {}))
        return layers.Activation(activation, **(named or {}))

    # -- merging

    def merge(self, node: Node, sources: list[Any]) -> Any:
        kind = node.kind
        if kind in ("Add", "Average", "Multiply", "Maximum"):
            self.random.shuffle(sources)
        ways = {
            "Add": ["function", "class", "operator", "ops"],
            "Multiply": ["function", "class", "operator", "ops"],
            "Average": ["function", "class", "mean", "sum", "parts"],
            "Concatenate": ["function", "class", "ops", "axis"],
        }.get(kind, ["class"])
        way = self.choose(kind, ways)
        if way == "function":
            return getattr(layers, kind.lower())(sources)
        if way == "operator":
            return reduce(lambda a, b: a + b if kind == "Add" else a * b, sources)
        if way == "ops" and kind == "Concatenate":
            return ops.concatenate(
                sources, axis=self.random.choice([-1, len(sources[0].shape) - 1])
            )
        if way == "ops":
            return reduce(getattr(ops, kind.lower()), sources)
        if way == "mean":
            axis = self.random.choice([0, 1, -1])
            return ops.mean(ops.stack(sources, axis=axis), axis=axis)
        if way == "sum":
            return reduce(lambda a, b: a + b, sources) / len(sources)
        if way == "parts":
            return reduce(lambda a, b: a + b, [it / len(sources) for it in sources])
        if way == "axis":
            return layers.Concatenate(axis=len(sources[0].shape) - 1)(sources)
        return getattr(layers, kind)(**node.settings)(sources)
