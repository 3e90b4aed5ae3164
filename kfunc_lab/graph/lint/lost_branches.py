"""Finds calls whose results lead nowhere, but not those of an earlier run of a notebook's cell.

When a cell is run again, its earlier calls stay in Keras's records of the inputs, if another cell
made the inputs. Keras does not say which run made a call, so it is recognised by what took its
place.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator

from kfunc_lab.graph.keras.nodes import is_of_earlier_run
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.model.comparison import chosen_name, hashable_settings
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable


def _lost_branches(case: Case) -> Iterator[Finding]:
    for branch in _branches(case):
        if _is_of_earlier_run(case, branch):
            continue
        inside = {call.id for call in branch}
        feeding = {edge.source for edge in case.graph.edges if edge.target in inside}
        for call in branch:
            if call.id not in feeding:  # only the end of the branch is reported
                yield _finding(printable(call.id), call.id)


def _finding(name: str, call_id: str) -> Finding:
    return Finding(
        "lost-branch",
        call_id,
        _(
            "Nothing uses the result of {name}: it leads to no output and to no other layer."
        ).format(name=name),
        _(
            "Pass the result of {name} to another layer, or delete the call. Did you "
            "reassign its variable before you used it?"
        ).format(name=name),
        "likely",
    )


def _branches(case: Case) -> list[list[Call]]:
    """Groups the lost calls that are connected with each other."""
    lost = set(case.graph.lost)
    neighbours: dict[str, list[str]] = defaultdict(list)
    for edge in case.graph.edges:
        if edge.source in lost and edge.target in lost:
            neighbours[edge.source].append(edge.target)
            neighbours[edge.target].append(edge.source)
    branches: list[list[Call]] = []
    seen: set[str] = set()
    for call_id in case.graph.lost:
        if call_id in seen:
            continue
        members = [call_id]
        seen.add(call_id)
        for member in members:
            new = [other for other in neighbours[member] if other not in seen]
            seen.update(new)
            members += new
        order = [it for it in case.graph.lost if it in members]
        branches.append([case.graph.call_of[it] for it in order])
    return branches


def _is_of_earlier_run(case: Case, branch: list[Call]) -> bool:
    names = {chosen_name(call) for call in case.calls} - {""}
    return _repeats_a_model(case, branch) or any(
        chosen_name(call) in names
        or _is_known_as_earlier(case, call)
        or any(_took_its_place(case, call, output) for output in case.outputs)
        for call in branch
    )


def _repeats_a_model(case: Case, branch: list[Call]) -> bool:
    """Tells whether a branch is a nested model whose like the model calls too."""
    forms = {_form(call) for call in case.calls if call.group is not None}
    return all(call.group is not None and _form(call) in forms for call in branch)


def _form(call: Call) -> object:
    return (call.kind, hashable_settings(call.settings), call.outputs)


def _is_known_as_earlier(case: Case, call: Call) -> bool:
    node = case.nodes.get(call.id)
    return node is not None and is_of_earlier_run(node)


def _took_its_place(case: Case, lost: Call, output: Call) -> bool:
    """Tells whether an output of the model is a later form of a lost call.

    It is if it computes something else of the same tensors, if it is the same kind of layer of
    the same width, or if the lost call came after it.
    """
    sources = case.graph.sources
    after = set(sources.get(lost.id, ()))
    same_sources = after == set(sources.get(output.id, ()))
    parallel = same_sources and (len(after) > 1 or lost.operation)
    width = [
        call.outputs[0].shape[-1:]
        for call in (lost, output)
        if call.outputs and call.outputs[0].shape
    ]
    same_kind = lost.kind == output.kind and len(width) == 2 and width[0] == width[1]
    return parallel or same_kind or output.id in after


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (_lost_branches,)
