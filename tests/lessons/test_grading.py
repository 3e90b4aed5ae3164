"""Grading: an AssertionError with the reason, or no output."""

import doctest
import sys

import pytest

import kfunc_lab as lab


class Raising:
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


class Noisy:
    def __str__(self):
        print("a warning", file=sys.stderr)
        return "51"


def test_right_answer_raises_nothing():
    assert lab.assert_right("species-parameters", 51) is None


@pytest.mark.parametrize(
    ("language", "answer", "said"),
    [
        ("en", 131, "✗ Not yet: 131 is the whole model."),
        ("es", 131, "✗ Todavía no: 131 es el modelo entero."),
        ("en", ..., "○ Not attempted: No answer yet."),
        ("es", None, "○ Sin responder: Todavía no hay respuesta."),
        (
            "en",
            Raising(),
            "✗ Not yet: This answer could not be checked (RuntimeError: no words)",
        ),
        ("es", Raising(), "✗ Todavía no: No se pudo comprobar"),
    ],
)
def test_other_answers_raise_feedback_of_check(language, answer, said):
    lab.language(language)
    with pytest.raises(AssertionError) as raised:
        lab.assert_right("species-parameters", answer)
    assert str(raised.value) == lab.check("species-parameters", answer).to_text()
    assert str(raised.value).startswith(said)


def test_unknown_exercise_raises_lookup_error():
    with pytest.raises(LookupError, match="species-parameters"):
        lab.assert_right("species", 51)


def test_grading_prints_nothing(capsys):
    lab.assert_right("species-parameters", Noisy())
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("answer", "failed"), [(51, 0), (48, 1), (..., 1)])
def test_otter_test_passes_only_for_right_answer(answer, failed):
    """otter-grader runs a test cell as a doctest without output."""
    code = '>>> lab.assert_right("species-parameters", parameters)\n'
    names = {"lab": lab, "parameters": answer}
    example = doctest.DocTestParser().get_doctest(code, names, "otter", None, None)
    results = doctest.DocTestRunner(verbose=False).run(example, out=lambda text: None)
    assert (results.attempted, results.failed) == (1, failed)
