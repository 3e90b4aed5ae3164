"""What watching a training costs, beside the peers, in a kernel whose page is open; in one run."""

import ast
import contextlib
import functools
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from jupyter_client.manager import start_new_kernel
from keras import layers
from rich.console import Console
from rich.table import Table

import kfunc_lab as lab

ROUNDS = {"MNIST": 6, "toy ResNet": 5}
BATCH = 64
PROBE = 64  # samples on which layers are measured
BUDGETS = {"curves": 1.01, "all measures": 1.05}  # times a plain fit
UPDATE = 40_000  # bytes
UPDATES = 10  # in any second
# Each must be quicker than these, which show no more than it does, or as much of the layers.
PEERS = ["livelossplot", "TensorBoard", "tqdm"]
BELOW = {"curves": PEERS, "all measures": ["livelossplot", "TensorBoard"]}
WAYS = ["plain", *BUDGETS, *PEERS]
SILENCE = 300  # seconds without a word after which a kernel is given up

console = Console(width=110)


# -- in the kernel, which imports this file: the models, the ways to watch, a fit and its time


@dataclass
class Task:
    """What is trained on what, for so many epochs."""

    model: keras.Model
    x: np.ndarray
    y: np.ndarray
    epochs: int


def mnist() -> Task:
    """The first model of Keras's guide to the functional API, trained as it is there."""
    inputs = keras.Input((784,), name="img")
    x = layers.Dense(64, activation="relu")(inputs)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return Task(keras.Model(inputs, outputs, name="mnist_model"), *digits(), 5)


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """As many digits as MNIST has, which are those of the package again and again."""
    (x, y), _test = lab.datasets.mnist("embedded")
    return np.tile(x.reshape(len(x), 784) / np.float32(255), (15, 1)), np.tile(y, 15)


def resnet() -> Task:
    """The toy ResNet of the same guide, on random images; an epoch is shorter than CIFAR's."""
    inputs = keras.Input((32, 32, 3), name="img")
    x = layers.Conv2D(32, 3, activation="relu")(inputs)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.MaxPooling2D(3)(x)
    for _block in range(2):
        before = x
        x = layers.Conv2D(64, 3, activation="relu", padding="same")(x)
        x = layers.Conv2D(64, 3, activation="relu", padding="same")(x)
        x = layers.add([x, before])
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    draw = np.random.default_rng(0)
    images = draw.random((20 * BATCH, 32, 32, 3), np.float32)
    model = keras.Model(inputs, outputs, name="toy_resnet")
    return Task(model, images, draw.integers(0, 10, len(images)), 3)


def curves(_x, _y):
    return lab.TrainingDashboard(keep="runs.db")


def all_measures(x, y):
    return lab.TrainingDashboard(probe=(x[:PROBE], y[:PROBE]), keep="runs.db")


def livelossplot(_x, _y):
    from livelossplot import PlotLossesKeras

    return PlotLossesKeras()


def tensorboard(_x, _y):
    return keras.callbacks.TensorBoard(tempfile.mkdtemp(dir="."), histogram_freq=1)


def tqdm(_x, _y):
    from tqdm.keras import TqdmCallback

    return TqdmCallback()


WATCHERS = {
    "curves": curves,
    "all measures": all_measures,
    "livelossplot": livelossplot,
    "TensorBoard": tensorboard,
    "tqdm": tqdm,
}


