"""Finds calls that Keras accepts and that fail as soon as the model runs."""

from collections.abc import Callable, Iterator

from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.formulas import derivation
from kfunc_lab.shapes.rules.rule import DoesNotFitError
from kfunc_lab.ui.text import printable


def _misfits(case: Case) -> Iterator[Finding]:
    for call in case.graph.calls:
        if call.id in case.graph.inside:
            continue
        try:
            derivation(call)
        except DoesNotFitError as error:
            yield Finding(
                "does-not-fit",
                call.id,
                f"{printable(call.layer)} ({printable(call.kind)}): {error}",
                _("Change the shapes that meet there: the model fails when it runs."),
                "certain",
            )


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (_misfits,)
