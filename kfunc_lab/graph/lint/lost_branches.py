"""Finds calls whose results lead nowhere, but not those of an earlier run of a notebook's cell.

When a cell is run again, its earlier calls stay in Keras's records of the inputs, if another cell
made the inputs. Keras does not say which run made a call, so it is recognised by what took its
place.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from kfunc_lab.graph.keras.nodes import creation_number, is_of_earlier_run
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.spans import span_of
from kfunc_lab.graph.model.comparison import chosen_name, hashable_settings
from kfunc_lab.graph.model.families import family_of
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable


def _lost_branches(case: Case) -> Iterator[Finding]:
    branches = _branches(case)
    earlier = [branch for branch in branches if _is_of_earlier_run(case, branch)]
    # What was made before the end of an earlier run belongs to it, or to one before it.
    last = max((_time(case, call) for branch in earlier for call in branch), default=-1)
    for branch in branches:
        if branch in earlier or all(_time(case, call) < last for call in branch):
            continue
        inside = {call.id for call in branch}
        sureness = "possible" if _may_be_a_model(case, branch) else "likely"
        feeding = {edge.source for edge in case.graph.edges if edge.target in inside}
        for call in branch:
            if call.id not in feeding:  # only the end of the branch is reported
                yield _finding(printable(call.id), call.id, sureness)


def _time(case: Case, call: Call) -> int:
    """Returns a number that is greater for later calls."""
    group = case.graph.group_of.get(call.group or "")
    while group is not None and group.parent is not None:
        group = case.graph.group_of[group.parent]
    node = case.nested.get(group.id) if group is not None else None
    node = node or case.nodes.get(call.id)
    return creation_number(node) if node is not None else -1


def _may_be_a_model(case: Case, branch: list[Call]) -> bool:
    """Tells whether a branch can be another model over the same inputs, and nothing forgotten.

    It can if it was made after the outputs, such as a look at features; or if it ends like a
    model, in numbers or in classes, and was made before what the model does not share with it.
    """
    inside = {call.id for call in branch}
    first = min(_time(case, call) for call in branch)
    last = max(_time(case, call) for call in branch)
    if first > max((_time(case, call) for call in case.outputs), default=first):
        return True
    shared = {*case.leading_to(inside)}
    others = [_time(case, it) for it in case.calls if it.id not in shared]
    sources = {source for it in inside for source in case.graph.sources.get(it, ())}
    ends = [call for call in branch if call.id not in sources]
    return last < min(others, default=last) and all(_ends_like_a_model(case, it) for it in ends)


def _ends_like_a_model(case: Case, call: Call) -> bool:
    span = span_of(case, call)
    return span is not None and not re.match("relu|gelu|elu|selu|silu|swish", span.activation)


def _finding(name: str, call_id: str, sureness: str) -> Finding:
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
        sureness,
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
    the same width or after the same kinds of layers, or if the lost call came after it.
    """
    sources = case.graph.sources
    after = set(sources.get(lost.id, ()))
    if output.id in after:
        return True
    same_sources = after == set(sources.get(output.id, ()))
    if same_sources and (len(after) > 1 or lost.operation):
        return True
    same_width = _width(lost) == _width(output)
    same_structure = _structure(case, lost) == _structure(case, output)
    if chosen_name(lost):  # whoever runs a cell again rarely changes a name
        return same_width and same_structure
    return lost.kind == output.kind and (same_width or same_structure)


def _width(call: Call) -> object:
    return call.outputs[0].shape[-1:] if call.outputs and call.outputs[0].shape else None


def _structure(case: Case, call: Call) -> object:
    """Returns the kinds of the calls that lead to a call, without those that only regularise."""
    kept = [
        (other.kind, other.id if other.id in case.graph.inputs else "")
        for other in (case.graph.call_of[it] for it in case.leading_to([call.id]))
        if family_of(other).name != "regularising" and not _is_activation(other)
    ]
    return (call.kind, kept)


def _is_activation(call: Call) -> bool:
    return not call.parameters and call.kind in ("Activation", "ReLU", "LeakyReLU", "Relu")


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (_lost_branches,)
