"""The exercises whose answer is a class: sources put together from parts, right and wrong."""

# ruff: noqa: E501 - tables of code

import random
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import layers, ops

Variant = tuple[str, Any]
Parts = dict[str, list[str]]

_POWER = """
{decorator}
class {name}({base}):
    def __init__({signature}):
{super}
        self.exponent = {exponent}
        self.initializer = {initializer}
{more_init}
    def build(self, input_shape):
{built}
        self.{w} = self.add_weight({shape}, initializer={start}{options})

    def call(self, inputs{call_options}):
        w, e = self.{w}, self.exponent
        return {result}

    def get_config(self):
{config}
{more}
answer = {answer}
"""

_POWER_RIGHT: Parts = {
    "decorator": [
        "",
        "",
        "@keras.saving.register_keras_serializable()",
        '@keras.saving.register_keras_serializable(package="mine")',
    ],
    "name": ["Power", "Power", "MyPower"],
    "base": ["layers.Layer", "keras.Layer", "keras.layers.Layer"],
    "signature": [
        'self, exponent=2, initializer="ones", **kwargs',
        'self, exponent=2, initializer="ones", **kw_more',
        'self, *, exponent=2, initializer="ones", **kwargs',
        'self, exponent=2.0, initializer="ones", **kwargs',
        "self, exponent=2, initializer=keras.initializers.Ones(), **kwargs",
        'self, exponent=2, initializer="ones", name=None, trainable=True, dtype=None',
    ],
    "super": [
        "        super().__init__(**{kwargs})",
        "        layers.Layer.__init__(self, **{kwargs})",
    ],
    "exponent": ["exponent", "exponent", "1 * exponent"],
    "initializer": [
        "keras.initializers.get(initializer)",
        "keras.initializers.get(initializer)",
        "initializer",
    ],
    "more_init": ["", "", "        self.supports_masking = True\n"],
    "built": [
        "        features = input_shape[-1]",
        "        super().build(input_shape)\n        features = input_shape[-1]",
        "        features = int(input_shape[len(input_shape) - 1])",
        "        *_, features = input_shape\n        self.built = True",
    ],
    "w": ["w", "scale", "factors", "kernel"],
    "shape": ["shape=(features,)", "(features,)", "shape=[features]", "shape=input_shape[-1:]"],
    "start": ["self.initializer"],
    "options": ["", ', name="w"', ", trainable=True", ', name="scale", dtype="float32"'],
    "call_options": ["", ", training=None", ", mask=None"],
    "result": [
        "w * ops.power(inputs, e)",
        "w * inputs ** e",
        "ops.multiply(ops.power(inputs, e), w)",
        "ops.power(inputs, e) * w",
        "keras.ops.power(inputs, e) * ops.expand_dims(w, 0)",
        "ops.power(inputs, ops.cast(e, inputs.dtype)) * w",
        "ops.einsum('...i,i->...i', ops.power(inputs, e), w)",
    ],
    "config": [
        "        return {{**super().get_config(), 'exponent': self.exponent, 'initializer': {value}}}",
        "        config = super().get_config()\n        config.update({{'exponent': self.exponent, 'initializer': {value}}})\n        return config",
        "        return super().get_config() | {{'exponent': self.exponent, 'initializer': {value}}}",
        "        own = dict(initializer={value}, exponent=self.exponent)\n        return dict(own, **super().get_config())",
        "        config = super().get_config()\n        config['exponent'] = self.exponent\n        config['initializer'] = {value}\n        return config",
        "        base = layers.Layer.get_config(self)\n        return dict(list(base.items()) + [('exponent', self.exponent), ('initializer', {value})])",
    ],
    "value": [
        "keras.initializers.serialize(self.initializer)",
        "keras.initializers.serialize(self.initializer)",
        "self.initializer",
        "keras.saving.serialize_keras_object(self.initializer)",
    ],
    "more": [
        "",
        "",
        "\n    def compute_output_shape(self, input_shape):\n        return input_shape\n",
        "\n    @classmethod\n    def from_config(cls, config):\n        return cls(**config)\n",
    ],
    "answer": ["{name}"],
}

