"""How the graph of a notebook stands: calls, pins, what was lost, and what made each call."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kfunc_lab.graph.annotations import Annotations
from kfunc_lab.graph.keras_nodes import (
    ancestors,
    functional_of,
    has_history,
    held,
    is_left_by_keras,
    masks_of,
    node_of,
    place_of,
)
from kfunc_lab.graph.keras_reader import ReadCalls, read_calls
from kfunc_lab.graph.layer_graph import Call, LayerGraph, TensorSpec
from kfunc_lab.graph.writing import printable
from kfunc_lab.live.call_log import CallLog, Origin, Place, Run
from kfunc_lab.live.pins import Held
from kfunc_lab.live.source import statement_at
from kfunc_lab.locale import _


@dataclass(frozen=True)
class Pin:
    """A variable that holds a tensor.

    Attributes:
        name: As `"x"` or `"towers[2]"`.
        call: The id of the call that made the tensor.
        serial: That call's number, which stays the same while its id may change.
        tensor: The tensor's shape and type.
    """

    name: str
    call: str
    serial: int
    tensor: TensorSpec


@dataclass(frozen=True)
class Snapshot:
    """How the graph of a notebook stands.

    Attributes:
        graph: All graphs that variables lead to, as one.
        annotations: Pins, earlier runs, and where each call was made.
        pins: The variables that hold tensors.
        serials: For ids of calls and groups a number that stays the same.
        cells: For numbers of cells the ids of the calls that they made.
        lost: For ids of lost calls the statement that lost them.
        unexplained: Whether something holds a result that is neither a variable nor a model.
    """

    graph: LayerGraph
    annotations: Annotations = field(default_factory=Annotations)
    pins: tuple[Pin, ...] = ()
    serials: Mapping[str, int] = field(default_factory=dict)
    cells: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    unexplained: bool = False


EMPTY = LayerGraph("", "KerasTensor", (), ())


def take_snapshot(
    log: CallLog,
    variables: Held,
    latest_runs: Mapping[str, int],
    left: Mapping[int, tuple[Run, Place]],
    known: MutableMapping[Any, Call],
) -> Snapshot:
    """Reads how the graph stands.

    Args:
        log: The calls that were made.
        variables: What the notebook's variables hold.
        latest_runs: For each cell the number of its latest run.
        left: For the numbers of calls, the statement after which no variable held them any more.
        known: What was read before, and is noted here for the next time.

    Returns:
        The graph of all that variables and models lead to, and of what hangs on that.
    """
    tensors = {name: it for name, it in variables.tensors.items() if has_history(it)}
    functionals = [it for it in map(functional_of, variables.models.values()) if it is not None]
    ends = [tensor for it in functionals for tensor in it.outputs]
    starts = [tensor for it in functionals for tensor in it.inputs]
    reached = ancestors([*tensors.values(), *starts, *ends])
    log.adopt(reached)
    branches = _branches(log, reached)
    alive = held(branches)

    def is_earlier(node: Any) -> bool:
        origin = log.origin(node)
        return origin is not None and origin.run.number < latest_runs.get(origin.run.key, 0)

    lost = [node for node in branches if id(node) not in alive]
    gone = _gone(lost, is_earlier)
    lost = [node for node in lost if id(node) not in gone]
    nodes = _in_order(log, [*reached, *(it for it in branches if id(it) not in gone)])
    read = read_calls(nodes, lost, _distinct(ends), known)
    places = {name: place_of(tensor) for name, tensor in tensors.items()}
    pins = tuple(
        Pin(name, read.tensors[place], log.serial(node_of(tensors[name])), _spec(tensors[name]))
        for name, place in places.items()
        if place in read.tensors
    )
    shown = [node for node in nodes if _is_shown(read, node)]
    return Snapshot(
        graph=read.graph,
        annotations=Annotations(
            marks=_earlier_marks(read, shown, is_earlier),
            pins=_pin_names(read, tensors),
            rows={read.items[id(it)]: _rows(log, it, left, lost) for it in shown},
        ),
        pins=pins,
        serials={read.items[id(node)]: log.serial(node) for node in shown},
        cells=_cells(log, read, shown, is_earlier),
        lost={read.items[id(it)]: _lost_by(log, it, left) for it in lost if it in shown},
        unexplained=len(branches) > len(lost) + len(gone),
    )


def _branches(log: CallLog, reached: Sequence[Any]) -> list[Any]:
    """Returns the calls that hang on others, but that no variable leads to."""
    drawn = {id(node) for node in reached}
    masks = {id(mask) for mask in masks_of(reached)}
    found = []
    for node in log.nodes():
        if id(node) in drawn:
            continue
        masks.update(id(mask) for mask in masks_of([node]))
        if any(id(tensor) in masks for tensor in node.outputs) or is_left_by_keras(node):
            continue
        if any(id(node_of(tensor)) in drawn for tensor in node.input_tensors):
            drawn.add(id(node))
            found.append(node)
    return found


def _gone(lost: Sequence[Any], is_earlier: Callable[[Any], bool]) -> set[int]:
    """Returns the lost calls of earlier runs that no shown call hangs on."""
    gone: set[int] = set()
    needed: set[int] = set()
    for node in reversed(lost):
        if is_earlier(node) and id(node) not in needed:
            gone.add(id(node))
        else:
            needed.update(id(node_of(tensor)) for tensor in node.input_tensors)
    return gone


def _in_order(log: CallLog, nodes: Sequence[Any]) -> list[Any]:
    """Sorts calls by when they were made, each after those that feed it."""
    drawn = {id(node) for node in nodes}
    by_time = sorted(nodes, key=log.serial)
    ordered = ancestors(tensor for node in by_time for tensor in node.outputs)
    return [node for node in ordered if id(node) in drawn]


def _distinct(tensors: Sequence[Any]) -> list[Any]:
    return list({place_of(tensor): tensor for tensor in tensors}.values())


def _is_shown(read: ReadCalls, node: Any) -> bool:
    item = read.items[id(node)]
    return item in read.graph.call_of or item in read.graph.group_of


def _spec(tensor: Any) -> TensorSpec:
    return TensorSpec(tuple(tensor.shape), str(tensor.dtype))


def _pin_names(read: ReadCalls, tensors: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Returns the names at each call; at a nested model too, whose calls may be folded."""
    found: dict[str, list[str]] = {}
    for name, tensor in tensors.items():
        call = read.tensors.get(place_of(tensor))
        for item in dict.fromkeys((call, read.items.get(id(node_of(tensor))))):
            if item is not None:
                found.setdefault(item, []).append(name)
    return {item: tuple(names) for item, names in found.items()}


