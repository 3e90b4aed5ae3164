"""Models rebuilt from their code, and the configurations to compare."""

import copy
import linecache

import keras
import numpy as np

from kfunc_lab.graph.keras.functional_code import to_code


def rebuilt(model):
    """Runs the code of a model and returns the model that it builds."""
    code, space = to_code(model), {}
    linecache.cache["code"] = len(code), None, code.splitlines(keepends=True), "code"
    exec(compile(code, "code", "exec"), space)
    return space["model"]


def comparable(model) -> dict:
    """Returns a model's configuration, with raw operations numbered in order."""
    config = copy.deepcopy(model.get_config())
    names: dict[str, str] = {}

    def collect(value):
        if isinstance(value, dict):
            if value.get("class_name") and isinstance(value.get("config"), dict):
                home = str(value.get("module"))
                if home.startswith(("keras.ops", "keras.src.ops", "keras.src.activations")):
                    names[value["config"].get("name") or value.get("name")] = (
                        f"operation {len(names)}"
                    )
            for it in value.values():
                collect(it)
        elif isinstance(value, (list, tuple)):
            for it in value:
                collect(it)

    def replace(value):
        if isinstance(value, dict):
            if value.get("class_name") == "__lambda__" or set(value) == {"value"}:
                return "lambda"  # its bytecode knows its file
            kept = {key: it for key, it in value.items() if key != "build_config"}
            return {key: replace(it) for key, it in kept.items()}
        if isinstance(value, (list, tuple)):
            return [replace(it) for it in value]
        return names.get(value, value) if isinstance(value, str) else value

    collect(config)
    return replace(config)


def inputs_of(model) -> list:
    generator = np.random.default_rng(0)
    drawn = []
    for tensor in model.inputs:
        shape = [2 if size is None else size for size in tensor.shape]
        if str(tensor.dtype) == "string":
            drawn.append(generator.choice(["a", "b", "z"], shape))
        elif "int" in str(tensor.dtype):
            drawn.append(generator.integers(0, 2, shape).astype(str(tensor.dtype)))
        else:
            drawn.append(generator.normal(size=shape).astype(str(tensor.dtype)))
    drawn = list(map(keras.ops.convert_to_tensor, drawn))
    if isinstance(model, keras.Sequential):
        return drawn[0]
    return keras.tree.pack_sequence_as(model.input, drawn)


def assert_equal(model, other, values=True):
    assert comparable(other) == comparable(model)
    assert [it.shape for it in other.weights] == [it.shape for it in model.weights]
    assert [it.trainable for it in other.weights] == [it.trainable for it in model.weights]
    if values:
        other.set_weights(model.get_weights())
        given = inputs_of(model)
        one, two = (keras.tree.flatten(it(given, training=False)) for it in (model, other))
        assert len(one) == len(two)
        for left, right in zip(one, two, strict=True):
            np.testing.assert_allclose(
                *map(keras.ops.convert_to_numpy, (left, right)), rtol=1e-5, atol=1e-5
            )
