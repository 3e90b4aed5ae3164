"""Sentences keep their code as it is, and are never cut in the middle."""

import pytest

from kfunc_lab.lessons.feedback import Feedback
from kfunc_lab.ui.text import first_sentences
from kfunc_lab.ui.words import plain_words, words_html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`**kwargs`", "<code>**kwargs</code>"),
        ("`f(*a, **k)` or `*b`", "<code>f(*a, **k)</code> or <code>*b</code>"),
        ("*once*, `a*b*c` *twice*", "<em>once</em>, <code>a*b*c</code> <em>twice</em>"),
        ("2 * 3 * 4 and 2*3*4", "2 * 3 * 4 and 2*3*4"),
        ("(**kwargs) and **more**", "(**kwargs) and **more**"),
        ("``a`b`` is code", "<code>a`b</code> is code"),
        ("`<b>` & <i>", "<code>&lt;b&gt;</code> &amp; &lt;i&gt;"),
        ("", ""),
    ],
)
def test_code_is_no_emphasis(text, html):
    assert words_html(text) == html


def test_text_keeps_backticks_and_stars_of_code():
    assert plain_words("Pass `**kwargs` *on* to `f(*a, *b)`.") == (
        "Pass `**kwargs` on to `f(*a, *b)`."
    )


def test_hint_keeps_stars():
    hint = Feedback("hint", "Pass `**kwargs` to `super().__init__(**kwargs)`, *not* less.")
    assert "<code>super().__init__(**kwargs)</code>, <em>not</em> less" in hint._repr_html_()
    assert "`super().__init__(**kwargs)`, not less" in hint.to_text()


@pytest.mark.parametrize(
    ("text", "limit", "first"),
    [
        ("One is here. Two is there. Three.", 30, "One is here. Two is there."),
        ("One long sentence that has no end. Two.", 10, "One long sentence that has no end."),
        ("A shape, e.g. (3,), and i.e. 4. Then.", 5, "A shape, e.g. (3,), and i.e. 4."),
        ("Got shape=(None, 2.5). 'x' is wrong.", 25, "Got shape=(None, 2.5)."),
        ("a\n  line\nbreak", 3, "a line break"),
        ("See keras.io. for it? Yes!", 16, "See keras.io. for it?"),
        ("", 3, ""),
    ],
)
def test_only_whole_sentences_are_quoted(text, limit, first):
    assert first_sentences(text, limit) == first


def test_endless_sentence_is_shortened():
    assert len(first_sentences("1, " * 5_000)) == 1_000
