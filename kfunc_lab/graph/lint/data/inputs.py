"""Finds inputs that a model cannot use as they are: NaN, wrong ids, numbers of the wrong size."""

from collections.abc import Callable, Iterator

import numpy as np

from kfunc_lab.graph.keras.acceptance import fits
from kfunc_lab.graph.lint.data.batch import Batch
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.scaling import shrinks
from kfunc_lab.graph.model.families import family_of
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable

# These leave the numbers as they are.
_SAME_NUMBERS = {
    "InputLayer", "Reshape", "Flatten", "Permute", "Transpose", "Squeeze", "ExpandDims", "Cast",
    "Identity", "RepeatVector", "Masking", "Dropout", "SpatialDropout1D", "RandomFlip",
    "RandomRotation", "RandomZoom", "RandomTranslation", "RandomCrop", "Resizing", "CenterCrop",
    "ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "MaxPooling1D",
    "MaxPooling2D", "AveragePooling1D", "AveragePooling2D",
}  # fmt: skip
_JOINING = {"Concatenate", "Stack"}
_MIN_ROWS = 16  # of fewer examples, equal ones mean nothing
_MAX_COLUMNS = 100  # a table; of an image, some pixels are always black
_FAR = 1000.0  # numbers that a network should not get as they are


def _not_finite(case: Case, batch: Batch) -> Iterator[Finding]:
    for call_id, array in batch.inputs.items():
        found = not_finite(array)
        if found:
            yield Finding(
                "nan",
                call_id,
                _("The data for {name} contain {what}: the loss becomes NaN.").format(
                    name=printable(case.graph.call_of[call_id].layer), what=found
                ),
                _("Remove these examples, or fill in numbers: `x = np.nan_to_num(x)`."),
                "certain",
            )


def not_finite(array: Numbers) -> str:
    """Says how many numbers of an array are NaN or infinite; empty if none is."""
    if array.dtype.kind != "f":
        return ""
    wrong = ~np.isfinite(array)
    if not wrong.any():
        return ""
    first = int(np.argwhere(wrong)[0][0])
    count = int(wrong.sum())
    return ngettext(
        "{n} number that is NaN or infinite (in row {row})",
        "{n} numbers that are NaN or infinite (the first in row {row})",
        count,
    ).format(n=count, row=first)


def _finite(batch: Batch) -> Iterator[tuple[str, Numbers]]:
    """Yields the inputs whose numbers can be compared."""
    for call_id, array in batch.inputs.items():
        if not not_finite(array):
            yield call_id, array


def _ids(case: Case, batch: Batch) -> Iterator[Finding]:
    """Checks what an Embedding looks up."""
    for call_id, array in _finite(batch):
        for table in _first_users(case, call_id):
            rows = table.settings.get("input_dim")
            if not table.kind.endswith("Embedding") or not isinstance(rows, int):
                continue
            names = {
                "input": printable(case.graph.call_of[call_id].layer),
                "table": printable(table.layer),
                "rows": rows,
                "last": rows - 1,
            }
            low, high = array.min(), array.max()
            if low < 0:
                yield _negative_ids(table.id, {**names, "low": f"{low:g}"})
            if high >= rows:
                yield _high_ids(
                    table.id, {**names, "high": f"{high:g}", "needed": int(high) + 1}
                )
            if array.dtype.kind == "f" and low >= 0 and (array != np.floor(array)).any():
                yield _fractions(table.id, names)
            break


def _negative_ids(call_id: str, names: dict[str, object]) -> Finding:
    return Finding(
        "ids",
        call_id,
        _(
            "The data for {input} contain {low}, but {table} has only the rows 0 to {last}: a "
            "negative number is read as a row from the end."
        ).format(**names),
        _("Shift the numbers so that padding is 0 (`x + 1`), and use `mask_zero=True`."),
        "certain",
    )


def _high_ids(call_id: str, names: dict[str, object]) -> Finding:
    return Finding(
        "ids",
        call_id,
        _(
            "The data for {input} contain {high}, but {table} has only the rows 0 to {last}."
        ).format(**names),
        _(
            "Use `layers.Embedding({needed}, ...)`, one row more than the highest number."
        ).format(**names),
        "certain",
    )


def _fractions(call_id: str, names: dict[str, object]) -> Finding:
    return Finding(
        "ids",
        call_id,
        _(
            "The data for {input} contain fractions, but {table} looks up whole numbers: it "
            "cuts them off."
        ).format(**names),
        _("Pass whole numbers, or use `layers.Dense` in the place of the Embedding."),
        "likely",
    )


