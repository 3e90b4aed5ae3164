"""The exercises whose answers are compiled or loaded models."""

import atexit
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, losses
from wrong_answers import many_inputs_and_outputs

Variant = tuple[str, Any]

# ---------------------------------------------------------------------------------------------
# three-heads: activation and loss of each head

_SPARSE = [
    "sparse_categorical_crossentropy",
    losses.SparseCategoricalCrossentropy,
    losses.sparse_categorical_crossentropy,
]
_BINARY = [
    "binary_crossentropy",
    losses.BinaryCrossentropy,
    losses.binary_crossentropy,
    "bce",
    "BCE",
]
_LOGITS = {
    "sparse": lambda: losses.SparseCategoricalCrossentropy(from_logits=True),
    "binary": lambda: losses.BinaryCrossentropy(from_logits=True),
}
_FAR = [
    "mse",
    "mean_squared_error",
    "MSE",
    losses.MeanSquaredError,
    losses.mean_squared_error,
    "mae",
    "mean_absolute_error",
    losses.MeanAbsoluteError,
    losses.Huber,
    "huber",
    "MAE",
    "log_cosh",
    losses.LogCosh,
]

_RIGHT_HEADS: dict[str, list[tuple[int, Any, Any]]] = {
    "digit": [
        *((10, "softmax", it) for it in _SPARSE),
        *((10, it, _LOGITS["sparse"]) for it in (None, "linear")),
    ],
    "even": [
        *((1, "sigmoid", it) for it in _BINARY),
        *((1, it, _LOGITS["binary"]) for it in (None, "linear")),
        *((2, "softmax", it) for it in _SPARSE),
    ],
    "ink": [
        *((1, it, loss) for loss in _FAR for it in (None, "linear", "sigmoid")),
        (1, "sigmoid", "binary_crossentropy"),
    ],
}

_WRONG_HEADS: dict[str, list[tuple[int, Any, Any]]] = {
    "digit": [
        (10, "softmax", "categorical_crossentropy"),
        (10, "softmax", _LOGITS["sparse"]),
        (10, None, "sparse_categorical_crossentropy"),
        (10, "sigmoid", _SPARSE[1]),
        (10, "relu", _SPARSE[0]),
        (10, "softmax", "mse"),
        (10, "softmax", "mae"),
        (10, "softmax", "binary_crossentropy"),
        (9, "softmax", _SPARSE[0]),
        (10, "tanh", _SPARSE[0]),
        (1, None, "mse"),
        (10, "softmax", "sparse_categorical_crossentropi"),
        (10, "softmax", "sparse_crossentropy"),
        (10, "softmax", "crossentropy"),
        (1, "softmax", _SPARSE[0]),
        (10, "softmax", losses.CategoricalCrossentropy),
        (10, "relu", _LOGITS["sparse"]),
        (10, "softmax", "kl_divergence"),
    ],
    "even": [
        (1, "softmax", "binary_crossentropy"),
        (1, "sigmoid", _LOGITS["binary"]),
        (1, None, "binary_crossentropy"),
        (1, "relu", "binary_crossentropy"),
        (1, "sigmoid", "sparse_categorical_crossentropy"),
        (1, "sigmoid", "hinge"),
        (2, "softmax", "binary_crossentropy"),
        (10, "softmax", _SPARSE[0]),
        (1, "tanh", "binary_crossentropy"),
        (2, "softmax", "categorical_crossentropy"),
        (1, "sigmoid", "categorical_crossentropy"),
        (1, "sigmoid", "binary_crosentropy"),
        (1, "sigmoid", "binary"),
        (2, "sigmoid", _SPARSE[0]),
        (1, "relu", _LOGITS["binary"]),
    ],
    "ink": [
        (1, None, "binary_crossentropy"),
        (1, "softmax", "mse"),
        (1, "relu", "mse"),
        (1, None, "categorical_crossentropy"),
        (1, "tanh", "mse"),
        (10, None, "mse"),
        (2, None, "mse"),
        (1, "softmax", "binary_crossentropy"),
        (1, None, "hinge"),
        (1, None, "mean_square_error"),
        (1, "sigmoid", "sparse_categorical_crossentropy"),
        (1, None, "msee"),
        (1, None, losses.CategoricalCrossentropy),
        (1, None, losses.SparseCategoricalCrossentropy),
        (1, "relu", "binary_crossentropy"),
        (1, "sigmoid", _LOGITS["binary"]),
    ],
}


def _loss(choice: Any) -> Any:
    return (
        choice()
        if isinstance(choice, type) or getattr(choice, "__name__", "") == "<lambda>"
        else choice
    )


