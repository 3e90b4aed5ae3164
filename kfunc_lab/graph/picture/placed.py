"""The positions of the boxes and lines of one level."""

from collections.abc import Mapping
from dataclasses import dataclass

from kfunc_lab.graph.model.levels import Key, Wire


@dataclass(frozen=True)
class Line:
    """A drawn line of a level.

    Attributes:
        wire: The wire that it draws.
        points: The control points of consecutive Bézier curves: x, y, x, y, …
        label: The shape of the tensor, if it is shown.
        label_at: The point of the line to which the label is attached, as for `point_at`.
        label_x: The horizontal distance from that point to the middle of the label.
        label_y: The vertical distance from that point to the middle of the label.
    """

    wire: Wire
    points: tuple[float, ...]
    label: str = ""
    label_at: float = 0
    label_x: float = 0
    label_y: float = 0


@dataclass(frozen=True)
class Layout:
    """The positions in a level, in pixels from its top left.

    Attributes:
        width: The width of the level.
        height: The height of the level.
        places: The middle of each box, by id of the item.
        lines: The lines.
        entries: Where each tensor enters at the top.
        exits: Where each tensor leaves at the bottom.
    """

    width: float
    height: float
    places: Mapping[str, tuple[float, float]]
    lines: tuple[Line, ...]
    entries: Mapping[Key, float]
    exits: Mapping[Key, float]
