"""Another shape of an input, or another loss, for data that are right."""

from collections.abc import Iterator
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.mistakes.data.cells import made_by
from kfunc_lab.mistakes.data.kinds import kind_of, spec_of_value
from kfunc_lab.mistakes.data.mending import tried
from kfunc_lab.mistakes.data.wanted import Shape, layer_of_output
from kfunc_lab.mistakes.source.edit import Edit
from kfunc_lab.mistakes.statements.compiling import other_loss
from kfunc_lab.mistakes.trials.trial import Option, Trial

_INPUT, _LOSS = 3.5, 2.6
_SPARSE, _CATEGORICAL = "sparse_categorical_crossentropy", "categorical_crossentropy"


def options(trial: Trial) -> Iterator[Option]:
    """Yields another shape of an input, or another loss."""
    yield from _inputs(trial)
    yield from _losses(trial)


def _inputs(trial: Trial) -> Iterator[Option]:
    fitting = trial.fitting
    values = fitting.in_order(trial.values.get("x"))
    if len(values) != len(fitting.wants):
        return
    shapes, changes, codes = {}, [], []
    for want, value in zip(fitting.wants, values, strict=True):
        spec = spec_of_value(value)
        if spec is None or len(spec.shape) < 2:
            return
        shape = _with_open_sizes(spec.shape, want.shape)
        if shape == want.shape:
            continue
        found = made_by("Input", want.name, trial.code.file, want.shape)
        if found is None:
            return
        code, call = found
        if any(keyword.arg not in ("name", "shape", "dtype") for keyword in call.keywords):
            return
        written = str(shape[1:])
        shapes[want.name] = shape
        codes.append(f"keras.Input(shape={written})")
        changes.append(code.with_argument(call, "shape", written, 0))
    if shapes:
        words = _("Match the input to the data: `{code}`.").format(code=", ".join(codes))
        yield Option(_INPUT, Edit(words, tuple(changes)), inputs=shapes)


def _with_open_sizes(shape: Shape, wanted: Shape) -> Shape:
    """Returns the shape of data for an input, with the sizes that the input leaves open."""
    if len(shape) == len(wanted) - 1 and wanted[-1] == 1:
        shape = (*shape, 1)  # Keras adds this axis to the data
    if len(shape) != len(wanted):
        return (None, *shape[1:])
    pairs = zip(shape, wanted, strict=True)
    return tuple(None if want is None else size for size, want in pairs)


def _losses(trial: Trial) -> Iterator[Option]:
    misfit = trial.misfit
    if misfit is None or misfit.role != "y" or misfit.kind not in ("loss", "values"):
        return
    fitting = trial.fitting
    targets = fitting.targets(trial.values.get("y")) or {}
    output = fitting.outputs[max(misfit.place, 0)]
    value = targets.get(output.name)
    layer = layer_of_output(trial.passed.model, max(misfit.place, 0))
    for place, loss in enumerate(_suitable(value, layer, output.shape[-1])):
        changes = other_loss(trial.passed, loss, output.name)
        words = _("Write `loss={loss}`, which suits the output and these targets.").format(
            loss=f'"{loss}"'
        )
        if changes:
            yield Option(_LOSS + place / 10, Edit(words, changes), losses={output.name: loss})


def _suitable(value: Any, layer: Any, units: int | None) -> Iterator[str]:
    """Yields the losses that suit targets and the activation of the last layer."""
    activation = getattr(getattr(layer, "activation", None), "__name__", "")
    numbers = _numbers(value)
    if activation == "softmax" or (numbers and (units or 0) > 1):
        yield _SPARSE
        yield _CATEGORICAL
    if activation == "sigmoid":
        yield "binary_crossentropy"
    if activation not in ("softmax", "sigmoid"):
        yield "mse"


def _numbers(value: Any) -> bool:
    """Returns whether an array holds whole numbers."""
    if kind_of(value) != "array" or value.size > 1_000_000:
        return False
    return bool(tried("bool(({y} == {y}.astype('int64')).all())", y=value))
