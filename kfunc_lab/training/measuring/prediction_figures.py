"""Draws what a classifier gets wrong: its confusion matrix and its worst answers."""

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kfunc_lab.activations.pictures import image_of
from kfunc_lab.graph.picture.boxes import shortened
from kfunc_lab.locale import _, ngettext
from kfunc_lab.training.curves.figures import svg_text
from kfunc_lab.training.measuring.predictions import MOST_CLASSES, Confusion, Example
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.png_pixels import png_uri
from kfunc_lab.ui.text import aligned, percent, printable
from kfunc_lab.ui.text_width import fitted, text_width
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
from kfunc_lab.ui.thumbnails import SIDE, shrunk

# The names of the classes: of all outputs, or for each output by its name.
ClassNames = Sequence[str] | Mapping[str, Sequence[str]] | None

# Sizes of the static picture, in pixels.
_WIDTH, _MARGIN, _GAP = 800, 16, 26
_MATRIX, _LARGEST_CELL, _SMALLEST_CELL = 320, 56, 15
_LONGEST_LABEL = 80
_SHADES = 50
_FEW = 10
_AXIS = 18  # an axis's name
_LINE = 16
_TILE, _PICTURE, _MOST_COLUMNS = 92, 72, 4
_ROOM_OF_A_LIST, _INDENT = 380, 10
_ROW = 18
_MOST_PAIRS = 12
# In characters, those of the text and those that are shown on hovering.
_LONGEST_NAME, _LONGEST_TITLE = 24, 200


def to_svg(confusions: Sequence[Confusion], class_names: ClassNames = None) -> str:
    """Draws what outputs get wrong as SVG, one panel an output.

    Args:
        confusions: What `Predictor.predict` returns.
        class_names: The names of the classes in their order, for all outputs or by the names of
            the outputs; by default their numbers.

    Returns:
        The picture, at most 800 pixels wide.

    Example:
        >>> to_svg([Confusion("digits", 2, ((3, 1), (0, 4)))], ["cat", "dog"])
        '<svg xmlns="http://www.w3.org/2000/svg" width="...digits: 7 of 8 correct (88 %)...'
    """
    panels = [_panel(it, _Names.of(it, class_names)) for it in confusions] or [_nothing()]
    y, body = 0, ""
    for panel in panels:
        body += f'<g transform="translate(0,{y})">{panel.svg}</g>'
        y += panel.height
    width = min(max(it.width for it in panels), _WIDTH)
    title = "; ".join(map(_title, confusions)) or _no_classifier()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
        f'viewBox="0 0 {width} {y}" class="kfunc-lab-confusion" role="img">'
        f"<title>{html.escape(title)}</title><style>{_style()}</style>"
        f'<rect class="surface" width="100%" height="100%" fill="{SURFACE[0]}"/>{body}</svg>'
    )


