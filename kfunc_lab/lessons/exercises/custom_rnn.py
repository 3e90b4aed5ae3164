"""Lesson 14: count the calls inside a recurrent layer, and make a layer accept any batch size."""

import warnings
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

from kfunc_lab.lessons.checking import answers
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.text import first_sentences, printable

_CALLS, _PARAMETERS, _SHAPE = 20, 1_633, (None, 20, 1)
_CONV = 5 * 5 * 16 + 16

_STEPS, _FEATURES, _UNITS = 10, 5, 4
_BATCHES = (16, 3, 1)


def _check_counts(answer: Any) -> None:
    answers.attempted(answer)
    parts = answers.by_name(answer, ("calls", "parameters", "shape"))
    _check_calls(answers.whole_number(parts["calls"], "calls"))
    _check_parameters(answers.whole_number(parts["parameters"], "parameters"))
    _check_shape(parts["shape"])


def _check_calls(calls: int) -> None:
    if calls == _CALLS:
        return
    reasons = {
        1: _("The outer model calls `rnn` once; inside, the loop calls again at every step."),
        24: _(
            "24 steps enter the convolution. In how many positions does its window of 5 fit?"
        ),
        19: _("24 − 5 misses one position: the window also fits at the very beginning."),
        2 * _CALLS: _(
            "40 counts the calls of both projections; the question is about one of them."
        ),
        2 * _CALLS + 1: _(
            "41 counts all calls inside the RNN; the question is only about `projection_1`."
        ),
        16: _(
            "16 is the number of filters of the convolution, the last axis; the steps are the "
            "axis before it."
        ),
        32: _("32 is the number of units, which are all computed in the same call."),
    }
    general = _(
        "There is one call for each step that leaves the convolution, and that is not {n}."
    )
    raise Wrong("`calls`: " + reasons.get(calls, general.format(n=f"{calls:,}")))


def _check_parameters(parameters: int) -> None:
    if parameters == _PARAMETERS:
        return
    both = _PARAMETERS - 33
    shared = _("All steps call the same two layers: their weights are counted once.")
    reasons = {
        1_281: _(
            "1,281 would be right for 5 numbers per step. What does the convolution output?"
        ),
        2_145: _("2,145 was for 32 filters; this convolution has 16."),
        _PARAMETERS + _CONV: _(
            "2,049 includes the 416 parameters of the convolution; do not count those."
        ),
        both: _("1,600 counts both projections. The classifier has parameters as well."),
        16 * 32 + 32 * 32 + 32: _("1,568 counts only the weights. Each unit has a bias, too."),
        _CALLS * _PARAMETERS: shared,
        _CALLS * both: shared,
        _CALLS * both + 33: shared,
    }
    general = _(
        "Add up three Dense layers: `projection_1` takes the output of the convolution, "
        "`projection_2` takes the state, the classifier takes a state. The sum is not {n}."
    )
    raise Wrong("`parameters`: " + reasons.get(parameters, general.format(n=f"{parameters:,}")))


def _check_shape(answer: Any) -> None:
    shape = answers.shape(answer)
    if shape == _SHAPE:
        return
    if len(shape) == 3 and shape[0] is not None:
        reason = _("The batch is not fixed, so the first size is not {n} but `None`.").format(
            n=shape[0]
        )
    elif shape == _SHAPE[1:]:
        reason = _("The batch is missing: Keras writes it first, as `None`.")
    elif len(shape) == 2:
        reason = _("This Dense layer is applied to every step; no layer here merges the steps.")
    elif shape[1:2] == (24,):
        reason = _("24 steps enter the convolution; fewer come out.")
    elif shape[-1:] == (32,):
        reason = _("A state has 32 numbers; the classifier turns each state into one number.")
    else:
        reason = _("It is not {shape}. The order is batch, steps, numbers per step.").format(
            shape=shape
        )
    raise Wrong("`shape`: " + reason)


def _check_any_batch(answer: Any) -> None:
    from kfunc_lab.graph.keras.state import preserve_keras_state

    answers.attempted(answer)
    kind = _class_of(answer)
    with preserve_keras_state(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about failing layers, which the message explains
        trial = _Trial(_open_model(kind))
        _check_weights(trial)
        _check_projections(trial)
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
                    "This is a model whose input fixes the batch at {n}; the layer inside has "
                    "not changed. Fix the class of the layer, and answer with that class."
                ).format(n=shape[0])
            )
        raise Wrong(_("This is a model. Answer with the class of the layer: `Recurrent`."))
    kind = answer if isinstance(answer, type) else type(answer)
    if not issubclass(kind, keras.layers.Layer):
        raise Wrong(
            _("Expected the class of a layer, such as `Recurrent`, got {got}.").format(
                got=kind.__name__
            )
        )
    return kind


