"""How the graph of a notebook stands: calls, pins, what was lost, and what made each call."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kfunc_lab.graph.keras.nodes import Place as NodePlace
from kfunc_lab.graph.keras.nodes import (
    ancestors,
    functional_of,
    has_history,
    held,
    is_left_by_keras,
    masks_of,
    node_of,
    place_of,
)
from kfunc_lab.graph.keras.reader import Reading, read_nodes
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.layer_graph import Call, LayerGraph, TensorSpec
from kfunc_lab.live.call_log import CallLog, Origin, Place, Run
from kfunc_lab.live.pins import Held
from kfunc_lab.live.source import statement_at
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable


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
class HeldModel:
    """A variable that holds a model.

    Attributes:
        name: As `"model"` or `"models[2]"`.
        identity: A number that no other living model has.
        inputs: The ids of the calls that it begins with; none if it is no functional model.
        outputs: The ids of the calls that it ends with.
    """

    name: str
    identity: int
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """How the graph of a notebook stands.

    Attributes:
        graph: All graphs that variables lead to, as one.
        pins: The variables that hold tensors.
        models: The variables that hold models.
        serials: For ids of calls and groups a number that stays the same.
        origins: For ids of calls and groups where they were made, if that is known.
        losses: For ids of lost calls and groups the line that lost them, if that is known.
        earlier: The ids of what earlier runs of a cell made.
        names: For ids of calls and groups the variables that hold their results.
        tensors: For the place of each tensor in Keras's records the id of the call.
        unexplained: Whether something holds a result that is neither a variable nor a model.
    """

    graph: LayerGraph
    pins: tuple[Pin, ...] = ()
    models: tuple[HeldModel, ...] = ()
    serials: Mapping[str, int] = field(default_factory=dict)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    losses: Mapping[str, tuple[Run, Place]] = field(default_factory=dict)
    earlier: frozenset[str] = frozenset()
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tensors: Mapping[NodePlace, str] = field(default_factory=dict)
    unexplained: bool = False

    @cached_property
    def annotations(self) -> Annotations:
        """Pins, earlier runs, and where each call was made."""
        return Annotations(
            marks=dict.fromkeys(sorted(self.earlier), "earlier"),
            pins=self.names,
            rows={item: self._rows(item) for item in self.serials},
        )

    @cached_property
    def lost(self) -> Mapping[str, str]:
        """For ids of lost calls and groups the statement that lost them."""
        return {
            item: printable_lines(statement_at(place, run))
            for item, (run, place) in self.losses.items()
        }

    @cached_property
    def cells(self) -> Mapping[int, tuple[str, ...]]:
        """For numbers of cells the ids of the calls that their latest run made."""
        found: dict[int, list[str]] = {}
        for item, origin in self.origins.items():
            if item not in self.earlier:
                found.setdefault(origin.run.cell, []).append(item)
        return {cell: tuple(items) for cell, items in found.items()}

    def _rows(self, item: str) -> tuple[tuple[str, str], ...]:
        rows = []
        origin = self.origins.get(item)
        if origin is not None:
            rows.append((_("Made by"), _statement(origin.place, origin.run)))
            where = _("cell [{cell}], line {line}").format(
                cell=origin.run.cell, line=origin.top.line
            )
            if origin.place != origin.top:
                caller = _statement(origin.top, origin.run)
                rows.append((_("Called from"), f"{caller}\n{where}"))
            else:
                rows.append((_("Where"), where))
        if item in self.lost:
            rows.append((_("Lost by"), self.lost[item]))
        return tuple(rows)


def _statement(place: Place, run: Run) -> str:
    return printable_lines(statement_at(place, run))


EMPTY = LayerGraph("", "KerasTensor", (), ())


def take_snapshot(
    log: CallLog,
    variables: Held,
    latest_runs: Mapping[str, int],
    left: Mapping[int, tuple[Run, Place]],
    known: MutableMapping[Any, Call],
    given: Sequence[Any] = (),
) -> Snapshot:
    """Reads how the graph stands.

    Args:
        log: The calls that were made.
        variables: What the notebook's variables hold.
        latest_runs: For each cell the number of its latest run.
        left: For the numbers of calls, the statement after which no variable held them any more.
        known: What was read before, and is noted here for the next time.
        given: Tensors that are shown although no variable leads to them.

    Returns:
        The graph of all that variables and models lead to, and of what hangs on that.
    """
    tensors = {name: it for name, it in variables.tensors.items() if has_history(it)}
    functionals = [it for it in map(functional_of, variables.models.values()) if it is not None]
    ends = [tensor for it in functionals for tensor in it.outputs]
    starts = [tensor for it in functionals for tensor in it.inputs]
    reached = ancestors([*tensors.values(), *starts, *ends, *given])
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
    reading = read_nodes(nodes, lost, _distinct(ends), known)
    places = {name: place_of(tensor) for name, tensor in tensors.items()}
    pins = tuple(
        Pin(
            name,
            reading.tensors[place],
            log.serial(node_of(tensors[name])),
            _spec(tensors[name]),
        )
        for name, place in places.items()
        if place in reading.tensors
    )
    shown = [(reading.items[None, id(it)], it) for it in nodes if _is_shown(reading, it)]
    origins = {item: log.origin(node) for item, node in shown}
    lost_ids = {id(node) for node in lost}
    return Snapshot(
        graph=reading.graph,
        pins=pins,
        models=tuple(_held_model(name, it, reading) for name, it in variables.models.items()),
        serials={item: log.serial(node) for item, node in shown},
        origins={item: origin for item, origin in origins.items() if origin is not None},
        losses={
            item: loss
            for item, node in shown
            if id(node) in lost_ids and (loss := _loss(log, node, left)) is not None
        },
        earlier=frozenset(item for item, node in shown if is_earlier(node)),
        names=_pin_names(reading, tensors),
        tensors=reading.tensors,
        unexplained=len(branches) > len(lost) + len(gone),
    )


def _loss(
    log: CallLog, node: Any, left: Mapping[int, tuple[Run, Place]]
) -> tuple[Run, Place] | None:
    """Returns what lost a call: the statement that its variable left it by, or its own."""
    origin = log.origin(node)
    own = None if origin is None else (origin.run, origin.place)
    return left.get(log.serial(node), own)


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
    by_time = sorted(nodes, key=log.serial)
    if log.in_order:
        return by_time
    drawn = {id(node) for node in nodes}
    ordered = ancestors(tensor for node in by_time for tensor in node.outputs)
    return [node for node in ordered if id(node) in drawn]


def _distinct(tensors: Sequence[Any]) -> list[Any]:
    return list({place_of(tensor): tensor for tensor in tensors}.values())


def _is_shown(reading: Reading, node: Any) -> bool:
    item = reading.item_of(node)
    return item in reading.graph.call_of or item in reading.graph.group_of


def _held_model(name: str, model: Any, reading: Reading) -> HeldModel:
    functional = functional_of(model)
    if functional is None:
        return HeldModel(name, id(model))
    inputs, outputs = (
        tuple(reading.tensors[place_of(it)] for it in ends if place_of(it) in reading.tensors)
        for ends in (functional.inputs, functional.outputs)
    )
    return HeldModel(name, id(model), inputs, outputs)


def _spec(tensor: Any) -> TensorSpec:
    return TensorSpec(tuple(tensor.shape), str(tensor.dtype))


def _pin_names(reading: Reading, tensors: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Returns the names at each call; at a nested model too, whose calls may be folded."""
    found: dict[str, list[str]] = {}
    for name, tensor in tensors.items():
        call = reading.tensors.get(place_of(tensor))
        for item in dict.fromkeys((call, reading.item_of(node_of(tensor)))):
            if item is not None:
                found.setdefault(item, []).append(name)
    return {item: tuple(names) for item, names in found.items()}


def printable_lines(text: str) -> str:
    """Replaces what would garble lines, and keeps the line breaks."""
    return "\n".join(map(printable, text.split("\n")))
