"""The state of a notebook's graph: calls, variables, lost calls, and where each call was made."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kfunc_lab.graph.keras.nodes import Place as NodePlace
from kfunc_lab.graph.keras.nodes import (
    ancestors,
    functional_of,
    has_history,
    is_unused_cast,
    masks_of,
    node_of,
    nodes_in_use,
    place_of,
)
from kfunc_lab.graph.keras.reader import KnownCall, Reading, read_nodes
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.layer_graph import LayerGraph, TensorSpec
from kfunc_lab.live.call_log import CallLog, Origin, Place, Run
from kfunc_lab.live.pins import Variables
from kfunc_lab.live.source import statement_at
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable


@dataclass(frozen=True)
class Pin:
    """A variable that holds a tensor.

    Attributes:
        name: The variable, such as `"x"` or `"towers[2]"`.
        call: The id of the call that made the tensor.
        serial: The serial number of that call; the id may change, this number does not.
        tensor: The tensor's shape and dtype.
    """

    name: str
    call: str
    serial: int
    tensor: TensorSpec


@dataclass(frozen=True)
class HeldModel:
    """A variable that holds a model.

    Attributes:
        name: The variable, such as `"model"` or `"models[2]"`.
        identity: A number that is unique among living models.
        inputs: The ids of the model's first calls; empty if the model is not functional.
        outputs: The ids of the model's last calls.
    """

    name: str
    identity: int
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """The state of a notebook's graph at one moment.

    Attributes:
        graph: The graphs of all tensors and models in variables, merged into one.
        pins: The variables that hold tensors.
        models: The variables that hold models.
        serials: Maps ids of calls and groups to numbers that never change.
        origins: Maps ids of calls and groups to where they were made, if that is known.
        losses: Maps ids of lost calls and groups to the line that lost them, if it is known.
        earlier: The ids of calls and groups that an earlier run of a cell made.
        names: Maps ids of calls and groups to the variables that hold their outputs.
        tensors: Maps the place of each tensor in Keras's records to the id of its call.
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

    @cached_property
    def annotations(self) -> Annotations:
        """The pins, the marks of earlier runs, and where each call was made."""
        return Annotations(
            marks=dict.fromkeys(sorted(self.earlier), "earlier"),
            pins=self.names,
            rows={item: self._rows(item) for item in self.serials},
        )

    @cached_property
    def lost(self) -> Mapping[str, str]:
        """Maps ids of lost calls and groups to the statement that lost them."""
        return {
            item: printable_lines(statement_at(place, run))
            for item, (run, place) in self.losses.items()
        }

    @cached_property
    def cells(self) -> Mapping[int, tuple[str, ...]]:
        """Maps numbers of cells to the ids of the calls that their latest run made."""
        cells: dict[int, list[str]] = {}
        for item, origin in self.origins.items():
            if item not in self.earlier:
                cells.setdefault(origin.run.cell, []).append(item)
        return {cell: tuple(items) for cell, items in cells.items()}

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
    variables: Variables,
    latest_runs: Mapping[str, int],
    releases: Mapping[int, tuple[Run, Place]],
    known: MutableMapping[Any, KnownCall],
    extra_tensors: Sequence[Any] = (),
    released_model: bool = False,
) -> Snapshot:
    """Reads the current state of the graph.

    Args:
        log: The calls that were made.
        variables: The variables that hold tensors and models.
        latest_runs: Maps each cell to the number of its latest run.
        releases: Maps serial numbers of calls to the statement after which no variable held
            their output any more.
        known: A cache of the calls that were read before; new ones are added.
        extra_tensors: Tensors to show although no variable leads to them.
        released_model: Whether a variable no longer holds its model, which may be garbage that
            still holds tensors.

    Returns:
        The graph of everything that variables and models lead to, and the calls that depend on
        it.
    """
    tensors = {name: value for name, value in variables.tensors.items() if has_history(value)}
    starts, ends = _model_tensors(variables)
    reached = ancestors([*tensors.values(), *starts, *ends, *extra_tensors])
    log.adopt(reached)
    branches = _branches(log, reached)
    alive = nodes_in_use(branches, collect=released_model)

    def is_earlier(origin: Origin | None) -> bool:
        return origin is not None and origin.run.number < latest_runs.get(origin.run.key, 0)

    lost = [node for node in branches if id(node) not in alive]
    dropped = _outdated(lost, lambda node: is_earlier(log.origin(node)))
    lost = [node for node in lost if id(node) not in dropped]
    kept = [node for node in branches if id(node) not in dropped]
    nodes = _in_order(log, [*reached, *kept])
    reading = read_nodes(nodes, lost, _distinct(ends), known)
    shown = [
        (reading.items[None, id(node)], node) for node in nodes if _is_shown(reading, node)
    ]
    origins = {item: log.origin(node) for item, node in shown}
    lost_ids = set(map(id, lost))
    losses = {item: _loss(log, node, releases) for item, node in shown if id(node) in lost_ids}
    return Snapshot(
        graph=reading.graph,
        pins=_pins(log, reading, tensors),
        models=tuple(_held_model(*named, reading) for named in variables.models.items()),
        serials={item: log.serial(node) for item, node in shown},
        origins={item: origin for item, origin in origins.items() if origin is not None},
        losses={item: loss for item, loss in losses.items() if loss is not None},
        earlier=frozenset(item for item, origin in origins.items() if is_earlier(origin)),
        names=_pin_names(reading, tensors),
        tensors=reading.tensors,
    )


