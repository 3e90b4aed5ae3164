"""The progress view of `lab.progress`, as text and HTML."""

import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

import kfunc_lab as lab
from kfunc_lab.lessons import catalogue, exercises, progress_view
from kfunc_lab.lessons.catalogue import Lesson
from kfunc_lab.lessons.predictions import PREDICTIONS
from kfunc_lab.lessons.progress import record, record_guess
from kfunc_lab.lessons.progress_view import LessonProgress, ProgressView


@pytest.fixture(autouse=True)
def path(monkeypatch, tmp_path):
    path = tmp_path / "progress.json"
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(path))
    return path


def lesson(number, title, done=(), still_open=()):
    slug = re.sub(r"\W+", "_", title.lower())
    return LessonProgress(Lesson(number, slug, title, ""), tuple(done), tuple(still_open))


VIEW = ProgressView(
    (
        lesson("00", "Welcome", ["one"]),
        lesson("01", "A look around"),
        lesson("02", "Train", ["two"], ["three", "four"]),
        lesson("03", "Branches", [], ["five"]),
    )
)
DONE = ProgressView(
    tuple(replace(it, done=it.done + it.still_open, still_open=()) for it in VIEW.lessons)
)


# The course


def test_each_exercise_belongs_to_one_lesson():
    found = [it for lesson in catalogue.lessons() for it in exercises.of_lesson(lesson)]
    assert found == list(exercises.EXERCISES.values())


def test_lesson_can_have_no_exercises():
    assert exercises.of_lesson(Lesson("99", "nothing_to_do", "", "")) == ()


def test_exercises_do_not_import_keras():
    code = "import kfunc_lab.lessons.exercises, sys; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_view_lists_lessons_and_finished_exercises():
    total = sum(len(exercises.of_lesson(it)) for it in catalogue.lessons())
    first = catalogue.lessons()[0]
    head, _names, *rows = lab.progress().to_text().splitlines()
    assert head == f"0 of {total} exercises done. Next: {first.number} {first.title}."
    for it, row in zip(catalogue.lessons(), rows, strict=True):
        assert row.startswith(f"{it.number}  {it.title}  ")
    for exercise in exercises.of_lesson(first):
        record(exercise.name)
    record("of-another-edition")
    view = lab.progress()
    count = len(view.lessons[0].done)
    assert view.to_text().startswith(f"{count} of {total} exercises done. Next: ")
    assert view.next_lesson == next(
        it for it in catalogue.lessons()[1:] if exercises.of_lesson(it)
    )


def test_disabled_storage_looks_like_no_progress(monkeypatch):
    before = lab.progress()
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", "")
    lab.check("species-parameters", 51)
    after = lab.progress()
    assert after.to_text() == before.to_text()
    assert after._repr_html_() == before._repr_html_()


# Forms


def test_view_is_written_as_text():
    assert VIEW.to_text().splitlines() == [
        "2 of 5 exercises done. Next: 02 Train.",
        "    lesson         exercises     still open",
        "00  Welcome        1/1 ✓",
        "01  A look around  no exercises",
        "02  Train          1/3           three, four",
        "03  Branches       0/1           five",
    ]
    assert repr(VIEW) == VIEW.to_text()


def test_view_is_written_as_html():
    html = VIEW._repr_html_()
    assert '2 of 5 exercises done. Next: <a href="02_train.ipynb">02 Train</a>.' in html
    links = re.findall(r'<th scope="row"[^>]*><a href="(.*?)">(.*?)</a>', html)
    assert links == [
        ("00_welcome.ipynb", "00 Welcome"),
        ("01_a_look_around.ipynb", "01 A look around"),
        ("02_train.ipynb", "02 Train"),
        ("03_branches.ipynb", "03 Branches"),
    ]
    bars = re.findall(r'role="img" aria-label="([^"]+)".*?width:(\d+)%', html)
    assert bars == [
        ("Exercises done: 1 of 1", "100"),
        ("Exercises done: 1 of 3", "33"),
        ("Exercises done: 0 of 1", "0"),
    ]
    assert "0/0" not in html
    assert html.count("no exercises") == 1
    assert "three" in html


def test_links_point_to_notebooks():
    for target in re.findall(
        r'<th scope="row"[^>]*><a href="(.*?)"', lab.progress()._repr_html_()
    ):
        number = target[:2]
        assert target == catalogue.notebook(catalogue.find(number), "en").name


def test_finished_course_is_reported():
    assert DONE.next_lesson is None
    assert DONE.to_text().startswith("All 5 exercises are done.\n")
    assert "<p" in DONE._repr_html_()
    assert "All 5 exercises are done." in DONE._repr_html_()
    assert "Next" not in DONE._repr_html_()
    for name in exercises.EXERCISES:
        record(name)
    assert lab.progress().to_text().startswith("All ")


def test_html_is_escaped():
    title, name = "<script>alert(1)</script>", '"><img src=x>'
    hostile = Lesson('0"', "a><b", title, "")
    view = ProgressView((LessonProgress(hostile, (), (name,)),))
    html = view._repr_html_()
    assert "<script" not in html
    assert "<img" not in html
    assert html.count('<a href="0&quot;_a&gt;&lt;b.ipynb">') == 2
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;</a>") == 2
    assert "&quot;&gt;&lt;img src=x&gt;" in html


def test_view_follows_language(monkeypatch):
    lab.language("es")
    assert "00  Te damos la bienvenida" in lab.progress().to_text()
    assert ">00 Te damos la bienvenida</a>" in lab.progress()._repr_html_()
    monkeypatch.setattr(progress_view, "_", lambda text: f"<{lab.language()}> {text}")
    first, head, *_rows = VIEW.to_text().splitlines()
    assert first == "<es> 2 of 5 exercises done. Next: 02 Train."
    assert re.fullmatch(r" *<es> lesson +<es> exercises +<es> still open", head)
    assert "<es> no exercises" in VIEW.to_text()
    assert DONE.to_text().startswith("<es> All 5")
    assert 'aria-label="&lt;es&gt; Exercises done: 1 of 1"' in VIEW._repr_html_()


def test_view_is_equal_in_every_process():
    for name in list(exercises.EXERCISES)[::2]:
        record(name)
    code = (
        "import kfunc_lab as lab, sys; view = lab.progress()\n"
        "print(view.to_text(), view._repr_html_()); sys.exit('keras' in sys.modules)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True, text=True, encoding="utf-8", check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1
    assert not re.search(r"\d{4}-\d\d", said.pop())


# Predictions


def test_predictions_are_counted_below_the_table():
    assert "prediction" not in lab.progress().to_text()
    assert "prediction" not in lab.progress()._repr_html_()
    first, second, *_others = PREDICTIONS
    record_guess(first, "1", False)
    assert lab.progress().to_text().endswith("\n1 prediction made, 0 right.")
    record_guess(second, "2", True)
    record_guess("of another course", "3", True)
    assert lab.progress().to_text().endswith("\n2 predictions made, 1 right.")
    assert "2 predictions made, 1 right.</p></div>" in lab.progress()._repr_html_()


def test_open_guess_is_not_counted():
    record_guess(next(iter(PREDICTIONS)), "1")
    assert lab.progress().predicted() == ""
