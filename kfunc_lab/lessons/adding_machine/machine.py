"""Runs a learner's model on pairs of digits, whatever the form of its inputs and outputs."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from kfunc_lab.lessons.adding_machine.pairs import Pairs
from kfunc_lab.lessons.checking.exercise import Wrong
from kfunc_lab.locale import _
from kfunc_lab.ui.text import first_sentences, printable

if TYPE_CHECKING:
    from kfunc_lab.lessons.adding_machine.pairs import Digits

_SIDES = ("left", "right")
_PIXELS = 28 * 28
_SHAPES = ((28, 28, 1), (_PIXELS,), (28, 28))
_AT_ONCE = 250  # pairs
_CLASSES = {"left_digit": 10, "right_digit": 10, "sum": 19}


class Machine:
    """A model, and how it takes its two images.

    Args:
        model: The model; it takes a list or a dict of two images of 784 numbers each.

    Raises:
        Wrong: If it does not take two such images.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._feed, self._shapes = self._form()

    def outputs(self, pairs: Pairs) -> dict[str, Any]:
        """Returns the arrays that the model outputs, by name.

        Raises:
            Wrong: If it fails, or returns something that is not a number.
        """
        import numpy as np

        try:
            got = _run(self.model, self._data(pairs))
        except Exception as error:
            raise Wrong(
                _("The model fails on two images: {error}").format(
                    error=first_sentences(str(error))
                )
            ) from error
        named = self._named(got)
        for name, values in named.items():
            if not np.isfinite(values).all():
                raise Wrong(
                    _(
                        "`{name}` is NaN: training went astray. Use pixels from 0 to 1, or a "
                        "smaller learning rate."
                    ).format(name=printable(name))
                )
        return named

    def answers(self, pairs: Pairs, names: tuple[str, ...]) -> dict[str, Digits]:
        """Returns the digits and sums that the model answers.

        Raises:
            Wrong: If an output is missing, or cannot be read as an answer.
        """
        outputs = self.outputs(pairs)
        if names == ("sum",) and len(outputs) == 1:
            outputs = {"sum": next(iter(outputs.values()))}
        missing = [name for name in names if name not in outputs]
        if missing:
            raise Wrong(_missing(missing, outputs))
        return {name: _decoded(name, outputs[name]) for name in names}

    def _form(self) -> tuple[str, tuple[tuple[int, ...], ...]]:
        """Returns whether the model takes a list or a dict, and the shapes of both images."""
        inputs = getattr(self.model, "inputs", None)
        if not inputs:
            return self._tried()
        if len(inputs) != 2:
            raise Wrong(
                _(
                    "Inputs of the model: {n}. It should have two, `left` and `right`: a "
                    "`keras.Input` for each image."
                ).format(n=len(inputs))
            )
        taken = self.model.input
        tensors = dict(taken) if isinstance(taken, Mapping) else {t.name: t for t in taken}
        if isinstance(taken, Mapping) and set(tensors) != set(_SIDES):
            raise Wrong(
                _("The inputs are named {got}; name them `left` and `right`.").format(
                    got=_listed(tensors)
                )
            )
        in_order = (
            [tensors[side] for side in _SIDES] if set(tensors) == set(_SIDES) else list(taken)
        )
        form = "dict" if isinstance(taken, Mapping) else "list"
        if form == "list" and in_order[0] is not taken[0]:
            form = "reversed list"
        return form, tuple(_shape(tensor) for tensor in in_order)

    def _tried(self) -> tuple[str, tuple[tuple[int, ...], ...]]:
        """Finds the form of a model without a graph, such as a subclass, on one pair."""
        import numpy as np

        for form, shape in product(("list", "dict"), _SHAPES):
            images = [np.zeros((1, *shape), "float32")] * 2
            data = images if form == "list" else dict(zip(_SIDES, images, strict=True))
            with contextlib.suppress(Exception):  # another form may fit
                _run(self.model, data)
                return form, (shape, shape)
        raise Wrong(
            _(
                "The model takes neither a list `[left, right]` nor a dict of two images, in any "
                "of the shapes (28, 28, 1), (784,) and (28, 28)."
            )
        )

    def _data(self, pairs: Pairs) -> Any:
        images = [
            side.reshape(-1, *shape)
            for side, shape in zip((pairs.left, pairs.right), self._shapes, strict=True)
        ]
        if self._feed == "dict":
            return dict(zip(_SIDES, images, strict=True))
        return images[::-1] if self._feed == "reversed list" else images

    def _named(self, got: Any) -> dict[str, Any]:
        if isinstance(got, Mapping):
            return {str(name): values for name, values in got.items()}
        if isinstance(got, list | tuple):
            names = list(getattr(self.model, "output_names", None) or ())
            if len(set(names)) != len(got):
                names = [f"output_{number}" for number in range(1, len(got) + 1)]
            return dict(zip(names, got, strict=True))
        return {next(iter(getattr(self.model, "output_names", None) or ["output"])): got}


def _run(model: Any, data: Any) -> Any:
    """Returns a model's outputs as arrays, without training and without compiling anything."""
    import keras
    import numpy as np

    count = len(keras.tree.flatten(data)[0])
    parts = [
        keras.tree.map_structure(
            keras.ops.convert_to_numpy,
            model(
                keras.tree.map_structure(lambda x: x[at : at + _AT_ONCE], data),  # noqa: B023
                training=False,
            ),
        )
        for at in range(0, count, _AT_ONCE)
    ]
    return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *parts)


def _shape(tensor: Any) -> tuple[int, ...]:
    """Returns the shape of one image in an input; an open height or width is that of an image."""
    shape = tuple(28 if axis is None else axis for axis in tensor.shape[1:])
    if math.prod(shape) == _PIXELS:
        return shape
    raise Wrong(
        _("The input `{name}` has shape {shape}; an image has 28 × 28 = 784 numbers.").format(
            name=printable(tensor.name), shape=tuple(tensor.shape)
        )
    )


def _missing(missing: list[str], outputs: Mapping[str, Any]) -> str:
    return _(
        "The model has no output named {missing}; its outputs are {got}. A dict names them: "
        '`keras.Model([left, right], {{"left_digit": ..., "right_digit": ..., "sum": ...}})`.'
    ).format(missing=_listed(missing), got=_listed(outputs))


def _listed(names: Any) -> str:
    return ", ".join(f"`{printable(str(name))}`" for name in names)


def _decoded(name: str, values: Any) -> Digits:
    """Returns answers as whole numbers: the likeliest class, or one number rounded."""
    import numpy as np

    units = values[0].size
    classes = _CLASSES[name]
    if units == 1:
        rounded: Digits = np.rint(values.reshape(-1)).astype("int64")
        return rounded
    if values.ndim == 2 and units >= classes:
        likeliest: Digits = np.argmax(values, axis=-1)
        return likeliest
    raise Wrong(
        _(
            "`{name}` has shape {shape}. It goes from 0 to {largest}: that is {classes} classes, "
            "one unit for each, or a single unit that outputs the number itself."
        ).format(
            name=name, shape=(None, *values.shape[1:]), largest=classes - 1, classes=classes
        )
    )
