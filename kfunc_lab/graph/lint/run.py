"""Finds mistakes in a model that raise no error: `lab.lint`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from kfunc_lab.graph.keras.reader import read
from kfunc_lab.graph.lint import (
    activations,
    axes,
    connections,
    losses,
    lost_branches,
    masks,
    metrics,
    misfits,
    mixing,
    scaling,
    training,
    twins,
)
from kfunc_lab.graph.lint.data import inputs, targets
from kfunc_lab.graph.lint.data.batch import batch_of
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.own import layers, weights
from kfunc_lab.graph.lint.own.layers import foreign_calls, is_foreign
from kfunc_lab.locale import N_, _
from kfunc_lab.ui.text import printable

_SURENESS = {"certain": N_("certain"), "likely": N_("likely"), "possible": N_("possible")}

Rule = Callable[[Case], Iterator[Finding]]
_OF_THE_GRAPH: tuple[Rule, ...] = (
    *connections.RULES,
    *lost_branches.RULES,
    *twins.RULES,
    *scaling.RULES,
    *activations.RULES,
    *axes.RULES,
    *masks.RULES,
    *mixing.RULES,
    *misfits.RULES,
)
_OF_LAYERS_AND_TRAINING: tuple[Rule, ...] = (
    *training.RULES,
    *layers.RULES,
    *weights.RULES,
    *losses.RULES,
    *metrics.RULES,
)

_OF_DATA = (*inputs.RULES, *targets.RULES)


class Findings(list[Finding]):
    """A list of findings with a readable text form.

    Attributes:
        unread: Why the inputs in the data could not be checked, in the current language; empty
            if they were, or if there were no data.
    """

    unread = ""

    def __repr__(self) -> str:
        found = "\n\n".join(map(_finding_text, self)) or _("No findings.")
        if not self.unread:
            return found
        return f"{found}\n\n" + _("The inputs in the data were not checked: {why}").format(
            why=self.unread
        )


def _finding_text(finding: Finding) -> str:
    call = f" {printable(finding.call)}" if finding.call else ""
    lines = [f"{finding.code}{call} ({_(_SURENESS[finding.sureness])})"]
    return "\n".join([*lines, f"  {finding.reason}", f"  → {finding.change}"])


def _found_by(rules: Iterable[Rule], case: Case) -> Iterator[Finding]:
    return (finding for rule in rules for finding in rule(case))


def _can_be_changed(case: Case, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Leaves out what stands inside the classes of installed packages.

    Whoever checks a model of such a class may be its author: there, everything is possible.
    """
    foreign = foreign_calls(case)
    for finding in findings:
        if is_foreign(case.model):
            yield replace(finding, sureness="possible")
        elif finding.call not in foreign:
            yield finding


def lint(model: Any, data: Any = None) -> Findings:
    """Finds mistakes in a model that raise no error.

    Args:
        model: A model, a layer or symbolic tensors. It is not changed. Losses are checked if the
            model is compiled.
        data: What `fit` takes, such as a tuple `(x, y)`; a `tf.data.Dataset` or a
            `keras.utils.PyDataset`. One batch of it is checked. A generator is not read, because
            it would be used up.

    Returns:
        The findings in graph order, each with its code, the call, the reason, the change to
        make, and how certain it is: `"certain"`, `"likely"` or `"possible"`.

    Raises:
        TypeError: If `model` is none of these, or `data` is a string or a number.

    Example:
        >>> import keras
        >>> a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
        >>> [(it.code, it.call) for it in lint(keras.Model([a, b], keras.layers.Dense(1)(a)))]
        [('unused-input', 'b')]
    """
    reading = read(model)
    graph = reading.graph
    case = Case(model, graph, reading.nodes, reading.nested)
    findings = list(_can_be_changed(case, _found_by(_OF_THE_GRAPH, case)))
    findings += _found_by(_OF_LAYERS_AND_TRAINING, case)
    if isinstance(data, (str, bytes, int, float)):
        raise TypeError(
            _("`data` takes what `fit` takes, such as `(x, y)`; got {kind}.").format(
                kind=type(data).__name__
            )
        )
    unread = ""
    if data is not None:
        batch = batch_of(case, data)
        unread = batch.unread
        findings += [finding for check in _OF_DATA for finding in check(case, batch)]
    position = {call.id: index for index, call in enumerate(graph.calls)}
    findings.sort(key=lambda finding: (position.get(finding.call, -1), finding.code))
    result = Findings(dict.fromkeys(findings))
    result.unread = unread
    return result
