"""Draws the errors of a classifier: its confusion matrix and its worst predictions."""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kfunc_lab.graph.picture.boxes import truncate
from kfunc_lab.locale import _, ngettext
from kfunc_lab.training.curves.line_chart import svg_text
from kfunc_lab.training.measuring.predictions import MAX_CLASSES, Confusion, Example
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.image import image_of
from kfunc_lab.ui.png_pixels import png_uri
from kfunc_lab.ui.text import align_columns, percent, printable
from kfunc_lab.ui.text_width import fit_text, text_width
from kfunc_lab.ui.theme import (
    FAINT,
    FONT,
    LINE,
    QUIET,
    SURFACE,
    TEXT,
    TRAINING,
    VALIDATION,
    light_dark,
)
from kfunc_lab.ui.thumbnails import SIDE, downsample

# The names of the classes, for all outputs or by the name of the output.
ClassNames = Sequence[str] | Mapping[str, Sequence[str]] | None

# Sizes of the static picture, in pixels.
_WIDTH, _MARGIN, _GAP = 800, 16, 26
_MATRIX, _MAX_CELL, _MIN_CELL = 320, 56, 15
_MAX_LABEL_WIDTH = 80
_SHADES = 50
_FEW_CLASSES = 10
_AXIS = 18  # the name of an axis
_LINE = 16
_TILE, _PICTURE, _MAX_COLUMNS = 92, 72, 4
_LIST_WIDTH, _INDENT = 380, 10
_ROW = 18
_MAX_PAIRS = 12
# In characters: names in the text, and names in tooltips.
_MAX_NAME, _MAX_TITLE = 24, 200


def to_svg(confusions: Sequence[Confusion], class_names: ClassNames = None) -> str:
    """Draws the errors of classifiers as SVG, with one panel for each output.

    Args:
        confusions: The result of `Predictor.predict`.
        class_names: The names of the classes in their order, for all outputs or by the name of
            the output; by default their numbers.

    Returns:
        The picture, at most 800 pixels wide.

    Example:
        >>> to_svg([Confusion("digits", 2, ((3, 1), (0, 4)))], ["cat", "dog"])
        '<svg xmlns="http://www.w3.org/2000/svg" width="...digits: 7 of 8 correct (88 %)...'
    """
    panels = [
        _panel(confusion, _ClassNames.of(confusion, class_names)) for confusion in confusions
    ] or [_no_panel()]
    y, body = 0, ""
    for panel in panels:
        body += f'<g transform="translate(0,{y})">{panel.svg}</g>'
        y += panel.height
    width = min(max(panel.width for panel in panels), _WIDTH)
    title = "; ".join(map(_title, confusions)) or _no_classifier()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
        f'viewBox="0 0 {width} {y}" class="kfunc-lab-confusion" role="img">'
        f"<title>{html.escape(title)}</title><style>{_style()}</style>"
        f'<rect class="surface" width="100%" height="100%" fill="{SURFACE[0]}"/>{body}</svg>'
    )


def to_text(confusions: Sequence[Confusion], class_names: ClassNames = None) -> str:
    r"""Returns the errors of classifiers as text tables.

    Args:
        confusions: The result of `Predictor.predict`.
        class_names: As in `to_svg`.

    Example:
        >>> worst = (Example(5, truth=0, predicted=1, probability=0.75, of_truth=0.25),)
        >>> print(to_text([Confusion("pets", 2, ((3, 1), (0, 4)), worst)], ["cat", "dog"]))
        pets: 7 of 8 correct (88 %)
        true \ predicted  cat  dog
                    cat    3    1
                    dog    0    4
        1 error
        sample 5: true cat, predicted dog (75 %)
    """
    if not confusions:
        return _no_classifier()
    return "\n\n".join(
        _as_text(confusion, _ClassNames.of(confusion, class_names)) for confusion in confusions
    )


# ---------------------------------------------------------------------------------------------
# Words


@dataclass(frozen=True)
class _ClassNames:
    """The names of the classes of one output."""

    names: Sequence[str]

    @classmethod
    def of(cls, confusion: Confusion, names: ClassNames) -> "_ClassNames":
        if isinstance(names, Mapping):
            names = names.get(confusion.output)
        return cls(() if names is None else names)

    def __getitem__(self, number: int) -> str:
        name = self.names[number] if number < len(self.names) else number
        return truncate(printable(str(name)), _MAX_TITLE)


def _no_classifier() -> str:
    return _("No output of this model is a classifier with known labels.")


