"""Calls of layers and models in followed code, through the shape rules."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of
from kfunc_lab.graph.keras.reader import is_library
from kfunc_lab.graph.keras.settings import changed_settings
from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.mistakes.ahead.values import (
    UNKNOWN,
    MisfitError,
    NewLayer,
    NewModel,
    NewSequential,
    Tensor,
    flat,
    holds,
    is_open,
)
from kfunc_lab.mistakes.ahead.variables import known_value
from kfunc_lab.shapes.rules.formulas import derivation, rule_of
from kfunc_lab.shapes.rules.rule import DoesNotFitError, Shape

_MERGES = frozenset(
    ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot"]
)
RECURRENT = frozenset(
    ["LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]
)
# The layers that take several tensors, each as an argument of its own.
_SEVERAL = RECURRENT | {"MultiHeadAttention", "GroupedQueryAttention", "Bidirectional"}
_IN_LIST = frozenset(["Attention", "AdditiveAttention"])
# The layers whose tensors have the same number of axes, which Keras notices when they run.
_COMPARING = frozenset([*_IN_LIST, "MultiHeadAttention", "GroupedQueryAttention"])
_TENSOR_ARGUMENTS = (
    "query",
    "value",
    "key",
    "inputs",
    "sequence",
    "sequences",
    "initial_state",
)

# What a call of a class returned before, by the class and the shapes of its inputs.
KnownCalls = Mapping[tuple[str, tuple[Shape, ...]], tuple[Any, ...]]


def called(
    layer: Any,
    arguments: Sequence[Any],
    named: Mapping[str, Any],
    known: KnownCalls,
) -> Any:
    """Returns what a call of a layer or model returns.

    Args:
        layer: The layer: a new one, or an existing one of Keras.
        arguments: The arguments of the call.
        named: Those that are passed by name.
        known: What earlier calls returned, for layers without a rule.

    Raises:
        MisfitError: If Keras would refuse the call.
    """
    if isinstance(layer, NewModel) or functional_of(layer) is not None:
        return _through_model(as_model(layer), arguments)
    if isinstance(layer, NewSequential):
        return UNKNOWN if layer.model is None else _through_model(layer.model, arguments)
    layer = layer if isinstance(layer, NewLayer) else _existing(layer)
    values = [*arguments, *(named[name] for name in _TENSOR_ARGUMENTS if name in named)]
    if is_open(values):
        return UNKNOWN
    if holds(values, (NewLayer, NewModel)):
        raise MisfitError
    tensors = [item for item in flat(values) if isinstance(item, Tensor)]
    if not tensors:
        return UNKNOWN
    _expect_form(layer, arguments, tensors)
    if isinstance(layer.inner, NewModel):
        result = _each_step(layer.inner, tensors[0])
    elif layer.library and rule_of(layer.kind) is not None:
        result = _by_rule(layer, tensors)
    else:
        shapes = tuple(tensor.shape for tensor in tensors)
        outputs = known.get((layer.kind, shapes), ())
        result = outputs[0] if len(outputs) == 1 else UNKNOWN
    layer.output = result
    return result


def as_model(model: Any) -> NewModel:
    """Returns a model in the form of a new one."""
    if isinstance(model, NewModel):
        return model
    functional = functional_of(model)
    inputs = [known_value(tensor) for tensor in functional.inputs]
    outputs = [known_value(tensor) for tensor in functional.outputs]
    return NewModel(_single(inputs), _single(outputs))


def _single(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _existing(layer: Any) -> NewLayer:
    """Returns a layer that exists in the form of a new one."""
    weights = tuple(sorted(tuple(weight.shape) for weight in layer.weights))
    settings = changed_settings(layer) if is_library(layer) else {}
    return NewLayer(type(layer).__name__, settings, is_library(layer), weights or None)


def _expect_form(layer: NewLayer, arguments: Sequence[Any], tensors: Sequence[Any]) -> None:
    """Expects one tensor, or one list of tensors, if the layer takes that."""
    if not layer.library:
        return
    if layer.kind in _MERGES or layer.kind in _IN_LIST:
        if len(tensors) < 2 or len(arguments) > 1:
            raise MisfitError
    elif layer.kind not in _SEVERAL and len(tensors) > 1 and rule_of(layer.kind) is not None:
        raise MisfitError


def _by_rule(layer: NewLayer, tensors: Sequence[Tensor]) -> Any:
    specs = tuple(TensorSpec(tensor.shape, tensor.dtype) for tensor in tensors)
    shapes = tuple(tensor.shape for tensor in tensors)
    call = Call("", "", layer.kind, "", specs, settings=layer.settings)
    if layer.kind in _COMPARING and len({len(shape) for shape in shapes}) > 1:
        raise MisfitError
    try:
        result = derivation(call, shapes)
    except DoesNotFitError as error:
        raise MisfitError from error
    except Exception:  # a setting has a form that the rule does not expect
        return UNKNOWN
    if result is None:
        return UNKNOWN
    weights = tuple(sorted(tuple(size.shape) for size in result.weights))
    if None not in [size for shape in weights for size in shape]:
        if layer.weights is not None and layer.weights != weights:
            raise MisfitError
        layer.weights = weights
    if any(size is not None and size < 1 for shape in result.shapes for size in shape[1:]):
        raise MisfitError
    dtype = tensors[0].dtype if tensors[0].dtype.startswith("float") else "float32"
    outputs = [Tensor(tuple(shape), dtype) for shape in result.shapes]
    return _single(outputs)


def _each_step(model: NewModel, tensor: Tensor) -> Any:
    """Applies a model to each step of a sequence, as `TimeDistributed` does."""
    if len(tensor.shape) < 3:
        raise MisfitError
    first, steps, *rest = tensor.shape
    result = _through_model(model, [Tensor((first, *rest), tensor.dtype)])
    if not isinstance(result, Tensor):
        return UNKNOWN
    return Tensor((first, steps, *result.shape[1:]), result.dtype)


def _through_model(model: NewModel, arguments: Sequence[Any]) -> Any:
    given = [item for item in flat(arguments[:1]) if item is not None]
    wanted = list(flat(model.inputs))
    if is_open(given) or is_open(wanted) or not all(isinstance(it, Tensor) for it in given):
        return UNKNOWN
    if len(given) != len(wanted):
        raise MisfitError
    if len(given) == 1 or not isinstance(arguments[0], Mapping):
        for tensor, expected in zip(given, wanted, strict=True):
            expect_shape(tensor.shape, expected.shape)
    outputs = model.outputs
    if isinstance(outputs, (list, tuple)):
        return [Tensor(it.shape, it.dtype) if isinstance(it, Tensor) else it for it in outputs]
    return Tensor(outputs.shape, outputs.dtype) if isinstance(outputs, Tensor) else outputs


def expect_shape(shape: Shape, wanted: Shape) -> None:
    """Expects that an input of a model takes a shape.

    Raises:
        MisfitError: If it does not.
    """
    pairs = zip(shape[1:], wanted[1:], strict=False)
    clash = any(a is not None and b is not None and a != b for a, b in pairs)
    if len(shape) != len(wanted) or clash:
        raise MisfitError


def model_of(inputs: Any, outputs: Any) -> NewModel:
    """Returns a functional model.

    Raises:
        MisfitError: If an input or output is no tensor, or if a tensor of the inputs is computed.
    """
    for value in (*flat(inputs), *flat(outputs)):
        if value is not UNKNOWN and not isinstance(value, Tensor):
            raise MisfitError
    if any(isinstance(value, Tensor) and not value.is_input for value in flat(inputs)):
        raise MisfitError
    return NewModel(inputs, outputs)


def applied_in_turn(layers: Iterable[Any], start: Any, known: KnownCalls) -> Any:
    """Returns the output of layers that are called one after the other."""
    value = start
    for layer in layers:
        if isinstance(layer, Tensor):
            value = layer
        elif value is None:
            return UNKNOWN
        else:
            value = called(layer, [value], {}, known)
    return value
