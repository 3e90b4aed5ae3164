"""The box of a call or group: its size, its text, and its drawing as SVG."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kfunc_lab.graph.model.annotations import MARKS, Annotations, mark_label
from kfunc_lab.graph.model.descriptions import (
    accessible_name,
    contents,
    group_remark,
    output_label,
    remark,
    short_name,
)
from kfunc_lab.graph.model.families import FAMILIES, Family, family_of
from kfunc_lab.graph.model.layer_graph import Call, Group, LayerGraph
from kfunc_lab.graph.model.levels import output_boxes, output_name
from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.text import format_count, printable
from kfunc_lab.ui.text_width import text_width
from kfunc_lab.ui.theme import LINE, PANEL, QUIET, SURFACE, TEXT

HEIGHT = 40
OUTPUT_HEIGHT = 20
TITLE_HEIGHT = 34
CLOSED, OPENED = "▸", "▾"  # before the name of a group
_SIDE = 10  # pixels between border and text
_BETWEEN = 14  # pixels between left and right text
_STEP = 8  # widths are multiples of this, so that equal blocks get equal layouts
_LONGEST_NAME = 36  # characters; the details show the whole name
_LONGEST_PIN = 18  # characters
_MANY_NAMES = 8  # of outputs that share a box
_MAX_PINS = 2  # the last row says how many more there are
PIN_FONT = 10  # pixels
_PIN_HEIGHT = 16
_CODE_WIDTH = 0.73  # width of a code character, relative to an m in the drawing's font

PIN = ("#0b4f9e", "#8cc2ff")

# Each colour marks the calls of one shared layer; people with common colour blindness can
# distinguish them.
SHARED = (
    ("#0b62a4", "#6fb7ee"),
    ("#a34700", "#f0a35c"),
    ("#00705a", "#4fc9a7"),
    ("#8a2263", "#f09bcb"),
    ("#5b4a00", "#d9c34a"),
    ("#4c3fa0", "#b3a8f5"),
)


@dataclass(frozen=True)
class Text:
    """A text in a box.

    Attributes:
        words: The text.
        x: Its start, or its end if `right`, relative to the middle of the box.
        y: Its base line, relative to the middle of the box.
        role: Its CSS class.
        size: The font size in pixels.
        colour: Its colour on a light surface.
        bold: Whether it is bold.
        right: Whether it ends at `x`.
    """

    words: str
    x: float
    y: float
    role: str
    size: int
    colour: str
    bold: bool = False
    right: bool = False


@dataclass(frozen=True)
class Box:
    """The drawing of one call, group or output.

    Attributes:
        width: The width in pixels, including the margins on both sides.
        height: The height in pixels.
        classes: The CSS classes.
        fill: The fill colour on a light surface.
        border: The border colour on a light surface.
        dashed: Whether the border is dashed.
        stacked: Whether the box can be opened, which a second border behind it shows.
        texts: The texts inside the box while it is folded.
        title: The title of its frame while it is open.
        name: The accessible name for screen readers.
        shared: The index of its colour among those for shared layers, or -1.
        pins: The labels at its right edge.
        margin: The room for the pins, the same on both sides, so that the box stays centred.
    """

    width: int
    height: int
    classes: str
    fill: str
    border: str
    dashed: bool
    stacked: bool
    texts: tuple[Text, ...]
    title: tuple[Text, ...]
    name: str
    shared: int = -1
    pins: tuple[str, ...] = ()
    margin: int = 0


def boxes_of(
    graph: LayerGraph, items: Iterable[str], annotations: Annotations | None = None
) -> dict[str, Box]:
    """Makes the boxes of calls and groups.

    Args:
        graph: The graph.
        items: Their ids; `levels.output_name(…)` for an output.
        annotations: Marks, variables and extra details of the calls.

    Returns:
        The boxes by id.
    """
    annotations = annotations or Annotations()
    colours = shared_colours(graph)
    boxes: dict[str, Box] = {}
    outputs: Mapping[str, Sequence[int]] = {}
    for item in items:
        call, group = graph.call_of.get(item), graph.group_of.get(item)
        if call is not None:
            shared = colours.get(call.layer_id, -1) if call.id in graph.shared else -1
            mark = annotations.marks.get(item, "")
            box = _call_box(graph, call, group, shared, mark)
            boxes[item] = _pinned(box, annotations.pins.get(item, ()))
        elif group is not None:
            boxes[item] = _pinned(_group_box(graph, group), annotations.pins.get(item, ()))
        else:
            outputs = outputs or output_boxes(graph)
            marks = {annotations.marks.get(output_name(at), "") for at in outputs[item]}
            mark = marks.pop() if len(marks) == 1 else "changed"
            boxes[item] = output_box(graph, outputs[item], mark)
    return boxes


def output_box(graph: LayerGraph, positions: Sequence[int], mark: str = "") -> Box:
    """Makes the box of an output of the whole graph, or of several that share it."""
    family = FAMILIES["input"]
    name = output_label(graph, *positions)
    label = truncate(name)
    text = Text(label, 0, 3.5, "kind", 10, family.ink[0])
    width = _stepped(text_width(label, 10) + 2 * _SIDE)
    return Box(
        width,
        OUTPUT_HEIGHT,
        "output family-input" + (f" mark-{mark}" if mark else ""),
        family.fill[0],
        MARKS[mark][0] if mark else family.border[0],
        mark in ("removed", "ghost"),
        False,
        (_centred(text),),
        (),
        ", ".join(filter(None, [_output_title(graph, positions), mark_label(mark)])),
    )


def _output_title(graph: LayerGraph, positions: Sequence[int]) -> str:
    name = output_label(graph, *positions)
    if len(positions) > 1:
        named = [output_label(graph, at) for at in positions if graph.output_names[at]]
        rest = ["…"] if len(named) > _MANY_NAMES else []
        return ": ".join(filter(None, [name, ", ".join(named[:_MANY_NAMES] + rest)]))
    is_plain = name.startswith(_("output"))
    return name if is_plain else _("output {name}").format(name=name)


def shared_colours(graph: LayerGraph) -> dict[str, int]:
    """Assigns a colour to each layer that has weights and is called more than once."""
    layers = dict.fromkeys(
        call.layer_id for call in graph.calls if call.id in graph.shared and call.parameters
    )
    return {layer_id: number % len(SHARED) for number, layer_id in enumerate(layers)}


def _call_box(
    graph: LayerGraph, call: Call, group: Group | None, shared: int, mark: str
) -> Box:
    family = family_of(call)
    lost = call.id in graph.lost
    note = ", ".join(filter(None, [remark(graph, call), mark_label(mark)]))
    rows = _rows(family, short_name(call), call.parameters, printable(call.kind), note, shared)
    classes = ["call", f"family-{family.name}"]
    classes += ["lost"] if lost else []
    classes += ["foldable"] if group else []
    classes += [f"mark-{mark}"] if mark else []
    return _box(
        rows,
        " ".join(classes),
        family,
        dashed=lost or mark in ("removed", "ghost") or family.name == "own",
        stacked=group is not None,
        title=_title(short_name(call), printable(call.kind), call.parameters, note),
        name=", ".join(filter(None, [accessible_name(call), note])),
        shared=shared,
        mark=mark,
    )


def _pinned(box: Box, names: Sequence[str]) -> Box:
    """Adds the names of variables to the right edge of a box."""
    if not names:
        return box
    shown = pin_labels(names)
    margin = _stepped(max(map(pin_width, shown)))
    label = _("variables: {names}").format(names=", ".join(map(printable, names)))
    return replace(
        box,
        width=box.width + 2 * margin,
        name=f"{box.name}, {label}",
        pins=tuple(shown),
        margin=margin,
    )


def pin_labels(names: Sequence[str]) -> list[str]:
    """Returns the labels of variables; the last label may be the number of further variables."""
    shown = [truncate(printable(name), _LONGEST_PIN) for name in names[:_MAX_PINS]]
    if len(names) > _MAX_PINS:
        shown[-1] = f"+{len(names) - _MAX_PINS + 1}"
    return shown


def pin_width(label: str) -> float:
    """Returns the width of a variable's label, in the code font."""
    return text_width("m" * len(label), PIN_FONT) * _CODE_WIDTH + 10