_POWER_WRONG: Parts = {
    "signature": [
        'self, exponent=2, initializer="ones"',
        "self, **kwargs",
        "self, exponent, initializer, **kwargs",
        'self, exponent=3, initializer="ones", **kwargs',
        'self, exponent=2, initializer="zeros", **kwargs',
    ],
    "super": ["        super().__init__()", "        pass"],
    "exponent": ["2", "exponent + 1", "str(exponent)"],
    "initializer": ["'ones'", "keras.initializers.Ones()"],
    "shape": [
        "shape=(1,)",
        "shape=()",
        "shape=input_shape[1:] + (1,)",
        "shape=(4,)",
        "shape=(features, features)",
        "shape=(input_shape[0] or 1,)",
    ],
    "start": ["'ones'", "'zeros'", "'glorot_uniform'", "keras.initializers.Constant(2.0)"],
    "options": [", trainable=False"],
    "result": [
        "w * inputs",
        "ops.power(inputs, e)",
        "ops.power(w * inputs, e)",
        "w + ops.power(inputs, e)",
        "w * inputs ** 2",
        "ops.power(inputs, w) * e",
        "ops.sum(w * ops.power(inputs, e), axis=-1)",
        "w * e * inputs",
        "w * ops.power(inputs, e) + 1",
        "ops.power(e * 1.0, inputs) * w",
        "inputs",
        "w",
        "w * ops.power(ops.abs(inputs), e)",
        "ops.expand_dims(w * ops.power(inputs, e), 1)",
        "(w * ops.power(inputs, e), inputs)",
        "w * ops.power(inputs, e + 1)",
        "w ** 2 * ops.power(inputs, e)",
    ],
    "config": [
        "        return {{'exponent': self.exponent, 'initializer': {value}}}",
        "        return super().get_config()",
        "        return {{**super().get_config(), 'exponent': self.exponent}}",
        "        return {{**super().get_config(), 'initializer': {value}}}",
        "        return {{**super().get_config(), 'exponent': 2, 'initializer': {value}}}",
        "        return {{**super().get_config(), 'exponent': self.exponent, 'initializer': 'ones'}}",
        "        super().get_config()",
        "        return [self.exponent, self.initializer]",
        "        return {{**super().get_config(), 'exponents': self.exponent, 'initializer': {value}}}",
        "        return {{**super().get_config(), 'exponent': self.exponent, 'initializer': {value}, 'more': 1}}",
    ],
    "built": [
        "        features = input_shape[1]",
        "        features = input_shape[0]",
        "        features = 4",
    ],
    "answer": ["{name}()", "{name}(3)", "'{name}'", "{name}().call", "keras.layers.Dense"],
}

_RNN = """
class {name}({base}):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.{a} = layers.Dense({units}, {activation}{dense})
        self.{b} = layers.Dense({units}, {activation_2}{dense_2})
        self.units = units
{build}
    def call(self, inputs{call_options}):
        {batch}
        states, state = [], {start}
        {loop}
            {step}
            {keep}
        return {end}
{more}
answer = {answer}
"""

_RNN_RIGHT: Parts = {
    "name": ["Recurrent", "Recurrent", "MyRNN"],
    "base": ["layers.Layer", "keras.Layer", "keras.layers.Layer"],
    "a": ["projection_1"],
    "b": ["projection_2"],
    "units": ["units"],
    "activation": [
        'activation="tanh"',
        'activation="tanh"',
        "activation=keras.activations.tanh",
        '"tanh"',
    ],
    "activation_2": ['activation="tanh"', "activation=ops.tanh", '"tanh"'],
    "dense": ["", ", use_bias=True", ', name="one"'],
    "dense_2": ["", ', name="two"'],
    "build": [
        "",
        "",
        "\n    def build(self, input_shape):\n        self.projection_1.build((None, input_shape[-1]))\n        self.projection_2.build((None, self.units))\n",
    ],
    "call_options": ["", ", training=None", ", mask=None"],
    "batch": [
        "batch = ops.shape(inputs)[0]",
        "batch = keras.ops.shape(inputs)[0]",
        "batch, *_ = ops.shape(inputs)",
    ],
    "start": [
        "ops.zeros((batch, self.units))",
        "ops.zeros((batch, self.projection_2.units))",
        "ops.zeros_like(self.{a}(inputs[:, 0]))",
        "ops.zeros((1, self.units))",
        "0 * self.{a}(inputs[:, 0])",
        "ops.broadcast_to(ops.zeros((1, self.units)), (batch, self.units))",
        "ops.full((batch, self.units), 0.0)",
        "ops.zeros([batch, self.units], dtype=inputs.dtype)",
        "ops.tile(ops.zeros((1, self.units)), (batch, 1))",
    ],
    "loop": [
        "for x in [inputs[:, t] for t in range(inputs.shape[1])]:",
        "for x in ops.unstack(inputs, axis=1):",
        "for x in [inputs[:, t, :] for t in range(ops.shape(inputs)[1])]:",
        "for x in ops.unstack(ops.transpose(inputs, (1, 0, 2)), axis=0):",
    ],
    "step": [
        "state = self.{a}(x) + self.{b}(state)",
        "state = self.{b}(state) + self.{a}(x)",
        "state = ops.add(self.{a}(x), self.{b}(state))",
        "state = layers.add([self.{a}(x), self.{b}(state)])",
        "new, old = self.{a}(x), self.{b}(state); state = new + old",
    ],
    "keep": ["states.append(state)", "states += [state]", "states = [*states, state]"],
    "end": [
        "ops.stack(states, axis=1)",
        "ops.stack(states, axis=-2)",
        "ops.transpose(ops.stack(states), (1, 0, 2))",
        "ops.concatenate([s[:, None] for s in states], axis=1)",
        "ops.moveaxis(ops.stack(states, axis=0), 0, 1)",
        "ops.swapaxes(ops.stack(states), 0, 1)",
        "keras.ops.stack(states, 1)",
    ],
    "more": [
        "",
        "",
        "\n    def compute_output_shape(self, shape):\n        return (*shape[:2], self.units)\n",
        "\n    def get_config(self):\n        return {{**super().get_config(), 'units': self.units}}\n",
    ],
    "answer": ["{name}", "{name}", "{name}", "{name}(4)"],
}

