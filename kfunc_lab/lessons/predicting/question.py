"""The view of a prediction: the question, and a field for the guess."""

import contextlib
import html
import sys
from collections import ChainMap
from typing import Any

import traitlets

from kfunc_lab.lessons import progress
from kfunc_lab.lessons.predicting.answer import (
    Answered,
    answer,
    picture_html,
    plain_values,
    quoted,
    same_random_numbers,
)
from kfunc_lab.lessons.predicting.next_cell import NextCell
from kfunc_lab.lessons.predictions.kinds import Choice, Shape
from kfunc_lab.lessons.predictions.prediction import Prediction, Variables
from kfunc_lab.locale import _
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.main_thread import on_main_thread
from kfunc_lab.ui.view import View
from kfunc_lab.ui.words import plain_words, words_html


class Question(View):
    """A question about what the next cell will show, with a field for a guess.

    Attributes:
        name: The name of the prediction.
        is_right: Whether the last guess was right; `None` until it is answered.
    """

    _esm = BUNDLES / "predict.js"
    _css = BUNDLES / "predict.css"

    is_right = traitlets.Bool(None, allow_none=True).tag(sync=True)
    _question = traitlets.Unicode("").tag(sync=True)
    _options: Any = traitlets.List().tag(sync=True)
    _typed = traitlets.Unicode("").tag(sync=True)  # the guess as it was typed, or its key
    _guess = traitlets.Unicode("").tag(sync=True)  # the guess as it is shown
    _is_old = traitlets.Bool(False).tag(sync=True)  # from the file, and not answered yet
    _problem = traitlets.Unicode("").tag(sync=True)
    _answer = traitlets.Unicode("").tag(sync=True)  # HTML, if the cell had run before the guess
    _words: Any = traitlets.Dict().tag(sync=True)

    def __init__(self, prediction: Prediction, guess: Any = ...) -> None:
        self.prediction = prediction
        self.name = prediction.name
        self._value: Any = None  # the guess that waits for its answer
        self._waits = False
        self._truth: tuple[Any, Variables] | None = None
        ipython = sys.modules.get("IPython")
        self._shell = ipython.get_ipython() if ipython is not None else None
        self._session = NextCell() if self._shell is None else NextCell.of(self._shell)
        super().__init__(
            _question=_(prediction.question), _options=self._all_options(), _words=self._texts()
        )
        self._recall()
        self._is_given = guess is not ...  # in code
        if self._is_given:
            self.keep(guess)
        self._session.ask(self)
        self.on_msg(self._receive)

    def _all_options(self) -> list[tuple[str, str]]:
        kind = self.prediction.kind
        options = kind.options if isinstance(kind, Choice) else {}
        return [(key, _(words)) for key, words in options.items()]

    def _texts(self) -> dict[str, str]:
        is_shape = isinstance(self.prediction.kind, Shape)
        return {
            "predict": _("Predict"),
            "expected": _("a shape, then Enter") if is_shape else _("a number, then Enter"),
            "guess": _("Your guess"),
            "edit": _("Edit"),
            "again": _("Guess again"),
            "right": _("as you predicted"),
            "wrong": _("not as you predicted"),
            "waiting": _("Waiting for the kernel. If it was restarted, run this cell again."),
        }

    # -- guesses

    def _recall(self) -> None:
        """Shows the guess that was made before, in this session or in another one."""
        here = self._session.guesses.get(self.name)
        earlier = here or progress.guesses().get(self.name)
        if earlier is None:
            return
        typed, is_right = earlier
        try:
            self._show(self.prediction.kind.read(typed), typed)
        except ValueError:  # the question is another one now
            return
        self.is_right = is_right
        if is_right is None and here:
            self._waits = True
        # An old guess waits only once a page shows it, so that a run without a page is the same
        # for everyone.
        self._is_old = is_right is None and not here

    def keep(self, guess: Any) -> None:
        """Keeps a guess until the next cell has run; if it has, answers it at once.

        Args:
            guess: The guess, which need not be readable.
        """
        kind = self.prediction.kind
        try:
            value = kind.read(guess)
        except ValueError as problem:
            self._problem = str(problem)
            return
        typed = value if isinstance(kind, Choice) else guess
        typed = typed.strip() if isinstance(typed, str) else kind.write(value)
        self._show(value, typed)
        self.is_right, self._waits, self._is_old = None, True, False
        self._session.guesses[self.name] = typed, None
        progress.record_guess(self.name, typed)
        if self._truth is not None:
            on_main_thread(self._answer_here)

    def _show(self, value: Any, typed: str) -> None:
        self._value, self._typed, self._problem, self._answer = value, typed, "", ""
        self._guess = quoted(self.prediction, self._written())

    def _written(self) -> str:
        kind = self.prediction.kind
        return kind.write(self._value) if isinstance(kind, Choice) else self._typed

    # -- answers

    def answer_from(self, variables: Variables) -> bool:
        """Answers the question after a cell has run: below the cell, if a guess was made.

        Args:
            variables: The variables of the notebook.

        Returns:
            Whether the variables hold the answer.
        """
        try:
            with same_random_numbers():
                truth = self.prediction.truth(variables)
                answered = self._meet(truth, variables)
        except Exception:  # the learner may have changed the cell
            return False
        # A later guess is answered with the numbers of this moment.
        self._truth = truth, ChainMap(plain_values(variables), variables)  # type: ignore[arg-type]
        if answered is not None:
            _display(answered)
        return True

    def _answer_here(self) -> None:
        """Answers a guess that came after the cell: in the field."""
        if self._truth is None:
            return
        try:
            with same_random_numbers():
                answered = self._meet(*self._truth)
                if answered is not None:
                    picture = picture_html(answered.picture)
                    self._answer = answered.feedback._repr_html_() + picture
        except Exception as problem:
            self._problem = f"{type(problem).__name__}: {problem}".splitlines()[0]

    def _meet(self, truth: Any, variables: Variables) -> Answered | None:
        if not self._waits:
            return None
        answered = answer(self.prediction, self._value, truth, variables, self._written())
        self._waits, self.is_right = False, answered.is_right
        self._session.guesses[self.name] = self._typed, answered.is_right
        progress.record_guess(self.name, self._typed, answered.is_right)
        return answered

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        try:
            self.keep(str(content["guess"]))
        finally:
            self.send({"type": "answered"})

    # -- static forms

    def to_text(self) -> str:
        """Returns the question with its options as text; for a guess in code, that it is kept."""
        if self._is_given:
            return plain_words(self._kept())
        question = plain_words(_(self.prediction.question))
        options = [
            f"  {number}. {plain_words(words)}"
            for number, (_key, words) in enumerate(self._options, start=1)
        ]
        return "\n".join([f"{_('Predict')}: {question}", *options])

    def to_html(self) -> str:
        """Returns the question with its options as HTML."""
        items = "".join(f"<li>{words_html(words)}</li>" for _key, words in self._options)
        options = f'<ol style="margin:4px 0 0">{items}</ol>' if items else ""
        kept = f"<div>{words_html(self._kept())}</div>" if self._is_given else ""
        return (
            f'<div class="kfunc-lab-question"><strong>{html.escape(_("Predict"))}</strong> '
            f"{words_html(_(self.prediction.question))}{options}{kept}</div>"
        )

    def _kept(self) -> str:
        if self._problem:
            return self._problem
        return _("Your guess is kept: {guess}. The next cell answers it.").format(
            guess=self._guess
        )

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        return data | {"text/html": self.to_html(), "text/plain": self.to_text()}, metadata


def _display(answered: Answered) -> None:
    from IPython.display import display

    display(answered.feedback)  # type: ignore[no-untyped-call]
    if answered.picture is not None:
        with contextlib.suppress(Exception):  # the words remain
            display(answered.picture)  # type: ignore[no-untyped-call]
