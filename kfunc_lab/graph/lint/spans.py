"""Which values a call can return: the range that its activation allows, as far as it is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, inf

from kfunc_lab.graph.lint.finding import Case
from kfunc_lab.graph.model.families import family_of
from kfunc_lab.graph.model.layer_graph import Call


@dataclass(frozen=True)
class Span:
    """The range of the values that a call returns.

    Attributes:
        low: The lowest value.
        high: The highest value.
        call: The id of the call whose activation decides the range.
        activation: The name of that activation; `"linear"` if there is none.
        adds_up: Whether the values along the last axis add up to 1.
    """

    low: float
    high: float
    call: str
    activation: str
    adds_up: bool = False

    @property
    def is_probability(self) -> bool:
        """Whether all values are from 0 to 1."""
        return self.low >= 0 and self.high <= 1


_RANGES = {
    "linear": (-inf, inf), "softmax": (0, 1), "sigmoid": (0, 1), "hard_sigmoid": (0, 1),
    "sparsemax": (0, 1), "tanh": (-1, 1), "hard_tanh": (-1, 1), "softsign": (-1, 1),
    "relu": (0, inf), "relu6": (0, 6), "softplus": (0, inf), "exponential": (0, inf),
    "elu": (-inf, inf), "selu": (-inf, inf), "gelu": (-inf, inf), "silu": (-inf, inf),
    "swish": (-inf, inf), "leaky_relu": (-inf, inf), "celu": (-inf, inf),
    "log_softmax": (-inf, 0), "log_sigmoid": (-inf, 0),
    "square": (0, inf), "sqrt": (0, inf), "absolute": (0, inf), "norm": (0, inf),
    "exp": (0, inf),
}  # fmt: skip

# Operations and layers that are nothing but an activation, by the lower-case class.
_ACTIVATION_KINDS = {
    "softmax": "softmax", "sigmoid": "sigmoid", "hardsigmoid": "hard_sigmoid", "tanh": "tanh",
    "hardtanh": "hard_tanh", "softsign": "softsign", "relu": "relu", "relu6": "relu6",
    "softplus": "softplus", "elu": "elu", "selu": "selu", "gelu": "gelu", "silu": "silu",
    "leakyrelu": "leaky_relu", "celu": "celu", "logsoftmax": "log_softmax",
    "logsigmoid": "log_sigmoid", "square": "square", "sqrt": "sqrt", "absolute": "absolute",
    "norm": "norm", "exp": "exp",
}  # fmt: skip
_RECURRENT = {"LSTM", "GRU", "SimpleRNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}

# What returns some of its inputs' values, or values between them.
_PASSING = {
    "Reshape", "Flatten", "Permute", "Transpose", "Squeeze", "ExpandDims", "Cast", "Identity",
    "RepeatVector", "GetItem", "Concatenate", "Stack", "Maximum", "Minimum", "Average", "Mean",
    "Max", "Min", "Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    "Cropping1D", "Cropping2D", "Cropping3D", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "GlobalMaxPooling1D",
    "GlobalMaxPooling2D", "GlobalMaxPooling3D", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalAveragePooling3D", "UpSampling1D", "UpSampling2D",
    "UpSampling3D", "Split", "Unstack",
}  # fmt: skip
# What returns several results of the same kind; a cell's state, say, has a range of its own.
_ALIKE = {"Split", "Unstack", "GRU", "SimpleRNN"}
# What returns the values of the layer inside.
WRAPPERS = {"TimeDistributed", "SpectralNormalization"}
_INCREASING = {"Exp": exp}
_KEEPING_SUMS = {"Cast", "Identity", "Average"}
_LARGE = 700  # exp of more is no number of 64 bits
_DEPTH = 60  # calls followed backwards from an output


def span_of(case: Case, call: Call, output: int = 0, depth: int = _DEPTH) -> Span | None:
    """Returns the range of the values that a call returns; `None` if it is not known.

    Args:
        case: The model.
        call: The call.
        output: Which of its results.
        depth: How many calls may be followed backwards.
    """
    if not call.library or depth == 0:
        return None
    if output and call.kind not in _ALIKE and (call.kind, output) != ("LSTM", 1):
        return None
    if call.kind in WRAPPERS:
        inner = case.inside(call)
        span = span_of(case, inner[0], depth=1) if len(inner) == 1 else None
        return span and replace(span, call=call.id)
    if call.kind in _INCREASING:
        return _mapped(case, call, depth)
    activation = activation_of(call)
    if activation in (None, "linear") and call.kind in {*_PASSING, "Activation"}:
        return _hull(case, call, depth)
    if call.kind in _ARITHMETIC:
        return _ARITHMETIC[call.kind](case, call, depth)
    if activation not in _RANGES:
        return None
    low, high = _RANGES[activation]
    if call.kind in _RECURRENT:
        low = min(low, 0.0)  # the first state is 0
    adds_up = activation == "softmax" and softmax_axis(call) == -1
    return Span(low, high, call.id, activation, adds_up and call.kind not in _RECURRENT)


def _mapped(case: Case, call: Call, depth: int) -> Span | None:
    """Applies an increasing function to the range before it: exp(log_softmax) is at most 1."""
    before = _only_span(case, call, depth)
    low, high = (before.low, before.high) if before is not None else (-inf, inf)
    adds_up = before is not None and before.activation == "log_softmax"
    return Span(
        0 if low == -inf else _INCREASING[call.kind](low),
        inf if high > _LARGE else _INCREASING[call.kind](high),
        call.id,
        activation_of(call) or "?",
        adds_up,
    )


def activation_of(call: Call) -> str | None:
    """Returns the activation of a call, `"linear"` if it has none, `None` if it is not known."""
    kind = call.kind.lower()
    if kind in _ACTIVATION_KINDS:
        return _limited(call, _ACTIVATION_KINDS[kind])
    default = "tanh" if call.kind in _RECURRENT else "linear"
    if "activation" in call.settings:
        name = str(call.settings["activation"])
        return name if name in _RANGES else None
    if call.kind == "Activation" or call.kind in _RECURRENT:
        return default
    weighted = family_of(call).name in ("dense", "convolution") and bool(call.parameters)
    normal = call.kind.endswith("Normalization") and bool(call.parameters)
    return "linear" if weighted or normal else None


def _limited(call: Call, activation: str) -> str:
    """Distinguishes `ReLU(max_value=1)` from `ReLU()`."""
    if activation == "relu" and call.settings.get("max_value") is not None:
        return "relu with a limit"
    return (
        "leaky_relu"
        if activation == "relu" and "negative_slope" in call.settings
        else activation
    )


def softmax_axis(call: Call) -> object:
    """Returns the axis of a softmax: -1 for the last one."""
    axis = call.settings.get("axis", -1)
    rank = len(call.outputs[0].shape or ()) if call.outputs else 0
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        axis = axis[0]
    return -1 if isinstance(axis, int) and rank and axis % rank == rank - 1 else axis


def _spans(case: Case, call: Call, depth: int) -> list[Span | None]:
    """Returns the ranges of what a call takes."""
    sources = case.sources_of(call.id)
    return [span_of(case, source, output, depth - 1) for source, output in sources]


def _only_span(case: Case, call: Call, depth: int) -> Span | None:
    spans = _spans(case, call, depth)
    return spans[0] if len(spans) == 1 else None


def _hull(case: Case, call: Call, depth: int) -> Span | None:
    """Returns the range that holds all inputs of a call."""
    spans = _spans(case, call, depth)
    known = [span for span in spans if span is not None]
    if not known or len(known) < len(spans):
        return None
    same_axis = call.kind in _KEEPING_SUMS or (
        call.kind in ("Activation", "Dropout", "Reshape") and _keeps_last_axis(call)
    )
    widest = max(known, key=lambda span: span.high - span.low)
    return replace(
        widest,
        low=min(span.low for span in known),
        high=max(span.high for span in known),
        adds_up=same_axis and all(span.adds_up for span in known),
    )


def _keeps_last_axis(call: Call) -> bool:
    sizes = [spec.shape[-1] if spec.shape else None for spec in (*call.inputs, *call.outputs)]
    return call.kind != "Dropout" and len(set(sizes)) == 1


def _linear_sum(case: Case, call: Call, depth: int) -> Span | None:
    """Adds or subtracts: of numbers without limits, the result has none either."""
    spans = _spans(case, call, depth)
    if any(span is None or span.activation != "linear" for span in spans) or not spans:
        return None
    return Span(-inf, inf, call.id, "linear")


def _scaled(case: Case, call: Call, depth: int) -> Span | None:
    factor = number_in(call)
    span = _only_span(case, call, depth)
    divides_by_it = call.kind != "Multiply" and "x1" in call.settings
    if span is None or not factor or divides_by_it:
        return None
    if call.kind in ("TrueDivide", "Divide"):
        factor = 1 / factor
    ends = sorted((span.low * factor, span.high * factor))
    return replace(span, low=ends[0], high=ends[1], adds_up=False)


def number_in(call: Call) -> float | None:
    """Returns the number that a raw operation computes with, if there is only one."""
    numbers = [
        value
        for value in call.settings.values()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    ]
    return float(numbers[0]) if len(numbers) == 1 else None


_ARITHMETIC: dict[str, Callable[[Case, Call, int], Span | None]] = {
    "Add": _linear_sum,
    "Subtract": _linear_sum,
    "Multiply": _scaled,
    "TrueDivide": _scaled,
    "Divide": _scaled,
}


def ending(case: Case, call: Call, output: int) -> tuple[Call, Span | None]:
    """Returns the call that decides what an output of the model is, with its range."""
    span = span_of(case, call, output)
    decider = case.graph.call_of[span.call] if span is not None else call
    return decider, span
