"""Finds numbers in custom layers that look like weights, but that Keras does not know and train."""

import ast
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from kfunc_lab.graph.keras.contents import is_installed
from kfunc_lab.graph.keras.nodes import layers_within
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.own.layers import custom_layers
from kfunc_lab.graph.lint.own.source import (
    calls_in,
    definition_of,
    last_name,
    objects_in,
)
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_NAMES_OF_WEIGHTS = {
    "w", "weight", "weights", "kernel", "b", "bias", "w1", "w2", "b1", "b2", "w_1", "w_2",
    "gamma", "beta", "alpha",
}  # fmt: skip


def _written_layers(case: Case) -> list[tuple[Call, Any]]:
    """Returns the custom layers that the user can change, with their first calls."""
    return [(call, it) for call, it in custom_layers(case) if not is_installed(type(it))]


def _unknown_weights(case: Case) -> Iterator[Finding]:
    for call, layer in _written_layers(case):
        for name, value in _attributes(layer):
            if _is_backend_variable(value):
                trainable = getattr(value, "trainable", True)
                yield _variable(call.id, layer, name, "certain" if trainable else "likely")
            elif _is_tensor(value) and _is_like_a_weight(name, value):
                yield _constant(call.id, layer, name)


def _attributes(layer: Any) -> Iterator[tuple[str, Any]]:
    for name, value in vars(layer).items():
        if name.startswith(("__", "_self_")):  # TensorFlow's own bookkeeping
            continue
        parts = value.values() if isinstance(value, Mapping) else value
        if isinstance(value, (list, tuple, Mapping)):
            yield from ((name, part) for part in list(parts)[:20])
        else:
            yield name, value


def _is_like_a_weight(name: str, value: Any) -> bool:
    return name.strip("_").lower() in _NAMES_OF_WEIGHTS and len(value.shape) > 0


def _is_backend_variable(value: Any) -> bool:
    """Tells whether a value is a variable of TensorFlow or PyTorch that Keras does not know."""
    tensorflow, torch = sys.modules.get("tensorflow"), sys.modules.get("torch")
    variable = getattr(tensorflow, "Variable", None)
    parameter = getattr(getattr(torch, "nn", None), "Parameter", None)
    return any(
        isinstance(kind, type) and isinstance(value, kind) for kind in (variable, parameter)
    )


def _is_tensor(value: Any) -> bool:
    import keras

    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind == "f")
    return not isinstance(value, keras.Variable) and bool(keras.ops.is_tensor(value))


def _variable(call_id: str, layer: Any, name: str, sureness: str) -> Finding:
    kind = type(getattr(layer, name, None)).__module__.partition(".")[0]
    return Finding(
        "unknown-weight",
        call_id,
        _(
            "`self.{name}` of {layer} is a variable of {backend}, not a weight of the layer: it "
            "is not trained, and it is not saved."
        ).format(
            name=name,
            layer=printable(type(layer).__name__),
            backend="PyTorch" if kind == "torch" else "TensorFlow",
        ),
        _(
            "Create it in `build`: `self.{name} = self.add_weight(shape=..., "
            'initializer="ones")`.'
        ).format(name=name),
        sureness,
    )


def _constant(call_id: str, layer: Any, name: str) -> Finding:
    return Finding(
        "unknown-weight",
        call_id,
        _(
            "`self.{name}` of {layer} is a tensor, not a weight of the layer: it stays as it is, "
            "and it is not saved."
        ).format(name=name, layer=printable(type(layer).__name__)),
        _(
            "If it should be trained, create it in `build`: `self.{name} = "
            "self.add_weight(shape=...)`."
        ).format(name=name),
        "possible",
    )