def to_text(confusions: Sequence[Confusion], class_names: ClassNames = None) -> str:
    r"""Writes what outputs get wrong as tables.

    Args:
        confusions: What `Predictor.predict` returns.
        class_names: As for `to_svg`.

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
    return "\n\n".join(_as_text(it, _Names.of(it, class_names)) for it in confusions)


# ---------------------------------------------------------------------------------------------
# Words


@dataclass(frozen=True)
class _Names:
    """What classes are called."""

    given: Sequence[str]

    @classmethod
    def of(cls, confusion: Confusion, given: ClassNames) -> "_Names":
        if isinstance(given, Mapping):
            given = given.get(confusion.output)
        return cls(() if given is None else given)

    def __getitem__(self, number: int) -> str:
        name = self.given[number] if number < len(self.given) else number
        return shortened(printable(str(name)), _LONGEST_TITLE)


def _no_classifier() -> str:
    return _("No output of this model is a classifier with known labels.")


def _title(confusion: Confusion) -> str:
    name = shortened(printable(confusion.output))
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
    # All are right only where all are.
    return f"{100 * share:.1f} %" if 0.995 <= share < 1 else percent(share)


def _remark(confusion: Confusion) -> str:
    """Says how many answers are none."""
    if not confusion.unclear:
        return ""
    return ngettext(
        "The model returned NaN for {n} sample; it is not counted.",
        "The model returned NaN for {n} samples; they are not counted.",
        confusion.unclear,
    ).format(n=f"{confusion.unclear:,}")


def _head_of_worst(confusion: Confusion) -> str:
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


def _said(example: Example, truth: str, predicted: str) -> str:
    return _("sample {n}: true {truth}, predicted {predicted} ({share})").format(
        n=example.index,
        truth=truth,
        predicted=predicted,
        share=percent(example.probability),
    )


def _confused(confusion: Confusion) -> list[tuple[int, int, int, int]]:
    """Returns the pairs confused most often: truth, prediction, how often, and of how many."""
    of_class: dict[int, int] = {}
    for truth, _predicted, count in confusion.cells:
        of_class[truth] = of_class.get(truth, 0) + count
    wrong = [it for it in confusion.cells if it[0] != it[1]]
    wrong.sort(key=lambda it: -it[2])
    return [(*it, of_class[it[0]]) for it in wrong[:_MOST_PAIRS]]


# ---------------------------------------------------------------------------------------------
# As text


def _as_text(confusion: Confusion, names: _Names) -> str:
    lines = [_title(confusion)]
    if confusion.total:
        rows = _matrix_rows if confusion.classes <= MOST_CLASSES else _pair_rows
        table = rows(confusion, names)
        lines += aligned(table, right=set(range(len(table[0])))) if table else []
        lines.append(_head_of_worst(confusion))
        lines += [_said(it, names[it.truth], names[it.predicted]) for it in confusion.worst]
    return "\n".join([*lines, *filter(None, [_remark(confusion)])])


def _matrix_rows(confusion: Confusion, names: _Names) -> list[list[str]]:
    labels = [shortened(names[it], _LONGEST_NAME) for it in range(confusion.classes)]
    rows = [[_("true") + " \\ " + _("predicted"), *labels]]
    for label, row in zip(labels, confusion.counts, strict=True):
        rows.append([label, *map(str, row)])
    return rows


def _pair_rows(confusion: Confusion, names: _Names) -> list[list[str]]:
    rows = [[_("true"), _("predicted"), _("count")]]
    for truth, predicted, count, total in _confused(confusion):
        pair = (shortened(names[it], _LONGEST_NAME) for it in (truth, predicted))
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


def _nothing() -> _Block:
    said = _no_classifier()
    width = math.ceil(text_width(said, 12, True)) + 2 * _MARGIN
    return _Block(svg_text(_MARGIN, 27, said, "title"), width, 44)


def _panel(confusion: Confusion, names: _Names) -> _Block:
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


def _blocks(confusion: Confusion, names: _Names) -> list[_Block]:
    if not confusion.total:
        return []
    is_small = confusion.classes <= MOST_CLASSES
    first = (_matrix if is_small else _pairs)(confusion, names)
    left = first.width + _GAP if first.width else 0
    worst = _worst(confusion, names, _WIDTH - 2 * _MARGIN - left)
    return [first, worst] if first.width else [worst]


def _label(x: float, y: float, name: str, room: float, anchor: str = "start") -> str:
    """Draws a name, shortened where it takes more room, with the whole one as its title."""
    said = fitted(name, room, 10)
    drawn = svg_text(x, y, said, "tick", anchor)
    return drawn if said == name else f"<g><title>{html.escape(name)}</title>{drawn}</g>"


# -- the matrix


def _matrix(confusion: Confusion, names: _Names) -> _Block:
    classes = confusion.classes
    cell = min(_LARGEST_CELL, max(_SMALLEST_CELL, _MATRIX // classes))
    side = cell * classes
    labels = [names[it] for it in range(classes)]
    widest = min(max(text_width(it, 10) for it in labels), _LONGEST_LABEL)
    is_upright = widest > cell - 2
    left = math.ceil(_AXIS + widest + 6)
    below = math.ceil(widest + 8 if is_upright else _LINE)
    drawn = (
        _axis_names(left, side, below)
        + _rows_labels(labels, left, cell)
        + f'<g transform="translate({left},0)">'
        + _columns_labels(labels, side, cell, is_upright)
        + _cells(confusion, labels, cell, side)
        + "</g>"
    )
    return _Block(drawn, left + side, side + below + _AXIS)


def _rows_labels(labels: Sequence[str], left: int, cell: int) -> str:
    return "".join(
        _label(left - 6, cell * (place + 0.5) + 3.5, label, _LONGEST_LABEL, "end")
        for place, label in enumerate(labels)
    )


def _columns_labels(labels: Sequence[str], side: int, cell: int, is_upright: bool) -> str:
    drawn = ""
    for place, label in enumerate(labels):
        x = cell * (place + 0.5)
        if is_upright:
            turned = _label(0, 0, label, _LONGEST_LABEL, "end")
            at = f"translate({x + 3.5:.1f},{side + 6}) rotate(-90)"
            drawn += f'<g transform="{at}">{turned}</g>'
        else:
            drawn += _label(x, side + 14, label, cell, "middle")
    return drawn


def _axis_names(left: int, side: int, below: int) -> str:
    turned = svg_text(0, 0, _("true"), "tick", "middle")
    return (
        svg_text(left + side / 2, side + below + 12, _("predicted"), "tick", "middle")
        + f'<g transform="translate(9,{side / 2:.1f}) rotate(-90)">{turned}</g>'
    )


def _cells(confusion: Confusion, labels: Sequence[str], cell: int, side: int) -> str:
    # Half a pixel further a line covers one pixel, and not two by half.
    lines = "".join(f"M0 {at}.5h{side}M{at}.5 0v{side}" for at in range(0, side + 1, cell))
    # Classes that do not occur have their place on the diagonal too.
    empty = "".join(
        _frame(it, cell) for it in range(confusion.classes) if not confusion.counts[it][it]
    )
    return (
        f'<path class="grid" fill="none" stroke="{FAINT[0]}" d="{lines}"/>'
        f'<path class="empty own" fill="none" stroke="{LINE[0]}" d="{empty}"/>'
        + _colours(confusion, cell)
        + _counts(confusion, labels, cell)
    )


def _look(confusion: Confusion, truth: int, predicted: int) -> tuple[str, float]:
    """Returns the class and the opacity of a cell: of few, so that a path draws many cells.

    What is right is blue, what is wrong orange; of at least half of its row in full.
    """
    row = confusion.counts[truth]
    share = row[predicted] / sum(row)
    opacity = 1.0 if share >= 0.5 else 0.08 + round(share * _SHADES) / _SHADES * 0.8
    return "right" if truth == predicted else "wrong", round(opacity, 2)


def _ink(opacity: float) -> str:
    return "on-full" if opacity == 1 else "on-light"


def _colours(confusion: Confusion, cell: int) -> str:
    cells: dict[tuple[str, float], str] = {}
    for truth, predicted, _count in confusion.cells:
        look = _look(confusion, truth, predicted)
        square = f"M{cell * predicted} {cell * truth}h{cell}v{cell}h-{cell}z"
        cells[look] = cells.get(look, "") + square
    colours = {"right": TRAINING[0], "wrong": VALIDATION[0]}
    return "".join(
        f'<path class="{kind}" fill="{colours[kind]}" fill-opacity="{opacity:g}" d="{d}"/>'
        for (kind, opacity), d in cells.items()
    )


def _frame(place: int, cell: int) -> str:
    """Frames a cell of the diagonal, where the answers are right."""
    inner = cell - 3
    return f"M{cell * place + 1.5} {cell * place + 1.5}h{inner}v{inner}h-{inner}z"


def _counts(confusion: Confusion, labels: Sequence[str], cell: int) -> str:
    texts: dict[tuple[str, float], str] = {}
    for truth, predicted, count in confusion.cells:
        ink = _ink(_look(confusion, truth, predicted)[1])
        size = min(12.0, 0.62 * cell, (cell - 4) / text_width(str(count), 1))
        x, y = cell * (predicted + 0.5), cell * (truth + 0.5) + 0.36 * size
        words = html.escape(f"{labels[truth]} → {labels[predicted]}")
        # Among many rows and columns its own are hard to find.
        named = f"<title>{words}</title>" if confusion.classes > _FEW else ""
        drawn = f'<text x="{x:g}" y="{y:.1f}">{named}{count}</text>'
        texts[ink, size] = texts.get((ink, size), "") + drawn
    return "".join(
        f'<g font-size="{size:.3g}" text-anchor="middle" class="{ink}">{drawn}</g>'
        for (ink, size), drawn in texts.items()
    )


# -- the pairs of many classes


def _pairs(confusion: Confusion, names: _Names) -> _Block:
    pairs = _confused(confusion)
    if not pairs:
        return _Block("", 0, 0)
    rows = [(names[truth], names[predicted], _of(*rest)) for truth, predicted, *rest in pairs]
    head = (_("true"), _("predicted"), _("count"))
    widths = [
        min(max(text_width(it, 10) for it in column), 1.6 * _LONGEST_LABEL)
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


# -- the worst answers


def _worst(confusion: Confusion, names: _Names, room: float) -> _Block:
    head = _head_of_worst(confusion)
    are_pictures = bool(confusion.worst) and all(
        it.picture is not None for it in confusion.worst
    )
    if are_pictures:
        head += ": " + _("true → predicted")
        body = _tiles(confusion.worst, names, room)
    else:
        body = _lines(confusion.worst, names, min(room, _ROOM_OF_A_LIST))
    lines = _wrapped(head, room)
    said = "".join(svg_text(0, 10 + _LINE * it, line, "key") for it, line in enumerate(lines))
    top = 4 + _LINE * len(lines)
    width = max(body.width, *(math.ceil(text_width(it, 10)) for it in lines))
    return _Block(
        f'{said}<g transform="translate(0,{top})">{body.svg}</g>', width, top + body.height
    )


def _lines(worst: Iterable[Example], names: _Names, room: float) -> _Block:
    parts, y, widths = "", 0, [0.0]
    for it in worst:
        truth, predicted = names[it.truth], names[it.predicted]
        short = _said(it, fitted(truth, room / 2, 10), fitted(predicted, room / 2, 10))
        drawn = ""
        for place, line in enumerate(_wrapped(short, room)):
            y += _LINE
            indent = _INDENT * (place > 0)
            widths.append(indent + text_width(line, 10))
            drawn += svg_text(indent, y - 4, line, "tick")
        whole = html.escape(_said(it, truth, predicted))
        parts += f"<g><title>{whole}</title>{drawn}</g>"
        y += 2
    return _Block(parts, math.ceil(max(widths)), y)


def _wrapped(text: str, room: float) -> list[str]:
    """Breaks a sentence between words, so that each line but the first may be indented."""
    lines: list[str] = []
    # Neither a share nor an arrow is torn apart.
    for word in text.replace(" %", "\u00a0%").replace(" → ", "\u00a0→\u00a0").split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, 10) <= room - _INDENT * (len(lines) > 1):
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _tiles(worst: Sequence[Example], names: _Names, room: float) -> _Block:
    columns = max(1, min(_MOST_COLUMNS, len(worst), int((room + 8) // _TILE)))
    captions = [_caption(it, names) for it in worst]
    lines = max(map(len, captions))
    height = _PICTURE + 13 * lines + 12
    parts = ""
    for place, (it, caption) in enumerate(zip(worst, captions, strict=True)):
        x, y = _TILE * (place % columns), height * (place // columns)
        whole = html.escape(_said(it, names[it.truth], names[it.predicted]))
        said = "".join(
            svg_text(0, _PICTURE + 13 * number, line, "tick")
            for number, line in enumerate(caption, start=1)
        )
        parts += (
            f'<g transform="translate({x},{y})"><title>{whole}</title>'
            f"{_image(it.picture)}{said}</g>"
        )
    rows = math.ceil(len(worst) / columns)
    return _Block(parts, _TILE * columns - 8, height * rows - 12)


def _caption(example: Example, names: _Names) -> list[str]:
    """Says on one line what is taken for what, or on two where that is too long."""
    truth, predicted = names[example.truth], names[example.predicted]
    share = percent(example.probability)
    line = f"{truth} → {predicted}, {share}"
    if text_width(line, 10) <= _TILE - 8:
        return [line]
    room = _TILE - 8 - text_width(f"→ , {share}", 10)
    return [fitted(truth, _TILE - 8, 10), f"→ {fitted(predicted, room, 10)}, {share}"]


def _image(picture: Numbers | None) -> str:
    if picture is None:
        return ""
    rows, columns, _channels = picture.shape
    to_rows, to_columns = (
        max(1, it * SIDE // max(rows, columns, SIDE)) for it in (rows, columns)
    )
    channels = [shrunk(it, to_rows, to_columns) for it in np.moveaxis(picture, -1, 0)]
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
