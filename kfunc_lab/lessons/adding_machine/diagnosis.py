"""Why a model of the project answers badly: measured, and said in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfunc_lab.lessons.adding_machine.machine import Machine
from kfunc_lab.lessons.adding_machine.pairs import HELD_OUT, Pairs, training_pairs
from kfunc_lab.locale import _
from kfunc_lab.ui.text import percent

if TYPE_CHECKING:
    from kfunc_lab.lessons.adding_machine.pairs import Digits

_ALIKE = 0.98  # two series of answers that differ less are the same
_LEARNED = 0.85  # of the training digits, from where on a model knows them by heart
_CLEARLY = 0.2  # by so much better, something is better and not only by chance
_LEAK = 0.08  # by which no honest model is better on new digits than on those it learned from


def share(answers: Digits, truth: Digits) -> float:
    """Returns the share of answers that are right."""
    return float((answers == truth).mean())


def why_weak(
    machine: Machine, pairs: Pairs, sums: Digits, on_learned: float, asked: float
) -> str:
    """Returns the reason why too few sums are right, in the current language.

    Args:
        machine: The model.
        pairs: New pairs.
        sums: The sums that the model answers.
        on_learned: The share of right sums of the digits that it was trained on.
        asked: The share of right sums that is asked for.
    """
    on_new = share(sums, pairs.truth["sum"])
    if on_learned >= _LEARNED:
        return _(
            "The model has learned its pairs by heart: {learned} of the sums of training digits "
            "are right, but only {new} of new ones. More pairs help; one reader for both images "
            "helps more, because it learns from twice as many digits."
        ).format(learned=percent(on_learned), new=percent(on_new))
    return (
        why_any_output_is_weak(machine, pairs, "sum", asked)
        or why_not_the_sum(machine, pairs, sums)
        or _of_the_learning(machine, on_new, on_learned)
    )


def why_any_output_is_weak(
    machine: Machine, pairs: Pairs, name: str, asked: float
) -> str | None:
    """Returns a reason that holds for every output: no training, or pixels of another range."""
    optimizer = getattr(machine.model, "optimizer", None)
    if optimizer is not None and int(optimizer.iterations) == 0:
        return _(
            "This model is compiled but not trained: its weights are still random. `fit` it."
        )
    plain, grey = (
        share(machine.answers(shown, (name,))[name], pairs.truth[name])
        for shown in (pairs, pairs.in_grey_levels())
    )
    if grey >= asked or grey > plain + _CLEARLY:
        return _(
            "This model was trained on pixels from 0 to 255: with those it is right in {share}. "
            "It is asked about pixels from 0 to 1, as in `train_inputs`."
        ).format(share=percent(grey))
    return None


def why_not_the_sum(machine: Machine, pairs: Pairs, sums: Digits) -> str | None:
    """Returns what the answers show: they are something else than the sum of both images."""
    return _of_the_answers(pairs, sums) or _of_the_inputs(machine, pairs, sums)


def _of_the_answers(pairs: Pairs, sums: Digits) -> str | None:
    import numpy as np

    if sums.max() == 1:
        return _(
            "No answer is larger than 1, and sums go up to 18. If the last layer is a single unit "
            "with an activation such as `sigmoid` or `softmax`, leave the activation out."
        )
    if len(np.unique(sums)) == 1:
        return _(
            "The model answers {n} to every pair. Either it has not learned anything yet, or "
            "nothing of the images reaches its output."
        ).format(n=int(sums[0]))
    shares = {it: share(sums, pairs.truth[it]) for it in ("left_digit", "right_digit")}
    name = max(shares, key=shares.__getitem__)
    if shares[name] > 0.5 and min(shares.values()) < 0.3:  # the larger digit is often either
        return _(
            "The model answers with the {side} digit, not with the sum: the targets of `sum` "
            "are the left digit plus the right digit."
        ).format(side=_("left") if name == "left_digit" else _("right"))
    offsets, counts = np.unique(sums - pairs.truth["sum"], return_counts=True)
    commonest = int(offsets[counts.argmax()])
    if commonest and counts.max() > len(sums) / 2:
        return _("Most answers differ from the sum by {n}: look at the targets again.").format(
            n=f"{commonest:+d}"
        )
    return None


def _of_the_inputs(machine: Machine, pairs: Pairs, sums: Digits) -> str | None:
    for side, changed in (
        (_("left"), pairs.with_other_left()),
        (_("right"), pairs.with_other_right()),
    ):
        if share(machine.answers(changed, ("sum",))["sum"], sums) >= _ALIKE:
            return _(
                "The answer does not depend on the {side} image: with another one there, it stays "
                "the same. Follow the arrows from that input to the output."
            ).format(side=side)
    return None


def _of_the_learning(machine: Machine, on_new: float, on_learned: float) -> str:
    import numpy as np

    truth = training_pairs().truth["sum"]
    guess = np.bincount(truth).max() / len(truth)
    if on_learned < guess + 0.05:
        if getattr(machine.model, "optimizer", None) is None:
            return never_trained()
        return _(
            "Answering the commonest sum every time would be right in {guess}, and this model is "
            "hardly better. Train it longer. If that changes nothing: do the targets belong to "
            "these pairs, in this order?"
        ).format(guess=percent(guess))
    return _(
        "It has learned something: {new} of new sums are right. What can help: a hidden layer, one "
        "reader that is shared by both images, more pairs, more epochs."
    ).format(new=percent(on_new))


def never_trained() -> str:
    """Returns the reason why a model that is not compiled answers at random."""
    return _(
        "The answers are no better than chance. Train the model, or the models inside it, with "
        "`fit` before you hand it in."
    )


def leak(on_new: float, on_learned: float) -> str | None:
    """Returns a message if a model knows new digits better than those to learn from."""
    if on_new <= on_learned + _LEAK:
        return None
    return _(
        "The model is better on the test digits ({new}) than on those for training ({learned}): "
        "it was trained on the test digits, so nothing is left to measure it with. Train on "
        "`x_train` only."
    ).format(new=percent(on_new), learned=percent(on_learned))


def why_nine_fails(on_nine: float, reads_nine: float) -> str:
    """Returns the reason why sums with a 9 on the right are wrong."""
    if reads_nine < 0.5:
        return _(
            "Only {read} of the nines on the right are read as {nine}: no training pair had one "
            "there. A reader that is *shared* has seen nines on the left."
        ).format(read=percent(reads_nine), nine=HELD_OUT)
    if on_nine < 0.2:
        return _(
            "The nines on the right are read ({read}), but not added ({share}): the layer after "
            "the reader has a weight of its own for a {nine} on the right, which was never "
            "trained. In a sum the order does not matter: bring both digits together in a way that "
            "cannot tell left from right."
        ).format(read=percent(reads_nine), share=percent(on_nine), nine=HELD_OUT)
    return _(
        "{share} of the sums with a {nine} on the right are right although it never trained on "
        "one: the graph has the right form. Train it longer, or on more pairs."
    ).format(share=percent(on_nine), nine=HELD_OUT)
