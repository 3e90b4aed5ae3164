"""Lesson 12: count the calls inside a recurrent layer, and free one from a fixed batch size."""

import ast
import contextlib
import warnings
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

from kfunc_lab.lessons.checking import answers
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_CALLS, _PARAMETERS, _SHAPE = 20, 1_633, (None, 20, 1)
_CONV = 5 * 5 * 16 + 16

_STEPS, _FEATURES, _UNITS = 10, 5, 4
_BATCHES = (16, 3, 1)


def _check_counts(answer: Any) -> None:
    answers.attempted(answer)
    said = answers.by_name(answer, ("calls", "parameters", "shape"))
    _check_calls(answers.whole_number(said["calls"]))
    _check_parameters(answers.whole_number(said["parameters"]))
    _check_shape(said["shape"])


def _check_calls(calls: int) -> None:
    if calls == _CALLS:
        return
    reasons = {
        1: _(
            "The model around it calls `rnn` once; inside, the loop calls again at every step."
        ),
        24: _("24 steps enter the convolution. At how many places does its window of 5 fit?"),
        19: _("24 − 5 leaves out one place: the window fits at the very beginning as well."),
        2 * _CALLS: _("40 are the calls of both projections; asked for is one of them."),
        2 * _CALLS + 1: _(
            "41 are all calls inside the RNN; asked for is `projection_1` alone."
        ),
        16: _(
            "16 are the filters of the convolution, the last axis; steps are the axis before."
        ),
        32: _("32 are the units, which are all made in the same call."),
    }
    general = _("One call for each step that leaves the convolution: those are not {n}.")
    raise Wrong("`calls`: " + reasons.get(calls, general.format(n=f"{calls:,}")))


def _check_parameters(parameters: int) -> None:
    if parameters == _PARAMETERS:
        return
    both = _PARAMETERS - 33
    shared = _("All steps call the same two layers: their weights are counted once.")
    reasons = {
        1_281: _("1,281 would be right for 5 numbers a step. What does the convolution make?"),
        2_145: _("2,145 was for 32 filters; this convolution has 16."),
        _PARAMETERS + _CONV: _("2,049 includes the 416 of the convolution; leave those out."),
        both: _("1,600 are those of both projections. The classifier has some as well."),
        16 * 32 + 32 * 32 + 32: _("1,568 are the weights. Each unit has a bias, too."),
        _CALLS * _PARAMETERS: shared,
        _CALLS * both: shared,
        _CALLS * both + 33: shared,
    }
    general = _(
        "Add up three Dense layers: `projection_1` takes what the convolution makes, "
        "`projection_2` takes the state, the classifier takes a state. That is not {n}."
    )
    raise Wrong("`parameters`: " + reasons.get(parameters, general.format(n=f"{parameters:,}")))


def _check_shape(said: Any) -> None:
    shape = _shape_of(said)
    if shape == _SHAPE:
        return
    if len(shape) == 3 and shape[0] is not None:
        reason = _("The batch is not fixed, so the first size is not {n} but `None`.").format(
            n=shape[0]
        )
    elif shape == _SHAPE[1:]:
        reason = _("The batch is missing: Keras writes it first, as `None`.")
    elif len(shape) == 2:
        reason = _("This Dense judges every step; no layer here takes the steps together.")
    elif shape[1:2] == (24,):
        reason = _("24 steps enter the convolution; fewer leave it.")
    elif shape[-1:] == (32,):
        reason = _("32 numbers are a state; the classifier makes one number of each.")
    else:
        reason = _("It is not {shape}. The order is batch, steps, numbers a step.").format(
            shape=shape
        )
    raise Wrong("`shape`: " + reason)


def _shape_of(said: Any) -> tuple[Any, ...]:
    if isinstance(said, str):
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            said = ast.literal_eval(said)
    if not isinstance(said, (tuple, list)):
        raise Wrong(
            _("`shape`: A tuple as `(None, 8, 1)` is expected; this is: {got}.").format(
                got=repr(said)
            )
        )
    return tuple(said)


