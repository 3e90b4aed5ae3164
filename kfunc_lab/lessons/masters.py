"""Masters of the lessons for nbgrader: with the solutions, and a graded test to each exercise."""

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

# The student's cell has the lesson's own code already; nothing takes the place of the solution.
c.ClearSolutions.code_stub = {"python": ""}

# Seconds for a cell: Keras is loaded in one, and models are trained in others.
c.Execute.timeout = 300

# What students answered is not the progress of who grades it.
os.environ["KFUNC_LAB_PROGRESS"] = ""
"""

_BEGIN, _END = "### BEGIN SOLUTION", "### END SOLUTION"
_CHECK = re.compile(r'^lab\.check\("(?P<name>[^"]+)", (?P<answer>.+)\)$', re.MULTILINE)

_Cell = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """What became of each file: paths inside the course, as `"nbgrader_config.py"`.

    Attributes:
        lessons: The names of the lessons that have a master.
        written: Was not there.
        kept: Was there, and stayed as it was.
    """

    lessons: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)


def write(directory: Path, language: str) -> Report:
    """Writes what nbgrader makes the students' notebooks of: its settings and the masters.

    A teacher changes points and adds cells: a file that is there already is never written over.

    Args:
        directory: The folder of the course; made if it is not there.
        language: `"en"` or `"es"`.

    Raises:
        OSError: If the folder cannot be written.
        FileNotFoundError: If the lessons have not been built.
    """
    report = Report()
    contents = {CONFIG: _CONFIG}
    for lesson in catalogue.lessons():
        notebook = master(lesson, language)
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


def master(lesson: Lesson, language: str) -> dict[str, Any]:
    """Returns the instructor's version of a lesson, without outputs, as its file holds it.

    The cell of an answer gets the solution between nbgrader's marks, below the code that the
    lesson gives, and is followed by a locked test cell of one point.

    Args:
        lesson: The lesson.
        language: `"en"` or `"es"`.

    Raises:
        ValueError: If there is no such language.
        FileNotFoundError: If the notebook has not been built.

    Example:
        >>> cells = master(catalogue.find("welcome"), "en")["cells"]
        >>> print("".join(next(it for it in cells if it["id"] == "check")["source"]))
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
    """Returns a cell as the master has it; that of an answer is followed by its test."""
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
    """Puts the solution before the check.

    nbgrader leaves an empty line in its place; where the lesson has one, it becomes that one.
    """
    given = source[:start]
    if given.endswith("\n\n"):
        given = given[:-1]
    return f"{given}### BEGIN SOLUTION\n{exercise.solution}\n### END SOLUTION\n{source[start:]}"


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
    """Returns what nbgrader knows of a cell: it holds a solution, or else grades one."""
    return {
        "cell_type": "code",
        "grade": not solution,
        "grade_id": grade_id,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
