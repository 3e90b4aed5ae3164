"""The final project: machines put together from a trained reader and weights set by hand.

A machine is a choice for each slot. Right ones combine right choices; wrong ones have one slip.
"""

import os
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from wrong_answers import project
from wrong_answers.project import BRONZE, FOLDER, GOLD, SILVER, value

from variants.writing import Mine

Variant = tuple[str, Any]
Choices = dict[str, str]

LEVELS = (BRONZE, SILVER, GOLD)
_NAMES = ("left_digit", "right_digit", "sum")

# ---------------------------------------------------------------------------------------------
# The slots: how an image is read, how two digits are added, what comes out, what is handed in

_SHAPES = {
    "28, 28, 1": (28, 28, 1),
    "784": (784,),
    "28, 28": (28, 28),
    "1, 28, 28": (1, 28, 28),
    "14, 56": (14, 56),
    "open": (None, None, 1),
    "open height": (None, 28, 1),
}

_BEFORE: dict[str, Callable[[], Any]] = {
    "nothing": layers.Identity,
    "dropout": lambda: layers.Dropout(0.3),
    "noise": lambda: layers.GaussianNoise(0.2),
    "shift": lambda: layers.RandomTranslation(0.1, 0.1),
    "norm": lambda: layers.BatchNormalization(center=False, scale=False, epsilon=1e-5),
    "brighter": lambda: layers.Rescaling(1.2),
}
_WRONG_BEFORE: dict[str, Callable[[], Any]] = {
    "grey levels": lambda: layers.Rescaling(1 / 255),
    "inverted": lambda: layers.Rescaling(-1.0, 1.0),
    "transposed": lambda: layers.Permute((2, 1, 3)),
    "blank": lambda: layers.Rescaling(0.0),
    "cropped": lambda: keras.Sequential([layers.Cropping2D(10), layers.ZeroPadding2D(10)]),
}


def _fixed(units: int, kernel: Any, bias: Any = None, **settings: Any) -> Any:
    """Returns a Dense layer with given weights."""
    kernel = np.array(kernel, "float32")
    layer = layers.Dense(units, **settings)
    layer.build((None, len(kernel)))
    layer.set_weights([kernel, np.zeros(units) if bias is None else np.array(bias)])
    return layer


def _to_classes(number: Any, units: int = 19, **settings: Any) -> Any:
    """Turns a number into classes: the nearer, the likelier."""
    values = np.arange(units, dtype="float32")
    return _fixed(units, 20 * values[None], -10 * values**2, **settings)(number)


def _by_joint(left: Any, right: Any) -> Any:
    joint = layers.Flatten()(layers.Dot(axes=-1)([_column(left), _column(right)]))
    sums = np.array(
        [[float(i + j == n) for n in range(19)] for i in range(10) for j in range(10)]
    )
    return _fixed(19, sums)(joint)


def _column(x: Any) -> Any:
    return layers.Reshape((10, 1))(x)


def _both(left: Any, right: Any) -> Any:
    return layers.add([value()(left), value()(right)])


_TOTALS: dict[str, Callable[[Any, Any], Any]] = {
    "number": _both,
    "joined": lambda a, b: _fixed(1, [[n] for n in [*range(10)] * 2])(
        layers.concatenate([a, b])
    ),
    "of the sum": lambda a, b: value()(layers.add([a, b])),
    "operator": lambda a, b: value()(a) + value()(b),
    "of the mean": lambda a, b: 2 * value()(layers.average([a, b])),
    "classes": lambda a, b: _to_classes(_both(a, b), activation="softmax"),
    "logits": lambda a, b: _to_classes(_both(a, b)),
    "20 units": lambda a, b: _to_classes(_both(a, b), 20),
    "100 units": lambda a, b: layers.ZeroPadding1D((0, 0))(
        layers.Reshape((19, 1))(_to_classes(_both(a, b), activation="softmax"))
    )[:, :, 0],
    "joint": _by_joint,
    "row": lambda a, b: layers.Reshape((1, 1))(_both(a, b)),
    "flat": lambda a, b: _both(a, b)[:, 0],
    "argmax": lambda a, b: ops.argmax(a, -1) + ops.argmax(b, -1),
    "rounded": lambda a, b: ops.round(_both(a, b)),
    "whole": lambda a, b: ops.cast(ops.round(_both(a, b)), "int32"),
    "doubled": lambda a, b: _both(a, b) * 2 / 2,
}

