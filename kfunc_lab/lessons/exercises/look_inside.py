"""Lesson 09: say what an extractor gives, and build one with three named activations."""

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
    said = answers.by_name(answer, ("arrays", "shape", "held"))
    _check_arrays(answers.whole_number(said["arrays"]))
    _check_shape(said["shape"])
    _check_held(answers.whole_number(said["held"]))


def _check_arrays(number: int) -> None:
    if number == 3:
        return
    messages = {
        1: _("One array would come back for one output; this model was given a list of them."),
        2: _("It is one more than {n}: `1:4` begins with layer 1, and layer 1 counts."),
        4: _("`1:4` stops before layer 4: it takes the layers 1, 2 and 3."),
        5: _("{n} are the digits. They travel together, as one batch, in each array."),
        8: _("{n} are all layers of the network; `1:4` takes only some of them."),
        15: _("{n} would be an array for each digit. Five digits are one batch, one array."),
    }
    general = _("`arrays`: it is not {n}. There is one array for each place in the list.")
    raise Wrong(messages.get(number, general).format(n=f"{number:,}"))


def _check_shape(said: Any) -> None:
    if not isinstance(said, (tuple, list)):
        raise Wrong(
            _("A shape is a tuple, as `(None, 784)`; this is: {got}.").format(got=repr(said))
        )
    shape = tuple(said)
    if shape == _SHAPE:
        return
    messages = {
        (None, *_SHAPE[1:]): _(
            "`None` stands in the symbolic tensor, for any number of digits. `made` is a real "
            "array: how many digits went in?"
        ),
        _SHAPE[1:]: _("The batch is missing: the digits come first, also in an array."),
        (1, *_SHAPE[1:]): _("`x_test[:5]` is not one digit but five."),
        (5, 13, 13, 16): _("That is what `pool_1` makes. The last layer in `1:4` is layer 3."),
        (5, 26, 26, 16): _(
            "That is the first of the arrays, from `edges`; asked for is the last."
        ),
        (5, 5, 5, 32): _("That is what `pool_2` makes, layer 4. `1:4` stops before it."),
    }
    general = _("It is not {shape}. Which layer is layer 3, and what shape has its output?")
    raise Wrong("`shape`: " + messages.get(shape, general).format(shape=shape))


def _check_held(number: int) -> None:
    if number == 0:
        return
    messages = {
        11 * 11 * 32: _(
            "11 · 11 · 32 = {n} numbers are in the array for *one* digit. `.output` is no array: "
            "it is a place in the graph."
        ),
        5 * 11 * 11 * 32: _(
            "These {n} numbers are in `made[-1]`, where `predict` put them. `.output` is as it "
            "was before: a shape and a place in the graph."
        ),
        4: _("Its *shape* has {n} sizes. But how many numbers are there behind it?"),
        4_640: _(
            "{n} numbers are the weights of `parts`. They are in the layer, not in `.output`."
        ),
    }
    general = _(
        "`held`: it is not {n}. Remember what `edges.output` answered when it was asked for its "
        "numbers."
    )
    raise Wrong(messages.get(number, general).format(n=f"{number:,}"))


def _check_three_features(answer: Any) -> None:
    answers.attempted(answer)
    _check_kind(answer)
    graph = graphs.graph_of(answer)
    places = _named_places(answer.output)
    calls = graph.call_of
    entering = [calls[it].outputs[0].shape for it in graph.inputs]
    if entering != [(None, 28, 28, 1)]:
        raise Wrong(
            _(
                "The extractor begins at {shapes}. It should begin where the network begins, at "
                "the image: `model.input`."
            ).format(shapes=", ".join(map(str, entering)))
        )
    made = _made_of_images(answer)
    for name in places:
        _check_values(name, made[name])


def _check_kind(answer: Any) -> None:
    """Raises for what comes near an extractor and is no model."""
    import keras

    if not isinstance(answer, Mapping | list | tuple):
        return
    parts = list(answer.values() if isinstance(answer, Mapping) else answer)
    if any(isinstance(part, keras.Model) for part in parts):
        raise Wrong(
            _(
                "These are {n} models, and each would run the network again. Make one model whose "
                "outputs are the dict."
            ).format(n=len(parts))
        )
    if any(isinstance(part, keras.KerasTensor) for part in parts):
        raise Wrong(
            _(
                "These are {n} places in the graph, without values. `keras.Model` makes a model "
                "that ends there."
            ).format(n=len(parts))
        )
    if any(isinstance(part, keras.layers.Layer) for part in parts):
        raise Wrong(
            _(
                "These are {n} layers. A place in the graph is where a layer's call has led: "
                "`layer.output`. And a model is asked for that ends there."
            ).format(n=len(parts))
        )
    raise Wrong(
        _(
            "These are {n} values, made of certain digits. An extractor is a model: it makes them "
            "of any digits that you give it."
        ).format(n=len(parts))
    )