def _title(confusion: Confusion) -> str:
    name = truncate(printable(confusion.output))
    if not confusion.total:
        return name
    return _("{output}: {right} of {total} correct ({share})").format(
        output=name,
        right=f"{confusion.right:,}",
        total=f"{confusion.total:,}",
        share=_share(confusion.right, confusion.total),
    )


def _share(count: int, total: int) -> str:
    share = count / total
    # It only rounds to 100 % if all are correct.
    return f"{100 * share:.1f} %" if 0.995 <= share < 1 else percent(share)


def _remark(confusion: Confusion) -> str:
    """Returns the sentence about predictions that are NaN."""
    if not confusion.unclear:
        return ""
    return ngettext(
        "The model returned NaN for {n} sample; it is not counted.",
        "The model returned NaN for {n} samples; they are not counted.",
        confusion.unclear,
    ).format(n=f"{confusion.unclear:,}")


def _worst_heading(confusion: Confusion) -> str:
    wrong, shown = confusion.total - confusion.right, len(confusion.worst)
    if not wrong:
        return ngettext(
            "The {n} sample is classified correctly.",
            "All {n} samples are classified correctly.",
            confusion.total,
        ).format(n=f"{confusion.total:,}")
    if shown < wrong:
        return _("The worst {shown} of {n} errors").format(shown=shown, n=f"{wrong:,}")
    return ngettext("{n} error", "{n} errors", wrong).format(n=wrong)


def _example_words(example: Example, truth: str, predicted: str) -> str:
    return _("sample {n}: true {truth}, predicted {predicted} ({share})").format(
        n=example.index,
        truth=truth,
        predicted=predicted,
        share=percent(example.probability),
    )


def _frequent_confusions(confusion: Confusion) -> list[tuple[int, int, int, int]]:
    """Returns the most frequent confusions: truth, prediction, count, and total of the truth."""
    totals: dict[int, int] = {}
    for truth, _predicted, count in confusion.cells:
        totals[truth] = totals.get(truth, 0) + count
    errors = [
        (truth, predicted, count, totals[truth])
        for truth, predicted, count in confusion.cells
        if truth != predicted
    ]
    return sorted(errors, key=lambda error: -error[2])[:_MAX_PAIRS]


# ---------------------------------------------------------------------------------------------
# As text


def _as_text(confusion: Confusion, names: _ClassNames) -> str:
    lines = [_title(confusion)]
    if confusion.total:
        rows = _matrix_rows if confusion.classes <= MAX_CLASSES else _pair_rows
        table = rows(confusion, names)
        lines += align_columns(table, right=set(range(len(table[0])))) if table else []
        lines.append(_worst_heading(confusion))
        lines += [
            _example_words(example, names[example.truth], names[example.predicted])
            for example in confusion.worst
        ]
    return "\n".join([*lines, *filter(None, [_remark(confusion)])])


def _matrix_rows(confusion: Confusion, names: _ClassNames) -> list[list[str]]:
    labels = [truncate(names[number], _MAX_NAME) for number in range(confusion.classes)]
    rows = [[_("true") + " \\ " + _("predicted"), *labels]]
    for label, row in zip(labels, confusion.counts, strict=True):
        rows.append([label, *map(str, row)])
    return rows


def _pair_rows(confusion: Confusion, names: _ClassNames) -> list[list[str]]:
    rows = [[_("true"), _("predicted"), _("count")]]
    for truth, predicted, count, total in _frequent_confusions(confusion):
        pair = (truncate(names[number], _MAX_NAME) for number in (truth, predicted))
        rows.append([*pair, _of(count, total)])
    return rows if len(rows) > 1 else []


def _of(count: int, total: int) -> str:
    return _("{n} of {total}").format(n=f"{count:,}", total=f"{total:,}")


# ---------------------------------------------------------------------------------------------
# As a picture


@dataclass(frozen=True)
class _Block:
    """A part of the picture, drawn from its upper left corner."""

    svg: str
    width: int
    height: int


def _no_panel() -> _Block:
    sentence = _no_classifier()
    width = math.ceil(text_width(sentence, 12, True)) + 2 * _MARGIN
    return _Block(svg_text(_MARGIN, 27, sentence, "title"), width, 44)