_WRONG_TOTALS: dict[str, Callable[[Any, Any], Any]] = {
    "constant": lambda a, b: layers.Dense(19, kernel_initializer="zeros")(layers.add([a, b])),
    "random": lambda a, b: layers.Dense(19, "softmax")(layers.concatenate([a, b])),
    "only left": lambda a, b: _both(a, a),
    "only right": lambda a, b: _both(b, b),
    "left digit": lambda a, b: value()(a),
    "right digit": lambda a, b: value()(b),
    "difference": lambda a, b: layers.subtract([value()(a), value()(b)]),
    "product": lambda a, b: layers.multiply([value()(a), value()(b)]),
    "larger": lambda a, b: layers.maximum([value()(a), value()(b)]),
    "mean": lambda a, b: layers.average([value()(a), value()(b)]),
    "two-digit number": lambda a, b: value(range(0, 100, 10))(a) + value()(b),
    "one more": lambda a, b: _both(a, b) + 1,
    "two less": lambda a, b: _both(a, b) - 2,
    "scaled": lambda a, b: _both(a, b) / 18,
    "classes reversed": lambda a, b: _to_classes(_both(a, b))[:, ::-1],
    "classes permuted": lambda a, b: ops.roll(_to_classes(_both(a, b)), 3, axis=-1),
    "18 units": lambda a, b: _to_classes(_both(a, b), 18),
    "10 units": lambda a, b: _to_classes(_both(a, b), 10),
    "two units": lambda a, b: layers.concatenate([value()(a), value()(b)]),
    "matrix": lambda a, b: layers.Dot(axes=-1)([_column(a), _column(b)]),
    "not a number": lambda a, b: _both(a, b) / 0.0,
    "sigmoid": lambda a, b: layers.Activation("sigmoid")(_both(a, b)),
    "parity": lambda a, b: ops.mod(ops.round(_both(a, b)), 2),
    "other worths": lambda a, b: value([3, 1, 4, 1, 5, 9, 2, 6, 5, 3])(a) + value()(b),
    "counted down": lambda a, b: value(range(9, -1, -1))(a) + value(range(9, -1, -1))(b),
    "last digit": lambda a, b: ops.mod(ops.round(_both(a, b)), 10) * 0 + 5,
}

_DIGITS: dict[str, Callable[[Any], Any]] = {
    "probabilities": layers.Identity(),
    "logits": lambda x: ops.log(x + 1e-7),
    "number": lambda x: value()(x),
    "argmax": lambda x: ops.argmax(x, axis=-1),
    "column": lambda x: ops.expand_dims(ops.argmax(x, axis=-1), -1),
    "hard": lambda x: ops.one_hot(ops.argmax(x, axis=-1), 10),
    "eleven": lambda x: _to_classes(value()(x), 11),
}
_WRONG_DIGITS: dict[str, Callable[[Any], Any]] = {
    "rolled": lambda x: ops.roll(x, 1, axis=-1),
    "least likely": lambda x: -x,
    "nine units": lambda x: x[:, :9],
    "one more": lambda x: value()(x) + 1,
    "flat": lambda x: 0 * x,
    "random": lambda x: layers.Dense(10, "softmax")(x),
    "matrix": _column,
    "not a number": lambda x: ops.log(-1 - x),
    "even": lambda x: ops.mod(ops.argmax(x, axis=-1), 2),
}


@cache
def _readers() -> dict[str, Any]:
    return {"large": project.reader(), "small": project.trained_reader()}


def _reader(choices: Choices) -> Any:
    model = _readers()[choices["size"]]
    slip = choices["reader"]
    if slip in ("untrained", "untrained, compiled"):
        keras.utils.set_random_seed(3)
        return keras.models.clone_model(model)
    if slip == "mixed up":
        return _with_weights(model, lambda w: np.roll(w, 3, axis=-1))
    if slip == "zeros":
        return _with_weights(model, np.zeros_like)
    if slip == "without nine":
        image = keras.Input((28, 28, 1))
        kept = np.diag([1.0] * 9 + [0.0])
        return keras.Model(image, _fixed(10, kept)(model(image)))
    return model


def _with_weights(model: Any, change: Callable[[Any], Any]) -> Any:
    copy = keras.models.clone_model(model)
    copy.set_weights([change(weights) for weights in model.get_weights()])
    return copy


@cache
def _half_trained_reader() -> Any:
    """Returns a reader that reads well, and other digits than the others do."""
    random = np.random.default_rng(1)
    image = keras.Input((28, 28, 1))
    small = _readers()["small"]
    copy = _with_weights(small, lambda w: w + random.normal(0, 0.3 * w.std(), w.shape))
    return keras.Model(image, copy(image))


