"""Converts activations to plain JSON for the page, with numbers as bytes."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kfunc_lab.activations.overview import calls_by_item, shape_of, statistics_rows
from kfunc_lab.activations.pictures import Bars, Picture, Points, Tiles, Words, number
from kfunc_lab.forward.batch import CHANGED, RECOMPUTED, BatchActivations
from kfunc_lab.forward.recording import CapturedCall
from kfunc_lab.forward.statistics import Statistics
from kfunc_lab.graph.model.descriptions import short_name
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.image import Image
from kfunc_lab.ui.text import printable

# The number of samples in one row of small pictures to choose from.
SAMPLES_AT_ONCE = 12
_SMALL = 40


def for_json(value: Any) -> Any:
    """Encodes all bytes in nested data as base64 text."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {key: for_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(item) for item in value]
    return value


def picture_data(picture: Picture) -> dict[str, Any]:
    """Converts a picture to plain data."""
    if isinstance(picture, Tiles):
        return tiles_data(picture)
    if isinstance(picture, Bars):
        return bars_data(picture)
    if isinstance(picture, Points):
        return {
            "type": "points",
            "x": picture.x,
            "y": picture.y,
            "labels": picture.labels,
            "shares": picture.shares,
        }
    if isinstance(picture, Image):
        return {"type": "image", **image_data(picture)}
    assert isinstance(picture, Words)  # noqa: S101 - there is no other kind
    return {"type": "words", "lines": picture.lines}


def tiles_data(tiles: Tiles) -> dict[str, Any]:
    """Converts heat maps to plain data."""
    count, rows, columns = tiles.values.shape
    return {
        "type": "tiles",
        "count": count,
        "rows": rows,
        "cols": columns,
        "labels": tiles.labels,
        "lows": tiles.lows,
        "highs": tiles.highs,
        "scale": tiles.scale,
        "rowAxis": tiles.rows,
        "colAxis": tiles.columns,
        "factor": tiles.factor,
        "first": tiles.first,
        "total": tiles.total,
        "isVector": tiles.is_one_vector,
        "data": np.ascontiguousarray(tiles.values, "<f4").tobytes(),
    }


def bars_data(bars: Bars) -> dict[str, Any]:
    """Converts bars to plain data; numbers that are not finite become `None`, as JSON has none."""
    return {
        "type": "bars",
        "labels": bars.labels,
        "values": [value if np.isfinite(value) else None for value in bars.values],
        "marked": bars.marked,
        "percent": bars.percent,
        "total": bars.total,
    }


def image_data(image: Image) -> dict[str, Any]:
    """Converts an image to plain data."""
    rows, columns, channels = image.pixels.shape
    return {
        "rows": rows,
        "cols": columns,
        "channels": channels,
        "data": np.ascontiguousarray(image.pixels).tobytes(),
    }


def small_image_data(image: Image) -> dict[str, Any]:
    """Converts an image to a small version for choosing a sample."""
    rows, columns = image.pixels.shape[:2]
    step = max(-(-max(rows, columns) // _SMALL), 1)
    return image_data(Image(image.pixels[::step, ::step], image.low, image.high))


def thumbnail_data(small: Numbers | None) -> dict[str, Any] | None:
    """Converts a small picture to a heat map."""
    if small is None or not small.size:
        return None
    known = small[np.isfinite(small)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    is_diverging = low < 0 < high
    if is_diverging:
        low, high = -max(-low, high), max(-low, high)
    elif low >= 0:
        low = 0.0
    rows, columns = small.shape
    return {
        "rows": rows,
        "cols": columns,
        "low": low,
        "high": high,
        "scale": "diverging" if is_diverging else "sequential",
        "data": _levels(small, low, high).tobytes(),
    }


def _levels(small: Numbers, low: float, high: float) -> Numbers:
    """Quantises numbers to levels from 0 to 254; 255 stands for numbers that are not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        levels = np.clip((small - low) * (254 / ((high - low) or 1.0)), 0, 254).round()
    return np.where(np.isfinite(levels), levels, 255).astype(np.uint8)


def cards_data(batch: BatchActivations, sample: int) -> list[dict[str, Any]]:
    """Returns the cards with a small picture for each call of the graph."""
    shown = calls_by_item(batch, batch.graph)
    cards = []
    for call in batch.graph.calls:
        recorded = shown.get(call.id)
        if recorded is None:
            continue
        cards.append(
            {
                "item": call.id,
                "name": short_name(call),
                "path": printable(call.id),
                "kind": printable(call.kind),
                "shape": shape_of(recorded.tensors[0]) if recorded.tensors else "",
                "picture": thumbnail_data(batch.thumbnail(recorded.id, sample)),
            }
        )
    return cards


def statistics_data(call: CapturedCall, statistics: Statistics) -> dict[str, Any]:
    """Converts the statistics of a call to plain data."""
    histogram = statistics.histogram
    return {
        "rows": [
            {"label": label, "value": value}
            for label, value in statistics_rows(call, statistics)
        ],
        "histogram": {
            "low": histogram.low,
            "width": histogram.width,
            "counts": histogram.counts,
        },
        "dead": _listed(statistics.dead, len(statistics.peaks)),
    }


def _listed(units: Numbers, count: int) -> str:
    """Lists the first dead units, unless all or none are dead."""
    if not len(units) or len(units) == count:
        return ""
    numbers = ", ".join(map(str, units[:12]))
    return _("Dead: {units}").format(units=numbers + (", …" if len(units) > 12 else ""))


def exciting_data(statistics: Statistics, unit: int) -> list[dict[str, Any]]:
    """Returns the samples that activate a unit most, each with its mean activation."""
    if not 0 <= unit < statistics.top_values.shape[1]:
        return []
    pairs = zip(statistics.top_samples[:, unit], statistics.top_values[:, unit], strict=True)
    return [{"sample": int(sample), "value": number(float(value))} for sample, value in pairs]


def state_words(state: str) -> str:
    """Explains a value that does not come from the first pass."""
    if state == RECOMPUTED:
        return _("Computed again for this sample.")
    if state == CHANGED:
        return _(
            "Computed again: the model has changed since, so these are its current values."
        )
    return ""


def places_data(calls: Sequence[CapturedCall], item: str) -> list[tuple[str, str]]:
    """Lists the calls that can be shown for an item: its own call, and those inside it."""
    bases = dict.fromkeys(call.base for call in calls)
    return [
        (base, _("result") if base == item else printable(base.removeprefix(f"{item}/")))
        for base in bases
    ]