def _group_box(graph: LayerGraph, group: Group) -> Box:
    family = FAMILIES["own"]
    own, calls, note = group_labels(graph, group)
    kind = ", ".join(filter(None, [own, calls]))
    rows = _rows(None, short_name(group), group.parameters, kind, note, -1)
    return _box(
        rows,
        "call group foldable",
        family,
        dashed=False,
        stacked=True,
        title=_title(short_name(group), kind, group.parameters, note),
        name=", ".join(filter(None, [accessible_name(group), calls, note])),
    )


def group_labels(graph: LayerGraph, group: Group) -> list[str]:
    """Returns the labels of a group: its class, its number of calls, and what is special."""
    count = len(graph.calls_inside[group.id])
    calls = ngettext("{n} call", "{n} calls", count).format(n=f"{count:,}")
    inside = contents(graph, group)
    return [
        printable(group.kind),
        f"{calls}: {inside}" if inside else calls,
        group_remark(graph, group),
    ]


def _rows(
    family: Family | None, name: str, parameters: int, kind: str, note: str, shared: int
) -> list[list[Text]]:
    """Returns the two rows of a box, each with left and right texts; x counts from their edge."""
    glyph = family.glyph if family else CLOSED
    ink = family.ink[0] if family else QUIET[0]
    left = text_width(glyph, 11) + 5
    first = [
        Text(glyph, 0, -4, "glyph", 11, family.border[0] if family else QUIET[0]),
        Text(truncate(name) or " ", left, -4, "name", 12, TEXT[0], bold=True),
    ]
    if parameters:
        first.append(Text(format_count(parameters), 0, -4, "quiet", 11, QUIET[0], right=True))
    second = [Text(truncate(kind), left, 11, "kind", 10, ink)]
    if note:
        role = f"remark shared-{shared}" if shared >= 0 else "remark"
        colour = SHARED[shared][0] if shared >= 0 else QUIET[0]
        second.append(Text(note, 0, 11, role, 10, colour, right=True))
    return [first, second]


