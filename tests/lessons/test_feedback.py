"""Feedback: no exceptions, escaped text, plain text and HTML."""

import base64
import re

import pytest

import kfunc_lab as lab
from kfunc_lab.graph.picture.graphviz import GraphvizError
from kfunc_lab.lessons import feedback
from kfunc_lab.lessons.exercises import EXERCISES


class Hostile:
    def __repr__(self):
        return "<script>alert(1)</script>"

    def __str__(self):
        return "<script>alert(1)</script>"


class Raising:
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


def test_unknown_exercise_error_lists_exercises():
    for call in (lab.check, lab.hint, lab.solution):
        with pytest.raises(LookupError, match=r'"hiden-units".*hidden-units'):
            call("hiden-units")


def test_answer_is_escaped():
    said = lab.check("species-parameters", Hostile())
    assert said.status == "wrong"
    assert "<script>" not in said._repr_html_()
    assert "&lt;script&gt;" in said._repr_html_()


@pytest.mark.parametrize("name", EXERCISES)
def test_invalid_answer_raises_nothing(name):
    assert lab.check(name, Raising()).status == "wrong"


def test_hints_rotate(monkeypatch):
    monkeypatch.setattr(feedback, "_hint_counts", {})
    hints = EXERCISES["hidden-units"].hints
    said = [lab.hint("hidden-units").message for _ in range(len(hints) + 1)]
    assert said == [*hints, hints[0]]


def test_solution_shows_code():
    said = lab.solution("hidden-units")
    assert said.code in said.to_text()
    assert "<pre" in said._repr_html_()


def test_code_and_emphasis_are_formatted():
    html = feedback.Feedback("wrong", "`a<b` is *not* so")._repr_html_()
    assert "<code>a&lt;b</code> is <em>not</em> so" in html
    assert repr(feedback.Feedback("wrong", "`a` is *not* so")) == "✗ Not yet: `a` is not so"


def test_checks_raise_assertion_errors():
    with pytest.raises(AssertionError, match="whole model"):
        EXERCISES["species-parameters"].check(131)


def differing_graphs():
    import keras

    from kfunc_lab.graph.keras.reader import read_graph
    from kfunc_lab.graph.model.target import compare_with_target

    def model(name, units):
        inputs = keras.Input((4,))
        x = keras.layers.Dense(8, name=name)(inputs)
        return read_graph(keras.Model(inputs, keras.layers.Dense(units)(x)))

    return compare_with_target(model("hidden", 3), model("x<b", 5))


def test_different_graph_is_drawn_with_differences():
    said = feedback.Feedback("wrong", "no", comparison=differing_graphs())
    html = said._repr_html_()
    assert '<img alt="' in html
    assert "units is 5; it should be 3." in html
    svg = base64.b64decode(re.search(r'base64,([^"]+)"', html)[1]).decode()
    assert "mark-differs" in svg
    assert "x&lt;b" in svg
    assert "x<b" not in svg


def test_feedback_falls_back_to_text_without_graphviz(monkeypatch):
    def fail(_found):
        raise GraphvizError("no drawing program")

    monkeypatch.setattr(feedback, "draw_beside_target", fail)
    said = feedback.Feedback("wrong", "no", comparison=differing_graphs())
    assert "<img" not in said._repr_html_()
    assert ">Not yet" in said._repr_html_().replace("✗ ", "")


def test_hint_and_solution_are_shown_together(new_kernel):
    kernel = new_kernel()
    hint, solution = (f'lab.{it}("species-parameters")' for it in ("hint", "solution"))
    first, second = kernel.run(f"import kfunc_lab as lab\n{hint}\n{solution}")
    assert (first["kind"], second["kind"]) == ("display_data", "execute_result")
    assert first["data"]["text/plain"].startswith("Hint 1/")
    assert second["data"]["text/plain"].startswith("One solution")
    assert [it["kind"] for it in kernel.run(solution)] == ["execute_result"]
