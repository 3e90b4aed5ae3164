"""The explanation of a mistake above its picture, as SVG."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from kfunc_lab.mistakes.forms.explanation import Explanation
from kfunc_lab.ui.text_width import text_width
from kfunc_lab.ui.theme import QUIET, RIGHT_SURFACE, TEXT, WRONG_SURFACE

_MIN_WIDTH = 520  # pixels: sentences in a narrower column are hard to read
_EDGE = 12
_SIZE, _LINE = 12, 18
_CODE_WIDTH = 0.602 * _SIZE  # of a character of a monospaced font
_HEAD = re.compile(r'(<svg [^>]*?)width="(\d+)" height="(\d+)" viewBox="[^"]*"')
_SURFACE = re.compile(r'<rect class="surface"[^>]*/>')


@dataclass(frozen=True)
class _Row:
    """One line of the explanation.

    Attributes:
        text: Its words.
        kind: `"reason"`, `"quiet"`, `"name"`, or `"-"` and `"+"` for code.
    """

    text: str
    kind: str


def with_words(svg: str, explanation: Explanation) -> str:
    """Puts the explanation of a mistake above a picture.

    Args:
        svg: The picture that `svg.draw` returned.
        explanation: What is said.

    Returns:
        An `<svg>` element of the same kind.
    """
    head, surface = _HEAD.search(svg), _SURFACE.search(svg)
    if head is None or surface is None:
        return svg
    own_width, own_height = int(head[2]), int(head[3])
    width = max(own_width, _MIN_WIDTH)
    rows = list(_rows(explanation, width - 2 * _EDGE))
    top = len(rows) * _LINE + 2 * _EDGE
    height = own_height + top
    sizes = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    words = "".join(_row_svg(row, number, width) for number, row in enumerate(rows))
    inner = svg[surface.end() : svg.rindex("</svg>")]
    return (
        f"{head[1]}{sizes}{svg[head.end() : surface.end()]}"
        f"<style>{_style()}</style>{words}"
        f'<g transform="translate({(width - own_width) // 2} {top})">{inner}</g></svg>'
    )


def _rows(explanation: Explanation, room: float) -> Iterator[_Row]:
    parts = [(explanation.reason, "reason"), (explanation.arithmetic, "quiet")]
    parts.append((explanation.edit and f"→ {explanation.edit}", "name"))
    for text, kind in parts:
        yield from (_Row(line, kind) for line in _wrapped(text, room, kind))
    for block in explanation.blocks:
        for line in block.shown:
            yield from (_Row(part, line[0]) for part in _wrapped_code(line, room))
    for other in explanation.others:
        yield from (_Row(line, "quiet") for line in _wrapped(other, room, "quiet"))


def _wrapped(text: str, room: float, kind: str) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, _SIZE, kind == "reason") <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _wrapped_code(line: str, room: float) -> list[str]:
    count = int(room / _CODE_WIDTH) - 1
    rest = [line[begin : begin + count - 2] for begin in range(count, len(line), count - 2)]
    return [line[:count], *(f"  {part}" for part in rest)]


def _row_svg(row: _Row, number: int, width: int) -> str:
    top = _EDGE + number * _LINE
    colour = QUIET[0] if row.kind == "quiet" else TEXT[0]
    classes = {"quiet": "quiet", "-": "name code", "+": "name code"}.get(row.kind, "name")
    bold = ' font-weight="bold"' if row.kind == "reason" else ""
    surfaces = {"-": WRONG_SURFACE[0], "+": RIGHT_SURFACE[0]}
    back = ""
    if row.kind in surfaces:
        name = "removed" if row.kind == "-" else "added"
        back = (
            f'<rect class="{name}" x="{_EDGE / 2:g}" y="{top}" width="{width - _EDGE}" '
            f'height="{_LINE}" fill="{surfaces[row.kind]}"/>'
        )
    words = html.escape(row.text).replace("  ", "\u00a0 ")
    return (
        f'{back}<text class="{classes}" x="{_EDGE}" y="{top + 13}" font-size="{_SIZE}" '
        f'fill="{colour}"{bold}>{words}</text>'
    )


def _style() -> str:
    return (
        ".kfunc-lab-drawing .code{font-family:ui-monospace,'DejaVu Sans Mono',monospace}"
        f".removed{{fill:light-dark({','.join(WRONG_SURFACE)})}}"
        f".added{{fill:light-dark({','.join(RIGHT_SURFACE)})}}"
    )