def _panel(confusion: Confusion, names: _ClassNames) -> _Block:
    title, remark = _title(confusion), _remark(confusion)
    parts, top = [svg_text(_MARGIN, 20, title, "title")], 34
    if remark:
        parts.append(svg_text(_MARGIN, 36, remark, "tick"))
        top += _LINE
    widths = [text_width(title, 12, True), text_width(remark, 10)]
    bottom, x = top, _MARGIN
    for block in _blocks(confusion, names):
        parts.append(f'<g transform="translate({x},{top})">{block.svg}</g>')
        widths.append(x + block.width - _MARGIN)
        bottom = max(bottom, top + block.height)
        x += block.width + _GAP
    return _Block("".join(parts), math.ceil(max(widths)) + 2 * _MARGIN, bottom + _MARGIN)


def _blocks(confusion: Confusion, names: _ClassNames) -> list[_Block]:
    if not confusion.total:
        return []
    is_small = confusion.classes <= MAX_CLASSES
    first = (_matrix if is_small else _pairs)(confusion, names)
    left = first.width + _GAP if first.width else 0
    worst = _worst(confusion, names, _WIDTH - 2 * _MARGIN - left)
    return [first, worst] if first.width else [worst]


def _label(x: float, y: float, name: str, width: float, anchor: str = "start") -> str:
    """Draws a name; if it does not fit, it is shortened and the full name is its tooltip."""
    short = fit_text(name, width, 10)
    drawn = svg_text(x, y, short, "tick", anchor)
    return drawn if short == name else f"<g><title>{html.escape(name)}</title>{drawn}</g>"


# -- the matrix


