"""The words of a mistake in each form of its view."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import keras
import pytest
from keras import layers

import kfunc_lab as lab
from kfunc_lab.mistakes import view as views
from kfunc_lab.mistakes.forms.explanation import explanation_of
from kfunc_lab.mistakes.forms.raw_cell import with_magics
from kfunc_lab.mistakes.source.edit import Change, Edit
from kfunc_lab.ui.text_width import text_width

LONG = ", ".join(f"argument_{number}=layers.Dense({number})" for number in range(12))


def explained(monkeypatch, **parts):
    """Return the view of a mistake of which parts are replaced."""
    whole = {"edit": "", "changes": (), "others": ()} | parts
    monkeypatch.setattr(
        views,
        "explanation_of",
        lambda mistake, *given: explanation_of(replace(mistake, **whole), *given),
    )
    try:
        layers.Conv2D(8, 3, name="conv")(keras.Input((28, 28), name="image"))
    except ValueError as error:
        return views.view_of(error, None, is_above_traceback=True)


@pytest.fixture
def source(tmp_path):
    """Return a file with a statement inside a function, and the change of that statement."""
    path = tmp_path / "own.py"
    path.write_text("def f():\n    if 1:\n        x = a < b\n        y = 1\n")
    return Change(str(path), (3, 8), (3, 17), f"x = '<b>' + f({LONG})\n        z = 2")


def html_of(view):
    return view._repr_mimebundle_()[0]["text/html"]


def test_every_form_shows_edit(monkeypatch, source):
    others = (Edit("Write `f(**kwargs)`."), Edit("Leave *it*."))
    view = explained(monkeypatch, edit="Call `f(**a)`.", changes=(source,), others=others)
    new = f"+         x = '<b>' + f({LONG})"
    lines = view.to_text().splitlines()[2:]
    assert lines == [
        "3 < 4", "→ Call `f(**a)`.", "-         x = a < b", new, "+         z = 2",
        "or: Write `f(**kwargs)`.", "or: Leave *it*.",
    ]  # fmt: skip
    html = html_of(view)
    assert "<del>- x = a &lt; b</del><ins>+ x = " in html
    assert "<b>'" not in html
    assert "<p>→ Call <code>f(**a)</code>.</p>" in html
    assert "or: Write <code>f(**kwargs)</code>." in html
    texts = [it.text for it in ET.fromstring(view.to_svg()).iter() if it.tag.endswith("text")]
    drawn = "".join(texts).replace("\u00a0", "").replace(" ", "")
    for line in lines:
        assert line.replace(" ", "") in drawn
    assert view.to_png().startswith(b"\x89PNG")
    assert list(view.mended.values()) == [
        f"def f():\n    if 1:\n        x = '<b>' + f({LONG})\n        z = 2\n        y = 1\n"
    ]


def test_words_of_picture_stay_inside_it(monkeypatch, source):
    view = explained(monkeypatch, edit="Call it. " * 40, changes=(source,))
    svg = ET.fromstring(view.to_svg())
    width = int(svg.get("width"))
    rows = [it for it in svg if it.tag.endswith("text")]
    assert len(rows) > 8
    for row in rows:
        is_code = "code" in row.get("class")
        bold = row.get("font-weight") == "bold"
        length = 7.3 * len(row.text) if is_code else text_width(row.text, 12, bold)
        assert float(row.get("x")) + length <= width
    tops = [float(row.get("y")) for row in rows]
    assert all(later - earlier >= 18 for earlier, later in pairwise(tops))
    [graph] = [it for it in svg if it.tag.endswith("}g")]
    assert float(graph.get("transform").split()[1][:-1]) > tops[-1]


def test_message_of_keras_is_whole_and_folded(monkeypatch):
    view = explained(monkeypatch)
    message = view._mistake["message"]
    assert message.startswith("Input 0 ")
    assert message.endswith("Full shape received: (None, 28, 28)")
    assert re.search(
        r"<details><summary>.*<span>ValueError</span></summary><pre>", html_of(view)
    )
    assert message in html_of(view).replace("&#x27;", "'").replace("&quot;", '"')


def test_explanation_on_request_folds_nothing(monkeypatch):
    assert explained(monkeypatch)._mistake["above_traceback"]
    with pytest.raises(ValueError, match="incompatible") as caught:
        layers.Conv2D(8, 3)(keras.Input((28, 28)))
    view = lab.explain(caught.value)
    assert not view._mistake["above_traceback"]
    assert "text/html" not in view._repr_mimebundle_()[0]


def test_empty_graph_has_no_picture():
    with pytest.raises(ValueError, match="time_major") as caught:
        layers.GRU(8, time_major=False)
    view = views.view_of(caught.value, None, is_above_traceback=True)
    assert view._items or "<img" not in html_of(view)


def test_unknown_message_is_quoted_in_whole_sentences():
    class Own(layers.Layer):
        def call(self, x):
            raise ValueError(
                "The first sentence\nis broken over lines. "
                + "The second one is long. " * 30
                + "\n\nDetails follow."
            )

    with pytest.raises(ValueError, match="first sentence") as caught:
        Own()(keras.Input((3,)))
    reason = lab.explain(caught.value).mistake.reason
    assert "The first sentence is broken over lines. The second one is long." in reason
    assert reason.endswith("is long.")
    assert "…" not in reason


def test_page_without_kernel_has_explanation(monkeypatch, tmp_path):
    view = explained(monkeypatch, edit="Call `f(**a)`.")
    page = view.save(tmp_path / "mistake.html").read_text("utf-8")
    assert '"edit": "Call `f(**a)`."' in page
    assert "kfunc-lab-own-words" in page


@pytest.fixture
def shell():
    from IPython.core.interactiveshell import InteractiveShell

    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_mended_cell_keeps_its_magics(shell):
    cell = "%matplotlib inline\nx = 1\n!ls {x}\ny = f(x)\n"
    assert with_magics("x = 1\n", "x = 2\n") == "x = 2\n"
    before = shell.transform_cell(cell)
    assert "get_ipython()" in before
    after = before.replace("y = f(x)", "a = 1\ny = g(x)")
    assert with_magics(before, after) == after  # the cell is not in the history
    shell.history_manager.store_inputs(2, before, cell)
    assert with_magics(before, after) == cell.replace("y = f(x)", "a = 1\ny = g(x)")
    changed = before.replace("'matplotlib'", "'pylab'")
    assert with_magics(before, changed).startswith("get_ipython().run_line_magic('pylab'")
