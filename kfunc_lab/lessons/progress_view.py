"""The table of the exercises that are done, and the predictions made: `lab.progress`."""

import html
from dataclasses import dataclass

from kfunc_lab.lessons import catalogue, exercises
from kfunc_lab.lessons.catalogue import Lesson
from kfunc_lab.lessons.predictions import PREDICTIONS
from kfunc_lab.lessons.progress import guesses, recorded
from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.text import align_columns
from kfunc_lab.ui.theme import FAINT, LINE, QUIET, TRAINING, follow_theme, light_dark

# JupyterLab gives tables right-aligned cells, zebra stripes and no lines between the rows.
_ROW = "background:none"
_CELL = (
    f"text-align:left;vertical-align:baseline;padding:4px 16px 4px 0;white-space:normal;"
    f"max-width:none;border:none;border-bottom:1px solid {light_dark(FAINT)}"
)
_QUIET = f"color:{light_dark(QUIET)};font-size:90%"


def progress() -> "ProgressView":
    """Shows which exercises of the course are done, and how many predictions were right.

    An exercise is done once `lab.check` has accepted an answer. Of each prediction, the first
    guess counts. This is stored in the user's data
    folder, or in the file that the environment variable `KFUNC_LAB_PROGRESS` names; nothing is
    stored if the variable is set but empty.

    Returns:
        A table of the lessons, with the exercises that are still open and the next lesson.

    Example:
        >>> head, *rows = progress().table()
        >>> head, rows[0][:2]
        (['', 'lesson', 'exercises', 'still open'], ['00', 'Welcome'])
    """
    done = recorded()
    answered = {name: right for name, (_guess, right) in guesses().items() if right is not None}
    return ProgressView(
        tuple(_lesson_progress(lesson, done) for lesson in catalogue.lessons()),
        tuple(right for name, right in answered.items() if name in PREDICTIONS),
    )


def _lesson_progress(lesson: Lesson, done: frozenset[str]) -> "LessonProgress":
    names = [exercise.name for exercise in exercises.of_lesson(lesson)]
    return LessonProgress(
        lesson,
        done=tuple(name for name in names if name in done),
        still_open=tuple(name for name in names if name not in done),
    )


@dataclass(frozen=True)
class LessonProgress:
    """The progress in one lesson.

    Attributes:
        lesson: The lesson.
        done: The names of the exercises that are done.
        still_open: The names of the other exercises.
    """

    lesson: Lesson
    done: tuple[str, ...]
    still_open: tuple[str, ...]

    @property
    def total(self) -> int:
        """The number of exercises in the lesson."""
        return len(self.done) + len(self.still_open)


@dataclass(frozen=True)
class ProgressView:
    """The progress in the course.

    Attributes:
        lessons: The progress in each lesson, in the order of the course.
        predictions: For each prediction that was made, whether its first guess was right.
    """

    lessons: tuple[LessonProgress, ...]
    predictions: tuple[bool, ...] = ()

    @property
    def next_lesson(self) -> Lesson | None:
        """The first lesson with an open exercise; `None` if all exercises are done."""
        return next((entry.lesson for entry in self.lessons if entry.still_open), None)

    def table(self) -> list[list[str]]:
        """Returns the column headings and one row for each lesson."""
        head = ["", _("lesson"), _("exercises"), _("still open")]
        rows = [
            [
                entry.lesson.number,
                entry.lesson.title,
                _count(entry),
                ", ".join(entry.still_open),
            ]
            for entry in self.lessons
        ]
        return [head, *rows]

    def sentence(self, lesson: str | None = None) -> str:
        """Returns a sentence with the number of exercises done and the next lesson.

        Args:
            lesson: The text for the next lesson; by default its number and title.
        """
        total = sum(entry.total for entry in self.lessons)
        if self.next_lesson is None:
            return _("All {total} exercises are done.").format(total=total)
        return _("{done} of {total} exercises done. Next: {lesson}.").format(
            done=sum(len(entry.done) for entry in self.lessons),
            total=total,
            lesson=lesson or _name(self.next_lesson),
        )

    def predicted(self) -> str:
        """Returns a sentence with the number of predictions; empty if none was made."""
        made = len(self.predictions)
        if not made:
            return ""
        return ngettext(
            "{made} prediction made, {right} right.",
            "{made} predictions made, {right} right.",
            made,
        ).format(made=made, right=sum(self.predictions))

    def to_text(self) -> str:
        """Returns the sentences and the table as text, the same in every process."""
        lines = [self.sentence(), *align_columns(self.table(), right=set()), self.predicted()]
        return "\n".join(filter(None, lines))

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        link = _link(self.next_lesson) if self.next_lesson else None
        head = "".join(
            f'<th scope="col" style="{_CELL};color:{light_dark(QUIET)};font-weight:normal">'
            f"{html.escape(name)}</th>"
            for name in self.table()[0][1:]
        )
        rows = "".join(map(_row, self.lessons))
        words = html.escape(self.predicted())
        predicted = f'<p style="margin:8px 0 0;{_QUIET}">{words}</p>' if words else ""
        return (
            f'<div class="kfunc-lab-progress"><style>{follow_theme("kfunc-lab-progress")}</style>'
            f'<p style="margin:0 0 8px">{self.sentence(link)}</p>'
            f'<table style="border-collapse:collapse;border:none;margin:0;max-width:100%">'
            f'<thead style="border:none"><tr style="{_ROW}">{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table>{predicted}</div>"
        )


def _row(entry: LessonProgress) -> str:
    names = ", ".join(
        f'<span style="white-space:nowrap">{html.escape(name)}</span>'
        for name in entry.still_open
    )
    return (
        f'<tr style="{_ROW}"><th scope="row" style="{_CELL};font-weight:normal">'
        f"{_link(entry.lesson)}</th>"
        f'<td style="{_CELL};white-space:nowrap">{_bar(entry)}</td>'
        f'<td style="{_CELL};{_QUIET}">{names}</td></tr>'
    )


def _bar(entry: LessonProgress) -> str:
    """Returns a bar for the share of exercises done, with the numbers beside it."""
    if not entry.total:
        return f'<span style="{_QUIET}">{html.escape(_count(entry))}</span>'
    label = _("Exercises done: {done} of {total}").format(
        done=len(entry.done), total=entry.total
    )
    return (
        f'<span role="img" aria-label="{html.escape(label)}" style="display:inline-block;'
        f"width:80px;height:8px;margin-right:8px;border-radius:4px;overflow:hidden;"
        f"box-sizing:border-box;border:1px solid {light_dark(LINE)};"
        f'background:{light_dark(FAINT)}"><span style="display:block;height:100%;'
        f'width:{100 * len(entry.done) / entry.total:.0f}%;background:{light_dark(TRAINING)}">'
        f'</span></span><span aria-hidden="true">{html.escape(_count(entry))}</span>'
    )


def _count(entry: LessonProgress) -> str:
    if not entry.total:
        return _("no exercises")
    return f"{len(entry.done)}/{entry.total}" + ("" if entry.still_open else " ✓")


def _link(lesson: Lesson) -> str:
    """Returns a link to a lesson's notebook, in the folder of the notebook that shows the table."""
    return f'<a href="{html.escape(lesson.name)}.ipynb">{html.escape(_name(lesson))}</a>'


def _name(lesson: Lesson) -> str:
    return f"{lesson.number} {lesson.title}"