def _reader_form(form: str, model: Any) -> Callable[[Any], Any]:
    if form == "layers":

        def read(x: Any) -> Any:
            for layer in model.layers:
                x = x if isinstance(layer, layers.InputLayer) else layer(x)
            return x

        return read
    if form == "nested":
        image = keras.Input((28, 28, 1))
        inner = keras.Model(image, model(image), name="reader")
        return keras.Sequential([keras.Input((28, 28, 1)), inner])
    if form == "sequential":
        return keras.Sequential(
            [layers.Reshape((28, 28, 1)), model, layers.Activation("linear")]
        )
    if form == "in time":
        reader = layers.TimeDistributed(model)
        return lambda x: layers.Reshape((10,))(reader(layers.Reshape((1, 28, 28, 1))(x)))
    return model


_RIGHT: dict[str, list[str]] = {
    "size": ["large", "large", "small"],
    "reader": ["trained"],
    "form": ["itself", "itself", "layers", "nested", "sequential", "in time"],
    "shape": list(_SHAPES),
    "before": ["nothing", *_BEFORE],
    "total": list(_TOTALS),
    "digits": ["probabilities", *_DIGITS],
    "inputs": [
        "list",
        "tuple",
        "reversed",
        "dict",
        "reversed dict",
        "dict of others",
        "unnamed",
    ],
    "ends": ["dict", "reversed dict", "more", "list", "reversed list", "list and more"],
    "whole": [
        "itself",
        "own class",
        "compiled",
        "outer",
        "loaded",
        "subclass",
        "subclass of dict",
    ],
    "file": ["str", "Path", "relative", "path-like", "h5", "compiled", "elsewhere", "dots"],
}
# The older file format holds only layers.
_WITHOUT_OPERATIONS = {
    "form": "itself",
    "total": "joined",
    "digits": "probabilities",
    "before": "nothing",
    "ends": "dict",
    "whole": "itself",
}
_ONLY_SUM = ["single", "in a list", "total", "only sum"]

_SLIPS: dict[str, list[str]] = {
    "reader": ["untrained", "mixed up", "zeros", "untrained, compiled"],
    "before": list(_WRONG_BEFORE),
    "total": list(_WRONG_TOTALS),
    "inputs": [
        "one",
        "three",
        "stacked",
        "named a and b",
        "other names",
        "wrong size",
        "colours",
    ],
    "ends": ["without sum", "unnamed"],
    "answer": ["tensor", "layer", "list", "text", "class", "function", "summary"],
}
_SILVER_SLIPS: dict[str, list[str]] = {
    "reader": ["one for each side"],
    "digits": list(_WRONG_DIGITS),
    "ends": ["exchanged", "sum first", "no left_digit", "misspelt", "capitals", "same twice"],
    "wiring": ["left twice", "mixed"],
}
_GOLD_SLIPS: dict[str, list[str]] = {
    "total": ["without nine", "nine unlearned"],
    "reader": ["without nine"],
    "size": ["large"],
    "file": ["memory", "weights", "nowhere", "folder", "exported", "cut off", "notes", "json"],
    "more": ["lambda", "own layer"],
}


def _choices(level: str, draw: random.Random) -> Choices:
    chosen = {slot: draw.choice(ways) for slot, ways in _RIGHT.items()}
    chosen |= {"wiring": "plain", "answer": "model", "more": ""}
    if level == BRONZE and draw.random() < 0.6:
        chosen["ends"] = draw.choice(_ONLY_SUM)
    if level == GOLD:
        chosen["size"] = "small"
        chosen["whole"] = draw.choice(["itself", "itself", "compiled", "outer", "loaded"])
    if chosen["whole"] == "outer" and chosen["ends"] not in _ONLY_SUM:
        chosen["ends"] = "dict"  # an outer model does not keep the names of a list
    if level == GOLD and chosen["file"] == "h5":
        chosen |= _WITHOUT_OPERATIONS
    if "subclass" in chosen["whole"]:
        chosen["shape"] = draw.choice(["28, 28, 1", "784", "28, 28"])
        chosen["inputs"] = "dict" if "dict" in chosen["whole"] else "list"
        chosen["ends"] = "dict"
    return chosen


def right(level: str, seed: int, count: int) -> Iterator[Variant]:
    for number in range(count):
        draw = random.Random(f"{level} {seed} {number}")
        chosen = _choices(level, draw)
        yield f"{level} {number}: {_note(chosen)}", _handed_in(level, chosen)


