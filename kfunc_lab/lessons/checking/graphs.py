"""Compares answers that are models with the model that an exercise asks for.

An exercise with one right graph builds it in a function and calls `check_model`:

    def _check(answer):
        answers.attempted(answer)
        graphs.check_model(_target, answer, _explain)

`_explain` gets the comparison of the graphs in their normal form (see `normal_form`) and returns
the misconception that it recognises, or `None`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Literal

from kfunc_lab.graph.keras.reader import read_graph
from kfunc_lab.graph.model.comparison import Change, Comparison
from kfunc_lab.graph.model.descriptions import shape_tuple, tensor_name
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph
from kfunc_lab.graph.model.target import compare_with_target
from kfunc_lab.lessons.checking import answers
from kfunc_lab.lessons.checking.behaviour import behaves_like
from kfunc_lab.lessons.checking.exercise import Wrong
from kfunc_lab.lessons.checking.normal_form import normal_form
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

Explain = Callable[[Comparison], str | None]
Ends = Literal["in order", "in any order", "by name"]
Orders = tuple[list[int], list[int]]
Exit = tuple[str, int]  # the call that returns an output, and the index


def graph_of(answer: Any, name: str = "") -> LayerGraph:
    """Returns the normal form of the graph of an answer that is a model.

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
    return normal_form(graph)


@cache
def _built(build: Callable[[], Any]) -> Any:
    """Builds a target model; Keras's global state is restored, and its weights get no values."""
    from kfunc_lab.graph.keras.state import preserve_keras_state

    with preserve_keras_state():
        return build()


@cache
def target_of(build: Callable[[], Any]) -> LayerGraph:
    """Builds a target model and returns the normal form of its graph."""
    return normal_form(read_graph(_built(build)))


def check_model(
    build: Callable[[], Any],
    answer: Any,
    explain: Explain = lambda comparison: None,
    *,
    ends: Ends = "in order",
    name: str = "",
) -> None:
    """Raises `Wrong` unless an answer is the same model as the target.

    It is the same if the normal forms of the graphs are equal, or if both compute the same with
    equal weights. The names of layers do not matter.

    Args:
        build: Builds the target.
        answer: The answer.
        explain: Returns the known misconception behind the differences, or `None`.
        ends: Whether the exercise asks for an order of the inputs and outputs, or for their
            names; the names are those of the target.
        name: The key of the answer among several, for the message.

    Raises:
        Wrong: See `check_graph`; or the answer is not a model.
    """
    target, graph, model = target_of(build), graph_of(answer, name), _built(build)
    orders = _orders(ends, target, graph, (model, answer))
    comparison = compare_with_target(target, _with_ends(graph, orders))
    first = next(differences(comparison), None)
    if first is None and len(answer.outputs) != len(model.outputs):
        first = _("The model has {n} outputs; it should have {wanted}.").format(
            n=len(answer.outputs), wanted=len(model.outputs)
        )
    if first is not None and not behaves_like(model, answer, comparison, orders):
        raise Wrong(explain(comparison) or first, comparison)
    if ends == "by name":
        _check_names(_names_of_ends(model), _names_of_ends(answer))


def _with_ends(graph: LayerGraph, orders: Orders) -> LayerGraph:
    """Puts the inputs and outputs of a graph in the order of the target, if they all correspond."""
    inputs, outputs = (
        [order.index(at) for at in range(count)]
        if sorted(order) == list(range(count))
        else range(count)
        for count, order in zip((len(graph.inputs), len(graph.exits)), orders, strict=True)
    )
    ordered = replace(graph, inputs=tuple(graph.inputs[at] for at in inputs))
    return ordered.with_exits(
        (graph.exits[at] for at in outputs), [graph.output_names[at] for at in outputs]
    )


def _orders(
    ends: Ends, target: LayerGraph, graph: LayerGraph, models: tuple[Any, Any]
) -> Orders:
    """Returns the index in the target of each input of a model and of each output, -1 if none."""
    inputs, outputs = (list(range(len(it))) for it in (models[1].inputs, models[1].outputs))
    if ends == "in order":
        return inputs, outputs
    names = [_names_of_ends(it) for it in models]
    if ends == "by name" and list(map(sorted, names[0])) == list(map(sorted, names[1])):
        inputs, outputs = (
            list(map(wanted.index, got)) for wanted, got in zip(*names, strict=True)
        )
        return inputs, outputs
    partners = {other: one for one, other in compare_with_target(target, graph).matched}
    begins = [(call_id, 0) for call_id in target.inputs]
    entered = [(partners.get(call_id, ""), 0) for call_id in graph.inputs]
    left = [(partners.get(call_id, ""), output) for call_id, output in graph.exits]
    return _places(begins, entered), _places(target.exits, left)


def _places(wanted: Sequence[Exit], got: Sequence[Exit]) -> list[int]:
    """Returns the index of each item among those that are wanted, -1 if it is none of them."""
    return [wanted.index(it) if it in wanted else -1 for it in got]


def _names_of_ends(model: Any) -> tuple[list[str], list[str]]:
    """Returns the names under which data are given to a model, and losses for its outputs."""
    return (
        _sorted_keys(model.input) or [tensor.name for tensor in model.inputs],
        _sorted_keys(model.output) or list(model.output_names),
    )


def _sorted_keys(ends: Any) -> list[str]:
    """Returns the keys of a dict of tensors, in the order in which Keras flattens it."""
    return sorted(map(str, ends)) if isinstance(ends, Mapping) else []


def _check_names(wanted: tuple[list[str], list[str]], got: tuple[list[str], list[str]]) -> None:
    if sorted(wanted[1]) != sorted(got[1]):
        raise Wrong(
            _(
                "The graph is right, but its outputs are named {got}: name the last layers "
                "{wanted}, so that losses can be given by name."
            ).format(got=_names(got[1]), wanted=_names(wanted[1]))
        )
    if sorted(wanted[0]) != sorted(got[0]):
        raise Wrong(
            _(
                "The graph is right, but its inputs are named {got}: name them {wanted}, so that "
                "data can be given by name."
            ).format(got=_names(got[0]), wanted=_names(wanted[0]))
        )


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
            layer=printable(call_id), kind=_written_kind(call)
        )
    for change in comparison.changed:
        yield from _changes(comparison, change, matched)
    exits = [(matched.get(call_id, ""), output) for call_id, output in comparison.before.exits]
    if exits != list(comparison.after.exits):
        ends = [end for end in exits if end[0]]
        yield _("The model ends at {got}; it should end at {wanted}.").format(
            got=_ends(comparison.after, comparison.after.exits),
            wanted=_ends(comparison.after, ends),
        )
    begins = [matched.get(call_id) for call_id in comparison.before.inputs]
    if begins != list(comparison.after.inputs):
        yield _("The inputs are {got}; they should be {wanted}.").format(
            got=_names(comparison.after.inputs), wanted=_names(filter(None, begins))
        )


def _written_kind(call: Call) -> str:
    """Returns the class of a call as it was written, not as in the normal form."""
    return call.code.partition("(")[0].rpartition(".")[2] or call.kind


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
            kind=f"`{_written_kind(call)}`", sources=_names(sources)
        )
    if sources:
        return _("{kind} is missing after {source}.").format(
            kind=f"`{_written_kind(call)}`", source=_names(sources)
        )
    return _("{kind} is missing.").format(kind=f"`{_written_kind(call)}`")


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


def _ends(graph: LayerGraph, exits: Iterable[Exit]) -> str:
    return _names(tensor_name(graph, *end) for end in exits)


def _value(value: object) -> str:
    return _("the default") if value is None else f"`{printable(str(value))}`"