def _matrix(confusion: Confusion, names: _ClassNames) -> _Block:
    classes = confusion.classes
    cell = min(_MAX_CELL, max(_MIN_CELL, _MATRIX // classes))
    side = cell * classes
    labels = [names[number] for number in range(classes)]
    widest = min(max(text_width(label, 10) for label in labels), _MAX_LABEL_WIDTH)
    is_upright = widest > cell - 2
    left = math.ceil(_AXIS + widest + 6)
    below = math.ceil(widest + 8 if is_upright else _LINE)
    drawn = (
        _axis_names(left, side, below)
        + _row_labels(labels, left, cell)
        + f'<g transform="translate({left},0)">'
        + _column_labels(labels, side, cell, is_upright)
        + _cells(confusion, labels, cell, side)
        + "</g>"
    )
    return _Block(drawn, left + side, side + below + _AXIS)


def _row_labels(labels: Sequence[str], left: int, cell: int) -> str:
    return "".join(
        _label(left - 6, cell * (row + 0.5) + 3.5, label, _MAX_LABEL_WIDTH, "end")
        for row, label in enumerate(labels)
    )


def _column_labels(labels: Sequence[str], side: int, cell: int, is_upright: bool) -> str:
    drawn = ""
    for column, label in enumerate(labels):
        x = cell * (column + 0.5)
        if is_upright:
            rotated = _label(0, 0, label, _MAX_LABEL_WIDTH, "end")
            transform = f"translate({x + 3.5:.1f},{side + 6}) rotate(-90)"
            drawn += f'<g transform="{transform}">{rotated}</g>'
        else:
            drawn += _label(x, side + 14, label, cell, "middle")
    return drawn


def _axis_names(left: int, side: int, below: int) -> str:
    rotated = svg_text(0, 0, _("true"), "tick", "middle")
    return (
        svg_text(left + side / 2, side + below + 12, _("predicted"), "tick", "middle")
        + f'<g transform="translate(9,{side / 2:.1f}) rotate(-90)">{rotated}</g>'
    )


def _cells(confusion: Confusion, labels: Sequence[str], cell: int, side: int) -> str:
    # The offset of half a pixel makes a line cover one pixel, rather than half of two.
    lines = "".join(f"M0 {y}.5h{side}M{y}.5 0v{side}" for y in range(0, side + 1, cell))
    # Classes without a correct prediction have a frame on the diagonal.
    empty = "".join(
        _frame(number, cell)
        for number in range(confusion.classes)
        if not confusion.counts[number][number]
    )
    return (
        f'<path class="grid" fill="none" stroke="{FAINT[0]}" d="{lines}"/>'
        f'<path class="empty own" fill="none" stroke="{LINE[0]}" d="{empty}"/>'
        + _colours(confusion, cell)
        + _counts(confusion, labels, cell)
    )


def _style_of(confusion: Confusion, truth: int, predicted: int) -> tuple[str, float]:
    """Returns the CSS class and the opacity of a cell, from a few so that cells share a path.

    Correct predictions are blue and errors orange; from half of the row on, the colour is full.
    """
    row = confusion.counts[truth]
    share = row[predicted] / sum(row)
    opacity = 1.0 if share >= 0.5 else 0.08 + round(share * _SHADES) / _SHADES * 0.8
    return "right" if truth == predicted else "wrong", round(opacity, 2)


def _text_class(opacity: float) -> str:
    return "on-full" if opacity == 1 else "on-light"


def _colours(confusion: Confusion, cell: int) -> str:
    cells: dict[tuple[str, float], str] = {}
    for truth, predicted, _count in confusion.cells:
        style = _style_of(confusion, truth, predicted)
        square = f"M{cell * predicted} {cell * truth}h{cell}v{cell}h-{cell}z"
        cells[style] = cells.get(style, "") + square
    colours = {"right": TRAINING[0], "wrong": VALIDATION[0]}
    return "".join(
        f'<path class="{kind}" fill="{colours[kind]}" fill-opacity="{opacity:g}" d="{d}"/>'
        for (kind, opacity), d in cells.items()
    )


def _frame(number: int, cell: int) -> str:
    """Draws a frame around a cell of the diagonal, which holds correct predictions."""
    inner = cell - 3
    return f"M{cell * number + 1.5} {cell * number + 1.5}h{inner}v{inner}h-{inner}z"


def _counts(confusion: Confusion, labels: Sequence[str], cell: int) -> str:
    texts: dict[tuple[str, float], str] = {}
    for truth, predicted, count in confusion.cells:
        text_class = _text_class(_style_of(confusion, truth, predicted)[1])
        size = min(12.0, 0.62 * cell, (cell - 4) / text_width(str(count), 1))
        x, y = cell * (predicted + 0.5), cell * (truth + 0.5) + 0.36 * size
        words = html.escape(f"{labels[truth]} → {labels[predicted]}")
        # With many classes, the row and the column of a cell are hard to find.
        tooltip = f"<title>{words}</title>" if confusion.classes > _FEW_CLASSES else ""
        drawn = f'<text x="{x:g}" y="{y:.1f}">{tooltip}{count}</text>'
        texts[text_class, size] = texts.get((text_class, size), "") + drawn
    return "".join(
        f'<g font-size="{size:.3g}" text-anchor="middle" class="{text_class}">{drawn}</g>'
        for (text_class, size), drawn in texts.items()
    )


# -- the pairs of many classes


def _pairs(confusion: Confusion, names: _ClassNames) -> _Block:
    pairs = _frequent_confusions(confusion)
    if not pairs:
        return _Block("", 0, 0)
    rows = [(names[truth], names[predicted], _of(*rest)) for truth, predicted, *rest in pairs]
    head = (_("true"), _("predicted"), _("count"))
    widths = [
        min(max(text_width(cell, 10) for cell in column), 1.6 * _MAX_LABEL_WIDTH)
        for column in zip(head, *rows, strict=True)
    ]
    ends = [0.0, widths[0] + 16, widths[0] + widths[1] + widths[2] + 32]
    width = math.ceil(ends[-1])
    parts = [svg_text(0, 10, _("Most frequent confusions"), "key")]
    for number, row in enumerate((head, *rows), start=1):
        y = 10 + _ROW * number
        parts += [
            _label(ends[0], y, row[0], widths[0]),
            _label(ends[1], y, row[1], widths[1]),
            svg_text(ends[2], y, row[2], "tick", "end"),
            f'<path class="grid" stroke="{FAINT[0]}" d="M0 {y + 5.5}H{width}"/>',
        ]
    return _Block("".join(parts), width, 10 + _ROW * len(rows) + _ROW + 6)


# -- the worst predictions


def _worst(confusion: Confusion, names: _ClassNames, width: float) -> _Block:
    heading = _worst_heading(confusion)
    have_pictures = bool(confusion.worst) and all(
        example.picture is not None for example in confusion.worst
    )
    if have_pictures:
        heading += ": " + _("true → predicted")
        body = _tiles(confusion.worst, names, width)
    else:
        body = _lines(confusion.worst, names, min(width, _LIST_WIDTH))
    lines = _wrap(heading, width)
    drawn = "".join(svg_text(0, 10 + _LINE * n, line, "key") for n, line in enumerate(lines))
    top = 4 + _LINE * len(lines)
    block_width = max(body.width, *(math.ceil(text_width(line, 10)) for line in lines))
    return _Block(
        f'{drawn}<g transform="translate(0,{top})">{body.svg}</g>',
        block_width,
        top + body.height,
    )


def _lines(worst: Iterable[Example], names: _ClassNames, width: float) -> _Block:
    parts, y, widths = "", 0, [0.0]
    for example in worst:
        truth, predicted = names[example.truth], names[example.predicted]
        short = (fit_text(name, width / 2, 10) for name in (truth, predicted))
        drawn = ""
        for number, line in enumerate(_wrap(_example_words(example, *short), width)):
            y += _LINE
            indent = _INDENT * (number > 0)
            widths.append(indent + text_width(line, 10))
            drawn += svg_text(indent, y - 4, line, "tick")
        full = html.escape(_example_words(example, truth, predicted))
        parts += f"<g><title>{full}</title>{drawn}</g>"
        y += 2
    return _Block(parts, math.ceil(max(widths)), y)


def _wrap(text: str, width: float) -> list[str]:
    """Breaks a sentence into lines between words, with room to indent all but the first line."""
    lines: list[str] = []
    # A percentage or an arrow stays on one line with the words around it.
    for word in text.replace(" %", "\u00a0%").replace(" → ", "\u00a0→\u00a0").split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, 10) <= width - _INDENT * (len(lines) > 1):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _tiles(worst: Sequence[Example], names: _ClassNames, width: float) -> _Block:
    columns = max(1, min(_MAX_COLUMNS, len(worst), int((width + 8) // _TILE)))
    captions = [_caption(example, names) for example in worst]
    lines = max(map(len, captions))
    height = _PICTURE + 13 * lines + 12
    parts = ""
    for index, (example, caption) in enumerate(zip(worst, captions, strict=True)):
        x, y = _TILE * (index % columns), height * (index // columns)
        words = _example_words(example, names[example.truth], names[example.predicted])
        drawn = "".join(
            svg_text(0, _PICTURE + 13 * number, line, "tick")
            for number, line in enumerate(caption, start=1)
        )
        parts += (
            f'<g transform="translate({x},{y})"><title>{html.escape(words)}</title>'
            f"{_image(example.picture)}{drawn}</g>"
        )
    rows = math.ceil(len(worst) / columns)
    return _Block(parts, _TILE * columns - 8, height * rows - 12)


def _caption(example: Example, names: _ClassNames) -> list[str]:
    """Returns the truth and the prediction on one line, or on two lines if they are long."""
    truth, predicted = names[example.truth], names[example.predicted]
    share = percent(example.probability)
    line = f"{truth} → {predicted}, {share}"
    if text_width(line, 10) <= _TILE - 8:
        return [line]
    width = _TILE - 8 - text_width(f"→ , {share}", 10)
    return [fit_text(truth, _TILE - 8, 10), f"→ {fit_text(predicted, width, 10)}, {share}"]


def _image(picture: Numbers | None) -> str:
    if picture is None:
        return ""
    rows, columns, _channels = picture.shape
    to_rows, to_columns = (
        max(1, size * SIDE // max(rows, columns, SIDE)) for size in (rows, columns)
    )
    channels = [
        downsample(channel, to_rows, to_columns) for channel in np.moveaxis(picture, -1, 0)
    ]
    uri = png_uri(image_of(np.stack(channels, axis=-1)).pixels)
    return (
        f'<image href="{uri}" width="{_PICTURE}" height="{_PICTURE}" '
        'preserveAspectRatio="xMinYMid" style="image-rendering:pixelated"/>'
    )


# ---------------------------------------------------------------------------------------------


def _style() -> str:
    scope = ".kfunc-lab-confusion"
    return "".join(
        [
            f"{scope}{{color-scheme:light dark;font-family:{FONT}}}",
            f"{scope} .surface{{fill:{light_dark(SURFACE)}}}",
            f"{scope} .title{{fill:{light_dark(TEXT)};font-size:12px;font-weight:bold}}",
            f"{scope} .key{{fill:{light_dark(TEXT)};font-size:10px}}",
            f"{scope} .tick{{fill:{light_dark(QUIET)};font-size:10px}}",
            f"{scope} .grid{{stroke:{light_dark(FAINT)}}}",
            f"{scope} .empty{{stroke:{light_dark(LINE)}}}",
            f"{scope} .own{{stroke-width:1.5}}",
            f"{scope} .right{{fill:{light_dark(TRAINING)}}}",
            f"{scope} .wrong{{fill:{light_dark(VALIDATION)}}}",
            f"{scope} .on-light{{fill:{light_dark(TEXT)}}}",
            f"{scope} .on-full{{fill:{light_dark(('#ffffff', '#000000'))}}}",
        ]
    )
