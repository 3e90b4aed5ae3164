"""Compares answers that are models with the target graph."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from kfunc_lab.graph.keras.reader import read_graph
from kfunc_lab.graph.model.comparison import Change, Comparison
from kfunc_lab.graph.model.descriptions import shape_tuple
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.graph.model.target import compare_with_target
from kfunc_lab.lessons.checking import answers
from kfunc_lab.lessons.checking.exercise import Wrong
from kfunc_lab.lessons.checking.plain_graph import plain_graph
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

Explain = Callable[[Comparison], str | None]


def graph_of(answer: Any, name: str = "") -> LayerGraph:
    """Returns the plain graph of an answer that is a model.

    Args:
        answer: The answer.
        name: The key of the answer among several, for the message.

    Raises:
        Wrong: If the answer is not a model, or is a model without a graph.
    """
    graph = read_graph(answers.model(answer, name))
    if not graph.built or not graph.connected:
        raise Wrong(
            (f"`{name}`: " if name else "")
            + _(
                "This model has no graph yet. Build it from `keras.Input` to its output, layer by "
                "layer."
            )
        )
    return plain_graph(graph)


@cache
def target_of(build: Callable[[], Any]) -> LayerGraph:
    """Builds a target model and returns its plain graph; Keras's global state is restored."""
    from kfunc_lab.graph.keras.dry_run import preserve_keras_state

    with preserve_keras_state():
        return plain_graph(read_graph(build()))


def check_graph(
    target: LayerGraph, graph: LayerGraph, explain: Explain = lambda comparison: None
) -> None:
    """Raises `Wrong` unless a graph equals the target; the names of layers do not matter.

    Args:
        target: The target graph.
        graph: The graph of the answer.
        explain: Returns the known misconception behind the differences, or `None`.

    Raises:
        Wrong: The message describes the misconception or the first difference; the comparison
            contains all differences.
    """
    comparison = compare_with_target(target, graph)
    first = next(differences(comparison), None)
    if first is not None:
        raise Wrong(explain(comparison) or first, comparison)


def differences(comparison: Comparison) -> Iterator[str]:
    """Yields the differences between an answer and the target, one sentence each."""
    matched = dict(comparison.matched)
    for call_id in comparison.removed:
        yield _missing(comparison, comparison.before.call_of[call_id], matched)
    for call_id in comparison.added:
        call = comparison.after.call_of[call_id]
        yield _("`{layer}` ({kind}) should not be there.").format(
            layer=printable(call_id), kind=call.kind
        )
    for change in comparison.changed:
        yield from _changes(comparison, change, matched)
    ends = [matched.get(call_id) for call_id in comparison.before.outputs]
    if ends != list(comparison.after.outputs):
        yield _("The model ends at {got}; it should end at {wanted}.").format(
            got=_names(comparison.after.outputs), wanted=_names(filter(None, ends))
        )
    begins = [matched.get(call_id) for call_id in comparison.before.inputs]
    if begins != list(comparison.after.inputs):
        yield _("The inputs are {got}; they should be {wanted}.").format(
            got=_names(comparison.after.inputs), wanted=_names(filter(None, begins))
        )


def _missing(comparison: Comparison, call: Call, matched: dict[str, str]) -> str:
    if call.kind == "InputLayer":
        return _("An input of shape {shape} is missing.").format(
            shape=shape_tuple(call.outputs[0])
        )
    sources = [
        matched[call_id]
        for call_id in comparison.before.sources.get(call.id, ())
        if call_id in matched
    ]
    if len(sources) > 1:
        return _("{kind} is missing: it should take {sources}.").format(
            kind=f"`{call.kind}`", sources=_names(sources)
        )
    if sources:
        return _("{kind} is missing after {source}.").format(
            kind=f"`{call.kind}`", source=_names(sources)
        )
    return _("{kind} is missing.").format(kind=f"`{call.kind}`")


def _changes(comparison: Comparison, change: Change, matched: dict[str, str]) -> Iterator[str]:
    layer = printable(change.after)
    for name, expected, got in change.settings:
        if name == "inputs":
            sources = [
                matched[call_id]
                for call_id in comparison.before.sources[change.before]
                if call_id in matched
            ]
            yield _("`{layer}` takes {got}; it should take {wanted}.").format(
                layer=layer,
                got=_names(comparison.after.sources.get(change.after, ())),
                wanted=_names(sources),
            )
        elif name == "shared with" and got is None:
            yield _(
                "`{layer}` is another layer, with its own weights; call the same layer again "
                "here."
            ).format(layer=layer)
        elif name == "shared with":
            yield _(
                "`{layer}` shares its weights with another call; it should be a separate layer."
            ).format(layer=layer)
        elif expected is None:
            yield _("`{layer}`: `{setting}` is {got}; leave it at its default.").format(
                layer=layer, setting=name, got=_value(got)
            )
        else:
            yield _("`{layer}`: `{setting}` is {got}; it should be {wanted}.").format(
                layer=layer, setting=name, got=_value(got), wanted=_value(expected)
            )


def _names(ids: Iterable[str]) -> str:
    *first, last = [f"`{printable(call_id)}`" for call_id in ids] or [_("nothing")]
    return _("{first} and {last}").format(first=", ".join(first), last=last) if first else last


def _value(value: object) -> str:
    return _("the default") if value is None else f"`{printable(str(value))}`"
