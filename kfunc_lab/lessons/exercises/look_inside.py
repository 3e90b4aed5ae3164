"""Lesson 09: predict the output of an extractor, and build one with three named activations."""

import random
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

from kfunc_lab.lessons.checking import answers, graphs
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_NAMES = ("edges", "parts", "features")
_SHAPE = (5, 11, 11, 32)


def _check_probe(answer: Any) -> None:
    answers.attempted(answer)
    parts = answers.by_name(answer, ("arrays", "shape", "held"))
    _check_arrays(answers.whole_number(parts["arrays"], "arrays"))
    _check_shape(parts["shape"])
    _check_held(answers.whole_number(parts["held"], "held"))


def _check_arrays(number: int) -> None:
    if number == 3:
        return
    messages = {
        1: _("One output gives one array; this model has a list of outputs."),
        2: _("It is one more than {n}: `1:4` starts at layer 1, and layer 1 counts."),
        4: _("`1:4` stops before layer 4: it takes the layers 1, 2 and 3."),
        5: _("{n} is the number of digits. They form one batch in each array."),
        8: _("{n} is the number of layers in the network; `1:4` takes only some of them."),
        15: _(
            "{n} would be one array for each digit. Five digits form one batch, in one array."
        ),
    }
    general = _("`arrays`: it is not {n}. There is one array for each output in the list.")
    raise Wrong(messages.get(number, general).format(n=f"{number:,}"))


def _check_shape(answer: Any) -> None:
    shape = answers.shape(answer)
    if shape == _SHAPE:
        return
    messages = {
        (None, *_SHAPE[1:]): _(
            "`None` is in the shape of the symbolic tensor, for any number of digits. `made` "
            "contains real arrays: how many digits went in?"
        ),
        _SHAPE[1:]: _("The batch is missing: the digits come first, also in an array."),
        (1, *_SHAPE[1:]): _("`x_test[:5]` is not one digit but five."),
        (5, 13, 13, 16): _(
            "That is the output of `pool_1`. The last layer in `1:4` is layer 3."
        ),
        (5, 26, 26, 16): _(
            "That is the first array, from `edges`; the question is about the last."
        ),
        (5, 5, 5, 32): _("That is the output of `pool_2`, layer 4. `1:4` stops before it."),
    }
    general = _(
        "It is not {shape}. Which layer is layer 3, and what is the shape of its output?"
    )
    raise Wrong("`shape`: " + messages.get(shape, general).format(shape=shape))


def _check_held(number: int) -> None:
    if number == 0:
        return
    messages = {
        11 * 11 * 32: _(
            "The array has 11 · 11 · 32 = {n} numbers for *one* digit. `.output` is not an "
            "array: it is a place in the graph."
        ),
        5 * 11 * 11 * 32: _(
            "These {n} numbers are in `made[-1]`, where `predict` put them. `.output` has not "
            "changed: it is a shape and a place in the graph."
        ),
        4: _("Its *shape* has {n} sizes. But how many values does it hold?"),
        4_640: _(
            "{n} is the number of parameters of `parts`. They are in the layer, not in "
            "`.output`."
        ),
    }
    general = _(
        "`held`: it is not {n}. Remember what happened when you asked `edges.output` for its "
        "numbers."
    )
    raise Wrong(messages.get(number, general).format(n=f"{number:,}"))


def _check_three_features(answer: Any) -> None:
    answers.attempted(answer)
    _check_kind(answer)
    graph = graphs.graph_of(answer)
    places = _named_places(answer.output)
    calls = graph.call_of
    entering = [calls[call_id].outputs[0].shape for call_id in graph.inputs]
    if entering != [(None, 28, 28, 1)]:
        raise Wrong(
            _(
                "The extractor starts at {shapes}. It should start where the network starts, "
                "at the image: `model.input`."
            ).format(shapes=", ".join(map(str, entering)))
        )
    outputs = _run_on_images(answer)
    for name in places:
        _check_values(name, outputs[name])


def _check_kind(answer: Any) -> None:
    """Raises `Wrong` for answers that resemble an extractor but are not a model."""
    import keras

    if not isinstance(answer, Mapping | list | tuple):
        return
    parts = list(answer.values() if isinstance(answer, Mapping) else answer)
    if any(isinstance(part, keras.Model) for part in parts):
        raise Wrong(
            _(
                "These are {n} models, and each would run the network again. Build one model "
                "whose outputs are the dict."
            ).format(n=len(parts))
        )
    if any(isinstance(part, keras.KerasTensor) for part in parts):
        raise Wrong(
            _(
                "These are {n} places in the graph, without values. `keras.Model` builds a "
                "model that ends there."
            ).format(n=len(parts))
        )
    if any(isinstance(part, keras.layers.Layer) for part in parts):
        raise Wrong(
            _(
                "These are {n} layers. A place in the graph is the tensor that a layer "
                "outputs: `layer.output`. Build a model that ends there."
            ).format(n=len(parts))
        )
    raise Wrong(
        _(
            "These are {n} values, computed from particular digits. An extractor is a model: "
            "it computes them for any digits that you pass."
        ).format(n=len(parts))
    )