def _head(choice: tuple[int, Any, Any], draw: random.Random) -> keras.Model:
    units, activation, loss = choice
    hidden = layers.Dense(draw.choice([32, 32, 64]), activation="relu")
    way = draw.choice(
        ["argument", "argument", "layer", "class", "ops", "sequential", "nested", "identity"]
    )
    last = layers.Dense(
        units, activation=activation if way in ("argument", "sequential", "nested") else None
    )
    after = None
    if last.activation.__name__ == "linear" and activation not in (None, "linear"):
        after = layers.Activation(activation)
        if way == "class" and activation in ("softmax", "relu"):
            after = {"softmax": layers.Softmax, "relu": layers.ReLU}[activation]()
        if way == "ops":
            after = getattr(keras.ops, activation)
    if way == "sequential":
        model = keras.Sequential([keras.Input((784,)), hidden, last])
    else:
        inputs = keras.Input((784,))
        x = last(hidden(inputs))
        x = after(x) if after else x
        x = layers.Identity()(x) if way == "identity" else x
        model = keras.Model(inputs, x)
        if way == "nested":
            again = keras.Input((784,))
            model = keras.Model(again, model(again))
    model.compile(optimizer=draw.choice(["rmsprop", "adam"]), loss=_loss(loss))
    return model


def _described(chosen: dict[str, Any]) -> str:
    return "; ".join(
        f"{n}: {u}, {a}, {getattr(lo, '__name__', lo)}" for n, (u, a, lo) in chosen.items()
    )


def right_heads(seed: int, count: int) -> Iterator[Variant]:
    for number in range(count):
        draw = random.Random(f"heads {seed} {number}")
        chosen = {name: draw.choice(ways) for name, ways in _RIGHT_HEADS.items()}
        answer = {name: _head(choice, draw) for name, choice in chosen.items()}
        yield f"three-heads {number}: {_described(chosen)}", answer


def wrong_heads(seed: int, count: int) -> Iterator[Variant]:
    draw = random.Random(f"wrong heads {seed}")
    slips = [(name, way) for name, ways in _WRONG_HEADS.items() for way in ways]
    draw.shuffle(slips)
    for number in range(count):
        name, way = slips[number % len(slips)]
        chosen = {it: draw.choice(ways) for it, ways in _RIGHT_HEADS.items()}
        chosen[name] = way
        answer = {it: _head(choice, draw) for it, choice in chosen.items()}
        yield f"three-heads {number}: {name}: {_described({name: way})}", answer


# ---------------------------------------------------------------------------------------------
# swapped-losses

_CATEGORICAL = [
    "categorical_crossentropy",
    losses.CategoricalCrossentropy,
    losses.categorical_crossentropy,
]
_WEIGHTS = [
    (1.0, 0.2),
    (1, 0.2),
    (np.float64(1.0), 0.2),
    (1.0, 1 / 5),
    (True, 0.2),
    (2 / 2, 0.1 + 0.1),
]


def _repaired(
    pairs: dict[str, Any], weights: Any, draw: random.Random, kind: str = ""
) -> tuple[str, Any]:
    given = many_inputs_and_outputs.names()
    names = list(pairs)
    if draw.random() < 0.3 and not kind:
        names.reverse()
    model = keras.Model(
        [given[n] for n in ("title", "body", "tags")], [given[n] for n in names]
    )
    ways = [kind or draw.choice(["dict", "dict", "list", "tuple"]) for _ in range(2)]
    given_losses = {n: _loss(it) for n, it in pairs.items()}
    args = []
    for way, each in zip(ways, (given_losses, weights), strict=True):
        if not isinstance(each, dict):
            args.append(each)
        elif way == "dict":
            args.append({n: each[n] for n in sorted(each, reverse=draw.random() < 0.5)})
        elif way == "list":
            args.append([each[n] for n in names])
        else:
            args.append([each[n] for n in names])
    model.compile(
        optimizer=draw.choice(["rmsprop", "adam", keras.optimizers.RMSprop(1e-3)]),
        loss=args[0],
        loss_weights=args[1],
    )
    return f"{args} of {names}", model


def right_losses(seed: int, count: int) -> Iterator[Variant]:
    for number in range(count):
        draw = random.Random(f"losses {seed} {number}")
        pairs = {"priority": draw.choice(_BINARY[:4]), "department": draw.choice(_CATEGORICAL)}
        weights = dict(zip(pairs, draw.choice(_WEIGHTS), strict=True))
        note, model = _repaired(pairs, weights, draw)
        yield f"swapped-losses {number}: {note}", model


