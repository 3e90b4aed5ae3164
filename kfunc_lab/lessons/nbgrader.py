"""Writes the lessons for nbgrader, with the solutions and one graded test for each exercise."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfunc_lab.lessons import catalogue
from kfunc_lab.lessons.catalogue import Lesson
from kfunc_lab.lessons.checking.exercise import Exercise
from kfunc_lab.lessons.exercises import EXERCISES
from kfunc_lab.ui.files import write_atomically

CONFIG = "nbgrader_config.py"

_CONFIG = """\
import os

c = get_config()

c.CourseDirectory.course_id = "kfunc_lab"

# The student's cell contains the lesson's own code already; no stub replaces the solution.
c.ClearSolutions.code_stub = {"python": ""}

# Seconds for one cell: one cell imports Keras, others train models.
c.Execute.timeout = 300

# The students' answers do not count as the progress of the person who grades them.
os.environ["KFUNC_LAB_PROGRESS"] = ""
"""

_BEGIN, _END = "### BEGIN SOLUTION", "### END SOLUTION"
_CHECK = re.compile(r'^lab\.check\("(?P<name>[^"]+)", (?P<answer>.+)\)$', re.MULTILINE)

_Cell = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """The result for each file, as paths inside the course such as `"nbgrader_config.py"`.

    Attributes:
        lessons: The names of the lessons that have exercises.
        written: The files that were written.
        kept: The files that existed already and were left unchanged.
    """

    lessons: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def write_course(directory: Path, language: str) -> Report:
    """Writes nbgrader's settings and the instructor's notebooks into the folder of a course.

    A teacher may change points and add cells, so an existing file is never overwritten.

    Args:
        directory: The folder of the course; created if it does not exist.
        language: `"en"` or `"es"`.

    Raises:
        OSError: If the folder cannot be written to.
        FileNotFoundError: If the lessons have not been built.
    """
    report = Report()
    contents = {CONFIG: _CONFIG}
    for lesson in catalogue.lessons():
        notebook = instructor_notebook(lesson, language)
        if any("nbgrader" in cell["metadata"] for cell in notebook["cells"]):
            report.lessons.append(lesson.name)
            content = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
            contents[f"source/{lesson.name}/{lesson.name}.ipynb"] = content
    for name, content in contents.items():
        path = directory / name
        if path.exists():
            report.kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content.encode())
        report.written.append(name)
    return report


def instructor_notebook(lesson: Lesson, language: str) -> dict[str, Any]:
    """Returns the instructor's version of a lesson, without outputs, as the content of its file.

    The cell of an answer contains the solution between nbgrader's marks, below the lesson's own
    code; a locked test cell of one point follows it.

    Args:
        lesson: The lesson.
        language: `"en"` or `"es"`.

    Raises:
        ValueError: If there is no such language.
        FileNotFoundError: If the notebook has not been built.

    Example:
        >>> cells = instructor_notebook(catalogue.find("welcome"), "en")["cells"]
        >>> print("".join(next(cell for cell in cells if cell["id"] == "check")["source"]))
        parameters = ...
        ### BEGIN SOLUTION
        parameters = 16 * 3 + 3
        ### END SOLUTION
        lab.check("species-parameters", parameters)
    """
    path = catalogue.notebook(lesson, language)
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"] = [part for cell in notebook["cells"] for part in _parts(cell)]
    return notebook


def _parts(cell: _Cell) -> list[_Cell]:
    """Returns the instructor's version of a cell; a test cell follows the cell of an answer."""
    if cell["cell_type"] != "code":
        return [cell]
    cell = {**cell, "execution_count": None, "outputs": []}
    source = "".join(cell["source"])
    check = _CHECK.search(source)
    if check is None or check["name"] not in EXERCISES:
        return [cell]
    exercise = EXERCISES[check["name"]]
    answer = {
        **cell,
        "metadata": {**cell["metadata"], "nbgrader": _role(exercise.name, solution=True)},
        "source": _with_solution(source, check.start(), exercise).splitlines(keepends=True),
    }
    return [answer, _test(exercise.name, check["answer"])]


def _with_solution(source: str, start: int, exercise: Exercise) -> str:
    """Inserts the solution before the check.

    nbgrader replaces the solution with an empty line; if the lesson has an empty line there, the
    solution takes its place.
    """
    before = source[:start]
    if before.endswith("\n\n"):
        before = before[:-1]
    return f"{before}{_BEGIN}\n{exercise.solution}\n{_END}\n{source[start:]}"


def _test(name: str, answer: str) -> _Cell:
    test = f"test-{name}"
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": test,
        "metadata": {"nbgrader": {**_role(test, solution=False), "points": 1}},
        "outputs": [],
        "source": [f'lab.assert_right("{name}", {answer})'],
    }


def _role(grade_id: str, *, solution: bool) -> dict[str, Any]:
    """Returns nbgrader's metadata for a cell that contains a solution, or else grades one."""
    return {
        "cell_type": "code",
        "grade": not solution,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