def _box(
    rows: Iterable[list[Text]],
    classes: str,
    family: Family,
    *,
    dashed: bool,
    stacked: bool,
    title: tuple[Text, ...],
    name: str,
    shared: int = -1,
    mark: str = "",
) -> Box:
    rows = list(rows)
    width = _stepped(max(map(_row_width, rows)) + 2 * _SIDE)
    edge = width / 2 - _SIDE
    texts = tuple(
        Text(
            text.words,
            edge if text.right else text.x - edge,
            text.y,
            text.role,
            text.size,
            text.colour,
            text.bold,
            text.right,
        )
        for row in rows
        for text in row
    )
    return Box(
        width=width,
        height=HEIGHT,
        classes=classes,
        fill=_fill(family, classes, mark),
        border=_border(family, classes, mark),
        dashed=dashed,
        stacked=stacked,
        texts=texts,
        title=title,
        name=name,
        shared=shared,
    )


def _fill(family: Family, classes: str, mark: str) -> str:
    if mark in ("ghost", "earlier"):
        return SURFACE[0]
    return PANEL[0] if "group" in classes.split() else family.fill[0]


def _border(family: Family, classes: str, mark: str) -> str:
    if mark in ("ghost", "earlier", "wrong"):
        return MARKS[mark][0]
    return LINE[0] if "group" in classes.split() else family.border[0]


def _row_width(row: list[Text]) -> float:
    left = max(
        text.x + text_width(text.words, text.size, text.bold) for text in row if not text.right
    )
    right = sum(text_width(text.words, text.size) + _BETWEEN for text in row if text.right)
    return left + right