def _layers_made_in_calls(case: Case) -> Iterator[Finding]:
    """Finds layers that a custom layer or a Lambda creates anew whenever it is called."""
    for call, layer in _written_layers(case):
        definition = definition_of(type(layer).call)
        made = _made_layer(definition) if definition is not None else ""
        if made:
            yield Finding(
                "layer-made-in-call",
                call.id,
                _(
                    "The `call` of {layer} creates a {made} each time it runs, so its weights are "
                    "new each time and are never trained."
                ).format(layer=printable(type(layer).__name__), made=made),
                _("Create it in `__init__`: `self.inner = layers.{made}(...)`.").format(
                    made=made
                ),
                "certain",
            )
    for call in case.calls:
        function = _function_of_lambda(case, call.id)
        definition = definition_of(function)
        made = _made_layer(definition) if definition is not None else ""
        if made:
            yield _lambda(call.id, call.layer, made)


def _made_layer(definition: ast.AST) -> str:
    """Returns the class of a layer with weights that is created and called at once."""
    for _name, call in calls_in(definition):
        inner = call.func
        if isinstance(inner, ast.Call) and _has_weights(last_name(inner.func)):
            return last_name(inner.func)
    return ""


def _has_weights(name: str) -> bool:
    import keras

    return isinstance(getattr(keras.layers, name, None), type) and (
        name.startswith(("Dense", "Conv", "Embedding", "LSTM", "GRU", "SimpleRNN"))
        or name.endswith("Normalization")
    )


def _function_of_lambda(case: Case, call_id: str) -> Any:
    node = case.nodes.get(call_id)
    if node is None or type(node.operation).__name__ != "Lambda":
        return None
    return getattr(node.operation, "function", None)


def _layers_outside(case: Case) -> Iterator[Finding]:
    """Finds layers that a Lambda or a custom layer uses, but that the model does not hold."""
    known = {id(part) for part in layers_within(case.model)} if _is_layer(case.model) else None
    if known is None:
        return
    functions = [
        (call.id, call.layer, _function_of_lambda(case, call.id)) for call in case.calls
    ]
    functions += [(call.id, call.layer, type(it).call) for call, it in _written_layers(case)]
    for call_id, name, function in functions:
        for other, value in objects_in(function):
            if _is_layer(value) and id(value) not in known and value.weights:
                yield _lambda(call_id, name, other)
                break
            if _is_loose_variable(case, value):
                yield _loose(call_id, name, other)
                break


def _loose_variables(case: Case) -> Iterator[Finding]:
    """Finds variables that a call takes as an argument, as in `x * variable`."""
    import keras

    for call in case.calls:
        node = case.nodes.get(call.id)
        if node is None:
            continue
        arguments = keras.tree.flatten([node.arguments.args, node.arguments.kwargs])
        if any(_is_loose_variable(case, value) for value in arguments):
            yield _loose(call.id, call.layer, "")


def _is_loose_variable(case: Case, value: Any) -> bool:
    """Tells whether a value is a variable that the model does not hold."""
    import keras

    if not isinstance(value, keras.Variable):
        return _is_backend_variable(value)
    held = getattr(case.model, "variables", None)
    return held is not None and all(value is not variable for variable in held)


def _loose(call_id: str, name: str, variable: str) -> Finding:
    return Finding(
        "unknown-weight",
        call_id,
        _(
            "{name} computes with a variable that belongs to no layer: it is not trained, and it "
            "is not saved."
        ).format(name=printable(name))
        if not variable
        else _(
            "{name} computes with the variable `{variable}`, which belongs to no layer: it is not "
            "trained, and it is not saved."
        ).format(name=printable(name), variable=variable),
        _("Write a layer that creates it in `build` with `self.add_weight(...)`."),
        "certain",
    )


def _is_layer(value: Any) -> bool:
    import keras

    return isinstance(value, keras.layers.Layer)


def _lambda(call_id: str, name: str, made: str) -> Finding:
    return Finding(
        "layer-in-lambda",
        call_id,
        _(
            "{name} runs the layer {made}, but the weights of {made} do not belong to the model: "
            "they are not trained, and they are not saved."
        ).format(name=printable(name), made=printable(made)),
        _("Call {made} in the graph itself, outside of {name}.").format(
            name=printable(name), made=printable(made)
        ),
        "certain",
    )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _unknown_weights,
    _layers_made_in_calls,
    _layers_outside,
    _loose_variables,
)
