"""Feedback on an exercise: `lab.check`, `lab.hint`, `lab.solution`."""

import base64
import html
import sys
from dataclasses import dataclass
from typing import Any, Literal

from kfunc_lab.graph.model.comparison import Comparison
from kfunc_lab.graph.picture.graphviz import GraphvizError
from kfunc_lab.graph.picture.target import draw_beside_target
from kfunc_lab.lessons import progress
from kfunc_lab.lessons.checking.exercise import NotAttempted, Shown, Wrong
from kfunc_lab.lessons.checking.graphs import differences
from kfunc_lab.lessons.exercises import find
from kfunc_lab.locale import _
from kfunc_lab.ui.theme import follow_theme, light_dark
from kfunc_lab.ui.words import plain_words, words_html

Status = Literal[
    "not attempted",
    "wrong",
    "right",
    "hint",
    "solution",
    "as predicted",
    "not as predicted",
]

_COLOURS = {
    "not attempted": ("#57606a", "#a3adb8"),
    "wrong": ("#b35900", "#e09b4a"),
    "right": ("#1a7f37", "#4fb377"),
    "hint": ("#2f6fc4", "#5b9be6"),
    "solution": ("#2f6fc4", "#5b9be6"),
    "as predicted": ("#1a7f37", "#4fb377"),
    "not as predicted": ("#b35900", "#e09b4a"),
}

_hint_counts: dict[str, int] = {}
_latest: list[tuple[int, "Feedback"]] = []  # the last feedback, and the cell that asked for it


def check(exercise: str, answer: Any = ...) -> "Feedback":
    """Checks an answer to an exercise.

    Args:
        exercise: The name of the exercise, as in the lesson.
        answer: Your answer, such as a model or a number. `...` means no answer.

    Returns:
        Feedback with the status `"not attempted"`, `"wrong"` or `"right"`, shown in a notebook.
        A wrong answer raises no exception, so that the cells below still run.

    Raises:
        LookupError: If there is no such exercise.

    Example:
        >>> check("species-parameters", 48).status
        'wrong'
    """
    feedback = _check(exercise, answer)
    _follow(feedback, shows_earlier=False)
    return feedback


def _check(exercise: str, answer: Any) -> "Feedback":
    task = find(exercise)
    try:
        shown = task.check(answer)
    except NotAttempted as verdict:
        general = _("No answer yet. `lab.hint({name})` gives a hint.")
        return Feedback("not attempted", str(verdict) or general.format(name=f'"{exercise}"'))
    except Wrong as verdict:
        return Feedback(
            "wrong", str(verdict), comparison=verdict.comparison, shown=verdict.shown
        )
    except Exception as error:
        # An answer can be any object; one that the check did not expect must not stop the lesson.
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return Feedback(
            "wrong",
            _("This answer could not be checked ({reason}). Compare it with the task.").format(
                reason=reason
            ),
        )
    progress.record(exercise)
    return Feedback("right", _(task.praise), shown=shown)


def hint(exercise: str) -> "Feedback":
    """Returns the next hint to an exercise; after the last hint, the first one follows.

    Args:
        exercise: The name of the exercise, as in the lesson.

    Returns:
        The hint, shown in a notebook.

    Raises:
        LookupError: If there is no such exercise.

    Example:
        >>> hint("species-parameters").message
        'Click the box `species` in the graph. Its details appear beside the picture.'
    """
    hints = find(exercise).hints
    number = _hint_counts.get(exercise, 0) % len(hints)
    _hint_counts[exercise] = number + 1
    feedback = Feedback("hint", _(hints[number]), heading=f"{number + 1}/{len(hints)}")
    _follow(feedback)
    return feedback


def solution(exercise: str) -> "Feedback":
    """Returns code that solves an exercise.

    Args:
        exercise: The name of the exercise, as in the lesson.

    Returns:
        The code, shown in a notebook.

    Raises:
        LookupError: If there is no such exercise.

    Example:
        >>> solution("species-parameters").code
        'parameters = 16 * 3 + 3'
    """
    feedback = Feedback("solution", "", code=find(exercise).solution)
    _follow(feedback)
    return feedback


def _follow(feedback: "Feedback", *, shows_earlier: bool = True) -> None:
    """Displays the feedback before this one in the same cell, which shows only its last value."""
    shell: Any = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if getattr(shell, "kernel", None) is None:
        return
    cell = shell.execution_count
    if shows_earlier and _latest and _latest[0][0] == cell:
        from IPython.display import display

        display(_latest[0][1])  # type: ignore[no-untyped-call]
    _latest[:] = [(cell, feedback)]


@dataclass(frozen=True)
class Feedback:
    """Feedback on an answer or a prediction, a hint or a solution.

    Attributes:
        status: `"not attempted"`, `"wrong"` or `"right"`; `"hint"` or `"solution"` for those;
            `"as predicted"` or `"not as predicted"`.
        message: The message in the current language, with code in backticks.
        heading: Text to add to the status.
        code: Code to show below the message.
        comparison: The differences between the answered graph and the target, drawn below.
        shown: What was measured, shown below.
    """

    status: Status
    message: str
    heading: str = ""
    code: str = ""
    comparison: Comparison | None = None
    shown: Shown | None = None

    def to_text(self) -> str:
        """Returns the feedback as plain text."""
        first = (
            f"{self._title()}: {plain_words(self.message)}" if self.message else self._title()
        )
        below = self.shown.to_text() if self.shown else ""
        return "\n".join(filter(None, [first, self.code, below]))

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        colour = light_dark(_COLOURS[self.status])
        # JupyterLab would break the lines of code within words.
        scrolled = "margin:8px 0 0;white-space:pre;word-break:normal;overflow-x:auto"
        code = f'<pre style="{scrolled}">{html.escape(self.code)}</pre>' if self.code else ""
        style = (
            f"border-left:4px solid {_COLOURS[self.status][0]};border-color:{colour};"
            f"padding:4px 12px;max-width:{'100%' if self.code else '72ch'}"
        )
        return (
            f'<div class="kfunc-lab-feedback" style="{style}">'
            f"<style>{follow_theme('kfunc-lab-feedback')}</style>"
            f"<strong>{html.escape(self._title())}</strong> {words_html(self.message)}{code}"
            f"{self._picture()}{self.shown.to_html() if self.shown else ''}</div>"
        )

    def _picture(self) -> str:
        """Draws the answered graph: missing calls as ghosts, superfluous ones marked."""
        if self.comparison is None:
            return ""
        try:
            svg = draw_beside_target(self.comparison)
        except GraphvizError:  # the message remains
            return ""
        description = html.escape(" ".join(differences(self.comparison)).replace("`", ""))
        source = base64.b64encode(svg.encode()).decode()
        return (
            f'<div style="margin-top:8px;overflow-x:auto"><img alt="{description}" '
            f'src="data:image/svg+xml;base64,{source}"></div>'
        )

    def _title(self) -> str:
        titles = {
            "not attempted": _("○ Not attempted"),
            "wrong": _("✗ Not yet"),
            "right": _("✓ Right"),
            "hint": _("Hint"),
            "solution": _("One solution"),
            "as predicted": _("✓ As you predicted"),
            "not as predicted": _("✗ Not as you predicted"),
        }
        return " ".join(filter(None, [titles[self.status], self.heading]))
