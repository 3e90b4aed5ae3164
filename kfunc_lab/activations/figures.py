"""Draws activations for pages without a kernel, as SVG."""

import html
import math
from collections.abc import Container, Sequence

import numpy as np

from kfunc_lab.activations.overview import Line, heading, lines_of
from kfunc_lab.activations.pictures import Bars, number
from kfunc_lab.forward.batch import BatchActivations
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.image import Image
from kfunc_lab.ui.png_pixels import colour_pixels, png_uri
from kfunc_lab.ui.text import percent
from kfunc_lab.ui.text_width import fit_text, text_width
from kfunc_lab.ui.theme import FAINT, FONT, LINE, QUIET, SURFACE, TEXT, TRAINING, light_dark

_WIDTH = 760
_ROW = 58
_SIDE = 48
_HEAD = 40
_TOP = 132
_COLUMNS = 2
# At most this many calls are drawn; the others are only counted.
_MAX_ROWS = 40


def to_svg(
    batch: BatchActivations,
    graph: LayerGraph,
    opened: Container[str],
    sample: int,
    image: Image | None,
    outputs: Sequence[tuple[str, Bars]],
) -> str:
    """Draws one sample's path through a model as SVG: a small picture of each call.

    Args:
        batch: The activations.
        graph: The graph, with the groups that the view shows.
        opened: The ids of the open groups.
        sample: The number of the sample.
        image: The input, if it is an image.
        outputs: The name and the bars of each output that is a vector.

    Returns:
        The SVG, which follows the reader's light or dark theme.
    """
    lines = [line for line in lines_of(batch, graph, opened) if line.call and not line.is_open]
    shown = lines[:_MAX_ROWS]
    rows_per_column = -(-len(shown) // _COLUMNS)
    top = _HEAD + (_TOP if image is not None or outputs else 0)
    height = top + rows_per_column * _ROW + (28 if len(lines) > len(shown) else 8)
    parts = [_text(16, 25, heading(batch), 14, "head")]
    parts += _inputs_and_outputs(sample, image, outputs)
    for place, line in enumerate(shown):
        column, row = divmod(place, rows_per_column)
        x = 16 + column * (_WIDTH - 16) / _COLUMNS
        parts.append(_row(batch, line, sample, x, top + row * _ROW))
    if len(lines) > len(shown):
        more = len(lines) - len(shown)
        words = ngettext("and {n} more call", "and {n} more calls", more).format(n=more)
        parts.append(_text(16, height - 10, words, 12, "quiet"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" class="kfunc-lab-flow" role="img">'
        f"<title>{html.escape(heading(batch))}</title><style>{_style()}</style>"
        f'<rect class="surface" width="100%" height="100%" fill="{SURFACE[0]}"/>'
        f"{''.join(parts)}</svg>"
    )


def _inputs_and_outputs(
    sample: int, image: Image | None, outputs: Sequence[tuple[str, Bars]]
) -> list[str]:
    parts = []
    x = 16.0
    if image is not None:
        rows, columns = image.pixels.shape[:2]
        side = 100 / max(rows, columns)
        size = (columns * side, rows * side)
        parts.append(_text(x, _HEAD + 12, _("sample {n}").format(n=sample), 11, "quiet"))
        parts.append(_picture(png_uri(image.pixels), x, _HEAD + 18, *size))
        x += size[0] + 32
    for name, bars in outputs[:2]:
        parts.append(_text(x, _HEAD + 12, name, 11, "quiet"))
        parts.append(_bars(bars, x, _HEAD + 18))
        x += 300
    return parts


def _bars(bars: Bars, x: float, y: float) -> str:
    """Draws numbers as columns, and labels the largest with its value."""
    count = min(len(bars.values), 20)
    values = [value if math.isfinite(value) else 0.0 for value in bars.values[:count]]
    step = min(26.0, 260 / max(count, 1))
    scale = 1.0 if bars.percent else max(map(abs, values), default=0.0) or 1.0
    base = y + (84 if min(values, default=0.0) >= 0 else 48)
    room = base - y - 12
    best = max(range(count), key=values.__getitem__, default=0)
    parts = []
    for place, value in enumerate(values):
        size = max(abs(value) / scale * room, 0.5)
        left = x + place * step
        top = base - size if value >= 0 else base
        mark = "strong" if place == best else "bar"
        parts.append(
            f'<rect class="{mark}" x="{left:.1f}" y="{top:.1f}" width="{step - 4:.1f}" '
            f'height="{size:.1f}" fill="{TRAINING[0] if place == best else LINE[0]}"/>'
        )
        if step >= 12:
            parts.append(
                _text(left + step / 2 - 2, y + 98, bars.labels[place], 10, "quiet mid")
            )
        if place == best:
            words = percent(value) if bars.percent else number(value)
            parts.append(_text(left + step / 2 - 2, top - 3, words, 10, "mid"))
    return "".join(parts)


def _row(batch: BatchActivations, line: Line, sample: int, x: float, y: float) -> str:
    small = batch.thumbnail(line.call, sample)
    parts = []
    if small is not None and small.size:
        rows, columns = small.shape
        side = min(_SIDE / rows, _SIDE / columns)
        width, height = columns * side, rows * side
        # A thin row is drawn thicker so that it stays visible.
        height, width = max(height, 10.0), max(width, 10.0)
        uri = png_uri(colour_pixels(small, *_colour_range(small)))
        parts.append(
            _picture(uri, x + (_SIDE - width) / 2, y + (_SIDE - height) / 2, width, height)
        )
    else:
        parts.append(
            f'<rect class="empty" x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}" '
            f'fill="none" stroke="{FAINT[0]}"/>'
        )
    left = x + _SIDE + 10
    room = (_WIDTH - 16) / _COLUMNS - _SIDE - 30
    name = fit_text(line.name, room * 0.62, 12, bold=True)
    parts.append(_text(left, y + 13, name, 12, "name"))
    after = left + text_width(name, 12, True) + 6
    kind_room = x + (_WIDTH - 16) / _COLUMNS - 20 - after
    parts.append(_text(after, y + 13, fit_text(line.kind, kind_room, 11), 11, "quiet"))
    call = batch.recording.calls[line.call]
    parts.append(_text(left, y + 29, line.shape, 11, "body"))
    if call.tensors and batch.statistics(call.id).finite:
        statistics = batch.statistics(call.id)
        words = _("{low} … {high}, {zeros} zeros").format(
            low=number(statistics.minimum),
            high=number(statistics.maximum),
            zeros=percent(statistics.share_of_zeros),
        )
        parts.append(_text(left, y + 44, fit_text(words, room, 11), 11, "quiet"))
    return "".join(parts)


def _colour_range(small: Numbers) -> tuple[float, float, str]:
    known = small[np.isfinite(small)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    if low < 0 < high:
        return -max(-low, high), max(-low, high), "diverging"
    return (0.0 if low >= 0 else low), high, "sequential"


def _picture(uri: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<image href="{uri}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" preserveAspectRatio="none" style="image-rendering:pixelated"/>'
    )


def _text(x: float, y: float, words: str, size: float, classes: str) -> str:
    anchor = ' text-anchor="middle"' if "mid" in classes else ""
    weight = ' font-weight="bold"' if classes in ("head", "name") else ""
    fill = QUIET[0] if "quiet" in classes else TEXT[0]
    return (
        f'<text class="{classes}" x="{x:.1f}" y="{y:.1f}" font-size="{size}"{anchor}{weight} '
        f'fill="{fill}">{html.escape(words)}</text>'
    )


def _style() -> str:
    rules = {
        "text": f"fill:{light_dark(TEXT)}",
        ".quiet": f"fill:{light_dark(QUIET)}",
        ".surface": f"fill:{light_dark(SURFACE)}",
        ".bar": f"fill:{light_dark(LINE)}",
        ".strong": f"fill:{light_dark(TRAINING)}",
        ".empty": f"stroke:{light_dark(FAINT)}",
    }
    body = "".join(f".kfunc-lab-flow {name}{{{rule}}}" for name, rule in rules.items())
    return f".kfunc-lab-flow{{color-scheme:light dark;font-family:{FONT}}}" + body
