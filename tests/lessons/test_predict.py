"""Predictions in a session: the guess is answered after the next cell, and kept."""

import json
import random
import re
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

import kfunc_lab as lab
from kfunc_lab.lessons import predictions, progress
from kfunc_lab.lessons.predicting.answer import answer, filled
from kfunc_lab.lessons.predicting.question import Question
from kfunc_lab.lessons.predictions.kinds import Choice, Number, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction

WIDGET = "application/vnd.jupyter.widget-view+json"


class Picture:
    def to_svg(self):
        return "<svg></svg>"

    def __repr__(self):
        return "the picture"


SIZE = Prediction(
    name="size",
    question="What is the shape of `x`?",
    kind=Shape(),
    truth=lambda variables: variables["x"].shape,
    because="{rows:,} rows of {width} numbers: `{truth}`.",
    wrong=lambda guess, truth, variables: "No batch in `{guess}`." if len(guess) == 1 else None,
)
WAY = Prediction(
    name="way",
    question="Which way, `a` or `b`?",
    kind=Choice({"a": "The *first*.", "b": "The <second>."}),
    truth=lambda variables: variables["way"],
    because="So it is.",
    picture=lambda variables: Picture(),
)


@pytest.fixture(autouse=True)
def path(monkeypatch, tmp_path):
    path = tmp_path / "progress.json"
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(path))
    for prediction in (SIZE, WAY):
        monkeypatch.setitem(predictions.PREDICTIONS, prediction.name, prediction)
    return path


class Session:
    """Runs cells, and returns what a terminal or a page would show."""

    def __init__(self) -> None:
        InteractiveShell.clear_instance()
        self.shell = InteractiveShell.instance()
        self.variables = self.shell.user_ns
        self.run("import kfunc_lab as lab; from types import SimpleNamespace as S")

    def run(self, code: str) -> str:
        with capture_output() as seen:
            self.shell.run_cell(code)
        return "\n".join([seen.stdout, *(it.data["text/plain"] for it in seen.outputs)]).strip()

    def ask(self, name="size") -> Question:
        self.run(f"q = lab.predict({name!r})")
        return self.variables["q"]


X = "x, rows, width = S(shape=(None, 64)), 1000, 64"


@pytest.fixture
def session():
    yield Session()
    InteractiveShell.clear_instance()


def guess(question, text) -> None:
    """Types a guess on the page."""
    question._receive(question, {"guess": text}, [])


def test_right_guess_is_answered_after_next_cell(session):
    question = session.ask()
    guess(question, "none x 64")
    assert (question._guess, question.is_right) == ("`none x 64`", None)
    assert (
        session.run(X)
        == "✓ As you predicted: `(None, 64)`. 1,000 rows of 64 numbers: `(None, 64)`."
    )
    assert question.is_right is True
    assert session.run(X) == ""


def test_wrong_guess_is_told_why(session):
    guess(session.ask(), "64")
    assert session.run(X) == (
        "✗ Not as you predicted: You guessed `64`; the answer is `(None, 64)`. No batch in "
        "`(64,)`. 1,000 rows of 64 numbers: `(None, 64)`."
    )


def test_picture_follows_the_words(session):
    guess(session.ask("way"), "a")
    assert session.run('way = "a"') == "✓ As you predicted: “The first”. So it is.\nthe picture"


def test_no_guess_costs_nothing(session):
    question = session.ask()
    assert session.run(X) == ""
    assert (question.is_right, question._guess, question._answer) == (None, "", "")
    assert progress.guesses() == {}


def test_late_guess_is_answered_in_the_field(session):
    question = session.ask()
    session.run(X)
    session.run("rows, x = 2, None")
    guess(question, "(64,)")
    assert question.is_right is False
    assert "No batch in <code>(64,)</code>. 1,000 rows" in question._answer
    assert session.run("x = 1") == ""


def test_late_picture_is_in_the_field(session):
    question = session.ask("way")
    session.run('way = "a"')
    guess(question, "b")
    assert "data:image/svg+xml" in question._answer
    assert "“The &lt;second&gt;”" in question._answer


