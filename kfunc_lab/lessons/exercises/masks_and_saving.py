"""Lesson 15: count the steps that a mask lets count."""

from collections.abc import Iterable
from typing import Any

from kfunc_lab.lessons.checking import answers
from kfunc_lab.lessons.checking.exercise import Exercise, Wrong
from kfunc_lab.locale import N_, _

_SENTENCES = ((3, 5, 0, 0), (9, 0, 4, 0), (0, 0, 0, 0), (1, 2, 3, 4))
_VECTORS = ((0, 0), (0, 3), (2, 0), (0, 0))
_STEPS = [sum(word != 0 for word in sentence) for sentence in _SENTENCES]
_COUNTING = sum(any(vector) for vector in _VECTORS)


def _check_steps(answer: Any) -> None:
    answers.attempted(answer)
    if isinstance(answer, dict):
        answer = {name: _entries(part) for name, part in answer.items()}
        answers.attempted(answer)
    parts = answers.by_name(answer, ("sentences", "vectors"))
    _check_sentences(parts["sentences"])
    _check_vectors(answers.whole_number(parts["vectors"], "vectors"))


def _entries(part: Any) -> Any:
    """Returns a part of the answer; a list without any entry is missing."""
    if isinstance(part, (list, tuple)) and part and all(it is ... or it is None for it in part):
        return ...
    return part


def _check_sentences(answer: Any) -> None:
    answer = answers.row(answer)
    if isinstance(answer, str) or not isinstance(answer, Iterable):
        raise Wrong(
            "`sentences`: "
            + _("Expected a list of four numbers, got {got}.").format(got=repr(answer))
        )
    entries = list(answer)
    if any(entry is ... or entry is None for entry in entries):
        raise Wrong("`sentences`: " + _("A number is still missing."))
    steps = [answers.whole_number(entry, "sentences") for entry in entries]
    if steps == _STEPS:
        return
    if len(steps) != len(_STEPS):
        raise Wrong(
            "`sentences`: "
            + _(
                "Expected one number for each of the four sentences; the length is {n}."
            ).format(n=len(steps))
        )
    raise Wrong("`sentences`: " + _reason(steps))


def _reason(steps: list[int]) -> str:
    known = {
        tuple(len(sentence) - n for sentence, n in zip(_SENTENCES, _STEPS, strict=True)): _(
            "These are the steps that are masked. The question is about the others."
        ),
        tuple(map(len, _SENTENCES)): _("This counts all steps, also those with word 0."),
        (2, 3, 0, 4): _(
            "A 0 between two words is masked as well: the Embedding looks at each step alone."
        ),
        (2, 1, 0, 4): _(
            "The mask does not end at the first 0: it looks at each step alone, so the 4 counts."
        ),
    }
    if tuple(steps) in known:
        return known[tuple(steps)]
    place = next(place for place, n in enumerate(_STEPS) if steps[place] != n)
    return _("In {sentence}, {got} is not right: count the steps that are not 0.").format(
        sentence=f"`{list(_SENTENCES[place])}`", got=steps[place]
    )


def _check_vectors(n: int) -> None:
    if n == _COUNTING:
        return
    known = {
        0: _("A step is masked only if *all* its numbers are 0. `[0, 3]` has a 3."),
        1: _("`[0, 3]` and `[2, 0]` both contain a number that is not 0."),
        3: _("Masking drops zeros at the beginning, too: it looks at each step alone."),
        4: _("`[0, 0]` has nothing but zeros: such a step is masked."),
    }
    raise Wrong(
        "`vectors`: "
        + known.get(n, _("The sequence has only four steps, so it is not {n}.").format(n=n))
    )


EXERCISES = [
    Exercise(
        name="steps-that-count",
        check=_check_steps,
        praise=N_(
            "A mask looks at each step alone: also a 0 between two words is masked, and a vector "
            "only if all its numbers are 0."
        ),
        hints=(
            N_("Write the mask below each sentence: 1 where the word is not 0. Then add up."),
            N_(
                "`layers.Embedding(10, 4, mask_zero=True).compute_mask(np.array([[9, 0, 4, 0]]))` "
                "shows the mask of the second sentence."
            ),
        ),
        solution='answer = {"sentences": [2, 2, 0, 4], "vectors": 2}',
        answer="answer",
    ),
]
