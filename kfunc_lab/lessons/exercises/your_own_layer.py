"""Lesson 11: count the parameters of a custom layer, and write one that can be saved."""

import contextlib
import inspect
import random
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kfunc_lab.graph.keras.nodes import new_node_listeners, preserve_name_counters
from kfunc_lab.lessons.checking import answers
from kfunc_lab.lessons.checking.exercise import Exercise, NotAttempted, Wrong
from kfunc_lab.locale import N_, _
from kfunc_lab.mistakes.failure import find_failure
from kfunc_lab.mistakes.find import find_mistake

_PARAMETERS = 28  # 3 · 7 + 7

# The arguments and input shapes for the checks of the layer.
_EXPONENT = 3
_START = 0.5
_NAME = "bent"
_SHAPES = ((4,), (7,), (5, 3))


def _check_parameters(answer: Any) -> None:
    answers.attempted(answer)
    number = answers.whole_number(answer)
    if number == _PARAMETERS:
        return
    known = {
        21: _("21 is the size of `w`. `b` has one more number for each unit."),
        7: _("7 is the size of `b`. How large is `w`?"),
        42: _(
            "5 · 7 + 7: that uses 5 as the size of the input. `build` reads `input_shape[-1]`, "
            "the last axis."
        ),
        112: _(
            "15 · 7 + 7: that would be right after Flatten. `build` reads only "
            "`input_shape[-1]`, the last axis."
        ),
        140: _(
            "5 · 28: the five rows share the same `w` and `b`. Using a layer more often does "
            "not add parameters."
        ),
        50: _("50 was for 4 numbers and 10 units. Put the new sizes into the same formula."),
    }
    raise Wrong(
        known.get(
            number,
            _(
                "It is not {n}. `w` has shape `(input_shape[-1], units)` and `b` has shape "
                "`(units,)`: what are the two sizes here?"
            ).format(n=f"{number:,}"),
        )
    )


def _check_layer(answer: Any) -> None:
    answers.attempted(answer)
    _check_class(answer)
    with _without_side_effects():
        _check_constructor(answer)
        for shape in _SHAPES:
            _check_call(answer, shape)
        _check_defaults(answer)
        _check_saved(answer)


@contextlib.contextmanager
def _without_side_effects() -> Iterator[None]:
    """Creates and calls layers without changing names, random states or live views."""
    import numpy as np

    states = random.getstate(), np.random.get_state()
    listeners = new_node_listeners[:]
    new_node_listeners.clear()
    try:
        with preserve_name_counters():
            yield
    finally:
        new_node_listeners[:] = listeners
        random.setstate(states[0])
        np.random.set_state(states[1])


def _check_class(answer: Any) -> None:
    import keras

    if isinstance(answer, keras.layers.Layer):
        raise Wrong(
            _(
                "This is a layer of the class `{kind}`. Answer with the class, without "
                "parentheses: the check creates layers from it."
            ).format(kind=type(answer).__name__)
        )
    if not isinstance(answer, type) or not issubclass(answer, keras.layers.Layer):
        raise Wrong(
            _("Expected a subclass of `layers.Layer`, got {got}.").format(
                got=repr(answer) if isinstance(answer, type) else type(answer).__name__
            )
        )
    if answer.__bases__ == (keras.layers.Layer,) and not any(
        map(callable, vars(answer).values())
    ):
        raise NotAttempted  # unchanged from the lesson