def wrong(level: str, seed: int, count: int) -> Iterator[Variant]:
    draw = random.Random(f"wrong {level} {seed}")
    slots = [*_SLIPS.items()]
    slots += _SILVER_SLIPS.items() if level != BRONZE else ()
    slots += _GOLD_SLIPS.items() if level == GOLD else ()
    if level == GOLD:
        slots = [it for it in slots if it[0] != "answer"] + [("answer", ["list", "function"])]
    slips = [(slot, way) for slot, ways in slots for way in ways]
    draw.shuffle(slips)
    for number in range(count):
        slot, way = slips[number % len(slips)]
        chosen = _choices(level, draw) | {
            "whole": draw.choice(["itself", "compiled"]),
            slot: way,
        }
        if way == "untrained":
            chosen["whole"] = "itself"
        if slot == "inputs":
            chosen |= {"shape": "28, 28, 1"}
        if slot == "answer" and level == GOLD:
            chosen["file"] = "memory"
        if slot == "total":
            chosen["digits"] = "probabilities"
        yield f"{level} {number}: {slot} = {way} | {_note(chosen)}", _handed_in(level, chosen)


def _note(chosen: Choices) -> str:
    return ", ".join(f"{slot} {way}" for slot, way in chosen.items())


# ---------------------------------------------------------------------------------------------
# Building


def _build(chosen: Choices) -> Any:
    shape = {"wrong size": (32, 32, 1), "colours": (28, 28, 3)}.get(
        chosen["inputs"], _SHAPES[chosen["shape"]]
    )
    named = chosen["inputs"] not in ("unnamed", "dict of others", "other names", "stacked")
    names = ("left", "right") if named else (None, None)
    left, right = images = [keras.Input(shape, name=name) for name in names]
    if chosen["inputs"] == "stacked":
        both = keras.Input((2, 28, 28, 1))
        left, right = both[:, 0], both[:, 1]
        images = [both]
    if chosen["inputs"] in ("wrong size", "colours"):
        left, right = [_to_28(image, chosen["inputs"]) for image in images]
    outputs = _outputs(chosen, *_read(chosen, left, right))
    inputs = _inputs(chosen["inputs"], images)
    if chosen["inputs"] == "one":
        image = keras.Input(shape)
        return keras.Model(image, keras.Model(images, outputs)([image, image]))
    kind = Mine if chosen["whole"] == "own class" else keras.Model
    return kind(inputs, outputs)


def _to_28(image: Any, way: str) -> Any:
    return layers.Cropping2D(2)(image) if way == "wrong size" else image[..., :1]


def _inputs(way: str, images: list[Any]) -> Any:
    if way == "stacked":
        return images[0]
    left, right = images
    return {
        "tuple": (left, right),
        "reversed": [right, left],
        "dict": {"left": left, "right": right},
        "reversed dict": {"right": right, "left": left},
        "dict of others": {"left": left, "right": right},
        "three": [left, right, keras.Input((1,), name="more")],
        "named a and b": {"a": left, "b": right},
        "other names": {"left image": left, "right image": right},
    }.get(way, [left, right])


def _read(chosen: Choices, left: Any, right: Any) -> tuple[Any, Any]:
    model = _reader(chosen)
    before = {**_BEFORE, **_WRONG_BEFORE}[chosen["before"]]()
    read = _reader_form(chosen["form"], model)
    other = _half_trained_reader() if chosen["reader"] == "one for each side" else read
    left, right = [before(layers.Reshape((28, 28, 1))(image)) for image in (left, right)]
    if chosen["wiring"] == "left twice":
        right = left
    if chosen["wiring"] == "mixed":
        left, right = layers.maximum([left, right]), right
    return read(left), other(right)


def _outputs(chosen: Choices, left: Any, right: Any) -> Any:
    more = {
        "without nine": lambda a, b: value()(a) + value([*range(9), 0])(b),
        "nine unlearned": lambda a, b: value()(a) + value([*range(9), 4])(b),
    }
    total = {**_TOTALS, **_WRONG_TOTALS, **more}[chosen["total"]](left, right)
    if chosen["more"] == "lambda":
        total = layers.Lambda(lambda x: x * 1)(total)
    if chosen["more"] == "own layer":
        total = _Unregistered()(total)
    digit = {**_DIGITS, **_WRONG_DIGITS}[chosen["digits"]]
    outputs = {"left_digit": digit(left), "right_digit": digit(right), "sum": total}
    return _ends(chosen["ends"], outputs)


class _Unregistered(layers.Layer):
    def call(self, x: Any) -> Any:
        return x


