"""Draws a graph as SVG that follows the reader's light or dark theme."""

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from math import hypot
from pathlib import Path

from kfunc_lab.graph.model.annotations import MARKS
from kfunc_lab.graph.model.descriptions import title
from kfunc_lab.graph.model.families import FAMILIES
from kfunc_lab.graph.model.folding import visible_groups
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.model.levels import Wire
from kfunc_lab.graph.picture.boxes import (
    CLOSED,
    PIN,
    SHARED,
    Box,
    box_svg,
    texts_svg,
    triangle_svg,
)
from kfunc_lab.graph.picture.composition import Curve, Frame, Label, Picture, compose
from kfunc_lab.graph.picture.highlights import Highlights
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.picture.legend import REGIONS, Sign, legend
from kfunc_lab.ui.colour_scale import Scale, ink_on
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.text_width import text_width
from kfunc_lab.ui.theme import FONT, LINE, PANEL, QUIET, SURFACE, TEXT, light_dark

ARROW = 7  # pixels long
REGION_EDGE = 8  # pixels around the boxes of a region
DASHED = ("lost", "mark-removed", "mark-ghost")
_MIN_LEGEND = 260  # pixels: under a narrow picture, the legend is wider than the picture
_LEGEND_ROW = 20


def draw(
    layouts: Layouts,
    opened: Iterable[str],
    highlights: Highlights | None = None,
) -> str:
    """Draws a graph as SVG.

    Args:
        layouts: The levels of the graph; the visible ones are laid out if needed.
        opened: The ids of the open groups.
        highlights: The highlighted regions and numbers.

    Returns:
        An `<svg>` element with the same bytes on every platform. Each box is a `<g>` of class
        `call` whose `data-item` is the printable id of the item; each line has the ids of its
        ends as `data-source` and `data-target`.

    Raises:
        GraphvizError: If the drawing program is missing or fails.
    """
    highlights = highlights or Highlights()
    picture = picture_of(layouts, opened)
    signs = legend(
        layouts.graph, visible_items(picture), highlights, layouts.annotations.all_marks
    )
    rows = legend_rows(signs, max(picture.width, _MIN_LEGEND))
    scale = highlights.scale
    width = max(picture.width, max((row_width(row) for row in rows), default=0) + 20)
    height = picture.height + _LEGEND_ROW * (len(rows) + bool(scale)) + 6
    return "".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" '
            f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
            'class="kfunc-lab-drawing" role="img">',
            f"<title>{html.escape(title(layouts.graph))}</title>",
            f"<style>{style_sheet()}</style>",
            f'<rect class="surface" width="100%" height="100%" fill="{SURFACE[0]}"/>',
            f'<g transform="translate({(width - picture.width) / 2:g} 0)">',
            *_picture_parts(layouts, picture, highlights, scale),
            "</g>",
            *_legend_parts(rows, picture.height),
            *([] if scale is None else [_scale_svg(scale, highlights.quantity, height)]),
            "</svg>",
        )
    )


def to_svg(graph: LayerGraph) -> str:
    """Draws a graph as SVG with all groups open.

    Args:
        graph: The graph.

    Returns:
        An `<svg>` element, as from `draw`.

    Raises:
        GraphvizError: If the drawing program is missing or fails.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import Call
        >>> svg = to_svg(LayerGraph("m", "Sequential", (Call("d", "d", "Dense", "d"),), ()))
        >>> svg.startswith("<svg")
        True
    """
    return draw(Layouts(graph), graph.group_of)


def picture_of(layouts: Layouts, opened: Iterable[str]) -> Picture:
    """Lays out the visible levels and composes the picture."""
    visible = visible_groups(layouts.graph, opened)
    layouts.make([None, *visible])
    return compose(layouts.of, layouts.boxes, visible)


def visible_items(picture: Picture) -> list[str]:
    """Returns the ids of the visible calls and groups."""
    return [*picture.boxes, *(frame.item for frame in picture.frames)]


