"""Each step of a cell shows the graph as it stood then, whatever later statements change."""

import gc
import json
import random
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell

from kfunc_lab.graph.model.levels import levels_of
from kfunc_lab.graph.picture.boxes import box_svg, boxes_of
from kfunc_lab.live.call_log import Run
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.watch.recorder import Recorder, Step
from kfunc_lab.watch.steps_view import StepsView

BEGIN = """
import keras
from keras import layers
keras.utils.clear_session(free_memory=False)
class Holder(layers.Layer):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner
    def call(self, x):
        return self.inner(x)
"""
# `%t` stands for a tensor, `%m` for a model, `%l` for a layer, `%s` for a Sequential model that
# exist, `+t` and so on for a new one, and `&` for one that the statement alone uses.
STATEMENTS = [
    "+t = keras.Input((4,))",
    "+t = layers.Dense(4)(%t)",
    "%t = layers.ReLU()(%t)",
    "+t = layers.add([%t, %t])",
    "+t = %t * 2 + %t",
    "layers.Dense(2)(%t); None",
    "del %t",
    "+l = layers.Dense(4)",
    "+t = %l(%t)",
    "& = keras.Input((4,)); +m = keras.Model(&, layers.Dense(4)(layers.ReLU()(&)))",
    "& = keras.Input((4,)); +m = keras.Model(&, %m(layers.Dense(4)(&)))",
    "& = keras.Input((4,)); _, +t = keras.Model(&, [layers.ReLU()(&), layers.Dense(4)(&)])(%t)",
    "+t = %m(%t)",
    "+t = %m(%t)",
    "+s = keras.Sequential([layers.Dense(4), layers.ReLU()])",
    "+t = %s(%t)",
    "%s.add(layers.Dense(4))",
    "+l = Holder(%m)",
    "%m.trainable = False",
]


def program(seed: int, length: int = 9) -> list[str]:
    """Returns random statements, each of which can run after those before it."""
    chance = random.Random(seed)
    held: dict[str, list[str]] = {kind: [] for kind in "tmls"}
    lines: list[str] = []
    while len(lines) < length:
        line = chance.choice(STATEMENTS) if lines else STATEMENTS[0]
        if any(f"%{kind}" in line and not names for kind, names in held.items()):
            continue
        if line == "del %t" and len(held["t"]) < 2:
            continue
        for kind, names in held.items():
            while f"%{kind}" in line:
                line = line.replace(f"%{kind}", chance.choice(names), 1)
        if line.startswith("del "):
            held["t"].remove(line[4:])
        for kind, names in held.items():
            if f"+{kind}" in line:
                names.append(f"{kind}{len(lines)}")
                line = line.replace(f"+{kind}", names[-1])
        lines.append(line.replace("&", f"i{len(lines)}"))
    return lines


@pytest.fixture(scope="module")
def shell() -> Iterator[InteractiveShell]:
    shell = InteractiveShell.instance()
    shell.run_cell(BEGIN, silent=True)
    gc.collect()
    gc.freeze()  # collecting what Keras and TensorFlow hold takes most of the time
    yield shell
    gc.unfreeze()
    InteractiveShell.clear_instance()


def record(shell: InteractiveShell, lines: list[str]) -> Recorder:
    """Runs statements in an empty namespace, as `%%steps` does."""
    shell.reset(new_session=False)
    shell.run_cell(BEGIN, silent=True)
    cell = "\n".join(lines)
    tracker = Tracker(shell.user_global_ns)
    tracker.begin_run(Run(1, 1, "steps", cell))
    recorder = Recorder(shell, tracker, cell, 1)
    error = recorder.run()
    tracker.log.stop()
    assert error is recorder.problem is None
    return recorder


def facts(step: Step) -> list:
    """Returns what a step recorded, without numbers that differ between two runs."""
    snapshot = step.snapshot
    return [
        snapshot.graph,
        sorted((pin.name, pin.call, str(pin.tensor)) for pin in snapshot.pins),
        sorted((model.name, model.inputs, model.outputs) for model in snapshot.models),
        sorted(snapshot.serials, key=snapshot.serials.__getitem__),
        dict(snapshot.annotations.rows),
        sorted(snapshot.losses),
    ]


def drawn_by_page(view: StepsView, number: int) -> tuple[list, list]:
    """Returns the boxes that the page draws at a step, and the boxes at the ends of each line."""
    page = view.page_state()
    step = page["_steps"][number]
    own = {item["id"]: item for item in step["items"]}
    boxes = {it["id"]: (it | own.get(it["id"], {}))["svg"] for it in page["_items"]}
    seen, kept = set(step["seen"]), set(map(json.dumps, step["lines"]))
    lines = [
        (boxes.get(line["source"]), boxes.get(line["target"]))
        for level in page["_levels"]
        for line in level["lines"]
        if json.dumps([line["source"], line["target"], line["tensor"]]) in kept
    ]
    assert len(lines) == len(kept)
    return sorted(svg for item, svg in boxes.items() if item in seen), sorted(lines, key=str)


def drawn_alone(step: Step) -> tuple[list, list]:
    """Returns the same of the graph of that step alone."""
    graph, levels = step.snapshot.graph, levels_of(step.snapshot.graph)
    items = [item for level in levels.values() for item in level.items]
    boxes = {
        item: box_svg(box)
        for item, box in boxes_of(graph, items, step.snapshot.annotations).items()
    }
    lines = [
        (boxes.get(wire.source), boxes.get(wire.target))
        for level in levels.values()
        for wire in level.wires
    ]
    return sorted(boxes.values()), sorted(lines, key=str)


@pytest.mark.parametrize("seed", range(8))
def test_step_shows_graph_of_the_statements_up_to_it(shell, seed):
    lines = program(seed)
    whole = record(shell, lines)
    view = StepsView("\n".join(lines), whole.before, whole.steps)
    for number in range(len(lines)):
        (*_before, alone) = record(shell, lines[: number + 1]).steps
        said = "\n".join(lines[: number + 1])
        assert facts(whole.steps[number]) == facts(alone), said
        assert drawn_by_page(view, number) == drawn_alone(alone), said
