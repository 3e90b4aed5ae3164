"""Numbers as bars with their names: `lab.bars`."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from kfunc_lab.lessons.figures.drawing import Drawing, drawing, number, path, rectangle, words
from kfunc_lab.locale import _
from kfunc_lab.ui.text import align_columns, percent, printable
from kfunc_lab.ui.text_width import fit_text, text_width

_MOST = 64
_ROW, _EDGE = 22, 14
_LONGEST_NAME = 140
_TRACK, _NUMBER = 320, 74


def bars(values: Any, names: Sequence[object] | None = None) -> Drawing:
    """Draws numbers as bars; those that add up to 1 are written as percentages.

    Args:
        values: The numbers: a vector.
        names: A name for each; by default they are numbered from 0.

    Returns:
        A picture in a notebook, and the numbers as text.

    Raises:
        ValueError: If there are no numbers or more than 64, or not as many names.

    Example:
        >>> bars([0.9, 0.1], ["cat", "dog"])
        cat  90 %
        dog  10 %
    """
    vector = np.asarray(values, float)
    labels = [printable(str(name)) for name in (range(vector.size) if names is None else names)]
    if vector.ndim != 1 or not 0 < len(labels) == vector.size <= _MOST:
        raise ValueError(
            _(
                "Bars need a vector of 1 to {most} numbers, and a name for each if any; the "
                "numbers have the shape {shape}, and there are {names} names."
            ).format(most=_MOST, shape=vector.shape, names=len(labels))
        )
    finite = np.nan_to_num(vector, posinf=0, neginf=0)
    are_shares = bool((vector >= 0).all() and abs(vector.sum() - 1) < 1e-3)
    said = [percent(value) if are_shares else number(value) for value in vector.tolist()]
    low, high = (
        (0.0, 1.0) if are_shares else (min(0.0, finite.min()), max(0.0, finite.max()) or 1.0)
    )
    left = _EDGE + min(_LONGEST_NAME, max(text_width(it, 12, True) for it in labels)) + 10
    largest = int(finite.argmax())
    body = []
    for place, value in enumerate(finite.tolist()):
        y = _EDGE + place * _ROW
        strong = place == largest
        name = fit_text(labels[place], _LONGEST_NAME, 12, True)
        body.append(words(left - 10, y + 15, name, anchor="end", bold=strong))
        zero, end = (left + _TRACK * (it - low) / (high - low) for it in (0.0, value))
        kind = "negative" if value < 0 else "first" if strong else "bar"
        body.append(
            rectangle(min(zero, end), y + 4, max(abs(end - zero), 1), _ROW - 8, _KINDS[kind], 2)
        )
        body.append(
            words(left + _TRACK + _NUMBER - 8, y + 15, said[place], anchor="end", bold=strong)
        )
    zero = left + _TRACK * -low / (high - low)
    height = 2 * _EDGE + _ROW * len(labels)
    body.append(path(f"M{zero:.1f} {_EDGE}V{height - _EDGE}", "frame"))
    rows = [[name, it] for name, it in zip(labels, said, strict=True)]
    text = "\n".join(align_columns(rows, {1}))
    return drawing(math.ceil(left + _TRACK + _NUMBER + 6), height, body, text)


_KINDS = {"negative": "second", "first": "first", "bar": "bar"}