def _picture_parts(
    layouts: Layouts, picture: Picture, highlights: Highlights, scale: Scale | None
) -> Iterator[str]:
    boxes = layouts.boxes
    for frame in picture.frames:
        yield frame_svg(frame)
    for number, region in reversed(list(enumerate(highlights.regions.values()))):
        yield from _region_parts(number, frozenset(region), picture, layouts)
    for curve in picture.curves:
        yield curve_svg(curve, wire_class(layouts, curve.wire))
    for item, (x, y) in picture.boxes.items():
        box = boxes[item]
        value = highlights.values.get(item)
        style = ""
        if scale is not None and value is not None:
            box = _valued(box, scale.colour(value))
            style = f' style="--value:{box.fill};--ink:{box.texts[0].colour}"'
        yield (
            f'<g class="{box.classes}" data-item="{_attribute(item)}" '
            f'transform="translate({x:g} {y:g})"{style}>{box_svg(box)}</g>'
        )
    yield from map(label_svg, picture.labels)
    for frame in picture.frames:
        yield (
            f'<g class="title" transform="translate({frame.x:g} {frame.y:g})">'
            f"{texts_svg(boxes[frame.item].title)}</g>"
        )


def wire_class(layouts: Layouts, wire: Wire) -> str:
    """Returns the CSS class of a line: `"lost"`, `"mark-added"`, …, or an empty string."""
    ends = [(wire.key[0], taker) for taker in wire.takers]
    marks = [
        layouts.annotations.lines[pair] for pair in ends if pair in layouts.annotations.lines
    ]
    if marks:
        return f"mark-{marks[0]}"
    return "lost" if any(taker in layouts.graph.lost for taker in wire.takers) else ""


def _valued(box: Box, colour: str) -> Box:
    """Colours a box by its number."""
    texts = tuple(replace(text, colour=ink_on(colour)) for text in box.texts)
    return replace(box, classes=f"{box.classes} valued", fill=colour, texts=texts)


# ---------------------------------------------------------------------------------------------
# Elements, which the page draws in the same way


def frame_svg(frame: Frame) -> str:
    """Draws the frame of an open group."""
    return (
        f'<rect class="frame" data-frame="{_attribute(frame.item)}" x="{frame.x:.1f}" '
        f'y="{frame.y:.1f}" width="{frame.width:.1f}" height="{frame.height:.1f}" rx="8" '
        f'fill="{PANEL[0]}" stroke="{LINE[0]}"/>'
    )


def _attribute(item: str) -> str:
    return html.escape(printable(item))


def label_svg(label: Label) -> str:
    """Draws the shape of a tensor beside its line."""
    return (
        f'<text class="{"label inside" if label.inside else "label"}" x="{label.x:.1f}" '
        f'y="{label.y + 3.5:.1f}" font-size="10" text-anchor="middle" fill="{QUIET[0]}">'
        f"{html.escape(label.words)}</text>"
    )


def curve_svg(curve: Curve, kind: str = "") -> str:
    """Draws a line, with an arrow if it ends at a box."""
    points = list(curve.points)
    arrow = ""
    if curve.arrow:
        tip, base = arrow_head(points)
        points[-2:] = base
        arrow = f'<path class="arrow" d="{_arrow_path(tip, base)}" fill="{LINE[0]}"/>'
    dash = ' stroke-dasharray="5 3"' if kind in DASHED else ""
    ends = "".join(
        f' data-{name}="{_attribute(item)}"'
        for name, item in (("source", curve.wire.source), ("target", curve.wire.target))
        if item is not None
    )
    return (
        f'<g class="{f"edge {kind}".rstrip()}"{ends}>'
        f'<path class="line" d="{curve_path(points)}" fill="none" stroke="{LINE[0]}" '
        f'stroke-width="1.2"{dash}/>{arrow}</g>'
    )


def curve_path(points: Sequence[float]) -> str:
    """Writes consecutive Bézier curves as the data of an SVG path."""
    numbers = [f"{value:.1f}" for value in points]
    return f"M{numbers[0]} {numbers[1]}C{' '.join(numbers[2:])}"


def arrow_head(points: Sequence[float]) -> tuple[tuple[float, float], tuple[float, float]]:
    """Returns the tip of a line's arrowhead and the middle of its base."""
    x, y = points[-2], points[-1]
    before = (points[-4], points[-3])
    length = hypot(x - before[0], y - before[1]) or 1.0
    across, down = (x - before[0]) / length, (y - before[1]) / length
    return (x, y), (x - ARROW * across, y - ARROW * down)


def _arrow_path(tip: tuple[float, float], base: tuple[float, float]) -> str:
    half_x, half_y = (tip[1] - base[1]) * 0.45, (base[0] - tip[0]) * 0.45
    return (
        f"M{tip[0]:.1f} {tip[1]:.1f}L{base[0] + half_x:.1f} {base[1] + half_y:.1f} "
        f"{base[0] - half_x:.1f} {base[1] - half_y:.1f}Z"
    )


