"""Shape rules for recurrent cells, which take one step, and for layers, which take all steps."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules import windows
from kfunc_lab.shapes.rules.arithmetic import Term, number
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    Shape,
    WeightSize,
    axis,
    batch,
    expect_rank,
    known,
    parse_layer,
    positive,
)

_KERAS = "https://keras.io/api/layers/recurrent_layers/"
_LSTM = "https://doi.org/10.1162/neco.1997.9.8.1735"
_GRU = "https://arxiv.org/abs/1406.1078"

# The size of a state, or a tuple for several states, which may be nested.
States = Term | tuple["States", ...]

# The number of gates of each cell, whose kernels are stored in one matrix.
_GATES = {"SimpleRNNCell": 1, "GRUCell": 3, "LSTMCell": 4}


@dataclass(frozen=True)
class _Cell:
    """The weights and sizes of a cell.

    Attributes:
        weights: Its weights.
        units: The size of its output.
        states: The sizes of its states.
    """

    weights: tuple[WeightSize, ...]
    units: Term
    states: States


def _cell(kind: str, settings: Mapping[str, Any], entering: Term, steps: Term) -> _Cell:
    """Computes the weights and sizes of a cell.

    Args:
        kind: The class of the cell.
        settings: Its settings; defaults may be missing.
        entering: The size of its input.
        steps: The number of its calls for one example.
    """
    if kind == "StackedRNNCells":
        return _stacked(settings, entering, steps)
    if kind not in _GATES:
        raise NoRuleError(kind)
    units = number(positive(settings, "units"), "u")
    gates = units if _GATES[kind] == 1 else _GATES[kind] * units
    weights = [
        WeightSize("kernel", (entering, gates), steps),
        WeightSize("recurrent_kernel", (units, gates), steps),
    ]
    if settings.get("use_bias", True):
        # A second bias for the state, because the reset gate scales only the state.
        both = kind == "GRUCell" and settings.get("reset_after", True)
        weights.append(WeightSize("bias", (number(2), gates) if both else (gates,)))
    return _Cell(tuple(weights), units, (units, units) if kind == "LSTMCell" else units)


def _stacked(settings: Mapping[str, Any], entering: Term, steps: Term) -> _Cell:
    """Computes stacked cells: each one takes the output of the one before it."""
    weights: list[WeightSize] = []
    cells: list[_Cell] = []
    counts: Counter[str] = Counter()
    for text in settings.get("cells", ()):
        kind, inner = parse_layer(text)
        cell = _cell(kind, inner, entering, steps)
        cells.append(cell)
        entering = number(cell.units.value, "n")
        name = layer_name(kind)
        weights += within(f"{name}_{counts[name]}" if counts[name] else name, cell.weights)
        counts[name] += 1
    if not cells:
        raise NoRuleError("StackedRNNCells")
    return _Cell(tuple(weights), cells[-1].units, tuple(cell.states for cell in cells))


def layer_name(kind: str) -> str:
    """Returns the name that Keras gives to the first layer of a class.

    Example:
        >>> layer_name("StackedRNNCells"), layer_name("ConvLSTM1D"), layer_name("GRUCell")
        ('stacked_rnn_cells', 'conv_lstm1d', 'gru_cell')
    """
    spread = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub("([a-z])([A-Z])", r"\1_\2", spread).lower()


def within(name: str, weights: Iterable[WeightSize]) -> list[WeightSize]:
    """Prefixes the names of weights with the name of an inner layer."""
    return [replace(weight, name=f"{name}/{weight.name}") for weight in weights]


def _flat(states: States) -> list[Term]:
    if isinstance(states, Term):
        return [states]
    return [size for inner in states for size in _flat(inner)]


# ---------------------------------------------------------------------------------------------
# Layers that take all steps


def _over_steps(
    call: Given,
    weights: Iterable[WeightSize],
    output: tuple[Axis, ...],
    states: Sequence[tuple[Axis, ...]],
) -> Derivation:
    """Derives a recurrent layer from its output for one step.

    Args:
        call: The settings and inputs of the layer.
        weights: Its weights.
        output: The axes of its output for one step, without the batch.
        states: The axes of each state, without the batch.
    """
    if call.get("stateful") and call.shape[0] is None:
        raise DoesNotFitError(
            _(
                "It keeps its states from batch to batch, so it needs a fixed batch size: "
                "{shape}."
            ).format(shape=call.shape)
        )
    first = batch(call)
    state_axes = tuple((first, *axes) for axes in states)
    _expect_states(call, [tuple(one.size.value for one in axes) for axes in state_axes])
    steps = axis("steps", call.shape[1], "input")
    output = (first, steps, *output) if call.get("return_sequences") else (first, *output)
    return Derivation(
        (output, *(state_axes if call.get("return_state") else ())), tuple(weights)
    )


def _expect_states(call: Given, expected: Sequence[Shape]) -> None:
    """Raises `DoesNotFitError` if the initial states do not match those of the cell."""
    initial = call.inputs[1:]
    if not initial:
        return
    if len(initial) < len(expected):
        raise DoesNotFitError(
            _("It needs {n} initial states, but got {found}.").format(
                n=len(expected), found=len(initial)
            ),
            f"{len(initial)} < {len(expected)}",
        )
    if len(initial) > len(expected):
        raise NoRuleError(call.kind)
    for state, shape in zip(initial, expected, strict=True):
        if len(state) != len(shape) or any(
            None not in sizes and sizes[0] != sizes[1]
            for sizes in zip(state[1:], shape[1:], strict=True)
        ):
            raise DoesNotFitError(
                _(
                    "Its state has shape {shape}, but the initial state has shape {found}."
                ).format(shape=shape, found=state),
                f"{state} ≠ {shape}",
            )


def _of_size(size: Term) -> tuple[Axis, ...]:
    return (axis("features", size.value, "units"),)


def _with_cell(call: Given, kind: str, settings: Mapping[str, Any]) -> tuple[_Cell, Derivation]:
    entering = number(known(call.shape[-1], call.shape), "n")
    cell = _cell(kind, settings, entering, number(call.shape[1]))
    return cell, _over_steps(
        call,
        within(layer_name(kind), cell.weights),
        _of_size(cell.units),
        [_of_size(size) for size in _flat(cell.states)],
    )


def _layer(call: Given) -> Derivation:
    """Derives a layer with one cell, which has the same settings."""
    expect_rank(call, 3)
    return _with_cell(call, f"{call.kind}Cell", call.settings)[1]


def _rnn(call: Given) -> Derivation:
    if len(call.shape) != 3:  # only the cell itself knows what it does with further axes
        raise NoRuleError(call.kind)
    cell, result = _with_cell(call, *parse_layer(call.get("cell")))
    if call.get("return_state") and _depth(cell.states) > 2:
        raise DoesNotFitError(_("It cannot return the states of nested StackedRNNCells."))
    return result


def _depth(states: States) -> int:
    """Returns how deep states are nested."""
    return 0 if isinstance(states, Term) else 1 + max(map(_depth, states))


# ---------------------------------------------------------------------------------------------
# Cells that are called directly, for one step


def _called_cell(call: Given) -> Derivation:
    shape, states = call.shape, call.inputs[1:]
    if any(len(state) != 2 or state[0] != shape[0] or state[1] is None for state in states):
        raise NoRuleError(call.kind)
    # In nested stacks, Keras cannot distinguish a single state from a list of states.
    if any(parse_layer(inner)[0] == "StackedRNNCells" for inner in call.get("cells", ())):
        raise NoRuleError(call.kind)
    expect_rank(call, 2)
    entering = number(known(shape[-1], shape), "n")
    cell = _cell(call.kind, call.settings, entering, number(1))
    sizes = _flat(cell.states)
    _expect_states(call, [(shape[0], size.value) for size in sizes])
    return Derivation(
        tuple((batch(call), *_of_size(size)) for size in (cell.units, *sizes)), cell.weights
    )


# ---------------------------------------------------------------------------------------------
# Convolutional cells

_CONVOLUTIONS = {rule.kind: rule.derive for rule in windows.RULES}


def _conv_lstm(call: Given, *, rank: int) -> Derivation:
    """Derives a ConvLSTM: it convolves the input of each step and the state."""
    expect_rank(call, rank + 3)
    convolution = f"Conv{rank}D"
    step = Given(convolution, call.settings, ((call.shape[0], *call.shape[2:]),))
    space = step.shape[2:] if call.channels_first else step.shape[1:-1]
    if None in space:
        raise DoesNotFitError(
            _("It needs a fixed size for each axis of an image: {shape}.").format(
                shape=call.shape
            )
        )
    convolved = _CONVOLUTIONS[convolution](step)
    kernel = convolved.weights[0]
    *window, _channels, filters = kernel.sizes
    uses = (kernel.uses or number(1)) * number(call.shape[1])
    gates = 4 * filters
    weights = [
        WeightSize("kernel", (*kernel.sizes[:-1], gates), uses),
        WeightSize("recurrent_kernel", (*window, filters, gates), uses),
        *([WeightSize("bias", (gates,))] if call.get("use_bias", True) else []),
    ]
    output = convolved.outputs[0][1:]
    return _over_steps(call, within("conv_lstm_cell", weights), output, [output, output])


# ---------------------------------------------------------------------------------------------

# Of the settings that change the number of outputs, only this one can be changed in the view,
# because the code around a layer depends on the number.
_RETURNS = ("return_sequences",)
_STEPS = "steps"

RULES = (
    Rule(
        "SimpleRNN",
        _layer,
        _KERAS + "simple_rnn/",
        ("units", *_RETURNS, "use_bias"),
        _STEPS,
    ),
    Rule("GRU", _layer, _GRU, ("units", *_RETURNS, "use_bias", "reset_after"), _STEPS),
    Rule("LSTM", _layer, _LSTM, ("units", *_RETURNS, "use_bias"), _STEPS),
    Rule("RNN", _rnn, _KERAS + "rnn/", _RETURNS, _STEPS),
    Rule("SimpleRNNCell", _called_cell, _KERAS + "simple_rnn_cell/", ("units", "use_bias")),
    Rule("GRUCell", _called_cell, _GRU, ("units", "use_bias", "reset_after")),
    Rule("LSTMCell", _called_cell, _LSTM, ("units", "use_bias")),
    Rule("StackedRNNCells", _called_cell, _KERAS + "stacked_rnn_cell/"),
    *(
        Rule(
            f"ConvLSTM{rank}D",
            partial(_conv_lstm, rank=rank),
            "https://arxiv.org/abs/1506.04214",
            (
                "filters",
                "kernel_size",
                "strides",
                "padding",
                "dilation_rate",
                *_RETURNS,
                "use_bias",
            ),
            _STEPS,
        )
        for rank in (1, 2, 3)
    ),
)