def _named_places(output: Any) -> Mapping[str, Any]:
    import keras

    flat = keras.tree.flatten(output)
    if len(flat) == 1 and not isinstance(output, Mapping):
        raise Wrong(
            _("This model has one output, of shape {shape}; it should have three.").format(
                shape=flat[0].shape
            )
        )
    if isinstance(output, list | tuple):
        raise Wrong(
            _(
                "This model returns a list of {n}: you have to count to find `parts`. Pass "
                "`keras.Model` a dict with three names as its outputs."
            ).format(n=len(output))
        )
    places = answers.by_name(output, _NAMES)
    for name in _NAMES:
        if not isinstance(places[name], keras.KerasTensor):
            raise Wrong(
                _("`{name}` should be one tensor, got {got}.").format(
                    name=name, got=type(places[name]).__name__
                )
            )
    return {name: places[name] for name in _NAMES}


def _check_values(name: str, output: Any) -> None:
    """Raises `Wrong` unless an output equals the output of the layer with this name."""
    inside = _inside()
    if _close(output, inside[name]):
        return
    source = next((layer for layer, values in inside.items() if _close(output, values)), None)
    if source in _NAMES:
        raise Wrong(
            _("The output `{name}` comes from `{source}`: the names do not match.").format(
                name=name, source=source
            )
        )
    if source is not None:
        raise Wrong(
            _(
                "The output `{name}` comes from `{source}`, with shape {shape}. Use the output "
                "of the layer `{name}` itself."
            ).format(name=name, source=source, shape=(None, *output.shape[1:]))
        )
    if output.shape == inside[name].shape:
        raise Wrong(
            _(
                "`{name}` has the right shape, but its values differ from those of the trained "
                "network. A new layer has learned nothing: take the layer from `model`."
            ).format(name=name)
        )
    raise Wrong(
        _("The output `{name}` has shape {shape}; that layer outputs {wanted}.").format(
            name=name, shape=(None, *output.shape[1:]), wanted=(None, *inside[name].shape[1:])
        )
    )


@cache
def _inside() -> Mapping[str, Any]:
    """Maps the name of each layer of the network to its output for the images."""
    import numpy as np

    from kfunc_lab.datasets import digits_model
    from kfunc_lab.graph.keras.nodes import preserve_name_counters

    random_state = random.getstate()  # Keras draws a seed for each initializer
    try:
        with preserve_name_counters():
            network = digits_model()
    finally:
        random.setstate(random_state)
    values = {network.layers[0].name: (x := _images())}
    for layer in network.layers[1:]:
        x = layer(x)
        values[layer.name] = np.asarray(x)
    return values


def _run_on_images(model: Any) -> Mapping[str, Any]:
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about an image instead of a list of one image
        outputs = model(_images(), training=False)
    return {name: np.asarray(values) for name, values in outputs.items()}


def _images() -> Any:
    import numpy as np

    return np.random.RandomState(0).random_sample((3, 28, 28, 1)).astype("float32")


def _close(ours: Any, theirs: Any) -> bool:
    import numpy as np

    return ours.shape == theirs.shape and np.allclose(ours, theirs, rtol=1e-3, atol=1e-3)


EXERCISES = [
    Exercise(
        name="what-comes-out",
        check=_check_probe,
        praise=N_(
            "Three places, so three arrays, each with the five digits along its first axis. "
            "And `.output` holds no numbers: the values are in what `predict` returns."
        ),
        hints=(
            N_(
                "`model.layers[1:4]` takes the layers 1, 2 and 3; `img` is layer 0. An array "
                "has the number of digits where a symbolic tensor has `None`."
            ),
            N_(
                "The last array comes from `parts`: 32 maps of 11 × 11, for 5 digits. And does "
                "running a model change a symbolic tensor?"
            ),
        ),
        solution="""\
predicted = {"arrays": 3, "shape": (5, 11, 11, 32), "held": 0}""",
        answer="predicted",
    ),
    Exercise(
        name="three-features",
        check=_check_three_features,
        praise=N_(
            "One pass through the network, three named activations, and not one new weight."
        ),
        hints=(
            N_(
                "`model.get_layer(name).output` is a place in the graph. You need three, each "
                "with its name."
            ),
            N_(
                '`keras.Model(model.input, {...})`, with pairs such as `"edges": '
                'model.get_layer("edges").output` in the braces.'
            ),
        ),
        solution="""\
names = ["edges", "parts", "features"]
answer = keras.Model(model.input, {name: model.get_layer(name).output for name in names})""",
        answer="answer",
    ),
]
