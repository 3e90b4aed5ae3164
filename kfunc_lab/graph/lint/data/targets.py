"""Finds targets that do not fit the loss: their shape, their range, one-hot or numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from kfunc_lab.graph.lint.data.batch import Batch
from kfunc_lab.graph.lint.data.inputs import not_finite
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.losses import PROBABILITY_LOSSES, REGRESSION, Head, heads
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable

_SPARSE = "sparse_categorical_crossentropy"
_ONE_HOT = {"categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge"}
# These compare each number of the output with one number of the targets.
_ELEMENTWISE = REGRESSION | {
    "binary_crossentropy", "binary_focal_crossentropy", "poisson", "hinge", "squared_hinge",
}  # fmt: skip
# These refuse other shapes.
_STRICT = {"binary_crossentropy", "binary_focal_crossentropy"}
_TOLERANCE = 1e-4

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class _Fit:
    """An output with its targets.

    Attributes:
        case: The model.
        head: The output and its loss.
        targets: The targets of the batch.
    """

    case: Case
    head: Head
    targets: Numbers

    @property
    def units(self) -> int:
        return self.head.units or 0

    @property
    def names(self) -> dict[str, object]:
        return {
            **self.head.names,
            "output": printable(self.head.call.layer),
            "units": self.units,
            "low": f"{float(self.targets.min()):.4g}",
            "high": f"{float(self.targets.max()):.4g}",
            "targets": str(self.targets.shape),
        }

    def finding(
        self, code: str, reason: str, change: str, sureness: str = "certain", **more: object
    ) -> Finding:
        """Returns a finding about this output; the sentences may name what it knows."""
        names = {**self.names, **more}
        call = self.head.call.id
        return Finding(code, call, reason.format(**names), change.format(**names), sureness)


def _fits(case: Case, batch: Batch) -> Iterator[_Fit]:
    if len(batch.targets) != len(case.exits):
        return
    by_exit = dict(zip(case.graph.exits, batch.targets, strict=True))
    for head in heads(case):
        targets = by_exit.get((head.call.id, head.output))
        if targets is not None:
            yield _Fit(case, head, targets)


def _targets(case: Case, batch: Batch) -> Iterator[Finding]:
    for fit in _fits(case, batch):
        wrong = not_finite(fit.targets)
        if wrong:
            yield _nan(fit, wrong)
        elif fit.head.is_library:
            yield from _of_loss(fit)


def _nan(fit: _Fit, wrong: str) -> Finding:
    return Finding(
        "nan",
        fit.head.call.id,
        _("The targets for {name} contain {what}: the loss becomes NaN.").format(
            name=printable(fit.head.call.layer), what=wrong
        ),
        _("Remove these examples, or fill in numbers: `y = np.nan_to_num(y)`."),
        "certain",
    )


def _of_loss(fit: _Fit) -> Iterator[Finding]:
    loss = fit.head.loss
    if loss == _SPARSE:
        yield from _numbers_of_classes(fit)
    elif loss in _ONE_HOT:
        yield from _one_hot(fit)
    elif loss in _ELEMENTWISE:
        other_shape = list(_compared_by_broadcasting(fit))
        if other_shape:
            yield from other_shape
            return  # the rest follows from it
    if loss in PROBABILITY_LOSSES and loss not in _ONE_HOT:
        yield from _not_probabilities(fit)
    if loss in REGRESSION:
        yield from _out_of_reach(fit)
    if loss == "poisson" and fit.targets.min() < 0:
        yield fit.finding(
            "targets",
            _("The targets go down to {low}, but the loss {loss} takes counts from 0 up."),
            _('Use `loss="mse"`, or counts.'),
        )


# ---------------------------------------------------------------------------------------------
# Classes


def _numbers_of_classes(fit: _Fit) -> Iterator[Finding]:
    targets, units = fit.targets, fit.units
    rank = len(fit.head.shape)
    if targets.ndim == rank and targets.shape[-1] == units > 1 and _is_one_hot(targets):
        yield fit.finding(
            "targets",
            _("The targets are one-hot {targets}, but the loss {loss} takes class numbers."),
            _('Use `loss="categorical_crossentropy"`, or `y.argmax(axis=-1)`.'),
        )
        return
    if _squeezed(targets.shape) != _squeezed(_returned(fit)[:-1]):
        yield _differing(fit, _returned(fit), "target-shape")
        return
    ignored = fit.head.ignored_class
    counted = targets[targets != ignored] if ignored is not None else targets
    if units < 2 or not counted.size:
        return
    if counted.max() >= units or counted.min() < 0:
        shifted = counted.min() == 1 and counted.max() == units
        yield fit.finding(
            "label-range",
            _(
                "The targets go from {low} to {high}, but {output} has {units} units, for the "
                "classes 0 to {last}."
            ),
            _("Count the classes from 0: `y - 1`.")
            if shifted
            else _("Number the classes from 0 on, and give the last layer a unit for each."),
            last=units - 1,
        )
    elif targets.dtype.kind == "f" and (counted != np.floor(counted)).any():
        yield fit.finding(
            "targets",
            _("The targets contain fractions, but the loss {loss} takes class numbers."),
            _('For numbers, use `layers.Dense(1)` and `loss="mse"`.'),
        )


def _returned(fit: _Fit) -> Shape:
    """Returns the shape of the output for this batch."""
    shape = fit.head.shape
    sizes = fit.targets.shape
    open_sizes = len(sizes) >= len(shape) - 1
    rest = [
        sizes[axis] if size is None and open_sizes and axis < len(sizes) else size
        for axis, size in enumerate(shape[1:], start=1)
    ]
    return (sizes[0], *rest)


def _squeezed(shape: Shape) -> Shape:
    return shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape


def _one_hot(fit: _Fit) -> Iterator[Finding]:
    targets, units = fit.targets, fit.units
    rank = len(fit.head.shape)
    is_column = targets.ndim == rank - 1 or (targets.ndim == rank and targets.shape[-1] == 1)
    if is_column and units > 1:
        yield fit.finding(
            "targets",
            _(
                "The targets {targets} are class numbers, but the loss {loss} takes one number for "
                "each of the {units} classes."
            ),
            _(
                'Use `loss="sparse_categorical_crossentropy"`, or '
                "`keras.utils.to_categorical(y, {units})`."
            ),
        )
    elif targets.ndim == rank and targets.shape[-1] != units and units:
        yield _differing(fit, fit.head.shape, "target-shape")
    elif fit.head.loss.endswith("crossentropy") and (targets.min() < 0 or targets.max() > 1):
        yield _outside(fit)
    elif fit.head.loss.endswith("crossentropy") and not _adds_up(targets):
        yield fit.finding(
            "targets",
            _(
                "Not each row of the targets adds up to 1, but the loss {loss} is for examples "
                "that have just one class."
            ),
            _('For several classes at once, use sigmoid and `loss="binary_crossentropy"`.'),
            "likely",
        )


def _is_one_hot(targets: Numbers) -> bool:
    return bool(np.isin(targets, (0, 1)).all() and (targets.sum(axis=-1) == 1).all())


def _adds_up(targets: Numbers) -> bool:
    sums = targets.sum(axis=-1, dtype="float64")
    # A row of zeros is padding.
    return bool(((abs(sums - 1) < 1e-2) | (sums == 0)).all())


# ---------------------------------------------------------------------------------------------
# Numbers


def _not_probabilities(fit: _Fit) -> Iterator[Finding]:
    if fit.head.loss != _SPARSE and (fit.targets.min() < 0 or fit.targets.max() > 1):
        yield _outside(fit)


def _outside(fit: _Fit) -> Finding:
    whole = fit.targets.dtype.kind != "f" or bool((fit.targets == np.floor(fit.targets)).all())
    if whole and fit.targets.min() == -1 and fit.targets.max() == 1:
        change = _("Use 0 and 1: `(y + 1) / 2`.")
    elif whole and fit.targets.min() >= 0 and fit.targets.max() == 255:
        change = _("Rescale them: `y / 255`.")
    elif whole:
        change = _(
            'If they are classes, use a unit for each, softmax and `loss="sparse_categorical_'
            'crossentropy"`.'
        )
    else:
        change = _('For numbers, use no activation and `loss="mse"`.')
    return fit.finding(
        "targets",
        _(
            "The targets go from {low} to {high}, but the loss {loss} takes numbers from 0 to 1."
        ),
        change,
    )


def _out_of_reach(fit: _Fit) -> Iterator[Finding]:
    span = fit.head.span
    if span is None:
        return
    low, high = float(fit.targets.min()), float(fit.targets.max())
    if low < span.low - _TOLERANCE or high > span.high + _TOLERANCE:
        yield fit.finding(
            "out-of-reach",
            _(
                "The targets go from {low} to {high}, but {name} ends in {activation}, which "
                "cannot return all of these."
            ),
            _("Remove the activation of {name}, or rescale the targets."),
        )


# ---------------------------------------------------------------------------------------------
# Shapes


def _compared_by_broadcasting(fit: _Fit) -> Iterator[Finding]:
    shape = fit.head.shape
    targets: Shape = tuple(fit.targets.shape)
    if not shape:
        return
    returned = (targets[0], *shape[1:])
    left, right = _without_last_axis(targets, returned)
    rank = max(len(left), len(right))
    left, right = (1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right
    pairs = list(zip(left, right, strict=True))
    if all(_same_size(*pair) for pair in pairs):
        return
    fits = all(_same_size(*pair) or 1 in pair for pair in pairs)
    if fits and fit.head.loss not in _STRICT:
        yield _differing(fit, returned, "broadcast")
    else:
        yield _differing(fit, returned, "target-shape")


def _without_last_axis(targets: Shape, output: Shape) -> tuple[Shape, Shape]:
    """Removes a last axis of size 1 of the longer shape, as Keras's losses do."""
    if len(targets) == len(output) + 1 and targets[-1] == 1:
        return targets[:-1], output
    if len(output) == len(targets) + 1 and output[-1] == 1:
        return targets, output[:-1]
    return targets, output


