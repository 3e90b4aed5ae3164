"""Compares a rule with the layer itself: shapes, weights, and the arithmetic as it is printed."""

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

# How configurations are drawn.
drawn = examples(30)
# What Keras raises where something does not fit; an index where an axis is missing.
REFUSALS = (ValueError, TypeError, IndexError)


def agrees(make, *shapes, dtype="float32", call=None):
    """Checks the rule of a layer or operation on inputs of some shapes, the batch first.

    Where Keras refuses the inputs or the settings, the rule must refuse them too.

    Args:
        make: Makes the layer, or does the operation on tensors.
        shapes: The shapes of the inputs.
        dtype: The type of the inputs.
        call: Calls the layer; by default on the one input, or on a list of several.

    Returns:
        The derivation; nothing where Keras refused.
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
        pytest.fail(f"use refuses() for what Keras refuses: {error}")
    return agrees_with(outputs)


def agrees_with(outputs):
    """Checks the rule of the call that made some tensors."""
    graph = lab.read_graph(outputs)
    found_call = graph.call_of[graph.outputs[0]]
    found = derivation(found_call)
    assert found is not None, f"no rule for {found_call.kind} with {found_call.settings}"
    assert found.shapes == tuple(it.shape for it in found_call.outputs)
    assert described_weights(found.weights) == described_weights(found_call.weights)
    assert found.parameters.value == found_call.parameters
    for term in terms(found):
        assert evaluated(equation(term)) == (term.value, term.value)
    return found


def described_weights(weights):
    """Lists weights; a layer inside another has a number that tells it from those before."""
    return sorted(
        (re.sub(r"_\d+(?=/)", "", it.name), tuple(it.shape), it.trainable) for it in weights
    )


def compare(make, *shapes, dtype="float32", call=None):
    """Checks that Keras and the rule agree, or that both refuse; returns the derivation.

    Args:
        make: Makes the layer; what its constructor refuses is left out.
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
            rule_on(make(), shapes)
        return None
    return agrees_with(outputs)


def refuses_settings(kind, *shapes, **config):
    """Checks that neither Keras nor the rule knows what to do with some settings."""
    inputs = [keras.Input(batch_shape=shape) for shape in shapes]
    with pytest.raises((*REFUSALS, ArithmeticError)):
        getattr(keras.layers, kind)(**config)(*inputs)
    name = getattr(keras.layers, kind).__name__
    with pytest.raises(DoesNotFitError) as caught:
        derive(rule_of(name), config, shapes)
    assert str(caught.value)


def refuses_numbers(make, *shapes, call=None, **arguments):
    """Checks that a rule refuses what Keras lets pass until it gets numbers."""
    with pytest.raises(DoesNotFitError) as caught:
        rule_on(make(), shapes, **arguments)
    assert str(caught.value)
    numbers = [np.zeros([size or 2 for size in shape], "float32") for shape in shapes]
    with pytest.raises(Exception):  # noqa: B017, PT011  # a backend has errors of its own
        call(make(), numbers) if call else make()(*numbers)


def refuses(make, *shapes, dtype="float32", call=None):
    """Checks that both Keras and the rule refuse a layer on inputs of some shapes."""
    inputs = [keras.Input(batch_shape=shape, dtype=dtype) for shape in shapes]
    given = inputs if len(inputs) > 1 else inputs[0]
    layer = make()
    with pytest.raises(REFUSALS):
        call(layer, given) if call else layer(given)
    with pytest.raises(DoesNotFitError) as caught:
        rule_on(make(), shapes)
    assert str(caught.value)


def rule_on(layer, shapes, **arguments):
    """Asks the rule of a layer that is not called, for a call with some arguments."""
    from kfunc_lab.graph.keras.settings import changed_settings
    from kfunc_lab.graph.model.layer_graph import Call, TensorSpec

    inputs = tuple(TensorSpec(tuple(shape), "float32") for shape in shapes)
    kind = type(layer).__name__
    told = changed_settings(layer) | arguments
    return derivation(Call("x", "x", kind, "x", inputs=inputs, settings=told))


def terms(found):
    """Lists everything that a derivation prints as arithmetic."""
    axes = [axis.size for axes in found.outputs for axis in axes]
    weights = [it.count for it in found.weights]
    return [*axes, *weights, found.parameters, found.multiply_adds]


def evaluated(printed):
    """Reckons a printed equation anew: the value of what stands before and after the sign."""
    left, sign, right = printed.rpartition(" = ")
    return value_of(left if sign else right), value_of(right)


def value_of(printed):
    """Reckons printed arithmetic; nothing where a number in it is not known."""
    if "?" in printed:
        return None
    code = re.sub(r"(?<=\d),(?=\d{3})", "", printed)
    for sign, python in {"−": "-", "·": "*", "⌊": "floor(", "⌈": "ceil("}.items():
        code = code.replace(sign, python)
    code = re.sub(r"(\d+)", r"Fraction(\1)", code.replace("⌋", ")").replace("⌉", ")"))
    names = {"Fraction": Fraction, "floor": floor, "ceil": ceil, "max": max}
    return eval(code, {"__builtins__": {}}, names)  # only what we printed
