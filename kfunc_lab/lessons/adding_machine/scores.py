"""What a model of the project answers: a table of scores, and pairs with its answers."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfunc_lab.locale import _
from kfunc_lab.ui.image_grid import Pictures, pictures
from kfunc_lab.ui.text import align_columns, percent
from kfunc_lab.ui.theme import follow_theme

if TYPE_CHECKING:
    from kfunc_lab.lessons.adding_machine.pairs import Digits, Pairs

_SHOWN = 8


@dataclass(frozen=True)
class Score:
    """A share of right answers, and the share that a level asks for.

    Attributes:
        name: What is counted, in the current language.
        share: The share that is right, from 0 to 1.
        asked: The share that is asked for; `None` if it is shown for comparison only.
    """

    name: str
    share: float
    asked: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the share is as large as asked."""
        return self.asked is None or self.share >= self.asked


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores with eight pairs and the sums that the model answers, wrong ones first.

    Attributes:
        scores: The scores.
        pairs: Pairs of digits.
        sums: The answered sum of each pair.
    """

    scores: tuple[Score, ...]
    pairs: Pairs
    sums: Digits

    def to_text(self) -> str:
        """Returns the table as text, and the pairs with the answers."""
        return "\n".join([*align_columns([_head(), *self._rows()], {1, 2}), self._captions()])

    def to_html(self) -> str:
        """Returns the table and the pictures of the pairs as HTML."""
        head = "".join(_cell("th", text, number) for number, text in enumerate(_head()))
        body = "".join(
            "<tr>" + "".join(_cell("td", text, at) for at, text in enumerate(row)) + "</tr>"
            for row in self._rows()
        )
        return (
            '<table style="margin:8px 0;border-collapse:collapse;font-size:inherit">'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            f"<style>{follow_theme('kfunc-lab-pictures')}</style>"
            f'<div style="overflow-x:auto">{self._pictures().to_svg()}</div>'
        )

    def _rows(self) -> list[list[str]]:
        return [
            [
                score.name,
                percent(score.share),
                "–" if score.asked is None else percent(score.asked),
                "" if score.asked is None else "✓" if score.reached else "✗",
            ]
            for score in self.scores
        ]

    def _pictures(self) -> Pictures:
        shown = self._order()
        return pictures(
            self.pairs.left[shown], self.pairs.right[shown], captions=self._texts(shown)
        )

    def _captions(self) -> str:
        return ", ".join(self._texts(self._order()))

    def _texts(self, numbers: list[int]) -> list[str]:
        truth = self.pairs.truth
        return [
            f"{truth['left_digit'][at]} + {truth['right_digit'][at]} → {self.sums[at]} "
            + ("✓" if self.sums[at] == truth["sum"][at] else "✗")
            for at in numbers
        ]

    def _order(self) -> list[int]:
        """Returns the pairs to show: wrong ones first, and two right ones if there are any."""
        import numpy as np

        right = self.sums == self.pairs.truth["sum"]
        fine, wrong = (np.flatnonzero(right == kind).tolist() for kind in (True, False))
        return (wrong[: _SHOWN - 2] + fine + wrong[_SHOWN - 2 :])[:_SHOWN]


def _head() -> list[str]:
    return [_("measured"), _("right answers"), _("asked for"), ""]


def _cell(tag: str, text: str, column: int) -> str:
    align = "right" if column in (1, 2) else "left"
    return (
        f'<{tag} style="text-align:{align};padding:2px 12px 2px 0;font-weight:'
        f'{"600" if tag == "th" else "400"}">{html.escape(text)}</{tag}>'
    )