def _check_constructor(cls: type) -> None:
    parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
    for name in ("exponent", "initializer"):
        if name not in parameters:
            raise Wrong(_("`__init__` has no argument `{name}`.").format(name=name))
        if parameters[name].default is inspect.Parameter.empty:
            raise Wrong(
                _("`{name}` has no default value; `{code}` should create a layer too.").format(
                    name=name, code=f"{cls.__name__}()"
                )
            )
    takes_all = any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()
    )
    if not takes_all and not {"name", "trainable", "dtype"} <= set(parameters):
        raise Wrong(
            _(
                "`__init__` takes no `**kwargs`. When Keras loads the layer, it passes `name`, "
                "`trainable` and `dtype`, and that fails. Accept them, and pass them to "
                "`super().__init__(**kwargs)`."
            )
        )
    try:
        layer = _new_layer(cls)
    except Exception as error:
        raise Wrong(
            _("`{code}` fails: {reason}").format(
                code=f"{cls.__name__}(exponent={_EXPONENT}, …)", reason=_reason(error)
            )
        ) from error
    layer_name = getattr(layer, "name", None)
    if layer_name is None:
        raise Wrong(
            _(
                "`__init__` does not call `super().__init__(**kwargs)`, which sets up the "
                "layer. Call it first."
            )
        )
    if layer_name != _NAME:
        raise Wrong(
            _(
                "A layer created with `name={wanted}` is named `{got}`: the name is lost "
                "between `__init__` and Keras. Pass `**kwargs` to `super().__init__(**kwargs)`."
            ).format(wanted=f'"{_NAME}"', got=layer_name)
        )


def _new_layer(cls: Any) -> Any:
    """Creates a layer with a number and an object as arguments."""
    import keras

    start = keras.initializers.Constant(_START)
    return cls(exponent=_EXPONENT, initializer=start, name=_NAME)


def _check_call(cls: Any, shape: tuple[int, ...]) -> None:
    layer = _new_layer(cls)
    if layer.weights:
        raise Wrong(
            _(
                "The layer has weights of shape {shape} before it is called. The number of "
                "features is known only in `build(self, input_shape)`: create the weights "
                "there."
            ).format(shape=tuple(layer.weights[0].shape))
        )
    model = _model(layer, shape)
    _check_weights(layer, shape)
    if model.output_shape != (None, *shape):
        raise Wrong(
            _("An input of shape {shape} gives {got}; the shape should stay the same.").format(
                shape=(None, *shape), got=model.output_shape
            )
        )
    _check_numbers(layer, model, shape)


def _model(layer: Any, shape: tuple[int, ...]) -> Any:
    import keras

    inputs = keras.Input(shape)
    try:
        return keras.Model(inputs, layer(inputs), name="trial")
    except Exception as error:
        if "add new elements of state" in str(error):
            raise Wrong(
                _(
                    "`call` creates weights. It runs at every call, and would create new ones "
                    "each time; `build` runs once. Create them there, and use them in `call`."
                )
            ) from error
        if layer.weights:
            _check_weights(layer, shape)
        raise Wrong(
            _("The layer fails on an input of shape {shape}: {reason}").format(
                shape=(None, *shape), reason=_reason(error)
            )
        ) from error


def _check_weights(layer: Any, shape: tuple[int, ...]) -> None:
    import numpy as np

    if not layer.weights:
        raise Wrong(
            _(
                "Keras finds no weights in this layer, so nothing is trained or saved. A plain "
                "array does not count: create the weights with `self.add_weight` in `build`."
            )
        )
    if len(layer.weights) > 1:
        raise Wrong(
            _("The layer has {n} weight arrays; expected one.").format(n=len(layer.weights))
        )
    weight = layer.weights[0]
    if tuple(weight.shape) != shape[-1:]:
        raise Wrong(
            _(
                "For inputs of shape {shape}, the weights have shape {got}; expected one "
                "weight for each feature: {wanted}, the size of the last axis."
            ).format(shape=(None, *shape), got=tuple(weight.shape), wanted=shape[-1:])
        )
    if not layer.trainable_weights:
        raise Wrong(
            _(
                "The weights are created with `trainable=False`: training could never change "
                "them."
            )
        )
    start = layer.get_weights()[0]
    if not np.array_equal(start, np.full(shape[-1], _START)):
        raise Wrong(
            _(
                "With an initializer that gives {wanted}, the weights start at {got}: pass "
                "`self.initializer` to `add_weight`."
            ).format(wanted=_START, got=round(float(start[0]), 3))
        )