def _earlier_marks(
    read: ReadCalls, nodes: Sequence[Any], is_earlier: Callable[[Any], bool]
) -> dict[str, str]:
    return {read.items[id(node)]: "earlier" for node in nodes if is_earlier(node)}


def _cells(
    log: CallLog, read: ReadCalls, nodes: Sequence[Any], is_earlier: Callable[[Any], bool]
) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for node in nodes:
        origin = log.origin(node)
        if origin is not None and not is_earlier(node):
            found.setdefault(origin.run.cell, []).append(read.items[id(node)])
    return {cell: tuple(ids) for cell, ids in found.items()}


# ---------------------------------------------------------------------------------------------
# In words


def _rows(
    log: CallLog, node: Any, left: Mapping[int, tuple[Run, Place]], lost: Sequence[Any]
) -> tuple[tuple[str, str], ...]:
    origin = log.origin(node)
    rows = []
    if origin is not None:
        rows.append((_("Made by"), printable_lines(statement_at(origin.place, origin.run))))
        where = _("cell [{cell}], line {line}").format(
            cell=origin.run.cell, line=origin.top.line
        )
        if origin.place != origin.top:
            caller = statement_at(origin.top, origin.run)
            rows.append((_("Called from"), f"{printable_lines(caller)}\n{where}"))
        else:
            rows.append((_("Where"), where))
    if any(node is it for it in lost):
        rows.append((_("Lost by"), printable_lines(_lost_by(log, node, left))))
    return tuple(rows)


def _lost_by(log: CallLog, node: Any, left: Mapping[int, tuple[Run, Place]]) -> str:
    """Returns the statement that lost a call: by its variable, or at once by its own."""
    run_and_place = left.get(log.serial(node))
    if run_and_place is not None:
        run, place = run_and_place
        return statement_at(place, run)
    origin = log.origin(node)
    return "" if origin is None else _own_statement(origin)


def _own_statement(origin: Origin) -> str:
    return statement_at(origin.place, origin.run)


def printable_lines(text: str) -> str:
    """Replaces what would garble lines, and keeps the line breaks."""
    return "\n".join(map(printable, text.split("\n")))
