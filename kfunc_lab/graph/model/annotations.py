"""Annotations of a graph: marks, variables and extra details of its calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kfunc_lab.locale import _
from kfunc_lab.ui.theme import QUIET

# The colour of each mark's border, on a light and on a dark surface.
MARKS = {
    "added": ("#1a7f37", "#4ac26b"),
    "removed": ("#cf222e", "#ff7b72"),
    "changed": ("#9a6700", "#e3b341"),
    "wrong": ("#cf222e", "#ff7b72"),
    "extra": ("#9a6700", "#e3b341"),
    "differs": ("#9a6700", "#e3b341"),
    "earlier": QUIET,
    "ghost": QUIET,
}


@dataclass(frozen=True)
class Annotations:
    """What a view shows about calls besides the graph itself.

    Attributes:
        marks: One of `MARKS` by call id.
        pins: The names of the variables that hold a call's results, by call id.
        rows: Extra rows for the details, each a label and a value, by call id.
        lines: One of `MARKS` by the ids of the calls at both ends of a line.
    """

    marks: Mapping[str, str] = field(default_factory=dict)
    pins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    lines: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def all_marks(self) -> frozenset[str]:
        """The marks of all calls and lines."""
        return frozenset({*self.marks.values(), *self.lines.values()})


def mark_label(mark: str) -> str:
    """Returns the label of a mark; an empty string for no mark."""
    return {
        "added": _("added"),
        "removed": _("removed"),
        "changed": _("changed"),
        "wrong": _("failed here"),
        "extra": _("not in the target"),
        "differs": _("differs"),
        "earlier": _("earlier run"),
        "ghost": _("to build"),
    }.get(mark, "")