class Fit:
    """A training that is ready: its model is compiled, and has trained a little.

    Args:
        name: Which model.
        way: How it is watched.
    """

    def __init__(self, name: str, way: str):
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        self._way = way
        self._task = {"MNIST": mnist, "toy ResNet": resnet}[name]()
        self._task.model.compile(
            "rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        self._train(5 * BATCH, 1, [])  # its functions are compiled now
        gc.collect()

    def _train(self, samples: int | None, epochs: int, callbacks: list) -> None:
        task = self._task
        task.model.fit(
            task.x[:samples], task.y[:samples], batch_size=BATCH, epochs=epochs,
            validation_split=0.2, verbose=0, callbacks=callbacks,
        )  # fmt: skip

    def run(self, epochs: int | None = None) -> dict[str, float]:
        """Returns its seconds: by the clock, of the processors, and in the watcher's hooks."""
        task = self._task
        watchers = [] if self._way == "plain" else [WATCHERS[self._way](task.x, task.y)]
        hooks = Hooks(watchers)
        begin, work = time.perf_counter(), time.process_time()
        self._train(None, epochs or task.epochs, watchers)
        end, done = time.perf_counter(), time.process_time()
        for watcher in watchers:
            problem = getattr(watcher, "problem", None)
            if problem is not None:  # a dashboard that failed is quick, and proves nothing
                raise problem
        return {"clock": end - begin, "work": done - work, "hooks": hooks.seconds}


class Hooks:
    """Takes the time in what Keras calls of a watcher: the part of its cost that is seen exactly.

    Attributes:
        seconds: How long it was.
    """

    def __init__(self, watchers: list):
        self.seconds = 0.0
        for watcher in watchers:
            for name in dir(watcher):
                if name.startswith("on_") or name == "set_model":
                    hook = getattr(watcher, name)
                    if not getattr(hook, "_is_default", False):
                        setattr(watcher, name, self._timed(hook))

    def _timed(self, hook: Callable[..., None]) -> Callable[..., None]:
        def timed(*args, **named) -> None:
            begin = time.perf_counter()
            hook(*args, **named)
            self.seconds += time.perf_counter() - begin

        return timed


# -- the page: what JupyterLab does for a kernel and its widgets


@dataclass
class Update:
    """What a dashboard sent to its page."""

    at: float
    size: int
    is_drawn: bool  # else it is the state that stays in the notebook


@dataclass
class Run:
    """What a cell did."""

    found: str = ""
    failed: str = ""
    updates: list[Update] = field(default_factory=list)


class Page:
    """A kernel, and the client that shows its widgets."""

    def __init__(self, folder: str):
        here = Path(__file__).parent
        paths = [str(here), os.environ.get("PYTHONPATH", "")]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self._manager, self._client = start_new_kernel(
            cwd=folder, env=env, extra_arguments=["--log-level=ERROR"]
        )
        self._session = self._client.session
        self._subshell = self._ask("control", "create_subshell_request", {})["subshell_id"]
        self._dashboards: set[str] = set()

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def run(self, code: str, wanted: str = "None") -> Run:
        """Runs a cell as JupyterLab does, and reads all that it shows."""
        content = {
            "code": code, "silent": False, "store_history": False, "allow_stdin": False,
            "user_expressions": {"wanted": wanted},
        }  # fmt: skip
        request = self._send("shell", "execute_request", content, {"cellId": "benchmark"})
        run = Run()
        while not self._is_over(request, run):
            pass
        reply = self._reply("shell", request)
        if reply["status"] == "error":
            run.failed = f"{reply['ename']}: {reply['evalue']}"
        else:
            run.found = reply["user_expressions"]["wanted"]["data"]["text/plain"]
        return run

    def _is_over(self, request: str, run: Run) -> bool:
        """Takes one message of a cell, and tells whether it was the last."""
        message, size = self._shown()
        kind, content = message["msg_type"], message["content"]
        if kind == "comm_open":
            state = content["data"].get("state", {})
            if state.get("_anywidget_id", "").endswith(".DashboardView"):
                self._dashboards.add(content["comm_id"])
        elif kind == "display_data":
            view = content["data"].get("application/vnd.jupyter.widget-view+json", {})
            if view.get("model_id") in self._dashboards:
                self._greet(view["model_id"])
        elif kind == "comm_msg" and content["comm_id"] in self._dashboards:
            at, is_drawn = message["header"]["date"], content["data"]["method"] == "custom"
            run.updates.append(Update(at.timestamp(), size, is_drawn))
        is_idle = kind == "status" and content["execution_state"] == "idle"
        return is_idle and message["parent_header"].get("msg_id") == request

    def _greet(self, widget: str) -> None:
        """Says as dashboard.js does that a page is there, on the way that is open in a cell."""
        content = {"type": "hello", "page": "1"}
        data = {"method": "custom", "content": content}
        message = self._session.msg("comm_msg", {"comm_id": widget, "data": data})
        message["header"]["subshell_id"] = self._subshell
        self._client.shell_channel.send(message)

    def _shown(self) -> tuple[dict[str, Any], int]:
        """Returns the next message to all clients, and its size."""
        socket = self._client.iopub_channel.socket
        if not socket.poll(SILENCE * 1000):
            raise TimeoutError("the kernel says nothing")
        _to, parts = self._session.feed_identities(socket.recv_multipart())
        return self._session.deserialize(parts), sum(map(len, parts))

    def _send(self, way: str, kind: str, content: dict, metadata: dict) -> str:
        message = self._session.msg(kind, content, metadata=metadata)
        getattr(self._client, f"{way}_channel").send(message)
        return message["header"]["msg_id"]

    def _reply(self, way: str, request: str) -> dict[str, Any]:
        while True:
            message = getattr(self._client, f"{way}_channel").get_msg(timeout=SILENCE)
            if message["parent_header"].get("msg_id") == request:
                return message["content"]

    def _ask(self, way: str, kind: str, content: dict) -> dict[str, Any]:
        return self._reply(way, self._send(way, kind, content, {}))


# -- rounds


@dataclass
class Found:
    """What was measured of one way to watch a model: a fit and its updates for each round."""

    fits: dict[int, dict[str, float]] = field(default_factory=dict)
    updates: list[list[Update]] = field(default_factory=list)
    failed: str = ""

    def seconds(self, name: str = "clock") -> float:
        return statistics.median(it[name] for it in self.fits.values())

    def over(self, other: "Found", name: str = "clock") -> np.ndarray:
        """Returns how much longer it took than another one did in the same round."""
        both = [it for it in self.fits if it in other.fits]
        return np.array([self.fits[it][name] / other.fits[it][name] for it in both])


def measured(page: Page, model: str) -> dict[str, Found]:
    """Measures all ways in turn, so that the machine's moods meet all of them."""
    found = {way: Found() for way in WAYS}
    for way in WAYS:  # loads what every session loads once
        found[way].failed = one_fit(page, model, way, "1")[0].failed
    for number in range(ROUNDS[model]):
        for way in WAYS[number:] + WAYS[:number]:  # whoever comes first, next time is the last
            if not found[way].failed:
                note(page, model, way, number, found[way])
    return found


def note(page: Page, model: str, way: str, number: int, found: Found) -> None:
    run, seconds = one_fit(page, model, way)
    found.failed = run.failed
    if not run.failed:
        found.fits[number] = seconds
        found.updates.append(run.updates)


def one_fit(page: Page, model: str, way: str, epochs: str = "") -> tuple[Run, dict[str, float]]:
    """Measures one fit; a peer that fails is a result too."""
    run = page.run(f"import training\nfit = training.Fit({model!r}, {way!r})")
    if not run.failed:
        run = page.run(f"seconds = fit.run({epochs})", "seconds")
    if way not in PEERS and run.failed:
        raise RuntimeError(f"{way} of {model} fails: {run.failed}")
    if way in BUDGETS and not any(it.is_drawn for it in run.updates):
        raise RuntimeError("The dashboard drew nothing: its page was not heard.")
    return run, ast.literal_eval(run.found or "{}")


# -- what it comes to


def interval(ratios: np.ndarray) -> tuple[float, float]:
    """Returns where the median lies in 95 of 100 cases, from the rounds drawn again and again."""
    draw = np.random.default_rng(0)
    medians = np.median(draw.choice(ratios, (10_000, len(ratios))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


def most_in_a_second(runs: list[list[Update]]) -> int:
    times = [[it.at for it in updates if it.is_drawn] for updates in runs]
    return max(sum(at <= it < at + 1 for it in run) for run in times for at in run)


def largest(runs: list[list[Update]], is_drawn: bool) -> int:
    return max(it.size for updates in runs for it in updates if it.is_drawn == is_drawn)


class Report:
    """The tables, and whether all is within its budget."""

    def __init__(self):
        self.is_within = True

    def marked(self, said: str, low: float, budget: float, unit: str = "") -> str:
        """Marks a figure of which even the lowest that it may be is above its budget."""
        if low <= budget:
            return said
        self.is_within = False
        return f"{said}  OVER {budget:,}{unit}"

    def times(self, model: str, found: dict[str, Found]) -> None:
        table = Table(
            "way", "fit", "ratio", "95 % interval", "rounds", "CPU time", "in hooks",
            title=f"{model}: {len(found['plain'].fits)} rounds",
        )  # fmt: skip
        for way, it in found.items():
            table.add_row(way, *self._row(way, it, found["plain"]))
        console.print(table)
        for way, it in found.items():
            if it.failed:
                console.print(f"{way} fails: {it.failed.splitlines()[0][:90]}", markup=False)
        for way, peers in BELOW.items():
            for peer in peers:
                self._beside(way, peer, found)

    def _row(self, way: str, it: Found, plain: Found) -> list[str]:
        if it.failed:
            return ["fails"]
        if it is plain:  # beside its own median: what the machine's moods are
            ratios = np.array([fit["clock"] for fit in it.fits.values()]) / it.seconds()
        else:
            ratios = it.over(plain)
        low, high = interval(ratios)
        said = f"{np.median(ratios):.3f}"
        return [
            f"{it.seconds():.2f} s",
            self.marked(said, low, BUDGETS[way]) if way in BUDGETS else said,
            f"{low:.3f}–{high:.3f}",
            f"{min(ratios):.3f}–{max(ratios):.3f}",
            f"{np.median(it.over(plain, 'work')):.3f}",
            "" if it is plain else self._in_hooks(it),
        ]

    def _in_hooks(self, it: Found) -> str:
        """Says what a watcher itself adds to the rest of a fit: even a busy machine tells that."""
        added = [100 * fit["hooks"] / (fit["clock"] - fit["hooks"]) for fit in it.fits.values()]
        low, high = interval(np.array(added))
        return f"{np.median(added):.1f} % ({low:.1f}–{high:.1f})"

    def _beside(self, way: str, peer: str, found: dict[str, Found]) -> None:
        if found[peer].failed:
            return
        ratios = found[way].over(found[peer])
        low, high = interval(ratios)
        said = f"{way} / {peer}: {np.median(ratios):.3f} ({low:.3f}–{high:.3f})"
        console.print(self.marked(said, low, 1.0))

    def messages(self, model: str, found: dict[str, Found]) -> None:
        for way in BUDGETS:
            runs = found[way].updates
            most, size = most_in_a_second(runs), largest(runs, True)
            rate = self.marked(f"at most {most} updates in a second", most, UPDATES)
            weight = self.marked(f"of at most {size / 1000:.1f} kB", size, UPDATE, " bytes")
            console.print(
                f"{model}, {way}: {rate}, {weight}; "
                f"{largest(runs, False) / 1000:.1f} kB stay in the notebook"
            )


def main() -> None:
    console.print(f"Keras {keras.__version__}, ipykernel {version('ipykernel')}")
    report = Report()
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Page(folder)) as page:
        for model in ROUNDS:
            found = measured(page, model)
            report.times(model, found)
            report.messages(model, found)
    sys.exit(not report.is_within)


if __name__ == "__main__":
    main()