def _same_size(one: int | None, other: int | None) -> bool:
    """Tells whether two sizes are equal; an open size is any number of steps or places."""
    return one == other or (other is None and one != 1)


def _differing(fit: _Fit, returned: Shape, code: str) -> Finding:
    recurrent = _last_sequence(fit) if len(returned) > 2 else None
    if recurrent is not None:
        change = _("For one answer for each example, use `return_sequences=False` in {layer}.")
    elif len(returned) > 2 and len(returned) > fit.targets.ndim:
        change = _(
            "For one answer for each example, put `layers.Flatten()` or a pooling layer before "
            "{output}."
        )
    else:
        change = _("Give the last layer as many units as an example has targets.")
    if code == "target-shape":
        reason = _(
            "The targets {targets} and the output {returned} of {output} differ in shape, so the "
            "loss {loss} cannot compare them."
        )
    elif recurrent is not None:
        reason = _(
            "Each example has one target {targets}, but {output} returns one number for each step "
            "{returned}: every step is compared with the same target."
        )
    else:
        reason = _(
            "The targets {targets} and the output {returned} of {output} differ in shape: the loss "
            "compares several outputs with the same target."
        )
    layer = printable(recurrent.layer) if recurrent is not None else ""
    return fit.finding(code, reason, change, returned=_shape_text(returned), layer=layer)


def _shape_text(shape: Shape) -> str:
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _last_sequence(fit: _Fit) -> Call | None:
    """Returns the last recurrent layer before the output, if it returns each step."""
    for call_id in fit.case.leading_to([fit.head.call.id]):
        call = fit.case.graph.call_of[call_id]
        for part in (call, *fit.case.inside(call)):
            if part.settings.get("return_sequences"):
                return call
    return None


RULES: tuple[Callable[[Case, Batch], Iterator[Finding]], ...] = (_targets,)
