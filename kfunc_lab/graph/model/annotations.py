"""What is said of a graph's calls beyond the graph: marks, variables, and more details."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kfunc_lab.locale import _
from kfunc_lab.ui.theme import QUIET

# The colour of the border, on a light and on a dark surface.
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
    """What is said of calls beyond the graph.

    Attributes:
        marks: For ids of calls one of `MARKS`.
        pins: For ids of calls the names of the variables that hold their results.
        rows: For ids of calls more rows for the details: a label and a value.
        lines: For lines, by the ids of the calls at their ends, one of `MARKS`.
    """

    marks: Mapping[str, str] = field(default_factory=dict)
    pins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rows: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    lines: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def all_marks(self) -> frozenset[str]:
        """The marks that calls or lines have."""
        return frozenset({*self.marks.values(), *self.lines.values()})


def mark_label(mark: str) -> str:
    """Says what a mark means; nothing for no mark."""
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
