"""Compares a rule with Keras: shapes, weights, and the printed arithmetic."""

import re
from fractions import Fraction
from math import ceil, floor

import keras
import numpy as np
import pytest
from examples import examples

import kfunc_lab as lab
from kfunc_lab.shapes.rules.arithmetic import equation
from kfunc_lab.shapes.rules.formulas import derivation, derive, rule_of
from kfunc_lab.shapes.rules.rule import DoesNotFitError

# The settings for drawn configurations.
drawn = examples(20)
# The errors of Keras for invalid inputs; a missing axis gives an IndexError.
REFUSALS = (ValueError, TypeError, IndexError, RuntimeError)  # the last one is PyTorch's


def check_layer(make, *shapes, dtype="float32", call=None):
    """Checks the rule of a layer or operation for input shapes that include the batch.

    If Keras rejects the inputs or the settings, the rule must reject them too.

    Args:
        make: Creates the layer or operation.
        shapes: The shapes of the inputs.
        dtype: The type of the inputs.
        call: Calls the layer; by default on the one input, or on a list of several.

    Returns:
        The derivation, or None if Keras rejects the settings.
    """
    inputs = [keras.Input(batch_shape=shape, dtype=dtype) for shape in shapes]
    given = inputs if len(inputs) > 1 else inputs[0]
    try:
        layer = make()
    except ValueError:
        return None
    try:
        outputs = call(layer, given) if call else layer(given)
    except (ValueError, TypeError) as error:
        pytest.fail(f"use check_rejected() for what Keras rejects: {error}")
    return check_call(outputs)


def check_call(outputs):
    """Checks the rule of the call that computes the outputs."""
    graph = lab.read_graph(outputs)
    found_call = graph.call_of[graph.outputs[0]]
    found = derivation(found_call)
    assert found is not None, f"no rule for {found_call.kind} with {found_call.settings}"
    assert found.shapes == tuple(it.shape for it in found_call.outputs)
    assert describe_weights(found.weights) == describe_weights(found_call.weights)
    assert found.parameters.value == found_call.parameters
    for term in terms(found):
        assert evaluate(equation(term)) == (term.value, term.value)
    return found


def describe_weights(weights):
    """Lists weights, without the counters in the names of inner layers."""
    return sorted(
        (re.sub(r"_\d+(?=/)", "", it.name), tuple(it.shape), it.trainable) for it in weights
    )


def compare(make, *shapes, dtype="float32", call=None):
    """Checks that Keras and the rule agree or both raise, and returns the derivation.

    Args:
        make: Creates the layer; settings that its constructor rejects are skipped.
        shapes: The shapes of the inputs.
        dtype: The type of the inputs.
        call: Calls the layer on the list of inputs; by default on the one input.
    """
    try:
        layer = make()
    except ValueError:
        return None
    inputs = [keras.Input(batch_shape=shape, dtype=dtype) for shape in shapes]
    try:
        outputs = call(layer, inputs) if call else layer(*inputs)
    except REFUSALS:
        with pytest.raises(DoesNotFitError):
            apply_rule(make(), shapes)
        return None
    return check_call(outputs)


def check_settings_rejected(kind, *shapes, **config):
    """Checks that both Keras and the rule reject some settings."""
    inputs = [keras.Input(batch_shape=shape) for shape in shapes]
    with pytest.raises((*REFUSALS, ArithmeticError)):
        getattr(keras.layers, kind)(**config)(*inputs)
    name = getattr(keras.layers, kind).__name__
    with pytest.raises(DoesNotFitError) as caught:
        derive(rule_of(name), config, shapes)
    assert str(caught.value)


def check_numbers_rejected(make, *shapes, call=None, **arguments):
    """Checks that a rule rejects inputs that Keras rejects only with real numbers."""
    with pytest.raises(DoesNotFitError) as caught:
        apply_rule(make(), shapes, **arguments)
    assert str(caught.value)
    numbers = [np.zeros([size or 2 for size in shape], "float32") for shape in shapes]
    with pytest.raises(Exception):  # noqa: B017, PT011  # a backend has errors of its own
        call(make(), numbers) if call else make()(*numbers)


def check_rejected(make, *shapes, dtype="float32", call=None):
    """Checks that both Keras and the rule reject some input shapes."""
    inputs = [keras.Input(batch_shape=shape, dtype=dtype) for shape in shapes]
    given = inputs if len(inputs) > 1 else inputs[0]
    layer = make()
    with pytest.raises(REFUSALS):
        call(layer, given) if call else layer(given)
    with pytest.raises(DoesNotFitError) as caught:
        apply_rule(make(), shapes)
    assert str(caught.value)


def apply_rule(layer, shapes, **arguments):
    """Applies the rule of an uncalled layer to input shapes and call arguments."""
    from kfunc_lab.graph.keras.settings import changed_settings
    from kfunc_lab.graph.model.layer_graph import Call, TensorSpec

    inputs = tuple(TensorSpec(tuple(shape), "float32") for shape in shapes)
    kind = type(layer).__name__
    told = changed_settings(layer) | arguments
    return derivation(Call("x", "x", kind, "x", inputs=inputs, settings=told))


def terms(found):
    """Lists every term that a derivation prints as arithmetic."""
    axes = [axis.size for axes in found.outputs for axis in axes]
    weights = [it.count for it in found.weights]
    return [*axes, *weights, found.parameters, found.multiply_adds]


def evaluate(printed):
    """Evaluates both sides of a printed equation."""
    left, sign, right = printed.rpartition(" = ")
    return evaluate_side(left if sign else right), evaluate_side(right)


def evaluate_side(printed):
    """Evaluates printed arithmetic, or returns None if a number is unknown."""
    if "?" in printed:
        return None
    code = re.sub(r"(?<=\d),(?=\d{3})", "", printed)
    for sign, python in {"−": "-", "·": "*", "⌊": "floor(", "⌈": "ceil("}.items():
        code = code.replace(sign, python)
    code = re.sub(r"(\d+)", r"Fraction(\1)", code.replace("⌋", ")").replace("⌉", ")"))
    names = {"Fraction": Fraction, "floor": floor, "ceil": ceil, "max": max}
    return eval(code, {"__builtins__": {}}, names)  # the text is our own
