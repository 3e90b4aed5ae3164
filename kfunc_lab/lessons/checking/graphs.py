"""Answers that are graphs, compared with the graph that is asked for."""

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
    """Returns the graph of the model that was answered, without what makes no difference.

    Args:
        answer: What was answered.
        name: Which of several answers it is, to be named where it is wrong.

    Raises:
        Wrong: If it is no model, or one without a graph.
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
    """Returns the graph of the model that is asked for; building it leaves no trace in Keras."""
    from kfunc_lab.graph.keras.dry_run import without_trace

    with without_trace():
        return plain_graph(read_graph(build()))


def check_graph(
    target: LayerGraph, graph: LayerGraph, explain: Explain = lambda found: None
) -> None:
    """Raises unless a graph is the one that is asked for, whatever its layers are called.

    Args:
        target: The graph that is asked for.
        graph: The graph that was answered.
        explain: Names a known misconception behind the differences, if it is one.

    Raises:
        Wrong: With what differs first in words, and all of it to be drawn.
    """
    found = compare_with_target(target, graph)
    said = next(differences(found), None)
    if said is not None:
        raise Wrong(explain(found) or said, found)


def differences(found: Comparison) -> Iterator[str]:
    """Says how an answer differs from what is asked for, one sentence a difference."""
    here = dict(found.matched)
    for call_id in found.removed:
        yield _missing(found, found.before.call_of[call_id], here)
    for call_id in found.added:
        call = found.after.call_of[call_id]
        yield _("`{layer}` ({kind}) is not asked for.").format(
            layer=printable(call_id), kind=call.kind
        )
    for change in found.changed:
        yield from _changes(found, change, here)
    ends = [here.get(it) for it in found.before.outputs]
    if ends != list(found.after.outputs):
        yield _("The model ends at {got}; it should end at {wanted}.").format(
            got=_names(found.after.outputs), wanted=_names(filter(None, ends))
        )
    begins = [here.get(it) for it in found.before.inputs]
    if begins != list(found.after.inputs):
        yield _("The inputs are {got}; they should be {wanted}.").format(
            got=_names(found.after.inputs), wanted=_names(filter(None, begins))
        )


def _missing(found: Comparison, call: Call, here: dict[str, str]) -> str:
    if call.kind == "InputLayer":
        return _("An input of shape {shape} is missing.").format(
            shape=shape_tuple(call.outputs[0])
        )
    sources = [here[it] for it in found.before.sources.get(call.id, ()) if it in here]
    if len(sources) > 1:
        return _("{kind} is missing: it should take {sources}.").format(
            kind=f"`{call.kind}`", sources=_names(sources)
        )
    if sources:
        return _("{kind} is missing after {source}.").format(
            kind=f"`{call.kind}`", source=_names(sources)
        )
    return _("{kind} is missing.").format(kind=f"`{call.kind}`")


def _changes(found: Comparison, change: Change, here: dict[str, str]) -> Iterator[str]:
    layer = printable(change.after)
    for name, wanted, got in change.settings:
        if name == "inputs":
            takes = [here[it] for it in found.before.sources[change.before] if it in here]
            yield _("`{layer}` takes {got}; it should take {wanted}.").format(
                layer=layer,
                got=_names(found.after.sources.get(change.after, ())),
                wanted=_names(takes),
            )
        elif name == "shared with" and got is None:
            yield _(
                "`{layer}` is a layer with weights of its own; here the same layer should be "
                "called again."
            ).format(layer=layer)
        elif name == "shared with":
            yield _(
                "`{layer}` shares its weights with another call; here a layer of its own is "
                "asked for."
            ).format(layer=layer)
        elif wanted is None:
            yield _("`{layer}`: `{setting}` is {got}; leave it at its default.").format(
                layer=layer, setting=name, got=_value(got)
            )
        else:
            yield _("`{layer}`: `{setting}` is {got}; {wanted} is asked for.").format(
                layer=layer, setting=name, got=_value(got), wanted=_value(wanted)
            )


def _names(ids: Iterable[str]) -> str:
    *first, last = [f"`{printable(it)}`" for it in ids] or [_("nothing")]
    return _("{first} and {last}").format(first=", ".join(first), last=last) if first else last


def _value(value: object) -> str:
    return _("the default") if value is None else f"`{printable(str(value))}`"