def _named_places(output: Any) -> Mapping[str, Any]:
    import keras

    flat = keras.tree.flatten(output)
    if len(flat) == 1 and not isinstance(output, Mapping):
        raise Wrong(
            _("This model gives one tensor, of shape {shape}; three are asked for.").format(
                shape=flat[0].shape
            )
        )
    if isinstance(output, list | tuple):
        raise Wrong(
            _(
                "This model gives a list of {n}: one has to count to find `parts`. Give "
                "`keras.Model` a dict with three names as its outputs."
            ).format(n=len(output))
        )
    places = answers.by_name(output, _NAMES)
    for name in _NAMES:
        if not isinstance(places[name], keras.KerasTensor):
            raise Wrong(
                _("`{name}` should be one tensor; this is: {got}.").format(
                    name=name, got=type(places[name]).__name__
                )
            )
    return {name: places[name] for name in _NAMES}


def _check_values(name: str, made: Any) -> None:
    """Raises unless an output is what the layer of this name makes of the images."""
    inside = _inside()
    if _close(made, inside[name]):
        return
    source = next((layer for layer, values in inside.items() if _close(made, values)), None)
    if source in _NAMES:
        raise Wrong(
            _("Under `{name}` comes what `{source}` makes: the names do not fit.").format(
                name=name, source=source
            )
        )
    if source is not None:
        raise Wrong(
            _(
                "Under `{name}` comes what `{source}` makes, of shape {shape}. Take the output of "
                "the layer `{name}` itself."
            ).format(name=name, source=source, shape=(None, *made.shape[1:]))
        )
    if made.shape == inside[name].shape:
        raise Wrong(
            _(
                "`{name}` has the right shape, but other numbers than in the trained network. A "
                "layer that you make anew has learned nothing: take it from `model`."
            ).format(name=name)
        )
    raise Wrong(
        _("Under `{name}` comes a tensor of shape {shape}; that layer makes {wanted}.").format(
            name=name, shape=(None, *made.shape[1:]), wanted=(None, *inside[name].shape[1:])
        )
    )


@cache
def _inside() -> Mapping[str, Any]:
    """Returns what each layer of the network makes of the images, by the layer's name."""
    import numpy as np

    from kfunc_lab.datasets import digits_model
    from kfunc_lab.graph.keras.nodes import name_counters_kept

    drawn = random.getstate()  # Keras draws a seed for each initializer
    try:
        with name_counters_kept():
            network = digits_model()
    finally:
        random.setstate(drawn)
    values = {network.layers[0].name: (x := _images())}
    for layer in network.layers[1:]:
        x = layer(x)
        values[layer.name] = np.asarray(x)
    return values


def _made_of_images(model: Any) -> Mapping[str, Any]:
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an image in place of a list of one image
        made = model(_images(), training=False)
    return {name: np.asarray(values) for name, values in made.items()}


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
            "Three places, so three arrays, each with five digits in front. And `.output` holds no "
            "number: the values are in what `predict` returns."
        ),
        hints=(
            N_(
                "`model.layers[1:4]` takes the layers 1, 2 and 3; `img` is layer 0. In an array, "
                "the number of digits stands where a symbolic tensor has `None`."
            ),
            N_(
                "The last array comes from `parts`: maps of 11 × 11, 32 of them, for 5 digits. And "
                "does running a model change a symbolic tensor?"
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
            "One pass through the network, three activations, each under its name; and not one new "
            "weight."
        ),
        hints=(
            N_(
                "`model.get_layer(name).output` is a place. You need three, each under its name."
            ),
            N_(
                "`keras.Model(model.input, {...})`, and in the braces pairs like "
                '`"edges": model.get_layer("edges").output`.'
            ),
        ),
        solution="""\
names = ["edges", "parts", "features"]
answer = keras.Model(model.input, {name: model.get_layer(name).output for name in names})""",
        answer="answer",
    ),
]