_RNN_WRONG: Parts = {
    "batch": ["batch = inputs.shape[0]", "batch = 16", "batch = 1 + ops.shape(inputs)[0]"],
    "build": [
        "\n    def build(self, input_shape):\n        self.start = ops.zeros((input_shape[0], self.units))\n"
    ],
    "start": [
        "ops.ones((batch, self.units))",
        "ops.zeros((16, self.units))",
        "keras.random.normal((batch, self.units))",
        "ops.full((batch, self.units), 0.5)",
        "ops.zeros((self.units,))",
        "None",
        "ops.zeros((3, self.units))",
        "ops.zeros((batch, 5))",
        "self.{a}(inputs[:, 0])",
    ],
    "loop": [
        "for x in [inputs[:, t] for t in reversed(range(inputs.shape[1]))]:",
        "for x in [inputs[:, t] for t in range(inputs.shape[1] - 1)]:",
        "for x in [inputs[:, t] for t in range(1, inputs.shape[1])]:",
        "for x in [inputs[:, 0]] * inputs.shape[1]:",
        "for x in [inputs[t] for t in range(16)]:",
        "for x in ops.unstack(inputs, axis=2):",
    ],
    "step": [
        "state = self.{b}(x) + self.{a}(state)",
        "state = self.{a}(x)",
        "state = self.{b}(state)",
        "state = self.{a}(x) * self.{b}(state)",
        "state = self.{a}(x) - self.{b}(state)",
        "state = ops.tanh(self.{a}(x) + self.{b}(state))",
        "state = self.{a}(x) + state",
        "state = self.{a}(x) + self.{a}(state)",
        "state = 0.5 * (self.{a}(x) + self.{b}(state))",
        "state = self.{b}(self.{a}(x) + state)",
        "state = self.{a}(x) + layers.Dense(self.units, activation='tanh')(state)",
        "state = ops.stop_gradient(self.{a}(x) + self.{b}(state))",
        "state = self.{a}(x) + self.{b}(state) + state",
        "state = self.{a}(ops.concatenate([x, state], -1))",
    ],
    "keep": [
        "states.append(self.{a}(x))",
        "states.append(self.{a}(x) + self.{b}(state))",
        "states.insert(0, state)",
        "states = [state]",
        "states.append(state + sum(states))",
    ],
    "end": [
        "ops.stack(states)",
        "states[-1]",
        "ops.stack(states, axis=2)",
        "ops.concatenate(states, axis=1)",
        "ops.mean(ops.stack(states, axis=1), axis=1)",
        "states",
        "ops.cumsum(ops.stack(states, axis=1), axis=1)",
        "ops.stack(states[:-1], axis=1)",
        "ops.stack(states[::-1], axis=1)",
    ],
    "activation": ['activation="relu"', "activation=None", 'activation="sigmoid"'],
    "activation_2": ['activation="relu"', "activation=None"],
    "dense": [", use_bias=False"],
    "dense_2": [", use_bias=False", ", trainable=False"],
    "units": ["2 * units", "32"],
    "answer": [
        "{name}.call",
        "'{name}'",
        "keras.Model(*(lambda i: (i, {name}(4)(i)))(keras.Input((10, 5))))",
        "layers.SimpleRNN",
        "layers.Dense",
    ],
}