def _title(name: str, kind: str, parameters: int, note: str) -> tuple[Text, ...]:
    """Returns the title of an open group, in two rows, with x and y relative to its corner."""
    name = truncate(name)
    rest = " · ".join(
        filter(None, [kind, format_count(parameters) if parameters else "", note])
    )
    return (
        Text(OPENED, 10, 15, "glyph", 11, QUIET[0]),
        Text(name, 24, 15, "name", 12, TEXT[0], bold=True),
        Text(rest, 24, 28, "quiet", 10, QUIET[0]),
    )


def title_width(box: Box) -> float:
    """Returns the width that the title of an open group needs."""
    return _SIDE + max(
        (text.x + text_width(text.words, text.size, text.bold) for text in box.title), default=0
    )


def truncate(text: str, longest: int = _LONGEST_NAME) -> str:
    """Shortens a name that is too long for a box."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def triangle_svg(sign: str, x: float, y: float) -> str:
    """Draws the triangle of a folded or an open group; common fonts have no triangle this small."""
    corners = "0 -8 0 0 6 -4" if sign == CLOSED else "-1 -7 7 -7 3 -1"
    name = "closed" if sign == CLOSED else "opened"
    return (
        f'<polygon class="sign {name}" transform="translate({x:g} {y:g})" '
        f'points="{corners}" fill="{QUIET[0]}"/>'
    )


def _stepped(width: float) -> int:
    return -int(-width // _STEP) * _STEP


def _centred(text: Text) -> Text:
    x = -text_width(text.words, text.size, text.bold) / 2
    return Text(text.words, x, text.y, text.role, text.size, text.colour, text.bold)


# ---------------------------------------------------------------------------------------------
# SVG


def box_svg(box: Box) -> str:
    """Draws a closed box with its middle at the origin."""
    width = box.width - 2 * box.margin
    left, top = -width / 2, -box.height / 2
    dash = ' stroke-dasharray="5 3"' if box.dashed else ""
    shape = (
        f'width="{width}" height="{box.height}" rx="7" fill="{box.fill}" '
        f'stroke="{box.border}"{dash}'
    )
    behind = f'<rect class="behind" x="{left + 4:g}" y="{top + 4:g}" {shape}/>'
    return (
        f"<title>{html.escape(box.name)}</title>"
        f"{behind if box.stacked else ''}"
        f'<rect class="box" x="{left:g}" y="{top:g}" {shape}/>'
        f"{texts_svg(box.texts)}"
        f"{''.join(pins_svg(box.pins, box.width / 2 - box.margin))}"
    )


def pins_svg(pins: Sequence[str], left: float) -> Iterator[str]:
    """Draws the labels of variables below each other, at the right edge of a box."""
    top = -(_PIN_HEIGHT + 2) * len(pins) / 2
    for number, label in enumerate(pins):
        y = top + (_PIN_HEIGHT + 2) * number + 1
        yield (
            f'<g class="pin"><rect class="pin-box" x="{left:g}" y="{y:g}" '
            f'width="{pin_width(label):.1f}" height="{_PIN_HEIGHT}" rx="3" '
            f'fill="{SURFACE[0]}" stroke="{PIN[0]}"/><text class="pin-name" '
            f'x="{left + 5:g}" y="{y + 11.5:g}" font-size="{PIN_FONT}" fill="{PIN[0]}">'
            f"{html.escape(label)}</text></g>"
        )


def texts_svg(texts: Iterable[Text]) -> str:
    """Draws texts at their positions."""
    return "".join(map(_text_svg, texts))


def _text_svg(text: Text) -> str:
    if text.words in (CLOSED, OPENED):
        return triangle_svg(text.words, text.x, text.y)
    bold = ' font-weight="bold"' if text.bold else ""
    end = ' text-anchor="end"' if text.right else ""
    return (
        f'<text class="{text.role}" x="{text.x:g}" y="{text.y:g}" font-size="{text.size}" '
        f'fill="{text.colour}"{bold}{end}>{html.escape(text.words)}</text>'
    )