def _check_any_batch(answer: Any) -> None:
    from kfunc_lab.graph.keras.dry_run import without_trace

    answers.attempted(answer)
    kind = _class_of(answer)
    with without_trace(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on layers that fail, of which the message speaks
        trial = _Trial(_open_model(kind))
        _check_weights(trial)
        _check_sizes(trial)
        _check_numbers(trial)
        _check_gradients(trial)


def _class_of(answer: Any) -> Any:
    import keras

    if isinstance(answer, keras.Model) and not isinstance(answer, type):
        shape = getattr(answer, "input_shape", None)
        if isinstance(shape, tuple) and shape and shape[0] is not None:
            raise Wrong(
                _(
                    "This is a model whose input fixes the batch at {n}; the layer inside is as "
                    "it was. Mend the class of the layer, and hand in that."
                ).format(n=shape[0])
            )
        raise Wrong(_("This is a model. Hand in the class of the layer: `Recurrent`."))
    kind = answer if isinstance(answer, type) else type(answer)
    if not issubclass(kind, keras.layers.Layer):
        raise Wrong(
            _("The class of a layer is expected, as `Recurrent`; this is: {got}.").format(
                got=kind.__name__
            )
        )
    return kind


def _open_model(kind: Any) -> Any:
    """Returns a model around a new layer, with an open batch."""
    try:
        kind(_UNITS)
    except Exception as error:
        raise Wrong(
            _("`{kind}({units})` fails: {error} Keep `units` as its first argument.").format(
                kind=kind.__name__, units=_UNITS, error=_first_line(error)
            )
        ) from error
    try:
        return _model(kind, None)
    except Exception as error:
        failed = error
    try:
        _model(kind, _BATCHES[0])
    except Exception as error:
        raise Wrong(
            _("The layer cannot be called, whatever the batch: {error}").format(
                error=_first_line(error)
            )
        ) from error
    raise Wrong(
        _(
            "With a batch of {n}, known beforehand, the layer can be called; with an open one it "
            "cannot: {error} Look for what needs the size of the batch while the graph is built."
        ).format(n=_BATCHES[0], error=_first_line(failed))
    )


def _model(kind: Any, batch: int | None) -> Any:
    import keras

    inputs = keras.Input(batch_shape=(batch, _STEPS, _FEATURES))
    return keras.Model(inputs, kind(_UNITS)(inputs))


class _Trial:
    """A model that is run on numbers of ours, with weights of ours."""

    def __init__(self, model: Any) -> None:
        import numpy as np

        drawn = np.random.default_rng(12)
        self.model = model
        self.weights = [
            drawn.normal(size=tuple(it.shape)).astype("float32")
            for it in model.trainable_variables
        ]
        self.x = drawn.normal(size=(max(_BATCHES), _STEPS, _FEATURES)).astype("float32")

    def run(self, batch: int, weights: Any = None) -> Any:
        """Returns what the model makes of so many samples, as a tensor."""
        import numpy as np

        others = [
            np.zeros(tuple(it.shape), it.dtype) for it in self.model.non_trainable_variables
        ]
        weights = self.weights if weights is None else weights
        return self.model.stateless_call(weights, others, self.x[:batch])[0]


def _check_weights(trial: _Trial) -> None:
    wanted = [(_FEATURES, _UNITS), (_UNITS,), (_UNITS, _UNITS), (_UNITS,)]
    shapes = [it.shape for it in trial.weights]
    if len(shapes) < len(wanted):
        raise Wrong(
            _(
                "Keras finds {n} arrays of weights in the layer; two Dense layers have 4. A layer "
                "that is made inside `call` is a new one at each step, and nobody trains it."
            ).format(n=len(shapes))
        )
    if sorted(shapes) != sorted(wanted):
        raise Wrong(
            _(
                "The weights have the shapes {got}; those of the two projections are {wanted}."
            ).format(got=_listed(shapes), wanted=_listed(wanted))
        )


def _check_sizes(trial: _Trial) -> None:
    shapes, failed = {}, {}
    for batch in _BATCHES:
        try:
            shapes[batch] = tuple(trial.run(batch).shape)
        except Exception as error:
            failed[batch] = _first_line(error)
    if failed and not shapes:
        raise Wrong(
            _("The graph can be built, but fails when the numbers come: {error}").format(
                error=failed[_BATCHES[0]]
            )
        )
    others = [it for it, shape in shapes.items() if shape[0] == _BATCHES[0] != it]
    if failed or (others and shapes[_BATCHES[0]][0] == _BATCHES[0]):
        wrong = next(iter(failed), None) or others[0]
        raise Wrong(
            _(
                "A batch of {right} comes out well, one of {wrong} does not: a number of samples "
                "is written into the layer. Ask the data for it."
            ).format(right=next(iter(shapes)), wrong=wrong)
        )
    _check_result(shapes[3])


def _check_result(shape: tuple[int, ...]) -> None:
    if shape == (3, _STEPS, _UNITS):
        return
    if shape == (3, _UNITS):
        raise Wrong(
            _(
                "3 sequences give {shape}: one state a sequence. The states of all {steps} steps "
                "are asked for."
            ).format(shape=shape, steps=_STEPS)
        )
    if shape == (_STEPS, 3, _UNITS):
        raise Wrong(
            _(
                "3 sequences give {shape}: the steps come first. The batch belongs there; `stack` "
                "has an argument `axis`."
            ).format(shape=shape)
        )
    raise Wrong(
        _("3 sequences give {shape}; {wanted} is asked for: batch, steps, units.").format(
            shape=shape, wanted=(3, _STEPS, _UNITS)
        )
    )


def _check_numbers(trial: _Trial) -> None:
    import numpy as np

    got, again = np.asarray(trial.run(3)), np.asarray(trial.run(3))
    if not np.array_equal(got, again):
        raise Wrong(
            _(
                "Two calls on the same numbers give different results. Every call begins with "
                "the same zeros, and nothing here is drawn at random."
            )
        )
    wanted = [_states(trial.x[:3], each) for each in _projections(trial.weights)]
    if any(_same(got, it) for it in wanted):
        return
    for each in _projections(trial.weights):
        for reason, other in _known_mistakes(trial.x[:3], each):
            if _same(got, other):
                raise Wrong(reason)
    step = max(int(np.argmax(np.abs(got - it).max(axis=(0, 2)) > 1e-4)) for it in wanted)
    raise Wrong(
        _(
            "All sizes fit, but from step {step} on (counted from 0) the states are not "
            "`projection_1(x) + projection_2(state)`, begun with zeros."
        ).format(step=step)
    )


_Projection = Callable[[Any], Any]


def _projections(weights: Sequence[Any]) -> list[tuple[_Projection, _Projection]]:
    """Returns both projections, in either order of the biases, which are alike in shape."""
    import numpy as np

    def dense(kernel: Any, bias: Any) -> _Projection:
        return lambda x: np.tanh(x @ kernel + bias)

    kernels = {it.shape[0]: it for it in weights if it.ndim == 2}
    biases = [it for it in weights if it.ndim == 1]
    return [
        (dense(kernels[_FEATURES], one), dense(kernels[_UNITS], other))
        for one, other in permutations(biases)
    ]


def _states(
    x: Any,
    projections: tuple[_Projection, _Projection],
    start: float = 0.0,
    carried: Callable[[Any, Any, Any], Any] = lambda old, new, both: both,
) -> Any:
    """Returns the states of all steps: from the formula, or from a mistaken one.

    Args:
        x: The sequences, of shape (batch, steps, features).
        projections: What is made of a step, and what is made of the state.
        start: What the first state is filled with.
        carried: What goes on to the next step, of the old state, the projected step, and the
            sum of both projections.
    """
    import numpy as np

    of_step, of_state = projections
    states, state = [], np.full((len(x), _UNITS), start, "float32")
    for step in range(x.shape[1]):
        new = of_step(x[:, step])
        both = new + of_state(state)
        state = carried(state, new, both)
        states.append(both)
    return np.stack(states, axis=1)


def _known_mistakes(
    x: Any, projections: tuple[_Projection, _Projection]
) -> list[tuple[str, Any]]:
    right = _states(x, projections)
    return [
        (
            _("The first state is made of ones: the RNN remembers something that never was."),
            _states(x, projections, start=1.0),
        ),
        (
            _(
                "Each step begins with the first state again: the new state is kept in the list, "
                "but not carried on to the next step."
            ),
            _states(x, projections, carried=lambda old, new, both: old),
        ),
        (
            _(
                "What is carried on is `projection_1(x)` alone, so a step knows of the one before "
                "it and of nothing earlier. Carry the sum on."
            ),
            _states(x, projections, carried=lambda old, new, both: new),
        ),
        (
            _("Each result is the sum of all states so far. The state itself is asked for."),
            right.cumsum(axis=1),
        ),
        (
            _("The sequence is read from its end. The loop begins with step 0."),
            _states(x[:, ::-1], projections),
        ),
        (
            _("The states are right, but their order is reversed: the last one stands first."),
            right[:, ::-1],
        ),
    ]


def _same(one: Any, other: Any) -> bool:
    import numpy as np

    return bool(np.allclose(one, other, atol=1e-4))


def _check_gradients(trial: _Trial) -> None:
    import numpy as np
    import tensorflow as tf

    weights = [tf.constant(it) for it in trial.weights]
    with tf.GradientTape() as tape:
        tape.watch(weights)
        total = tf.reduce_sum(tf.square(trial.run(3, weights)))
    found = tape.gradient(total, weights)
    reached = [it is not None and bool(np.any(np.asarray(it))) for it in found]
    if not all(reached):
        raise Wrong(
            _(
                "The numbers are right, but a gradient reaches only {n} of {all} arrays of "
                "weights, so the layer could not learn. What cuts it off?"
            ).format(n=sum(reached), all=len(reached))
        )


def _first_line(error: Exception) -> str:
    """Returns what an error says, without what Keras wraps around it."""
    lines = [it.strip() for it in str(error).replace("\x1b[1m", "").splitlines()]
    lines = [it for it in lines if it and not it.startswith("Exception encountered when")]
    said = lines[0].replace("\x1b[0m", "") if lines else type(error).__name__
    return said[:160].rstrip(". ") + "."


def _listed(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(map(str, shapes)) or _("nothing")


EXERCISES = [
    Exercise(
        name="rnn-calls",
        check=_check_counts,
        praise=N_(
            "24 − 5 + 1 = 20 steps, so 20 calls of one layer, with one set of weights: "
            "544 + 1,056 + 33 = 1,633."
        ),
        hints=(
            N_(
                "Go through it from left to right: which shape leaves the convolution? Its second "
                "size is the number of steps, its last one what `projection_1` takes."
            ),
            N_(
                "A window of 5 fits into 24 steps at 24 − 5 + 1 places. Then three Dense layers: "
                "16 → 32, 32 → 32 and 32 → 1, each with its biases."
            ),
        ),
        solution="""\
answer = {
    "calls": 24 - 5 + 1,
    "parameters": (16 * 32 + 32) + (32 * 32 + 32) + (32 * 1 + 1),
    "shape": (None, 20, 1),
}""",
        answer="answer",
    ),
    Exercise(
        name="any-batch",
        check=_check_any_batch,
        praise=N_(
            "The size of the batch is asked for when the numbers are there, so 1, 3 and 16 "
            "sequences give the right states, and both projections can learn."
        ),
        hints=(
            N_(
                "`build` runs once, when the layer is first called, and sees shapes only. What "
                "depends on the numbers of a call belongs into `call`."
            ),
            N_(
                "Remove `build`, and let `call` make the zeros: `ops.shape(inputs)[0]` is how many "
                "sequences have come."
            ),
        ),
        solution="""\
class Recurrent(layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.projection_1 = layers.Dense(units, activation="tanh")
        self.projection_2 = layers.Dense(units, activation="tanh")

    def call(self, inputs):
        states, state = [], ops.zeros((ops.shape(inputs)[0], self.projection_2.units))
        for step in range(inputs.shape[1]):
            state = self.projection_1(inputs[:, step]) + self.projection_2(state)
            states.append(state)
        return ops.stack(states, axis=1)


answer = Recurrent""",
        answer="answer",
    ),
]