def _scale(case: Case, batch: Batch) -> Iterator[Finding]:
    for call_id, array in _finite(batch):
        users = [call for call in _first_users(case, call_id) if _computes(call)]
        scalers = [call for call in _first_users(case, call_id) if shrinks(call)]
        low, high = float(array.min()), float(array.max())
        name = printable(case.graph.call_of[call_id].layer)
        if users and _is_like_pixels(array) and low >= 0 and 100 < high <= 255:
            yield Finding(
                "scale",
                call_id,
                _(
                    "The data for {name} go from {low} to {high}, and {user} gets them unscaled."
                ).format(
                    name=name, low=f"{low:g}", high=f"{high:g}", user=printable(users[0].layer)
                ),
                _("Rescale them first: `layers.Rescaling(1 / 255)`."),
                "likely",
            )
        elif users and array.ndim == 2 and max(-low, high) > _FAR:
            yield Finding(
                "scale",
                call_id,
                _(
                    "The data for {name} go from {low} to {high}, and {user} gets them unscaled."
                ).format(
                    name=name, low=f"{low:g}", high=f"{high:g}", user=printable(users[0].layer)
                ),
                _("Bring each feature to about the same size: `layers.Normalization()`."),
                "possible",
            )
        elif scalers and not users and 0 < max(-low, high) <= 1 and array.ndim > 2:
            yield Finding(
                "scaled-twice",
                call_id,
                _(
                    "The data for {name} go from {low} to {high} already, and {scaler} rescales "
                    "them again, so the numbers are almost 0."
                ).format(
                    name=name,
                    low=f"{low:.3g}",
                    high=f"{high:.3g}",
                    scaler=printable(scalers[0].layer),
                ),
                _("Pass the data unscaled, or remove {scaler}.").format(
                    scaler=printable(scalers[0].layer)
                ),
                "likely",
            )


def _is_like_pixels(array: Numbers) -> bool:
    return array.ndim >= 3 or array.shape[-1] >= 64


def _computes(call: Call) -> bool:
    """Tells whether a call multiplies its input by weights."""
    if not call.parameters or not call.library or "Embedding" in call.kind:
        return False
    return family_of(call).name in ("dense", "convolution", "sequence")


def _first_users(case: Case, call_id: str) -> list[Call]:
    """Returns the first calls that do something with the numbers of an input."""
    users: list[Call] = []
    waiting = [call_id]
    for at in waiting:
        for taker_id in case.takers.get(at, ()):
            taker = case.graph.call_of[taker_id]
            if taker.kind in _SAME_NUMBERS | _JOINING and taker.library:
                if taker_id not in waiting:
                    waiting.append(taker_id)
            elif taker not in users:
                users.append(taker)
    return users


def _constant(case: Case, batch: Batch) -> Iterator[Finding]:
    for call_id, array in _finite(batch):
        name = printable(case.graph.call_of[call_id].layer)
        users = _first_users(case, call_id)
        if len(array) < _MIN_ROWS or not any(map(_computes, users)):
            continue
        same = (array == array[:1]).all(axis=0)
        if same.all():
            reason = _("All {n} examples for {name} are equal, so they tell the model nothing.")
        elif (
            array.ndim == 2
            and array.shape[1] <= _MAX_COLUMNS
            and (same & (array[0] != 0)).any()
        ):
            reason = _("Feature {column} of {name} has the same value in all {n} examples.")
        else:
            continue
        column = int(np.flatnonzero(same & (array[0] != 0))[0]) if not same.all() else 0
        yield Finding(
            "constant-feature",
            call_id,
            reason.format(n=len(array), name=name, column=column),
            _("Check how the data were prepared; a constant feature can be left out."),
            "possible",
        )


def _mask_values(case: Case, batch: Batch) -> Iterator[Finding]:
    """Finds a Masking whose value marks no step of the data."""
    for call_id, array in _finite(batch):
        for taker_id in case.takers.get(call_id, ()):
            masking = case.graph.call_of[taker_id]
            value = masking.settings.get("mask_value", 0.0)
            if masking.kind != "Masking" or not isinstance(value, (int, float)):
                continue
            padding = _padding_of(array)
            if padding is not None and padding != value:
                yield Finding(
                    "mask-value",
                    masking.id,
                    _(
                        "{name} looks for steps of {value}, but the data for {input} seem to be "
                        "padded with {padding}."
                    ).format(
                        name=printable(masking.layer),
                        value=f"{value:g}",
                        input=printable(case.graph.call_of[call_id].layer),
                        padding=f"{padding:g}",
                    ),
                    _("Use `layers.Masking({padding})`.").format(padding=f"{padding:g}"),
                    "likely",
                )


def _padding_of(array: Numbers) -> float | None:
    """Returns the number that fills the last or first steps of some examples, if one does."""
    if array.ndim != 3 or array.shape[1] < 2 or array.shape[2] < 2:
        return None
    for end in (array[:, -1], array[:, 0]):
        alike = (end == end[:, :1]).all(axis=1)
        values = np.unique(end[alike, 0])
        if len(values) == 1 and alike.sum() > 1:
            return float(values[0])
    return None


def _shapes(case: Case, batch: Batch) -> Iterator[Finding]:
    """Finds data of another shape than the input's, which `fit` would refuse."""
    for call_id, array in batch.inputs.items():
        call = case.graph.call_of[call_id]
        wanted = call.outputs[0].shape if call.outputs else None
        if wanted is None or fits((None, *array.shape[1:]), wanted):
            continue
        yield Finding(
            "data-shape",
            call_id,
            _("The data for {name} have the shape {found}, the input takes {wanted}.").format(
                name=printable(call.layer),
                found=_written(array.shape),
                wanted=_written(wanted),
            ),
            _("Give the data the input's axes, or write `keras.Input(shape={shape})`.").format(
                shape=tuple(array.shape[1:])
            ),
            "certain",
        )


def _written(shape: tuple[int | None, ...]) -> str:
    return f"({', '.join(str(size) for size in shape)})"


RULES: tuple[Callable[[Case, Batch], Iterator[Finding]], ...] = (
    _shapes,
    _not_finite,
    _ids,
    _scale,
    _constant,
    _mask_values,
)