_TASKS = {
    "power-layer": (_POWER, _POWER_RIGHT, _POWER_WRONG),
    "any-batch": (_RNN, _RNN_RIGHT, _RNN_WRONG),
}


def _choices(task: str, draw: random.Random) -> dict[str, str]:
    _template, right, _wrong = _TASKS[task]
    chosen = {slot: draw.choice(ways) for slot, ways in right.items()}
    if "(1, self.units))" in chosen.get("start", "") and "layers.add" in chosen["step"]:
        chosen["step"] = right["step"][0]  # `layers.add` does not stretch the batch
    return chosen


def _source(task: str, chosen: dict[str, str]) -> str:
    template = _TASKS[task][0]
    if "kw_more" in chosen.get("signature", ""):
        chosen = {**chosen, "super": chosen["super"].replace("{kwargs}", "kw_more")}
    elif "dtype=None" in chosen.get("signature", ""):
        arguments = "(name=name, trainable=trainable, dtype=dtype)"
        chosen = {
            **chosen,
            "super": chosen["super"]
            .replace("(**{kwargs})", arguments)
            .replace("self, **{kwargs}", arguments[1:-1].join(["self, ", ""])),
        }
    else:
        chosen = {**chosen, "super": chosen.get("super", "").replace("{kwargs}", "kwargs")}
    filled = {
        slot: text.format(**{"name": "", **chosen}) if slot not in ("super",) else text
        for slot, text in chosen.items()
    }
    return template.format(**filled)


def made(source: str) -> Any:
    names = {"keras": keras, "layers": layers, "ops": ops, "np": np}
    exec(source, names)
    return names["answer"]


def right(task: str, seed: int, count: int) -> Iterator[Variant]:
    for number in range(count):
        draw = random.Random(f"{task} {seed} {number}")
        source = _source(task, _choices(task, draw))
        yield f"{task} {number}:\n{source}", made(source)


def wrong(task: str, seed: int, count: int) -> Iterator[Variant]:
    draw = random.Random(f"wrong {task} {seed}")
    slips = [(slot, way) for slot, ways in _TASKS[task][2].items() for way in ways]
    draw.shuffle(slips)
    for number in range(count):
        slot, way = slips[number % len(slips)]
        chosen = {**_choices(task, draw), slot: way}
        chosen = _consistent(task, slot, way, chosen)
        source = _source(task, chosen)
        yield f"{task} {number}: {slot} = {way}", made(source)


def _consistent(task: str, slot: str, way: str, chosen: dict[str, str]) -> dict[str, str]:
    """Lets the slip show: other parts use what it changes."""
    plain = {"start": "ops.zeros((batch, self.units))", "build": "", "units": "units"}
    if task == "any-batch":
        if slot in ("batch", "step", "loop", "keep"):
            chosen = {**chosen, "start": plain["start"]}
        if slot == "build":
            chosen = {**chosen, "start": "self.start"}
        if slot in ("step", "start", "units", "dense", "dense_2", "activation"):
            chosen = {**chosen, "build": ""}
        chosen = {**chosen, slot: way}
        if slot != "answer":
            chosen["answer"] = "{name}"
        return chosen
    if slot == "signature":
        more = {
            "self, **kwargs": {
                "exponent": "kwargs.get('exponent', 2)",
                "initializer": "keras.initializers.get('ones')",
            },
            'self, exponent=2, initializer="ones"': {"super": "        super().__init__()"},
        }.get(way, {})
        if "super" not in more:
            more["super"] = "        super().__init__(**kwargs)"
        return {**chosen, **more}
    if slot in ("initializer",):
        return {
            **chosen,
            "initializer": way,
            "value": "keras.initializers.serialize(keras.initializers.get(self.initializer))",
        }
    if slot == "super":
        return {**chosen, "signature": 'self, exponent=2, initializer="ones", **kwargs'}
    if slot == "built":
        return {**chosen, "shape": "shape=(features,)"}
    if slot == "exponent" and way == "str(exponent)":
        return {**chosen, "result": "w * ops.power(inputs, float(e))"}
    return chosen