def _region_parts(
    number: int, members: frozenset[str], picture: Picture, layouts: Layouts
) -> Iterator[str]:
    """Draws a coloured band behind the boxes of a region and the lines between them."""
    fill, border = REGIONS[number % len(REGIONS)]
    spread = REGION_EDGE + 4 * number
    rects = [
        (x - box.width / 2, y - box.height / 2, box)
        for item, (x, y) in picture.boxes.items()
        if item in members
        for box in [layouts.boxes[item]]
    ]
    between = [
        curve_path(curve.points)
        for curve in picture.curves
        if curve.wire.key[0] in members
        and curve.wire.target is not None
        and any(taker in members for taker in curve.wire.takers)
    ]
    # The fill covers the inside of the slightly larger border, which leaves a single outline.
    for layer, extra, colour in (("border", 1.5, border[0]), ("fill", 0.0, fill[0])):
        name = f"region-{number % len(REGIONS)} region-{layer}"
        for path in between:
            yield (
                f'<path class="{name} band" d="{path}" fill="none" stroke="{colour}" '
                f'stroke-width="{2 * (spread + extra):g}"/>'
            )
        for left, top, box in rects:
            edge = spread + extra
            yield (
                f'<rect class="{name}" x="{left - edge:.1f}" y="{top - edge:.1f}" '
                f'width="{box.width + 2 * edge:.1f}" height="{box.height + 2 * edge:.1f}" '
                f'rx="{8 + spread:g}" fill="{colour}"/>'
            )


# ---------------------------------------------------------------------------------------------
# Legend


def legend_rows(signs: Sequence[Sign], width: float) -> list[list[Sign]]:
    """Splits a legend into rows that fit a width."""
    rows: list[list[Sign]] = []
    for sign in signs:
        if rows and row_width([*rows[-1], sign]) <= width - 20:
            rows[-1].append(sign)
        else:
            rows.append([sign])
    return rows


def row_width(row: Sequence[Sign]) -> float:
    """Returns the width of a row of a legend."""
    return sum(_sign_width(sign) for sign in row)


def _sign_width(sign: Sign) -> float:
    return 17 + text_width(sign.words, 10) + 14


def _legend_parts(rows: Sequence[Sequence[Sign]], top: float) -> Iterator[str]:
    yield '<g class="legend">'
    for number, row in enumerate(rows):
        x = 12.0
        for sign in row:
            y = top + _LEGEND_ROW * (number + 0.5)
            yield (
                f'<g transform="translate({x:.1f} {y:.1f})">{sign_svg(sign)}'
                f'<text class="quiet" x="17" y="3.5" font-size="10" fill="{QUIET[0]}">'
                f"{html.escape(sign.words)}</text></g>"
            )
            x += _sign_width(sign)
    yield "</g>"


def sign_svg(sign: Sign) -> str:
    """Draws a sign of a legend, 12 by 12 pixels, to the right of the origin."""
    square = 'x="0.5" y="-5.5" width="11" height="11" rx="3"'
    if sign.kind == "family":
        family = FAMILIES[sign.name]
        dash = ' stroke-dasharray="3 2"' if sign.name == "own" else ""
        return (
            f'<g class="family-{sign.name}"><rect class="box" {square} '
            f'fill="{family.fill[0]}" stroke="{family.border[0]}"{dash}/><text class="glyph" '
            f'x="6" y="3" font-size="8" text-anchor="middle" fill="{family.border[0]}">'
            f"{family.glyph}</text></g>"
        )
    if sign.kind == "shared":
        colour = SHARED[int(sign.name)][0]
        return f'<rect class="swatch shared-{sign.name}" {square} fill="{colour}"/>'
    if sign.kind == "region":
        fill, border = REGIONS[int(sign.name)]
        return (
            f'<rect class="region-{sign.name} key" {square} fill="{fill[0]}" '
            f'stroke="{border[0]}"/>'
        )
    if sign.kind == "mark":
        return (
            f'<rect class="key mark-{sign.name}" {square} fill="none" '
            f'stroke="{MARKS[sign.name][0]}" stroke-width="2"/>'
        )
    if sign.kind == "lost":
        return (
            f'<rect class="plain" {square} fill="none" stroke="{LINE[0]}" '
            'stroke-dasharray="3 2"/>'
        )
    return triangle_svg(CLOSED, 3, 4)