def test_failed_cell_and_cell_that_asks_do_not_count(session):
    guess(session.ask(), "(None, 64)")
    session.run(f"{X}; 1 / 0")
    guess(session.ask("way"), "a")
    shown = session.run(f'{X}; way = "a"')
    assert shown.count("✓ As you predicted") == 2


def test_cell_of_their_own_does_not_answer(session):
    guess(session.ask(), "(None, 64)")
    assert session.run("y = 1") == ""
    assert "✓" in session.run(X)


def test_question_ends_with_the_next_one(session):
    guess(session.ask(), "(None, 64)")
    session.run("pass")
    session.ask("way")
    assert session.run(X) == ""


@pytest.mark.parametrize(
    "x",
    [
        "x = S()",
        "x = S(shape=5)",
        "class X:\n  def __getattr__(self, n): raise OSError\nx = X()",
    ],
)
def test_changed_cell_is_silent(session, x):
    question = session.ask()
    guess(question, "64")
    assert session.run(x) == ""
    assert question.is_right is None


def test_missing_name_drops_the_sentence(session):
    guess(session.ask(), "64")
    shown = session.run("x = S(shape=(None, 64))")
    assert shown.endswith("the answer is `(None, 64)`. No batch in `(64,)`.")


def test_unreadable_guess_stays_editable(session):
    question = session.ask()
    guess(question, "big")
    assert question._problem == "Write a shape, such as `(28, 28, 1)`, not `big`."
    assert (question._guess, progress.guesses()) == ("", {})
    guess(question, "(None, 64)")
    assert question._problem == ""
    assert "✓" in session.run(X)


def test_guess_can_be_edited_until_it_is_answered(session):
    question = session.ask()
    guess(question, "64")
    guess(question, "(None, 64)")
    assert "✓" in session.run(X)
    assert progress.guesses() == {"size": ("(None, 64)", True)}


def test_first_answered_guess_is_kept(session):
    question = session.ask()
    guess(question, "64")
    session.run(X)
    guess(question, "(None, 64)")
    assert question.is_right is True
    assert progress.guesses() == {"size": ("64", False)}


def test_guess_is_shown_again_and_answered_once(session):
    guess(session.ask(), "64")
    again = session.ask()
    assert again._guess == "`64`"
    assert "✗" in session.run(X)
    again = session.ask()
    assert (again._guess, again.is_right) == ("`64`", False)
    assert session.run(X) == ""
    guess(again, "(None, 64)")
    assert again.is_right is True


def test_answered_guess_is_shown_on_another_day(session):
    guess(session.ask("way"), "b")
    session.run('way = "a"')
    question = Session().ask("way")
    assert (question._guess, question.is_right) == ("“The <second>”", False)


def test_open_guess_of_another_day_waits_for_a_page(session):
    guess(session.ask(), "64")
    other = Session()
    question = other.ask()
    assert (question._guess, question._is_old) == ("`64`", True)
    assert other.run(X) == ""
    guess(question, question._typed)  # as the page does
    assert question.is_right is False


def test_guess_of_another_question_is_ignored(session):
    progress.record_guess("size", "a sentence", True)
    assert session.ask()._guess == ""


def test_guess_in_code_is_one_line(session):
    shown = session.run('lab.predict("size", (None, 64))')
    assert shown.endswith("Your guess is kept: `(None, 64)`. The next cell answers it.")
    assert "✓" in session.run(X)
    shown = session.run('lab.predict("size", "big")')
    assert shown.endswith("Write a shape, such as `(28, 28, 1)`, not `big`.")


def test_nothing_else_changes(session):
    guess(session.ask(), "64")
    before = set(session.variables)
    random.seed(1)
    expected = random.random()
    session.run(f"import random; random.seed(1)\n{X}")
    assert random.random() == expected
    assert set(session.variables) - before <= {"random", "x", "rows", "width"} | {
        name for name in session.variables if name.startswith("_")
    }


def test_random_numbers_of_the_truth_are_not_missed(session, monkeypatch):
    drawn = Prediction("draw", "?", Number(), lambda variables: random.random() * 0 + 1, "")
    monkeypatch.setitem(predictions.PREDICTIONS, "draw", drawn)
    guess(session.ask("draw"), "1")
    random.seed(1)
    expected = random.random()
    random.seed(1)
    assert "✓" in session.run("pass")
    assert random.random() == expected


