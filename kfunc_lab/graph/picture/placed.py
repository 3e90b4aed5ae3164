"""The positions of the boxes and lines of one level."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

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
        entries: Where each tensor enters, along the top; along the left edge if `right`.
        exits: Where each tensor leaves, along the bottom; along the right edge if `right`.
        right: Whether the lines lead to the right instead of down.
    """

    width: float
    height: float
    places: Mapping[str, tuple[float, float]]
    lines: tuple[Line, ...]
    entries: Mapping[Key, float]
    exits: Mapping[Key, float]
    right: bool = False


def transposed(layout: Layout) -> Layout:
    """Swaps x and y, so that what leads down leads to the right, and back."""
    return Layout(
        layout.height,
        layout.width,
        {item: (y, x) for item, (x, y) in layout.places.items()},
        tuple(
            replace(
                line, points=_swapped(line.points), label_x=line.label_y, label_y=line.label_x
            )
            for line in layout.lines
        ),
        layout.entries,
        layout.exits,
        not layout.right,
    )


def _swapped(points: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(
        value for x, y in zip(points[::2], points[1::2], strict=True) for value in (y, x)
    )
