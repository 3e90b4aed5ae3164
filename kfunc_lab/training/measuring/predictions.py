"""Finds what a classifier gets wrong: which classes it takes for which, and its worst answers."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kfunc_lab.forward.call_outputs import as_array
from kfunc_lab.forward.interception import intercept_calls, unchanged
from kfunc_lab.forward.samples import as_image, fixed_batch_size
from kfunc_lab.graph.keras.nodes import functional_of, kept_logits
from kfunc_lab.graph.lint.losses import kind_of_loss
from kfunc_lab.training.measuring.probe import (
    first_of,
    inference_arguments,
    parts_of,
    wrong_probe,
)
from kfunc_lab.ui.arrays import Numbers

# Of more classes the counts are kept without the zeros, and drawn as a table.
MOST_CLASSES = 30
_MOST_SAMPLES = 1_000
_PIECE = 64  # samples at a time
_MOST_WORST = 8
# Rounding in half precision may lead so far out of 0 to 1.
_TOLERANCE = 1e-3

_BINARY = {"binary_crossentropy", "binary_focal_crossentropy"}
_NUMBERED = {"sparse_categorical_crossentropy", "categorical_generalized_cross_entropy"}
_ONE_HOT = {"categorical_crossentropy", "categorical_focal_crossentropy"}
_BY_SHAPE = {"crossentropy", "ce"}  # Keras chooses one of these then


@dataclass(frozen=True)
class Example:
    """A sample that a classifier gets wrong.

    Attributes:
        index: Its number in the probe, from 0.
        truth: Its class.
        predicted: The class that the model takes it for.
        probability: How likely that is to the model.
        of_truth: How likely its class is to the model.
        picture: What the model was given, as (rows, columns, 1 or 3), if that looks like an
            image.
    """

    index: int
    truth: int
    predicted: int
    probability: float
    of_truth: float
    picture: Numbers | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Confusion:
    """Which classes one output of a model takes for which.

    Attributes:
        output: The output's name.
        classes: How many classes there are.
        counts: How often each class, a row, was taken for each, a column; empty if there are
            more than 30.
        worst: Of the samples that are wrong those to which the model gives the least
            probability of being what they are, at most 8.
        unclear: For how many samples the model gave NaN. They are counted nowhere else.
        sparse: Of more than 30 classes those taken for one another, as (truth, predicted,
            count) in this order; empty if there are fewer.

    Example:
        >>> confusion = Confusion("digits", 2, ((3, 1), (0, 4)))
        >>> confusion.right, confusion.total
        (7, 8)
        >>> confusion.cells
        ((0, 0, 3), (0, 1, 1), (1, 1, 4))
    """

    output: str
    classes: int
    counts: tuple[tuple[int, ...], ...]
    worst: tuple[Example, ...] = ()
    unclear: int = 0
    sparse: tuple[tuple[int, int, int], ...] = ()

    @property
    def cells(self) -> tuple[tuple[int, int, int], ...]:
        """Whatever was counted: (truth, predicted, count) in this order, without zeros."""
        return self.sparse or tuple(
            (truth, predicted, count)
            for truth, row in enumerate(self.counts)
            for predicted, count in enumerate(row)
            if count
        )

    @property
    def total(self) -> int:
        """How many samples were counted."""
        return sum(count for _truth, _predicted, count in self.cells)

    @property
    def right(self) -> int:
        """How many of them were given their class."""
        return sum(count for truth, predicted, count in self.cells if truth == predicted)


class Predictor:
    """Asks a model for its answers again and again while it trains, and changes nothing.

    The labels, the loss and the shape of an output say whether it is a classifier: integers
    with a sparse crossentropy, one-hot rows with a categorical one, zeros and ones with a binary
    one and a single unit. With a loss of one's own, integers that are classes of the output, or
    one-hot rows. Whatever else there is, is left out: regression, several labels at once,
    classes for each step or pixel, whose padding would count, labels that are no class of the
    output.

    Scores are probabilities after a softmax or sigmoid where the loss says `from_logits` and
    the model has not applied it already; several classes too where some are outside 0 to 1.
    Otherwise they are made to add up to 1, as Keras's own losses do.

    Args:
        model: The model.
        probe: `(x, y)` or `(x, y, sample_weight)`, each an array or a list or dict of arrays, the
            batch first, as for `fit`. The first 1,000 samples are used, without those of weight
            0. The arrays are kept, not copied.

    Raises:
        TypeError: If the probe is something else.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax(name="side")])
        >>> model.compile(loss="sparse_categorical_crossentropy")
        >>> x, y = np.array([[4.0, 0.0], [0.0, 4.0], [0.0, 3.0]]), np.array([0, 1, 0])
        >>> [side] = Predictor(model, (x, y)).predict()
        >>> side.output, side.counts
        ('side', ((1, 1), (0, 1)))
        >>> side.worst[0].index, round(side.worst[0].of_truth, 3)
        (2, 0.047)
    """

    def __init__(self, model: Any, probe: Any) -> None:
        import keras

        parts = [keras.tree.map_structure(_few, part) for part in parts_of(probe)]
        self._model = model
        self._x, self._y, self._weights = (*parts, None)[:3]
        self._count = next((len(it) for it in _leaves(self._x) if it is not None), 0)

    def predict(self) -> tuple[Confusion, ...]:
        """Asks for the answers as they are now.

        Returns:
            What each output that is a classifier gets wrong; nothing if none is, or the model
            is not built or not compiled or has no `call`.

        Raises:
            Exception: Whatever the model raises when it is called on the probe.
        """
        model = self._model
        is_ready = model.built and getattr(model, "compiled", False)
        if not is_ready or self._y is None:
            return ()
        # Of a model made of models, as a GAN, a step may call these and never the whole.
        with contextlib.suppress(NotImplementedError):
            return tuple(it.confusion(self._x) for it in self._tallies())
        return ()

    def _tallies(self) -> list["_Tally"]:
        batch = fixed_batch_size(self._model)
        size = batch or _PIECE
        tallies: list[_Tally] = []
        # What a recurrent layer remembers goes on from piece to piece, as in `predict`.
        with unchanged(self._model), intercept_calls(self._model, _as_it_is):
            for first in range(0, self._count, size):
                outputs = self._called_on(first, size, batch)
                if first == 0:
                    tallies = [_Tally(it) for it in self._heads(outputs)]
                if not tallies:
                    break
                values = _leaves(outputs)
                for tally in tallies:
                    tally.add(first, values[tally.head.place])
        return tallies

    def _called_on(self, first: int, size: int, batch: int) -> Any:
        """Calls the model on some samples, filled up to the size of its batch if that is fixed."""
        import keras

        def piece(array: Any) -> Any:
            if array is None:  # an input that may be missing
                return None
            return _filled_up(first_of(array[first : first + size], size), batch)

        x = keras.tree.map_structure(piece, self._x)
        return self._model(x, **inference_arguments(self._model.call))

    def _heads(self, outputs: Any) -> list["_Head"]:
        """Returns the outputs that are classifiers."""
        import keras

        paths = [path for path, _leaf in keras.tree.flatten_with_path(outputs)]
        names = _names_of(self._model, paths)
        # Without a loss, the model has a training step of its own.
        loss = "" if self._model.loss is None else self._model.loss
        heads = [
            _head(place, name, output, loss, _Answers.of(labels, weights, self._count))
            for place, (name, output, loss, labels, weights) in enumerate(
                zip(
                    names,
                    _leaves(outputs),
                    _for_each(loss, names, is_shared=True),
                    _for_each(self._y, names),
                    _for_each(self._weights, names, is_shared=True),
                    strict=True,
                )
            )
        ]
        return [it for it in heads if it is not None]


def _few(array: Any) -> Any:
    """Returns the first samples of an array."""
    if array is None:  # there are no labels, or an output has none, or an input is missing
        return None
    if not getattr(array, "shape", ()):
        raise TypeError(wrong_probe(array))
    return (
        array[:_MOST_SAMPLES] if hasattr(array, "dtype") else np.asarray(array)[:_MOST_SAMPLES]
    )


def _as_it_is(_operation: Any, call: Callable[..., Any], args: Any, named: Any) -> Any:
    """Runs a call in its own place, where a function that is compiled by it sees no scope."""
    __tracebackhide__ = True
    return call(*args, **named)


def _leaves(outputs: Any) -> list[Any]:
    import keras

    return list(keras.tree.flatten(outputs))


def _filled_up(tensor: Any, size: int) -> Any:
    """Repeats the last sample up to a batch of a fixed size."""
    import keras

    missing = size - int(tensor.shape[0])
    if missing <= 0:
        return tensor
    return keras.ops.concatenate([tensor, *[tensor[-1:]] * missing], axis=0)


# ---------------------------------------------------------------------------------------------
# Which outputs are classifiers


@dataclass(frozen=True)
class _Answers:
    """What the right answers of one output are.

    Attributes:
        labels: As they were given.
        counts: For each sample whether it counts.
    """

    labels: Numbers
    counts: Numbers

    @classmethod
    def of(cls, labels: Any, weights: Any, count: int) -> "_Answers | None":
        """Takes the labels of one output; `None` if there is not one for each sample."""
        if not hasattr(labels, "shape"):
            return None
        given = _without_last(as_array(labels))
        counts = np.ones(count, bool)
        if weights is not None:
            if not hasattr(weights, "shape"):
                return None
            counts = _without_last(as_array(weights)) != 0
        if counts.shape != (count,) or len(given) != count or given.dtype.kind not in "fiub":
            return None
        return cls(given, counts)

    def without(self, ignored: int | None) -> Numbers:
        """Returns for each sample whether it counts, where a loss ignores one class."""
        if ignored is None or self.labels.ndim != 1:
            return self.counts
        found: Numbers = self.counts & (self.labels != ignored)
        return found


@dataclass(frozen=True)
class _Head:
    """An output that is a classifier.

    Attributes:
        place: Which of the outputs it is.
        name: What it is called.
        classes: How many classes there are.
        truth: For each sample its class; -1 for those that do not count.
        is_binary: Whether it gives one number, for the second of two classes.
        from_logits: Whether the loss applies softmax or sigmoid.
    """

    place: int
    name: str
    classes: int
    truth: Numbers
    is_binary: bool
    from_logits: bool


def _names_of(model: Any, paths: Sequence[tuple[Any, ...]]) -> list[str]:
    """Names the outputs: by their keys, or by their layers."""
    known = getattr(functional_of(model) or model, "output_names", None) or ()
    names = []
    for place, path in enumerate(paths):
        if path and isinstance(path[-1], str):
            names.append(path[-1])
        elif len(known) == len(paths):
            names.append(str(known[place]))
        else:
            names.append(model.name if len(paths) == 1 else f"{model.name}[{place}]")
    return names


def _for_each(given: Any, names: Sequence[str], *, is_shared: bool = False) -> list[Any]:
    """Returns what is given for each output, `None` where that is not known.

    Args:
        given: For the outputs, by name or in their order; or for the only one.
        names: What the outputs are called.
        is_shared: Whether a single one is for all outputs.
    """
    if isinstance(given, Mapping):
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)):
        return list(given) if len(given) == len(names) else [None] * len(names)
    return [given if is_shared or len(names) == 1 else None] * len(names)


def _head(
    place: int, name: str, output: Any, loss: Any, answers: _Answers | None
) -> _Head | None:
    """Returns an output as a classifier, if it surely is one."""
    shape = tuple(output.shape)
    is_vector = len(shape) in (1, 2) and "float" in str(output.dtype)
    if loss is None or answers is None or not is_vector:
        return None
    units = shape[1] if len(shape) == 2 else 1
    kind, from_logits = kind_of_loss(loss)
    counts = answers.without(getattr(loss, "ignore_class", None))
    numbers = _classes(kind.lower(), answers.labels[counts], units)
    if numbers is None or not counts.any():
        return None
    truth = np.full(len(counts), -1)
    truth[counts] = numbers
    return _Head(place, name, max(units, 2), truth, units == 1, from_logits)


def _classes(loss: str, labels: Numbers, units: int) -> Numbers | None:
    """Returns the classes that labels stand for; `None` if they stand for none.

    Args:
        loss: The name of the loss.
        labels: Those that count.
        units: How many numbers the output gives for a sample.
    """
    import keras

    if units == 1:
        return _numbered(labels, 2) if loss in _BINARY | _BY_SHAPE else None
    if loss in _NUMBERED:
        return _numbered(labels, units)
    if loss in _ONE_HOT:
        return _of_one_hot(labels, units)
    if loss not in _BY_SHAPE and hasattr(keras.losses, loss):  # as that of a regression
        return None
    # Of one's own loss, whole numbers in a type for fractions may be measured ones.
    found = _numbered(labels, units) if labels.dtype.kind in "iu" else None
    return _of_one_hot(labels, units) if found is None else found


def _numbered(labels: Numbers, classes: int) -> Numbers | None:
    if labels.ndim != 1:
        return None
    are_classes = (labels >= 0) & (labels < classes) & (labels == np.floor(labels))
    return labels.astype(int) if are_classes.all() else None


def _of_one_hot(labels: Numbers, classes: int) -> Numbers | None:
    if labels.shape[1:] != (classes,) or not np.isin(labels, (0, 1)).all():
        return None
    return np.argmax(labels, axis=1) if (labels.sum(axis=1) == 1).all() else None


def _without_last(array: Any) -> Numbers:
    """Returns an array of shape (n, 1) as a vector."""
    found: Numbers = np.asarray(array)
    return found.reshape(-1) if found.ndim == 2 and found.shape[1] == 1 else found


# ---------------------------------------------------------------------------------------------
# What they answer


class _Tally:
    """Notes the answers of a classifier.

    Args:
        head: Its output.

    Attributes:
        head: The same.
    """

    def __init__(self, head: _Head) -> None:
        count = len(head.truth)
        self.head = head
        self._predicted = np.full(count, -1)
        self._probability = np.full(count, np.nan)
        self._of_truth = np.full(count, np.nan)
        self._are_logits: bool | None = None

    def add(self, first: int, output: Any) -> None:
        """Notes the answers to some samples, of which the first has this number."""
        truth = self.head.truth[first : first + int(output.shape[0])]
        scores = np.asarray(as_array(output), np.float64)[: len(truth)]
        with np.errstate(all="ignore"):
            shares = self._shares(scores.reshape(len(truth), -1), output)
        rows = np.flatnonzero((truth >= 0) & np.isfinite(shares).all(axis=1))
        best = np.argmax(shares[rows], axis=1)
        self._predicted[first + rows] = best
        self._probability[first + rows] = shares[rows, best]
        self._of_truth[first + rows] = shares[rows, truth[rows]]

    def _shares(self, scores: Numbers, output: Any) -> Numbers:
        """Returns the probability of each class."""
        from_logits = self.head.from_logits and kept_logits(output) is None
        if self.head.is_binary:
            return _of_two(scores[:, 0], from_logits)
        if self._are_logits is None:
            self._are_logits = from_logits or _are_logits(scores)
        # All at once: what one row is, the others are.
        if self._are_logits:
            scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: Numbers = scores / scores.sum(axis=1, keepdims=True)
        return shares

    def confusion(self, x: Any) -> Confusion:
        """Returns what was noted.

        Args:
            x: What the model was called on.
        """
        truth, predicted = self.head.truth, self._predicted
        known = predicted >= 0
        classes = self.head.classes
        places, counts = np.unique(
            truth[known] * classes + predicted[known], return_counts=True
        )
        cells = [
            (*divmod(int(place), classes), int(count))
            for place, count in zip(places, counts, strict=True)
        ]
        is_small = classes <= MOST_CLASSES
        return Confusion(
            output=self.head.name,
            classes=classes,
            counts=_matrix(cells, classes) if is_small else (),
            worst=self._worst(x),
            unclear=int(((truth >= 0) & ~known).sum()),
            sparse=() if is_small else tuple(cells),
        )

    def _worst(self, x: Any) -> tuple[Example, ...]:
        wrong = np.flatnonzero((self._predicted >= 0) & (self._predicted != self.head.truth))
        order = np.argsort(self._of_truth[wrong], kind="stable")
        chosen = [int(it) for it in wrong[order][:_MOST_WORST]]
        return tuple(
            Example(
                index=index,
                truth=int(self.head.truth[index]),
                predicted=int(self._predicted[index]),
                probability=float(self._probability[index]),
                of_truth=float(self._of_truth[index]),
                picture=picture,
            )
            for index, picture in zip(chosen, _pictures(x, chosen), strict=True)
        )


def _of_two(scores: Numbers, from_logits: bool) -> Numbers:
    """Returns the probabilities of no and yes."""
    if from_logits:
        return np.stack([1 / (1 + np.exp(scores)), 1 / (1 + np.exp(-scores))], axis=1)
    # Keras's losses cut off what is outside, too.
    yes = np.where(np.isfinite(scores), np.clip(scores, 0, 1), np.nan)
    return np.stack([1 - yes, yes], axis=1)


def _are_logits(scores: Numbers) -> bool | None:
    """Tells whether scores are no probabilities; `None` if they are no numbers either."""
    finite = scores[np.isfinite(scores).all(axis=1)]
    if not len(finite):
        return None
    is_outside = finite.min() < -_TOLERANCE or finite.max() > 1 + _TOLERANCE
    return bool(is_outside or (finite.sum(axis=1) <= 0).any())


def _matrix(cells: Sequence[tuple[int, int, int]], classes: int) -> tuple[tuple[int, ...], ...]:
    rows = [[0] * classes for _row in range(classes)]
    for truth, predicted, count in cells:
        rows[truth][predicted] = count
    return tuple(map(tuple, rows))


def _pictures(x: Any, samples: Sequence[int]) -> list[Numbers | None]:
    """Returns samples as pictures, from the first input that holds nothing else."""
    for array in _leaves(x):
        if array is None:
            continue
        arrays = [as_array(array[it : it + 1]) for it in samples]
        found = [None if it is None else as_image(it[0]) for it in arrays]
        if all(it is not None for it in found):
            return [np.array(it) for it in found]  # copies, that hold no data set alive
    return [None] * len(samples)