def _open_model(kind: Any) -> Any:
    """Returns a model around a new layer, with an open batch size."""
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
            _("The layer cannot be called, whatever the batch size: {error}").format(
                error=_first_line(error)
            )
        ) from error
    raise Wrong(_why_not_open(kind, failed))


def _why_not_open(kind: Any, error: Exception) -> str:
    text = str(error)
    if "infer the output shape" in text or "NoneType" in text or "None values" in text:
        return _(
            "The layer can be called with a fixed batch of {n}, but not with an open one. "
            "While the graph is built, `inputs.shape[0]` is `None`: `{kind}` needs a number "
            "there. Read the batch size from the data."
        ).format(n=_BATCHES[0], kind=printable(kind.__name__))
    return _(
        "The layer can be called with a fixed batch of {n}, but not with an open one: "
        "{error} Find what needs the batch size while the graph is built."
    ).format(n=_BATCHES[0], error=_first_line(error))


def _model(kind: Any, batch: int | None) -> Any:
    import keras

    inputs = keras.Input(batch_shape=(batch, _STEPS, _FEATURES))
    return keras.Model(inputs, kind(_UNITS)(inputs))


class _Trial:
    """Runs a model on fixed inputs, with fixed weights."""

    def __init__(self, model: Any) -> None:
        import numpy as np

        random = np.random.default_rng(12)
        self.model = model
        self.weights = [
            random.normal(size=tuple(variable.shape)).astype("float32")
            for variable in model.trainable_variables
        ]
        self.x = random.normal(size=(max(_BATCHES), _STEPS, _FEATURES)).astype("float32")

    def run(self, batch: int, weights: Any = None) -> Any:
        """Returns the model's output for a number of samples, as a tensor."""
        import numpy as np
        from keras import ops

        others = [
            np.zeros(tuple(variable.shape), variable.dtype)
            for variable in self.model.non_trainable_variables
        ]
        weights = list(map(ops.convert_to_tensor, weights or self.weights))
        return self.model.stateless_call(weights, others, self.x[:batch])[0]


def _check_weights(trial: _Trial) -> None:
    expected = [(_FEATURES, _UNITS), (_UNITS,), (_UNITS, _UNITS), (_UNITS,)]
    shapes = [weight.shape for weight in trial.weights]
    if sorted(shapes) == [(_UNITS,), (_UNITS, _UNITS), (_FEATURES, _UNITS)]:
        raise Wrong(
            _(
                "Keras finds 3 weight arrays in the layer; two Dense layers have 4. "
                "`SimpleRNN` has a single bias, and applies its activation to the sum; here "
                "each projection has its own."
            )
        )
    if len(shapes) < len(expected):
        raise Wrong(
            _(
                "Keras finds {n} weight arrays in the layer; two Dense layers have 4. A layer "
                "created inside `call` is new at each step, so it is never trained."
            ).format(n=len(shapes))
        )
    if sorted(shapes) != sorted(expected):
        raise Wrong(
            _(
                "The weights have the shapes {got}; those of the two projections are {wanted}."
            ).format(got=_listed(shapes), wanted=_listed(expected))
        )


def _check_projections(trial: _Trial) -> None:
    """Raises `Wrong` if the two projections of the lesson have changed places."""
    layer = trial.model.layers[-1]
    kernel = getattr(getattr(layer, "projection_1", None), "kernel", None)
    if kernel is not None and tuple(kernel.shape) == (_UNITS, _UNITS):
        raise Wrong(
            _(
                "The projections are swapped: in the formula, `projection_1` takes the inputs of "
                "a step, and `projection_2` the state."
            )
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
            _("The graph can be built, but the model fails on data: {error}").format(
                error=failed[_BATCHES[0]]
            )
        )
    others = [
        batch_size
        for batch_size, shape in shapes.items()
        if shape[0] == _BATCHES[0] != batch_size
    ]
    if failed or (others and shapes[_BATCHES[0]][0] == _BATCHES[0]):
        wrong = next(iter(failed), None) or others[0]
        raise Wrong(
            _(
                "A batch of {right} works, a batch of {wrong} does not: the layer fixes the "
                "number of samples. Read it from the data."
            ).format(right=next(iter(shapes)), wrong=wrong)
        )
    _check_result(shapes[3])


def _check_result(shape: tuple[int, ...]) -> None:
    if shape == (3, _STEPS, _UNITS):
        return
    if shape == (3, _UNITS):
        raise Wrong(
            _(
                "3 sequences give {shape}: one state per sequence. Return the states of all "
                "{steps} steps."
            ).format(shape=shape, steps=_STEPS)
        )
    if shape == (_STEPS, 3, _UNITS):
        raise Wrong(
            _(
                "3 sequences give {shape}, with the steps first. The batch must come first; "
                "`stack` has an argument `axis`."
            ).format(shape=shape)
        )
    raise Wrong(
        _("3 sequences give {shape}; expected {wanted}: batch, steps, units.").format(
            shape=shape, wanted=(3, _STEPS, _UNITS)
        )
    )