_B, _C = "binary_crossentropy", "categorical_crossentropy"
_WRONG_LOSSES: list[tuple[Any, Any]] = [
    ((_C, _B), (1.0, 0.2)),
    ((_B, _C), (0.2, 1.0)),
    ((_B, _B), (1.0, 0.2)),
    ((_C, _C), (1.0, 0.2)),
    ((_B, "sparse_categorical_crossentropy"), (1.0, 0.2)),
    (("mse", _C), (1.0, 0.2)),
    ((_B, "mse"), (1.0, 0.2)),
    ((_B, _C), (1.0, 1.0)),
    ((_B, _C), (1.0, 2.0)),
    ((_B, _C), (0.2, 0.2)),
    ((_B, _C), None),
    (("hinge", _C), (1.0, 0.2)),
    ((_B, "kl_divergence"), (1.0, 0.2)),
    ((lambda: losses.BinaryCrossentropy(from_logits=True), _C), (1.0, 0.2)),
    ((_B, lambda: losses.CategoricalCrossentropy(from_logits=True)), (1.0, 0.2)),
    (("binary_crosentropy", _C), (1.0, 0.2)),
    ((_B, "categorical_crossentropi"), (1.0, 0.2)),
    ((_C, _B), (0.2, 1.0)),
    ((_B, _C), (5.0, 1.0)),
    ((_B, _C), (0.0, 0.2)),
    ((_B, _C), (1.0, 0.0)),
    (("sparse_categorical_crossentropy", _C), (1.0, 0.2)),
    (("categorical_hinge", _C), (1.0, 0.2)),
    ((_B, "huber"), (1.0, 0.2)),
    ((_B, _C), (1.0, 0.3)),
    ((None, _C), (1.0, 0.2)),
    ((_B, None), (1.0, 0.2)),
    (("binary", _C), (1.0, 0.2)),
    ((_B, _C), (1.2, 0.2)),
    (("poisson", _C), (1.0, 0.2)),
]


def wrong_losses(seed: int, count: int) -> Iterator[Variant]:
    draw = random.Random(f"wrong losses {seed}")
    slips = list(_WRONG_LOSSES)
    draw.shuffle(slips)
    for number in range(count):
        pair, weights = slips[number % len(slips)]
        pairs = dict(zip(("priority", "department"), pair, strict=True))
        by_name = weights and dict(zip(pairs, weights, strict=True))
        # The same lists as in the lesson are no attempt; the same mistake by name is one.
        kind = "dict" if (pair, weights) == ((_C, _B), (0.2, 1.0)) or None in pair else ""
        note, model = _repaired(pairs, by_name, draw, kind)
        yield f"swapped-losses {number}: {note}", model


# ---------------------------------------------------------------------------------------------
# round-trip

FOLDER = tempfile.TemporaryDirectory()
atexit.register(FOLDER.cleanup)


def student(units: int = 32, steps: int = 3, name: str | None = None) -> keras.Model:
    """Returns a model that has made some steps of training."""
    inputs = keras.Input((784,), name="img")
    x = layers.Dense(units, activation="relu")(inputs)
    x = layers.Dense(units, activation="relu")(x)
    model = keras.Model(
        inputs, layers.Dense(10, activation="softmax")(x), name=name or f"mnist_{units}"
    )
    model.compile(optimizer=keras.optimizers.RMSprop(), loss="sparse_categorical_crossentropy")
    return trained(model, steps)


def trained(model: keras.Model, steps: int = 3) -> keras.Model:
    for step in range(steps):
        gradients = [
            keras.ops.full(v.shape, 0.1 * step + 0.1) for v in model.trainable_variables
        ]
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return model


def _path(number: int, suffix: str = ".keras") -> Path:
    return Path(FOLDER.name, f"student_{number}{suffix}")


def right_trips(seed: int, count: int) -> Iterator[Variant]:
    for number in range(count):
        draw = random.Random(f"trips {seed} {number}")
        model = student(
            draw.choice([32, 16]), draw.choice([1, 5, 50]), draw.choice([None, "student"])
        )
        if draw.random() < 0.2:
            model = trained(
                _compiled(keras.Sequential([keras.Input((784,)), layers.Dense(10)]))
            )
        path: Any = _path(number)
        path = draw.choice([path, str(path)])
        note = ""
        save = draw.choice(["save", "save", "saving", "twice"])
        if save == "saving":
            keras.saving.save_model(model, path)
        else:
            model.save(path)
        if save == "twice":
            model.save(path)
        load = draw.choice([keras.models.load_model, keras.saving.load_model])
        options = draw.choice(
            [{}, {"compile": True}, {"custom_objects": {}}, {"safe_mode": False}]
        )
        reloaded = load(path, **options)
        after = draw.choice(["", "", "predict", "again", "summary"])
        if after == "predict":
            reloaded(np.zeros((2, 784), "float32"))
        elif after == "again":
            reloaded.save(_path(number, "_2.keras"))
            reloaded = load(_path(number, "_2.keras"))
        answer = {"trained": model, "reloaded": reloaded}
        if draw.random() < 0.3:
            answer = dict(reversed(answer.items()))
        yield f"round-trip {number}: {save} {options} {after} {note}", answer


