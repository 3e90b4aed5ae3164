"""The view of a cell's steps: its lines beside the graph, forward and back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import traitlets

from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.descriptions import shape_label, title
from kfunc_lab.graph.model.levels import output_boxes
from kfunc_lab.graph.picture.boxes import boxes_of
from kfunc_lab.graph.picture.layout import Layouts
from kfunc_lab.graph.view.graph_view import GraphView
from kfunc_lab.graph.view.page_data import items_data, tensor_name
from kfunc_lab.live.snapshot import HeldModel, Snapshot
from kfunc_lab.live.view import SnapshotView
from kfunc_lab.locale import _, ngettext
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.text import printable
from kfunc_lab.watch.merged_snapshots import merge_snapshots, renamed, within
from kfunc_lab.watch.recorder import Step

_MAX_NAMES = 6  # calls of one step that are named
_MAX_PRINTED = 4_000  # characters of one step's output
# What a step may show otherwise; the size and place of a box are those of the merged graph.
_SHOWN = ("svg", "classes", "title", "label", "details", "shared")


class StepsView(GraphView):
    """The steps of a cell, beside the graph after each step.

    Attributes:
        steps: The `Step`s.
        step: The index of the step that is shown. Can be set, observed and linked.
    """

    _esm = BUNDLES / "steps.js"
    _css = BUNDLES / "steps.css"

    step = traitlets.Int(0).tag(sync=True)
    _steps: Any = traitlets.List().tag(sync=True)
    _code: Any = traitlets.List().tag(sync=True)

    def __init__(self, cell: str, before: Snapshot, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self._before = before
        self._merged = merge_snapshots([before, *(step.snapshot for step in steps)])
        last = steps[-1].snapshot.annotations
        super().__init__(
            self._merged.graph,
            annotations=Annotations(last.marks, self._all_names(), last.rows),
            remarks=(),
        )
        self._merged_items = {item["id"]: item for item in self._items if "order" in item}
        self._code = cell.rstrip("\n").split("\n")
        self._steps = [self._page_step(number) for number in range(len(steps))]
        self.step = len(steps) - 1

    @traitlets.validate("step")
    def _known_step(self, proposal: Any) -> int:
        return max(0, min(len(self.steps) - 1, int(proposal["value"])))

    def _all_names(self) -> dict[str, tuple[str, ...]]:
        """Maps each call to the variables that hold it at any step, the longest name first."""
        all_names: dict[str, set[str]] = {}
        for snapshot in (self._before, *(step.snapshot for step in self.steps)):
            ids = self._merged.items(snapshot)
            for item, names in snapshot.names.items():
                all_names.setdefault(ids.get(item, item), set()).update(names)
        return {
            item: tuple(sorted(names, key=lambda name: (-len(name), name)))
            for item, names in all_names.items()
        }

    def _page_step(self, number: int) -> dict[str, Any]:
        step = self.steps[number]
        return {
            "first": step.first,
            "last": step.last,
            "code": step.code,
            "depth": step.depth,
            "elsewhere": step.is_elsewhere,
            "failed": step.failed,
            "printed": step.printed[:_MAX_PRINTED],
            "said": list(self.describe(number)),
            "title": title(step.snapshot.graph),
            **self._picture(step.snapshot),
        }

    def _picture(self, snapshot: Snapshot) -> dict[str, Any]:
        """Returns what the page draws of the merged graph: the boxes and lines of a snapshot."""
        ids = self._merged.items(snapshot)
        graph = within(renamed(snapshot.graph, ids), self.graph)
        layouts = Layouts(graph, _renamed(snapshot.annotations, ids))
        levels = layouts.levels
        boxes = output_boxes(self.graph)
        merged = {at: box for box, positions in boxes.items() for at in positions}
        ends = {
            box: merged[self.graph.exits.index(graph.exits[own])]
            for box, (own, *_more) in output_boxes(graph).items()
        }
        items = [item for level in levels.values() for item in level.items]
        layouts.boxes |= boxes_of(graph, items, layouts.annotations)
        return {
            "seen": [ends.get(item, item) for item in items],
            "lines": [
                [wire.source, ends.get(wire.target or "", wire.target), tensor_name(wire.key)]
                for level in levels.values()
                for wire in level.wires
            ],
            "items": [
                difference
                for item in items_data(layouts, levels)
                if len(difference := self._difference(item)) > 1
            ],
        }

    def _difference(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Returns what an item of a step shows otherwise than the merged graph."""
        merged = self._merged_items.get(item["id"])
        if merged is None:  # an output, which looks the same everywhere
            return {}
        return {"id": item["id"]} | {
            name: item.get(name)
            for name in _SHOWN
            if name in merged and item.get(name) != merged[name]
        }

    def describe(self, number: int) -> Iterator[str]:
        """Describes what a step did, one sentence for each change."""
        step = self.steps[number]
        last = self.steps[number - 1] if number else None
        before = self._before if last is None else last.snapshot
        leaves_function = last is not None and last.depth > step.depth
        changes = list(_changes(before, step.snapshot, leaves_function))
        if step.failed:
            changes.append(_("This statement failed."))
        yield from changes or [_("The graph did not change.")]

    def to_text(self) -> str:
        """Returns the list of all steps: each statement, its changes, and its output."""
        lines = []
        for number, step in enumerate(self.steps):
            head, *rest = step.code.splitlines() or [""]
            indent = "  " * (step.depth - 1)
            lines.append(f"{number + 1}. {indent}{printable(head)}{' …' if rest else ''}")
            lines += [f"   {indent}  {change}" for change in self.describe(number)]
            lines += [
                f"   {indent}  | {printable(output)}" for output in step.printed.splitlines()
            ]
        return "\n".join(lines)

    def to_svg(self) -> str:
        """Returns the picture of the last step as SVG."""
        return SnapshotView(self.steps[-1].snapshot).to_svg()

    def page_state(self) -> dict[str, Any]:
        """Returns the state that a page needs to scrub through the steps without a kernel."""
        steps = {name: getattr(self, name) for name in ("step", "_steps", "_code")}
        return super().page_state() | steps

    def _page_words(self) -> dict[str, str]:
        return super()._page_words() | {
            "previous": _("Previous step"),
            "next": _("Next step"),
            "steps": _("Step"),
            "of_steps": _("step {n} of {all}"),
            "elsewhere": _("In a function that another cell defines:"),
            "printed": _("Printed"),
            "code": _("Code of the cell"),
        }