def _check_numbers(layer: Any, model: Any, shape: tuple[int, ...]) -> None:
    import numpy as np

    x = np.linspace(-1.5, 2, 2 * int(np.prod(shape)), dtype="float32").reshape(2, *shape)
    w = np.linspace(0.5, 2, shape[-1], dtype="float32")
    layer.set_weights([w])
    got = _values(model, x)
    known = (
        (w * x**2, _("The result is always the square: `call` should use `self.exponent`.")),
        (w * x, _("The input is only multiplied by the weights; the power is missing.")),
        (
            x**_EXPONENT,
            _("The result does not depend on the weights: `call` does not use them."),
        ),
        (
            (w * x) ** _EXPONENT,
            _(
                "The weights are raised to the power too. Raise the input first, then multiply "
                "by the weights."
            ),
        ),
        (w + x**_EXPONENT, _("The weights are added to the power; they should multiply it.")),
    )
    if np.allclose(got, w * x**_EXPONENT, rtol=1e-3, atol=1e-5):
        return
    for values, reason in known:
        if np.allclose(got, values, rtol=1e-3, atol=1e-5):
            raise Wrong(reason)
    place = np.unravel_index(np.argmax(np.abs(x)), x.shape)
    raise Wrong(
        _(
            "With exponent {exponent} and the weight {w:.2f}, the number {x:.2f} becomes "
            "{got:.2f}; it should become {wanted:.2f}."
        ).format(
            exponent=_EXPONENT,
            w=w[place[-1]],
            x=x[place],
            got=got[place],
            wanted=w[place[-1]] * x[place] ** _EXPONENT,
        )
    )


def _check_defaults(cls: Any) -> None:
    import numpy as np

    x = np.array([[-1, 0.5, 1, 2]], "float32")
    if not np.allclose(_values(_model(cls(), (4,)), x), x**2):
        raise Wrong(
            _(
                "Created without arguments, the layer should return the square: `exponent=2`, "
                "and weights that start at 1."
            )
        )


def _check_saved(cls: Any) -> None:
    import keras
    import numpy as np

    layer = _new_layer(cls)
    model = _model(layer, (4,))
    layer.set_weights([np.array([1, 2, 3, 4], "float32")])
    config = _config(layer)
    _check_config(config)
    _check_initializer(cls, config)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        try:
            model.save(path)
            loaded = keras.models.load_model(path, custom_objects={cls.__name__: cls})
        except Exception as error:
            raise Wrong(
                _("The layer works, but it cannot be loaded from a file: {reason}").format(
                    reason=_reason(error)
                )
            ) from error
    again = loaded.layers[-1]
    x = np.array([[-1, 0.5, 1, 2]], "float32")
    differing = _differing(config, _config(again))
    if differing:
        raise Wrong(
            _(
                "After loading, `get_config` returns other values for {names}. Keras passes "
                "them to `__init__`, which should store them unchanged."
            ).format(names=differing)
        )
    if not np.allclose(_values(loaded, x), _values(model, x)):
        raise Wrong(
            _(
                "The loaded layer has the same config but computes something else: part of "
                "what it needs is neither in the config nor in a weight."
            )
        )


def _config(layer: Any) -> Mapping[str, Any]:
    import keras

    if type(layer).get_config is keras.layers.Layer.get_config:
        raise Wrong(
            _(
                "There is no `get_config`. Keras saves numbers and strings by itself, but not "
                "objects such as an initializer. Write the method."
            )
        )
    try:
        config = layer.get_config()
    except Exception as error:
        raise Wrong(_("`get_config` fails: {reason}").format(reason=_reason(error))) from error
    if not isinstance(config, Mapping):
        raise Wrong(
            _("`get_config` returns {got}; it should return a dict.").format(
                got=type(config).__name__
            )
        )
    return config


