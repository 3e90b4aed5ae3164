"""What the page needs to show activations: plain JSON, and numbers as bytes."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kfunc_lab.activations.overview import calls_by_item, shape_of, told
from kfunc_lab.activations.pictures import Bars, Image, Picture, Points, Tiles, Words, number
from kfunc_lab.forward.batch import CHANGED, RECOMPUTED, BatchActivations
from kfunc_lab.forward.recording import CapturedCall
from kfunc_lab.forward.statistics import Statistics
from kfunc_lab.graph.model.descriptions import short_name
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable

# Small pictures of so many samples stand in a row, to choose from.
SAMPLES_AT_ONCE = 12
_SMALL = 40


def for_json(value: Any) -> Any:
    """Writes bytes as text, in the base of 64, wherever they stand."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {key: for_json(it) for key, it in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(it) for it in value]
    return value


def picture_data(picture: Picture) -> dict[str, Any]:
    """Writes a picture."""
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
    """Writes heat maps."""
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
    """Writes bars; numbers that are not finite are `None`, as JSON has none."""
    return {
        "type": "bars",
        "labels": bars.labels,
        "values": [it if np.isfinite(it) else None for it in bars.values],
        "marked": bars.marked,
        "percent": bars.percent,
        "total": bars.total,
    }


def image_data(image: Image) -> dict[str, Any]:
    """Writes a picture's pixels."""
    rows, columns, channels = image.pixels.shape
    return {
        "rows": rows,
        "cols": columns,
        "channels": channels,
        "data": np.ascontiguousarray(image.pixels).tobytes(),
    }


def small_image_data(image: Image) -> dict[str, Any]:
    """Writes a picture in a size to choose it by."""
    rows, columns = image.pixels.shape[:2]
    step = max(-(-max(rows, columns) // _SMALL), 1)
    return image_data(Image(image.pixels[::step, ::step], image.low, image.high))


def thumbnail_data(small: Numbers | None) -> dict[str, Any] | None:
    """Writes a small picture as heat map."""
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
    """Writes numbers as levels from 0 to 254 between two ends; 255 is no number."""
    with np.errstate(invalid="ignore"):
        levels = np.clip((small - low) * (254 / ((high - low) or 1.0)), 0, 254).round()
    return np.where(np.isfinite(levels), levels, 255).astype(np.uint8)


def cards_data(flow: BatchActivations, sample: int) -> list[dict[str, Any]]:
    """Writes what the row of small pictures shows: one for each call of the graph."""
    shown = calls_by_item(flow)
    cards = []
    for call in flow.graph.calls:
        found = shown.get(call.id)
        if found is None:
            continue
        cards.append(
            {
                "item": call.id,
                "name": short_name(call),
                "path": printable(call.id),
                "kind": printable(call.kind),
                "shape": shape_of(found.tensors[0]) if found.tensors else "",
                "picture": thumbnail_data(flow.thumbnail(found.id, sample)),
            }
        )
    return cards


def statistics_data(call: CapturedCall, found: Statistics) -> dict[str, Any]:
    """Writes the statistics of a call."""
    histogram = found.histogram
    return {
        "rows": told(call, found),
        "histogram": {
            "low": histogram.low,
            "width": histogram.width,
            "counts": histogram.counts,
        },
        "dead": _listed(found.dead, len(found.peaks)),
    }


def _listed(units: Numbers, count: int) -> str:
    """Names the first of some units, unless it is all or none of them."""
    if not len(units) or len(units) == count:
        return ""
    said = ", ".join(map(str, units[:12]))
    return _("Dead: {units}").format(units=said + (", …" if len(units) > 12 else ""))


def exciting_data(found: Statistics, unit: int) -> list[tuple[int, str]]:
    """Writes the samples that excite a unit most, each with its mean activation."""
    if not 0 <= unit < found.top_values.shape[1]:
        return []
    pairs = zip(found.top_samples[:, unit], found.top_values[:, unit], strict=True)
    return [(int(sample), number(float(value))) for sample, value in pairs]


def state_words(state: str) -> str:
    """Says what is shown where it is not what the first pass gave."""
    if state == RECOMPUTED:
        return _("Computed again for this sample.")
    if state == CHANGED:
        return _(
            "Computed again: the model has changed since, so these are its current values."
        )
    return ""


def places_data(calls: Sequence[CapturedCall], item: str) -> list[tuple[str, str]]:
    """Writes what can be shown of an item: its own call, and those of the layers inside it."""
    bases = dict.fromkeys(call.base for call in calls)
    return [
        (base, _("result") if base == item else printable(base.removeprefix(f"{item}/")))
        for base in bases
    ]