def _ends(way: str, outputs: dict[str, Any]) -> Any:
    left, right, total = outputs.values()
    if way in ("list", "reversed list", "list and more"):
        listed = [layers.Identity(name=name)(it) for name, it in outputs.items()]
        extra = [layers.Dense(3)(layers.Flatten()(outputs["sum"]))] if "more" in way else []
        return [*listed[:: -1 if "reversed" in way else 1], *extra]
    return {
        "reversed dict": dict(reversed(outputs.items())),
        "more": {**outputs, "also": layers.Identity()(left)},
        "single": total,
        "in a list": [total],
        "total": {"total": total},
        "only sum": {"sum": total},
        "without sum": {"left_digit": left, "right_digit": right},
        "unnamed": [left, right, total],
        "exchanged": {"left_digit": right, "right_digit": left, "sum": total},
        "sum first": {"left_digit": total, "right_digit": left, "sum": right},
        "no left_digit": {"right_digit": right, "sum": total},
        "misspelt": {"left_digit": left, "rigth_digit": right, "sum": total},
        "capitals": {"Left_Digit": left, "Right_Digit": right, "Sum": total},
        "same twice": {"left_digit": left, "right_digit": left, "sum": total},
    }.get(way, outputs)


class _Subclass(keras.Model):
    def __init__(self, inner: Any, by_name: bool) -> None:
        super().__init__()
        self.inner, self.by_name = inner, by_name

    def call(self, inputs: Any) -> Any:
        left, right = (inputs["left"], inputs["right"]) if self.by_name else inputs
        return self.inner({"left": left, "right": right} if self.by_name else [left, right])


def _handed_in(level: str, chosen: Choices) -> Any:
    model = _build(chosen)
    whole = chosen["whole"]
    if "subclass" in whole:
        model = _Subclass(model, by_name=whole == "subclass of dict")
    if whole == "outer":
        again = keras.tree.map_structure(
            lambda t: keras.Input(t.shape[1:], name=t.name), model.input
        )
        model = keras.Model(again, model(again))
    if whole in ("compiled", "loaded") or chosen["reader"] == "untrained, compiled":
        model.compile(optimizer="adam", loss="mse")
        if chosen["reader"] != "untrained, compiled":
            model.optimizer.iterations.assign(100)
    if whole == "loaded":
        model = keras.saving.load_model(project.saved(model, "loaded.keras"))
    if chosen["answer"] != "model":
        return _other_answer(chosen["answer"], model)
    return _file(chosen["file"], model) if level == GOLD else model


def _other_answer(way: str, model: Any) -> Any:
    return {
        "tensor": model.outputs[0],
        "layer": model.layers[-1],
        "list": [model],
        "text": "a model",
        "class": type(model),
        "function": lambda: model,
        "summary": {"sum": 0.9},
    }[way]


# ---------------------------------------------------------------------------------------------
# Files


class _PathLike(os.PathLike):
    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


def _file(way: str, model: Any) -> Any:
    folder = Path(FOLDER.name)
    if way == "memory":
        return model
    if way in _BROKEN:
        return _BROKEN[way](model, folder)
    if way == "compiled":
        model.compile(optimizer="adam", loss="mse")
    if way == "elsewhere":
        folder = folder / "my models"
        folder.mkdir(exist_ok=True)
    name = {"h5": "machine.h5", "dots": "machine.v1.2.keras"}.get(way, "machine.keras")
    path = folder / name
    model.save(path)
    return {"str": str, "relative": os.path.relpath, "path-like": _PathLike}.get(way, Path)(
        path
    )


def _weights(model: Any, folder: Path) -> Path:
    model.save_weights(path := folder / "mine.weights.h5")
    return path


def _exported(model: Any, folder: Path) -> Path:
    model.export(path := folder / "exported", verbose=False)
    return path


def _cut_off(model: Any, folder: Path) -> Path:
    model.save(path := folder / "cut.keras")
    path.write_bytes(path.read_bytes()[:-3000])
    return path


def _written(name: str) -> Callable[[Any, Path], Path]:
    def write(model: Any, folder: Path) -> Path:
        path = folder / name
        path.write_text(model.to_json(), "utf-8")
        return path

    return write


_BROKEN: dict[str, Callable[[Any, Path], Path]] = {
    "weights": _weights,
    "nowhere": lambda model, folder: folder / "nowhere.keras",
    "folder": lambda model, folder: folder,
    "exported": _exported,
    "cut off": _cut_off,
    "notes": _written("notes.txt"),
    "json": _written("machine.json"),
}