def _scale_svg(scale: Scale, quantity: str, height: float) -> str:
    """Draws a colour scale with its limits and its quantity."""
    steps = 24
    low, high = f"{scale.low:.3g}", f"{scale.high:.3g}"
    begin = 12 + text_width(low, 10) + 6
    y = height - _LEGEND_ROW / 2 - 3
    cells = "".join(
        f'<rect x="{begin + 5 * number:.1f}" y="{y - 5:.1f}" width="5.2" height="10" '
        f'fill="{scale.colour(scale.low + (scale.high - scale.low) * number / (steps - 1))}"/>'
        for number in range(steps)
    )
    caption = "   ".join(filter(None, [high, quantity]))
    return (
        f'<g class="scale"><text class="quiet" x="12" y="{y + 3.5:.1f}" font-size="10" '
        f'fill="{QUIET[0]}">{low}</text>{cells}<text class="quiet" '
        f'x="{begin + 5 * steps + 6:.1f}" y="{y + 3.5:.1f}" font-size="10" fill="{QUIET[0]}">'
        f"{html.escape(caption)}</text></g>"
    )


# ---------------------------------------------------------------------------------------------
# Style


@lru_cache(maxsize=1)
def style_sheet() -> str:
    """Returns the style sheet of the picture, with colours for light and dark themes.

    `light-dark()` follows the `color-scheme` of the picture or of the view around it. A reader that
    does not know it uses the light colours in the attributes of the elements.
    """
    rules = [
        ".kfunc-lab-drawing{color-scheme:light dark}",
        f".kfunc-lab-drawing text{{font-family:{FONT}}}",
        _rule(".surface", "fill", SURFACE),
        _rule(".label", "stroke", SURFACE),
        _rule(".label.inside", "stroke", PANEL),
        _rule(".title text", "stroke", PANEL),
        _rule(".name", "fill", TEXT),
        _rule(".quiet, .label, .remark, .group .kind", "fill", QUIET),
        _rule(".sign", "fill", QUIET),
        _rule(".pin-box", "fill", SURFACE),
        _rule(".pin-box", "stroke", PIN),
        _rule(".pin-name", "fill", PIN),
        _rule(".line", "stroke", LINE),
        _rule(".arrow", "fill", LINE),
        _rule(".frame, .group .box, .group .behind", "fill", PANEL),
        _rule(".frame, .group .box, .group .behind, .plain", "stroke", LINE),
    ]
    # The class `far` is the page's: a picture so small that pale fills would vanish.
    rules.append(_far(".group", LINE))
    for family in FAMILIES.values():
        within = f".family-{family.name}"
        rules += [
            _rule(f"{within} .box, {within} .behind", "fill", family.fill),
            _rule(f"{within} .box, {within} .behind", "stroke", family.border),
            _rule(f"{within} .kind", "fill", family.ink),
            _rule(f"{within} .glyph", "fill", family.border),
            _far(within, family.border),
        ]
    for number, colours in enumerate(SHARED):
        rules.append(_rule(f".shared-{number}", "fill", colours))
    for number, (fill, border) in enumerate(REGIONS):
        within = f".region-{number}"
        rules += [
            _rule(f"rect{within}.region-fill, {within}.key", "fill", fill),
            _rule(f"rect{within}.region-border", "fill", border),
            _rule(f"{within}.region-fill.band", "stroke", fill),
            _rule(f"{within}.region-border.band, {within}.key", "stroke", border),
        ]
    for mark, colours in MARKS.items():
        stroked = f".mark-{mark} > .box, .key.mark-{mark}, .mark-{mark} > .line"
        rules += [
            _rule(stroked, "stroke", colours),
            _rule(f".mark-{mark} > .arrow", "fill", colours),
        ]
    return "\n".join([*rules, (Path(__file__).parent / "drawing.css").read_text("utf-8")])


def _far(within: str, colours: tuple[str, str]) -> str:
    return f".kfunc-lab-drawing.far {within} .box{{fill:{light_dark(colours)}}}"


def _rule(selectors: str, attribute: str, colours: tuple[str, str]) -> str:
    scoped = ",".join(
        f".kfunc-lab-drawing {selector.strip()}" for selector in selectors.split(",")
    )
    return f"{scoped}{{{attribute}:{light_dark(colours)}}}"