def _compiled(model: keras.Model) -> keras.Model:
    model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy")
    return model


def wrong_trips(seed: int, count: int) -> Iterator[Variant]:
    draw = random.Random(f"wrong trips {seed}")
    slips = list(_TRIPS)
    draw.shuffle(slips)
    for number in range(count):
        note = slips[number % len(slips)]
        model = student(draw.choice([32, 16]), draw.choice([1, 5, 50]))
        path = _path(100 + number)
        model.save(path)
        answer = _TRIPS[note](model, path)
        if not isinstance(answer, dict) or "reloaded" not in answer:
            answer = {"trained": model, "reloaded": answer}
        yield f"round-trip {number}: {note}", answer


def _with_weights(model: keras.Model, other: keras.Model) -> keras.Model:
    other.set_weights(model.get_weights())
    return other


def _h5(model: keras.Model, path: Path) -> Any:
    model.save(path.with_suffix(".h5"))
    return keras.models.load_model(path.with_suffix(".h5"))


def _weights_file(model: keras.Model, path: Path, twin: keras.Model) -> Any:
    model.save_weights(path.with_suffix(".weights.h5"))
    twin.load_weights(path.with_suffix(".weights.h5"))
    return twin


def _units(model: keras.Model) -> int:
    return model.layers[1].units


def _load(path: Path, **options: Any) -> Any:
    return keras.models.load_model(path, **options)


# A deep copy of a model is left out: Keras makes it by saving and loading, in memory.
_TRIPS: dict[str, Any] = {
    "same object": lambda m, p: m,
    "same layers": lambda m, p: keras.Model(m.inputs, m.outputs),
    "clone": lambda m, p: keras.models.clone_model(m),
    "clone with weights": lambda m, p: _with_weights(m, keras.models.clone_model(m)),
    "clone with weights, compiled": lambda m, p: _compiled(
        _with_weights(m, keras.models.clone_model(m))
    ),
    "json": lambda m, p: keras.models.model_from_json(m.to_json()),
    "config": lambda m, p: m.from_config(m.get_config()),
    "new": lambda m, p: student(_units(m), 0),
    "new, trained": lambda m, p: student(_units(m), 2),
    "weights file": lambda m, p: _weights_file(m, p, student(_units(m), 0)),
    "compile=False": lambda m, p: _load(p, compile=False),
    "compiled again": lambda m, p: _compiled(_load(p)),
    "trained on": lambda m, p: trained(_load(p), 1),
    "trained after": lambda m, p: {"reloaded": _load(p), "trained": trained(m, 2)},
    "h5": _h5,
    "other units": lambda m, p: _load(
        (lambda q: (student(64).save(q), q)[1])(p.with_name("o.keras"))
    ),
    "other, same units": lambda m, p: _load(
        (lambda q: (student(_units(m), 7).save(q), q)[1])(p.with_name("q.keras"))
    ),
    "path": lambda m, p: p,
    "str path": lambda m, p: str(p),
    "to_json": lambda m, p: m.to_json(),
    "get_config": lambda m, p: m.get_config(),
    "get_weights": lambda m, p: m.get_weights(),
    "save returns": lambda m, p: m.save(p),
    "open": lambda m, p: p.read_bytes(),
    "output": lambda m, p: m.output,
    "not trained": lambda m, p: (
        lambda n: (n.save(p), {"trained": n, "reloaded": _load(p)})[1]
    )(student(_units(m), 0)),
    "learning rate": lambda m, p: (
        lambda r: (setattr(r.optimizer, "learning_rate", 0.5), r)[1]
    )(_load(p)),
    "no trained": lambda m, p: {"reloaded": _load(p)},
    "zeroed": lambda m, p: (lambda r: (r.set_weights([0 * w for w in r.get_weights()]), r)[1])(
        _load(p)
    ),
    "one layer changed": lambda m, p: (
        lambda r: (r.layers[2].set_weights([w + 1 for w in r.layers[2].get_weights()]), r)[1]
    )(_load(p)),
    "load_model itself": lambda m, p: keras.models.load_model,
}