def _renamed(annotations: Annotations, ids: Mapping[str, str]) -> Annotations:
    def of(values: Mapping[str, Any]) -> dict[str, Any]:
        return {ids[item]: value for item, value in values.items() if item in ids}

    return Annotations(of(annotations.marks), of(annotations.pins), of(annotations.rows))


def _changes(before: Snapshot, after: Snapshot, leaves_function: bool) -> Iterator[str]:
    old = set(before.serials.values())
    new = [item for item, serial in after.serials.items() if serial not in old]
    if len(new) > _MAX_NAMES:
        names = ", ".join(map(printable, new[:_MAX_NAMES]))
        yield ngettext(
            "{n} new call: {names}, …", "{n} new calls: {names}, …", len(new)
        ).format(n=f"{len(new):,}", names=names)
    else:
        for item in new:
            yield _("New: {call} ({kind}), {shape}").format(**_facts(after, item))
    pins = {pin.name: pin for pin in before.pins}
    for pin in after.pins:
        old_pin = pins.pop(pin.name, None)
        facts = {
            "name": printable(pin.name),
            "call": printable(pin.call),
            "shape": shape_label(pin.tensor),
        }
        if old_pin is None:
            yield _("{name} holds the output of {call}: {shape}").format(**facts)
        elif old_pin.serial != pin.serial:
            facts["before"] = printable(old_pin.call)
            yield _("{name} moves from {before} to {call}: {shape}").format(**facts)
    models = {(model.name, model.identity) for model in before.models}
    for model in after.models:
        if (model.name, model.identity) not in models:
            yield _describe_model(model)
    for name in () if leaves_function else pins:
        yield _("{name} no longer holds a tensor").format(name=printable(name))
    known = {before.serials[item] for item in before.losses}
    lost = [printable(item) for item in after.losses if after.serials[item] not in known]
    if lost:
        names = ", ".join(lost[:_MAX_NAMES]) + (", …" if len(lost) > _MAX_NAMES else "")
        yield _("Lost: {names}").format(names=names)


def _describe_model(model: HeldModel) -> str:
    name = printable(model.name)
    if not model.outputs:
        return _("{name} is a new model").format(name=name)
    return _("{name} is a new model, from {inputs} to {outputs}").format(
        name=name,
        inputs=", ".join(map(printable, model.inputs)),
        outputs=", ".join(map(printable, model.outputs)),
    )


def _facts(snapshot: Snapshot, item: str) -> dict[str, str]:
    call = snapshot.graph.call_of.get(item)
    if call is not None:
        shapes = ", ".join(map(shape_label, call.outputs))
        return {"call": printable(item), "kind": printable(call.kind), "shape": shapes}
    group = snapshot.graph.group_of[item]
    outputs = [snapshot.graph.call_of[call].outputs[place] for call, place in group.exits]
    return {
        "call": printable(item),
        "kind": printable(group.kind),
        "shape": ", ".join(map(shape_label, outputs)),
    }