def test_static_forms_do_not_depend_on_the_guess(session):
    question = session.ask("way")
    data = session.shell.display_formatter.format(question)[0]
    guess(question, "b")
    later = session.shell.display_formatter.format(question)[0]
    assert WIDGET in data
    assert {**data, WIDGET: None} == {**later, WIDGET: None}
    assert (
        data["text/plain"]
        == "Predict: Which way, `a` or `b`?\n  1. The first.\n  2. The <second>."
    )
    assert "<li>The <em>first</em>.</li><li>The &lt;second&gt;.</li>" in data["text/html"]


def test_without_ipython_it_is_text():
    InteractiveShell.clear_instance()
    assert repr(lab.predict("size")) == "Predict: What is the shape of `x`?"
    with pytest.raises(LookupError, match='"sise"; the predictions are'):
        lab.predict("sise")


# Sentences


class Odd:
    __html__ = None

    def __str__(self):
        raise RuntimeError

    def __format__(self, form):
        raise RuntimeError


@pytest.mark.parametrize(
    ("sentence", "value", "said"),
    [
        ("{v}", 12345, "12,345"),
        ("{v}", 0.123456, "0.1235"),
        ("{v:.2f}", 0.123456, "0.12"),
        ("{v}", (None, 1000), "(None, 1000)"),
        ("{v}", True, "True"),
        ("{v}", "a\n\u202eb", "a �b"),
        ("{v} {{1}}", "{w}", "{w} {1}"),
        ("{v.__class__}", 1, ""),
        ("{v[0]:,}", [1000], "1,000"),
        ("{v[1]}", [1], ""),
        ("{v.shape[0]}", np.zeros((1000, 2)), "1,000"),
        ("{v:.1g}", np.float32(0.123), "0.1"),
        ("{v}", np.int64(1000), "1,000"),
        ("{w}", 1, ""),
        ("{} {0}", 1, ""),
        ("{v:.2f}", "word", ""),
        ("{v", 1, ""),
        ("{v}", Odd(), ""),
    ],
)
def test_sentence_is_filled_safely(sentence, value, said):
    assert filled(sentence, {"v": value}) == said


def test_values_are_escaped():
    hostile = {"x": SimpleNamespace(shape=(1,)), "rows": "<b>", "width": 1}
    odd = Prediction("odd", "?", Shape(), lambda v: (1,), "{rows}", picture=lambda v: 1 / 0)
    said = answer(odd, (2,), (1,), hostile, "<i>")
    assert "<b>" not in said.feedback._repr_html_()
    assert "&lt;i&gt;" in said.feedback._repr_html_()
    assert said.picture is None


def test_misconception_with_braces_of_its_own_is_shown():
    odd = Prediction("odd", "?", Shape(), lambda v: (1,), "", lambda g, t, v: "Write {1: 2}.")
    assert answer(odd, (2,), (1,), {}, "2").feedback.message.endswith("Write {1: 2}.")


# The file


def test_guesses_stand_beside_the_exercises(path):
    progress.record("hidden-units")
    progress.record_guess("size", "64")
    progress.record_guess("size", "65", False)
    progress.record_guess("size", "66", True)
    content = json.loads(path.read_text())
    assert list(content["exercises"]) == ["hidden-units"]
    entry = content["predictions"]["size"]
    assert (entry["guess"], entry["right"]) == ("65", False)
    assert re.match(r"\d{4}-\d\d-\d\dT", entry["time"])


@pytest.mark.parametrize(
    "broken", [None, [], {"size": 1}, {"size": {"guess": 1, "right": 2}}, {"size": {}}]
)
def test_other_content_is_no_guess(path, broken):
    path.write_text(json.dumps({"exercises": {}, "predictions": broken, "other": 1}))
    assert progress.guesses() == {}
    progress.record_guess("size", "64", True)
    assert progress.guesses() == {"size": ("64", True)}
    assert json.loads(path.read_text())["other"] == 1


def test_progress_can_be_off(session, monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", "")
    guess(session.ask(), "64")
    assert session.ask()._guess == "`64`"
    assert "✗" in session.run(X)
