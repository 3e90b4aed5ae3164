"""Candidates for a lost or superfluous axis of steps: recurrent layers and their states."""

from collections.abc import Iterator

from kfunc_lab.locale import _
from kfunc_lab.mistakes.search.problem import (
    GOAL,
    Candidate,
    Layer,
    Problem,
    inner_layer,
    setting,
    with_inner_setting,
)

RECURRENT = frozenset(
    ["LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]
)


def candidates(problem: Problem) -> Iterator[Candidate]:
    """Yields candidates that return every step, only the last one, or no states."""
    yield from _sequences(problem)
    yield from _repeated(problem)
    yield from _each_step(problem)
    yield from _fixed_batch(problem)


def _sequences(problem: Problem) -> Iterator[Candidate]:
    for call, distance in problem.upstream():
        kind, settings = inner_layer(call)
        if kind not in RECURRENT:
            continue
        returns = bool(settings.get("return_sequences", False))
        changes = with_inner_setting(call, "return_sequences", not returns)
        # Joined with another tensor, a sequence of open length only seems to fit.
        is_open = call.inputs[0].shape is None or call.inputs[0].shape[1] is None
        flattens = next(problem.upstream())[0].kind == "Flatten" and returns
        more = (
            0.8
            if flattens
            else 1.5
            if len(problem.shapes) > 1 and is_open and not returns
            else 0
        )
        yield Candidate(0.9 + 0.25 * distance + more, settings={call.layer_id: changes})


def _repeated(problem: Problem) -> Iterator[Candidate]:
    """Repeats a vector for the steps of another input, or of the model's own sequence."""
    steps = [shape[1] for shape in problem.shapes if len(shape) == 3]
    steps += [
        tensor.shape[1]
        for call, _distance in problem.upstream()
        for tensor in call.outputs
        if call.kind == "InputLayer" and tensor.shape is not None and len(tensor.shape) == 3
    ]
    for position, shape in enumerate(problem.shapes):
        if len(shape) != 2 or not steps or steps[0] is None:
            continue
        layer = Layer("RepeatVector", {"n": steps[0]})
        yield Candidate(2.9, inserted={(GOAL, position): (layer,)})


def _each_step(problem: Problem) -> Iterator[Candidate]:
    """Applies the layer to each step of a sequence of images."""
    if problem.operation is None or problem.goal.operation or len(problem.shapes) != 1:
        return
    goal, rank = problem.goal, len(problem.shapes[0])
    windows = "Conv" in goal.kind or "Pooling" in goal.kind
    if rank >= 4 and windows and "LSTM" not in goal.kind:
        words = ", ".join(f"{name}={value!r}" for name, value in goal.settings.items())
        wrapped = Layer("TimeDistributed", {"layer": f"{goal.kind}({words})"})
        yield Candidate(2.4, replaced={GOAL: wrapped})


def _fixed_batch(problem: Problem) -> Iterator[Candidate]:
    """Fixes the batch size, which a stateful layer needs."""
    if not setting(problem.goal, "stateful"):
        return
    for call, _distance in problem.upstream():
        if call.kind == "InputLayer" and call.outputs and call.outputs[0].shape:
            note = _("Train and predict with batches of that size, too.")
            shape = (32, *call.outputs[0].shape[1:])
            yield Candidate(1.0, inputs={call.id: shape}, note=note)
