"""Draws the layered figure of a network: each tensor as a volume, from left to right.

Convolutional networks are drawn like this by hand: the front of a volume has the size of the
picture, and its thickness stands for the channels. Sizes are drawn by their square roots, so that
224 × 224 and 7 × 7 fit one figure.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import sqrt

from kfunc_lab.graph.model.descriptions import title
from kfunc_lab.graph.model.families import FAMILIES
from kfunc_lab.graph.model.layer_graph import LayerGraph
from kfunc_lab.graph.picture.highlights import Highlights
from kfunc_lab.graph.picture.legend import legend
from kfunc_lab.graph.publication.page import page_attributes
from kfunc_lab.graph.publication.volumes import Figure, Shape, Volume, figure_of
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable
from kfunc_lab.ui.text_width import fit_text, text_width
from kfunc_lab.ui.theme import FONT, LINE, PANEL, SURFACE, TEXT

_FONT = 10  # pixels
_SIDE = (14.0, 130.0)  # pixels: the smallest and the largest side of a picture
_THICK = (5.0, 40.0)  # pixels: of few and of many channels
_ALL_THICK = 560.0  # pixels: in a long figure, volumes are thinner
_BAR = (24.0, 120.0)  # pixels: the height of few and of many numbers in a vector
_SLANT = 0.3  # how far the depth runs to the right and up
_NEAR, _APART = 7.0, 26.0  # pixels between volumes of one size, and of different sizes
_ROW = 16.0  # pixels between two branches
_LANE = 11.0  # pixels between two lines above the volumes
_CIRCLE = 9.0  # pixels: the radius of an addition
_MAX_SLICES = 4
_LONGEST_NAME = 84.0  # pixels
_SIGNS = {"Add": "+", "Multiply": "×", "Subtract": "−"}


@dataclass(frozen=True)
class _Block:
    """A volume with its size, and its place once it is known.

    Attributes:
        volume: The volume.
        labels: The rows of text below it.
        thick: The width of its front.
        high: The height of its front.
        slant: How far its depth runs to the right and up.
        x: The left edge of its front.
        y: The middle of its front.
    """

    volume: Volume
    labels: tuple[str, ...]
    thick: float
    high: float
    slant: float
    x: float = 0
    y: float = 0

    @property
    def right(self) -> float:
        return self.x + self.thick + self.slant

    @property
    def top(self) -> float:
        return self.y - self.high / 2 - self.slant

    @property
    def bottom(self) -> float:
        return self.y + self.high / 2


def to_layered(graph: LayerGraph, opened: frozenset[str]) -> str:
    """Draws the layered figure of a graph.

    Args:
        graph: The graph, with the groups that can be folded.
        opened: The ids of the open groups; a folded group is one volume, in slices if it repeats.

    Returns:
        An `<svg>` element whose size is in points.

    Raises:
        TypeError: If the connections of the graph are not known.

    Example:
        >>> from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
        >>> call = Call("img", "img", "InputLayer", "img", outputs=(TensorSpec((None, 8), "int8"),))
        >>> graph = LayerGraph("m", "Functional", (call,), (), inputs=("img",), outputs=("img",))
        >>> to_layered(graph, frozenset())[:4]
        '<svg'
    """
    if not graph.connected:
        raise TypeError(
            _(
                "The layered figure needs the connections between the layers, and Keras does not "
                "record them in this model: Python code makes them. Save it without style."
            )
        )
    figure = figure_of(graph, opened)
    blocks = _placed(figure)
    lanes = _lanes(figure, blocks)
    blocks = _with_rows(blocks, lanes)
    parts = [*_lines(figure, blocks, lanes)]
    for block in sorted(blocks.values(), key=lambda it: (it.volume.column, -it.y)):
        parts += _block_parts(block)
    parts += _size_labels(blocks)
    bottom = max(it.bottom + 14 * len(it.labels) for it in blocks.values()) + 12
    right = max(max(it.right, _label_right(it)) for it in blocks.values()) + 10
    keys, width = _legend(graph, figure, bottom + 12)
    attributes = page_attributes(max(right, width), bottom + 26)
    return "".join(
        (
            '<svg xmlns="http://www.w3.org/2000/svg" class="kfunc-lab-layered" role="img" ',
            " ".join(f'{name}="{value}"' for name, value in attributes.items()),
            f' font-family="{FONT}"><title>{html.escape(title(graph))}</title>',
            f'<rect width="100%" height="100%" fill="{SURFACE[0]}"/>',
            *parts,
            *keys,
            "</svg>",
        )
    )


# ---------------------------------------------------------------------------------------------
# Sizes


def _blocks(figure: Figure) -> dict[str, _Block]:
    shapes = [it.shape for it in figure.volumes.values()]
    sides = [size or 0 for shape in shapes for size in _sides(shape)]
    channels = [shape[-1] or 0 for shape in shapes if len(shape) > 1]
    numbers = [shape[0] or 0 for shape in shapes if len(shape) == 1]
    largest = (max(sides, default=1), max(channels, default=1), max(numbers, default=1))
    columns = 1 + max(it.column for it in figure.volumes.values())
    thickest = min(_THICK[1], max(3 * _THICK[0], _ALL_THICK / columns))
    return {item: _block(it, largest, thickest) for item, it in figure.volumes.items()}


def _block(volume: Volume, largest: tuple[int, int, int], thickest: float) -> _Block:
    shape = volume.shape
    labels = [str(shape[-1] or "?")] if shape else []
    if volume.family == "group" or volume.count > 1:
        labels.append(fit_text(volume.name, _LONGEST_NAME, _FONT))
    if volume.joins:
        return _Block(volume, (), 2 * _CIRCLE, 2 * _CIRCLE, 0)
    if len(shape) < 2:
        high = _scaled(shape[0] if shape else 1, largest[2], _BAR)
        return _Block(volume, tuple(labels), 8, high, 4)
    sides = _sides(shape)
    thick = _scaled(shape[-1], largest[1], (_THICK[0], thickest))
    slant = _SLANT * _scaled(sides[-1], largest[0], _SIDE) if len(sides) > 1 else 4
    return _Block(volume, tuple(labels), thick, _scaled(sides[0], largest[0], _SIDE), slant)


def _sides(shape: Shape) -> Shape:
    """Returns the height and the width of a picture; the length of a sequence."""
    return shape[-3:-1]


def _scaled(size: int | None, largest: int, limits: tuple[float, float]) -> float:
    """Returns the pixels for a size; an unknown size is drawn as a quarter of the largest."""
    part = 0.25 if size is None else size / max(largest, 1)
    return limits[0] + (limits[1] - limits[0]) * sqrt(min(1.0, part))


# ---------------------------------------------------------------------------------------------
# Places


def _placed(figure: Figure) -> dict[str, _Block]:
    """Gives the blocks of each column one left edge, far enough from the column before."""
    blocks = _blocks(figure)
    columns: dict[int, list[_Block]] = {}
    for block in blocks.values():
        columns.setdefault(block.volume.column, []).append(block)
    crossed = _crossed_gaps(figure)
    before: dict[int, _Block] = {}  # the last block of each row
    stage: dict[int, float] = {}  # the left edge of the size's label in each row
    for column, members in sorted(columns.items()):
        left = 12.0
        if column in crossed:
            left = max(_label_right(it) for it in before.values()) + _NEAR
            left = max(left, max(it.right for it in before.values()) + _APART)
        for block in members:
            last = before.get(block.volume.row)
            if last is not None:
                left = max(left, _left_after(last, block, stage[block.volume.row]))
        left = max(left, max((it.x + 1 for it in before.values()), default=left))
        for block in members:
            row = block.volume.row
            last = before.get(row)
            if last is None or not _same_size(last, block):
                stage[row] = left
            placed = _moved(block, x=left + max(0.0, (_label_width(block) - block.thick) / 2))
            before[row] = blocks[block.volume.item] = placed
    return blocks


def _crossed_gaps(figure: Figure) -> set[int]:
    """Returns the columns before which a line turns from one row to another."""
    gaps = set()
    for pair in figure.tensors:
        source, target = (figure.volumes[it] for it in pair)
        if source.row != target.row:
            begins = _begins_chain(figure, target)
            gaps.add(source.column + 1 if begins else target.column)
    return gaps


def _begins_chain(figure: Figure, volume: Volume) -> bool:
    """Tells whether a volume has no predecessor in its row."""
    return not any(
        target == volume.item and figure.volumes[source].row == volume.row
        for source, target in figure.tensors
    )


def _left_after(last: _Block, block: _Block, stage: float) -> float:
    near = last.x + last.thick + _NEAR
    if _same_size(last, block):
        return max(near, _label_right(last) + _NEAR)
    words = _size_words(last)
    label = stage + text_width(words, _FONT) + _NEAR if words else 0
    return max(last.right + _APART, _label_right(last) + _NEAR, label)


def _same_size(one: _Block, other: _Block) -> bool:
    """Tells whether two volumes belong to one stage: pictures of the same size."""
    sides = _sides(one.volume.shape)
    joins = one.volume.joins or other.volume.joins
    return bool(sides) and not joins and sides == _sides(other.volume.shape)


def _label_width(block: _Block) -> float:
    return max((text_width(it, _FONT) for it in block.labels), default=0.0)


def _label_right(block: _Block) -> float:
    return block.x + (block.thick + _label_width(block)) / 2


def _moved(block: _Block, *, x: float | None = None, y: float | None = None) -> _Block:
    return _Block(
        block.volume, block.labels, block.thick, block.high, block.slant,
        block.x if x is None else x, block.y if y is None else y,
    )  # fmt: skip


def _lanes(figure: Figure, blocks: Mapping[str, _Block]) -> dict[tuple[str, str], int]:
    """Numbers the lanes of the lines above a row: those that skip a volume of their row."""
    long = [
        (source, target)
        for source, target in figure.tensors
        if blocks[source].volume.row == blocks[target].volume.row
        and _are_between(blocks, source, target)
    ]
    span = {pair: (blocks[pair[0]].x, blocks[pair[1]].x) for pair in long}
    lanes: dict[tuple[str, str], int] = {}
    for pair in sorted(long, key=lambda it: span[it][1] - span[it][0]):
        low, high = span[pair]
        taken = {
            lanes[other]
            for other in lanes
            if blocks[other[0]].volume.row == blocks[pair[0]].volume.row
            and span[other][0] <= high
            and low <= span[other][1]
        }
        lanes[pair] = next(lane for lane in count() if lane not in taken)
    return lanes


def _are_between(blocks: Mapping[str, _Block], source: str, target: str) -> bool:
    low, high = blocks[source].volume, blocks[target].volume
    return any(
        it.volume.row == low.row and low.column < it.volume.column < high.column
        for it in blocks.values()
    )


def _with_rows(
    blocks: Mapping[str, _Block], lanes: Mapping[tuple[str, str], int]
) -> dict[str, _Block]:
    """Places the rows below each other."""
    rows: dict[int, list[_Block]] = {}
    for block in blocks.values():
        rows.setdefault(block.volume.row, []).append(block)
    heights = {
        blocks[source].volume.row: lane + 1
        for (source, _target), lane in sorted(lanes.items(), key=lambda it: it[1])
    }
    y = 8.0
    placed: dict[str, _Block] = {}
    for row, members in sorted(rows.items()):
        above = max(it.high / 2 + it.slant for it in members) + 16
        y += above + _LANE * heights.get(row, 0)
        placed |= {it.volume.item: _moved(it, y=y) for it in members}
        y += max(it.high / 2 + 14 * len(it.labels) for it in members) + _ROW
    return {item: placed[item] for item in blocks}


# ---------------------------------------------------------------------------------------------
# Drawing


def _lines(
    figure: Figure, blocks: Mapping[str, _Block], lanes: Mapping[tuple[str, str], int]
) -> Iterator[str]:
    """Draws the tensors, except between the volumes of one stage."""
    tops = {
        row: min(it.top for it in blocks.values() if it.volume.row == row) - 16
        for row in {it.volume.row for it in blocks.values()}
    }
    for pair in figure.tensors:
        source, target = (blocks[it] for it in pair)
        begin, end = (source.right, source.y), (target.x, target.y)
        if pair in lanes:
            y = tops[source.volume.row] - _LANE * lanes[pair]
            x, to = source.x + (source.thick + source.slant) / 2, target.x + target.thick / 2
            to += target.slant / 2
            yield _line(f"M{x:.1f} {source.top:.1f}L{x:.1f} {y:.1f} {to:.1f} {y:.1f}")
            yield _arrow(to, y, to, target.top)
        elif source.volume.row != target.volume.row:
            x = begin[0] + 9 if _begins_chain(figure, target.volume) else end[0] - 14
            yield _line(
                f"M{begin[0]:.1f} {begin[1]:.1f}L{x:.1f} {begin[1]:.1f} {x:.1f} {end[1]:.1f}"
            )
            yield _arrow(x, end[1], *end)
        elif end[0] - begin[0] > 10:
            yield _arrow(*begin, *end)


def _line(path: str) -> str:
    return f'<path d="{path}" fill="none" stroke="{TEXT[0]}" stroke-width="0.9"/>'


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    """Draws a straight line, to the right or down, with an arrowhead."""
    if x == to_x:
        head = f"M{x:.1f} {to_y:.1f}L{x - 2.7:.1f} {to_y - 6:.1f} {x + 2.7:.1f} {to_y - 6:.1f}Z"
    else:
        head = f"M{to_x:.1f} {y:.1f}L{to_x - 6:.1f} {y - 2.7:.1f} {to_x - 6:.1f} {y + 2.7:.1f}Z"
    line = _line(f"M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}")
    return f'{line}<path d="{head}" fill="{TEXT[0]}" stroke="none"/>'


def _block_parts(block: _Block) -> Iterator[str]:
    name = html.escape(block.volume.name)
    yield f'<g data-item="{html.escape(printable(block.volume.item))}"><title>{name}</title>'
    if block.volume.joins:
        yield _circle(block)
    else:
        yield from _slices(block)
    for number, words in enumerate(block.labels, start=1):
        x, y = block.x + block.thick / 2, block.bottom + 12 * number
        yield _text(words, x, y, "middle", bold=number > 1)
    yield "</g>"


def _slices(block: _Block) -> Iterator[str]:
    """Draws the solid; a repeated block is cut into slices."""
    number = min(block.volume.count, _MAX_SLICES)
    gap = 2.5 if number > 1 else 0.0
    thick = (block.thick - gap * (number - 1)) / number
    for at in range(number):
        yield from _solid(block, block.x + at * (thick + gap), thick)


def _solid(block: _Block, x: float, thick: float) -> Iterator[str]:
    family = FAMILIES.get(block.volume.family)
    fill, border = (family.fill[0], family.border[0]) if family else (PANEL[0], LINE[0])
    top, bottom, slant = block.y - block.high / 2, block.bottom, block.slant
    right = x + thick
    paint = f'stroke="{_mixed(border, "#000000", 0.25)}" stroke-width="0.8"'
    yield (
        f'<polygon points="{x:.1f} {top:.1f} {x + slant:.1f} {top - slant:.1f} '
        f'{right + slant:.1f} {top - slant:.1f} {right:.1f} {top:.1f}" '
        f'fill="{_mixed(fill, border, 0.25)}" {paint}/>'
        f'<polygon points="{right:.1f} {top:.1f} {right + slant:.1f} {top - slant:.1f} '
        f'{right + slant:.1f} {bottom - slant:.1f} {right:.1f} {bottom:.1f}" '
        f'fill="{_mixed(fill, border, 0.5)}" {paint}/>'
        f'<rect x="{x:.1f}" y="{top:.1f}" width="{thick:.1f}" height="{block.high:.1f}" '
        f'fill="{_mixed(fill, border, 0.12)}" {paint}/>'
    )


def _circle(block: _Block) -> str:
    sign = _SIGNS.get(block.volume.item.rpartition("/")[2].title().split("_")[0], "+")
    x, y, size = block.x + _CIRCLE, block.y, 2 * _CIRCLE
    return (
        f'<rect x="{x - _CIRCLE:.1f}" y="{y - _CIRCLE:.1f}" width="{size}" height="{size}" '
        f'rx="{_CIRCLE}" fill="#ffffff" stroke="{TEXT[0]}" stroke-width="0.9"/>'
        f"{_text(sign, x, y + 4.5, 'middle', size=13)}"
    )


def _size_labels(blocks: Mapping[str, _Block]) -> Iterator[str]:
    """Writes the size of the pictures above the first volume of each stage."""
    before: dict[int, str] = {}
    for block in sorted(blocks.values(), key=lambda it: it.x):
        words = _size_words(block)
        if words and before.get(block.volume.row) != words:
            yield _text(words, block.x, block.top - 5, "start")
        if not block.volume.joins:
            before[block.volume.row] = words


def _size_words(block: _Block) -> str:
    if block.volume.joins:
        return ""
    return " × ".join("?" if size is None else str(size) for size in block.volume.shape[:-1])


def _text(
    words: str, x: float, y: float, anchor: str, *, bold: bool = False, size: float = _FONT
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="#000000"{weight}>{html.escape(words)}</text>'
    )


def _legend(graph: LayerGraph, figure: Figure, y: float) -> tuple[list[str], float]:
    """Draws the colours of the families below the figure; returns their width too."""
    shown: Sequence[str] = [item for item, it in figure.volumes.items() if not it.joins]
    parts, x = [], 12.0
    for sign in legend(graph, shown, Highlights(), ()):
        if sign.kind == "family":
            family = FAMILIES[sign.name]
            fill = _mixed(family.fill[0], family.border[0], 0.12)
            parts.append(
                f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="10" height="10" fill="{fill}" '
                f'stroke="{family.border[0]}"/>{_text(sign.words, x + 15, y, "start")}'
            )
            x += 15 + text_width(sign.words, _FONT) + 14
    return parts, x


def _mixed(one: str, other: str, part: float) -> str:
    """Mixes two colours."""
    pairs = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in pairs)