def _check_config(config: Mapping[str, Any]) -> None:
    if "name" not in config:
        raise Wrong(
            _(
                "`get_config` does not return the name, so `{name}` would be loaded under "
                "another one. Include what `super().get_config()` returns."
            ).format(name=_NAME)
        )
    for name in ("exponent", "initializer"):
        if name not in config:
            raise Wrong(
                _(
                    "`get_config` does not return `{name}`. The layer would be loaded with the "
                    "default value, without any error."
                ).format(name=name)
            )
    if config["exponent"] != _EXPONENT:
        raise Wrong(
            _(
                "The config of a layer created with `exponent={wanted}` has `exponent` {got}. "
                "Store the argument as `self.exponent`, and return that value."
            ).format(wanted=_EXPONENT, got=repr(config["exponent"]))
        )


def _check_initializer(cls: Any, config: Mapping[str, Any]) -> None:
    """Raises `Wrong` if a layer made from the config starts with other weights."""
    import keras

    try:
        again = cls.from_config(keras.saving.serialize_keras_object(dict(config)))
        start = _model(again, (4,)).get_weights()[0]
    except Exception:  # loading the file fails in the same way, and says why
        return
    if abs(start[0] - _START) > 1e-6:
        raise Wrong(
            _(
                "A layer made from the config starts its weights at {got}; the initializer of "
                "this layer gives {wanted}. Store the argument as `self.initializer`, and return "
                "that object."
            ).format(got=round(float(start[0]), 3), wanted=_START)
        )


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Names the keys whose values differ in two configs; objects are compared by their configs."""
    import keras

    first, second = (
        keras.saving.serialize_keras_object(dict(config)) for config in (one, other)
    )
    keys = [key for key in {**first, **second} if first.get(key) != second.get(key)]
    return ", ".join(f"`{key}`" for key in keys)


def _values(model: Any, x: Any) -> Any:
    """Returns the model's output without changing variables such as random seeds."""
    import keras

    with keras.StatelessScope():
        return keras.ops.convert_to_numpy(model(x))


def _reason(error: Exception) -> str:
    """Returns the reason of an error from Keras, in one line."""
    failure = find_failure(error)
    mistake = None if failure is None else find_mistake(error, failure)
    inner = str(error).rpartition("Exception encountered: ")[2].strip()
    if mistake is None or inner != str(error).strip():
        return inner.partition("\n")[0] or type(error).__name__
    return mistake.reason


EXERCISES = [
    Exercise(
        name="own-layer-parameters",
        check=_check_parameters,
        praise=N_(
            "3 · 7 + 7 = 28: only the last axis counts, and the five rows share all parameters."
        ),
        hints=(
            N_("Which `input_shape` does `build` get here, and which part of it does it read?"),
            N_("`w` has shape (3, 7). How many numbers is that, and how many does `b` have?"),
        ),
        solution="parameters = 3 * 7 + 7",
        answer="parameters",
    ),
    Exercise(
        name="power-layer",
        check=_check_layer,
        praise=N_(
            "The layer takes any number of features, its weights are trained and saved, and "
            "its config and its name are restored from a file."
        ),
        hints=(
            N_(
                "Take `CustomDense` and `WholeDense` as examples: `__init__` stores the "
                "arguments, `build` creates the weights, `call` computes, `get_config` returns "
                "the arguments."
            ),
            N_(
                "In `build`: `self.add_weight(shape=(input_shape[-1],), ...)` with the "
                "initializer. In `call`: `ops.power(inputs, self.exponent)`, times the weights."
            ),
            N_(
                '`__init__(self, exponent=2, initializer="ones", **kwargs)` starts with '
                "`super().__init__(**kwargs)`. `get_config` starts with "
                "`config = super().get_config()`, adds both arguments to this dict, and returns it."
            ),
        ),
        solution="""\
class Power(layers.Layer):
    def __init__(self, exponent=2, initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.exponent = exponent
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        self.scale = self.add_weight(
            shape=(input_shape[-1],), initializer=self.initializer, name="scale"
        )

    def call(self, inputs):
        return self.scale * keras.ops.power(inputs, self.exponent)

    def get_config(self):
        config = super().get_config()
        config["exponent"] = self.exponent
        config["initializer"] = keras.initializers.serialize(self.initializer)
        return config


answer = Power""",
        answer="answer",
    ),
]