def _check_numbers(trial: _Trial) -> None:
    import keras
    import numpy as np

    got, again = (keras.ops.convert_to_numpy(trial.run(3)) for _time in range(2))
    if not np.array_equal(got, again):
        raise Wrong(
            _(
                "Two calls on the same numbers give different results. Every call should start "
                "with the same zeros, and nothing here should be random."
            )
        )
    expected = [_states(trial.x[:3], each) for each in _projections(trial.weights)]
    if any(_same(got, states) for states in expected):
        return
    for each in _projections(trial.weights):
        for reason, other in _known_mistakes(trial.x[:3], each):
            if _same(got, other):
                raise Wrong(reason)
    step = max(
        int(np.argmax(np.abs(got - states).max(axis=(0, 2)) > 1e-4)) for states in expected
    )
    raise Wrong(
        _(
            "All shapes are right, but from step {step} (counting from 0) the states are not "
            "`projection_1(x) + projection_2(state)`, starting with zeros."
        ).format(step=step)
    )


_Projection = Callable[[Any], Any]


def _projections(weights: Sequence[Any]) -> list[tuple[_Projection, _Projection]]:
    """Returns both projections for each order of the biases, which have the same shape."""
    import numpy as np

    def dense(kernel: Any, bias: Any) -> _Projection:
        return lambda x: np.tanh(x @ kernel + bias)

    kernels = {weight.shape[0]: weight for weight in weights if weight.ndim == 2}
    biases = [weight for weight in weights if weight.ndim == 1]
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
    """Returns the states of all steps, from the right formula or from a mistaken one.

    Args:
        x: The sequences, of shape (batch, steps, features).
        projections: The projection of the step, and the projection of the state.
        start: The value that fills the first state.
        carried: Chooses the next state from the old state, the projected step, and the sum of
            both projections.
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
            _(
                "The first state is filled with ones: the RNN remembers something that never "
                "happened."
            ),
            _states(x, projections, start=1.0),
        ),
        (
            _(
                "Each step starts from the first state again: the new state is stored in the "
                "list, but not passed to the next step."
            ),
            _states(x, projections, carried=lambda old, new, both: old),
        ),
        (
            _(
                "Only `projection_1(x)` is passed to the next step, so each step knows the one "
                "before it and nothing earlier. Pass the sum."
            ),
            _states(x, projections, carried=lambda old, new, both: new),
        ),
        (
            _("Each result is the sum of all states so far. Return the state itself."),
            right.cumsum(axis=1),
        ),
        (
            _("The sequence is read from its end. The loop should start at step 0."),
            _states(x[:, ::-1], projections),
        ),
        (
            _("The states are right, but their order is reversed: the last one comes first."),
            right[:, ::-1],
        ),
    ]


def _same(one: Any, other: Any) -> bool:
    import numpy as np

    return bool(np.allclose(one, other, atol=1e-4))


def _check_gradients(trial: _Trial) -> None:
    import numpy as np
    from keras import ops

    from kfunc_lab.forward.gradients import Computation

    weights = [ops.convert_to_tensor(weight) for weight in trial.weights]
    computation = Computation(
        lambda watch: ops.sum(ops.square(trial.run(3, [watch(weight) for weight in weights])))
    )
    reached = [
        gradient is not None and bool(np.any(gradient)) for gradient in computation.gradients()
    ]
    if not all(reached):
        raise Wrong(
            _(
                "The outputs are right, but gradients reach only {n} of {all} weight arrays, "
                "so the layer could not learn. What blocks them?"
            ).format(n=sum(reached), all=len(reached))
        )


def _first_line(error: Exception) -> str:
    """Returns the first line of an error's message, without the text that Keras adds."""
    lines = [line.strip() for line in str(error).replace("\x1b[1m", "").splitlines()]
    lines = [
        line for line in lines if line and not line.startswith("Exception encountered when")
    ]
    text = lines[0].replace("\x1b[0m", "") if lines else type(error).__name__
    return first_sentences(text, 160).rstrip(". ") + "."


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
                "Go through the model from left to right: which shape does the convolution "
                "output? Its second size is the number of steps, its last one is what "
                "`projection_1` takes."
            ),
            N_(
                "A window of 5 fits into 24 steps in 24 − 5 + 1 positions. Then come three "
                "Dense layers: 16 → 32, 32 → 32 and 32 → 1, each with its biases."
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
            "The layer reads the batch size from the data, so 1, 3 and 16 sequences give the "
            "right states, and both projections can learn."
        ),
        hints=(
            N_(
                "`build` runs once, when the layer is first called, and sees only shapes. "
                "Whatever depends on the data of a call belongs in `call`."
            ),
            N_(
                "Remove `build`, and create the zeros in `call`: `ops.shape(inputs)[0]` is the "
                "number of sequences."
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