def _model_tensors(variables: Variables) -> tuple[list[Any], list[Any]]:
    """Returns the input tensors and the output tensors of all functional models."""
    functionals = [functional_of(model) for model in variables.models.values()]
    functionals = [functional for functional in functionals if functional is not None]
    inputs = [tensor for functional in functionals for tensor in functional.inputs]
    outputs = [tensor for functional in functionals for tensor in functional.outputs]
    return inputs, outputs


def _pins(log: CallLog, reading: Reading, tensors: Mapping[str, Any]) -> tuple[Pin, ...]:
    return tuple(
        Pin(name, reading.tensors[place], log.serial(node_of(tensor)), _spec(tensor))
        for name, tensor in tensors.items()
        if (place := place_of(tensor)) in reading.tensors
    )


def _loss(
    log: CallLog, node: Any, releases: Mapping[int, tuple[Run, Place]]
) -> tuple[Run, Place] | None:
    """Returns what lost a call: the statement that released it from its variable, or its own."""
    origin = log.origin(node)
    own = None if origin is None else (origin.run, origin.place)
    return releases.get(log.serial(node), own)


def _branches(log: CallLog, reached: Sequence[Any]) -> list[Any]:
    """Returns the calls that depend on shown calls although no variable leads to them."""
    drawn = {id(node) for node in reached}
    masks = {id(mask) for mask in masks_of(reached)}
    branches = []
    for node in log.nodes():
        if id(node) in drawn:
            continue
        masks.update(id(mask) for mask in masks_of([node]))
        if any(id(tensor) in masks for tensor in node.outputs) or is_unused_cast(node):
            continue
        if any(id(node_of(tensor)) in drawn for tensor in node.input_tensors):
            drawn.add(id(node))
            branches.append(node)
    return branches


def _outdated(lost: Sequence[Any], is_earlier: Callable[[Any], bool]) -> set[int]:
    """Returns the lost calls of earlier runs that no shown call depends on."""
    outdated: set[int] = set()
    needed: set[int] = set()
    for node in reversed(lost):
        if is_earlier(node) and id(node) not in needed:
            outdated.add(id(node))
        else:
            needed.update(id(node_of(tensor)) for tensor in node.input_tensors)
    return outdated


def _in_order(log: CallLog, nodes: Sequence[Any]) -> list[Any]:
    """Sorts calls by the time when they were made, each after those that feed it."""
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
        tuple(
            reading.tensors[place]
            for place in map(place_of, tensors)
            if place in reading.tensors
        )
        for tensors in (functional.inputs, functional.outputs)
    )
    return HeldModel(name, id(model), inputs, outputs)


def _spec(tensor: Any) -> TensorSpec:
    return TensorSpec(tuple(tensor.shape), str(tensor.dtype))


def _pin_names(reading: Reading, tensors: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Returns the names at each call, and at each nested model, whose calls may be folded."""
    names: dict[str, list[str]] = {}
    for name, tensor in tensors.items():
        call = reading.tensors.get(place_of(tensor))
        for item in dict.fromkeys((call, reading.item_of(node_of(tensor)))):
            if item is not None:
                names.setdefault(item, []).append(name)
    return {item: tuple(at_item) for item, at_item in names.items()}


def printable_lines(text: str) -> str:
    """Replaces characters that would garble a line, but keeps the line breaks."""
    return "\n".join(map(printable, text.split("\n")))
