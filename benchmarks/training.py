"""Measures the cost of watching a training run in a kernel with an open page, beside the peers."""

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
BUDGETS = {"curves": 1.01, "all measures": 1.05}  # relative to a plain fit
MAX_UPDATE = 40_000  # bytes
MAX_UPDATES = 10  # in any second
# Each must be faster than these peers, which show no more curves, or as much about the layers.
PEERS = ["livelossplot", "TensorBoard", "tqdm"]
FASTER_THAN = {"curves": PEERS, "all measures": ["livelossplot", "TensorBoard"]}
METHODS = ["plain", *BUDGETS, *PEERS]
TIMEOUT = 300  # seconds without a message from the kernel

console = Console(width=110)


# -- in the kernel, which imports this file: the models, the methods, and a fit with its time


@dataclass
class Task:
    """A model, its training data, and the number of epochs."""

    model: keras.Model
    x: np.ndarray
    y: np.ndarray
    epochs: int


def mnist() -> Task:
    """The first model of Keras's guide to the functional API, trained as in the guide."""
    inputs = keras.Input((784,), name="img")
    x = layers.Dense(64, activation="relu")(inputs)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return Task(keras.Model(inputs, outputs, name="mnist_model"), *digits(), 5)


@functools.cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """As many digits as MNIST has, repeated from the digits in the package."""
    (x, y), _test = lab.datasets.mnist("embedded")
    return np.tile(x.reshape(len(x), 784) / np.float32(255), (15, 1)), np.tile(y, 15)


def resnet() -> Task:
    """The toy ResNet of the same guide, on random images and with epochs shorter than CIFAR's."""
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
    """A prepared training run, whose model is compiled and has trained on a few batches.

    Args:
        name: The name of the model.
        method: The method of watching it.
    """

    def __init__(self, name: str, method: str):
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        self._method = method
        self._task = {"MNIST": mnist, "toy ResNet": resnet}[name]()
        self._task.model.compile(
            "rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        self._train(5 * BATCH, 1, [])  # compiles its functions
        gc.collect()

    def _train(self, samples: int | None, epochs: int, callbacks: list) -> None:
        task = self._task
        task.model.fit(
            task.x[:samples], task.y[:samples], batch_size=BATCH, epochs=epochs,
            validation_split=0.2, verbose=0, callbacks=callbacks,
        )  # fmt: skip

    def run(self, epochs: int | None = None) -> dict[str, float]:
        """Trains, and returns the seconds of wall time, of CPU time, and in the watcher's hooks."""
        task = self._task
        watchers = [] if self._method == "plain" else [WATCHERS[self._method](task.x, task.y)]
        hooks = Hooks(watchers)
        wall_begin, cpu_begin = time.perf_counter(), time.process_time()
        self._train(None, epochs or task.epochs, watchers)
        wall_end, cpu_end = time.perf_counter(), time.process_time()
        for watcher in watchers:
            problem = getattr(watcher, "problem", None)
            if problem is not None:  # a dashboard that failed is fast, and proves nothing
                raise problem
        wall, cpu = wall_end - wall_begin, cpu_end - cpu_begin
        return {"wall": wall, "cpu": cpu, "hooks": hooks.seconds}


class Hooks:
    """Measures the time in a watcher's hooks, the part of its cost that can be measured exactly.

    Attributes:
        seconds: The total time.
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


# -- the page, which acts like JupyterLab for a kernel and its widgets


@dataclass
class Update:
    """A message from a dashboard to its page."""

    time: float
    size: int
    is_drawn: bool  # rather than the state that stays in the notebook


@dataclass
class CellRun:
    """The results of a cell."""

    value: str = ""
    error: str = ""
    updates: list[Update] = field(default_factory=list)


class Page:
    """A kernel, and a client that shows its widgets."""

    def __init__(self, folder: str):
        here = Path(__file__).parent
        paths = [str(here), os.environ.get("PYTHONPATH", "")]
        env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
        self._manager, self._client = start_new_kernel(
            cwd=folder, env=env, extra_arguments=["--log-level=ERROR"]
        )
        self._session = self._client.session
        reply = self._request("control", "create_subshell_request", {})
        self._subshell = reply["subshell_id"]
        self._dashboards: set[str] = set()

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def run(self, code: str, expression: str = "None") -> CellRun:
        """Runs a cell as JupyterLab does, and evaluates an expression after it."""
        content = {
            "code": code, "silent": False, "store_history": False, "allow_stdin": False,
            "user_expressions": {"value": expression},
        }  # fmt: skip
        request = self._send("shell", "execute_request", content, {"cellId": "benchmark"})
        run = CellRun()
        while not self._is_last_message(request, run):
            pass
        reply = self._reply("shell", request)
        if reply["status"] == "error":
            run.error = f"{reply['ename']}: {reply['evalue']}"
        else:
            run.value = reply["user_expressions"]["value"]["data"]["text/plain"]
        return run

    def _is_last_message(self, request: str, run: CellRun) -> bool:
        """Handles one message of a cell, and tells whether it was the last."""
        message, size = self._next_message()
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
            date, is_drawn = message["header"]["date"], content["data"]["method"] == "custom"
            run.updates.append(Update(date.timestamp(), size, is_drawn))
        is_idle = kind == "status" and content["execution_state"] == "idle"
        return is_idle and message["parent_header"].get("msg_id") == request

    def _greet(self, widget: str) -> None:
        """Announces the page as view.js does, through the subshell that a cell leaves free."""
        content = {"type": "hello", "page": "1"}
        data = {"method": "custom", "content": content}
        message = self._session.msg("comm_msg", {"comm_id": widget, "data": data})
        message["header"]["subshell_id"] = self._subshell
        self._client.shell_channel.send(message)

    def _next_message(self) -> tuple[dict[str, Any], int]:
        """Returns the next message to all clients, and its size."""
        socket = self._client.iopub_channel.socket
        if not socket.poll(TIMEOUT * 1000):
            raise TimeoutError("the kernel sends no messages")
        _to, parts = self._session.feed_identities(socket.recv_multipart())
        return self._session.deserialize(parts), sum(map(len, parts))

    def _send(self, channel: str, kind: str, content: dict, metadata: dict) -> str:
        message = self._session.msg(kind, content, metadata=metadata)
        getattr(self._client, f"{channel}_channel").send(message)
        return message["header"]["msg_id"]

    def _reply(self, channel: str, request: str) -> dict[str, Any]:
        while True:
            message = getattr(self._client, f"{channel}_channel").get_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") == request:
                return message["content"]

    def _request(self, channel: str, kind: str, content: dict) -> dict[str, Any]:
        return self._reply(channel, self._send(channel, kind, content, {}))


# -- rounds


@dataclass
class Result:
    """The measurements of one method: a fit and its updates for each round."""

    fits: dict[int, dict[str, float]] = field(default_factory=dict)
    updates: list[list[Update]] = field(default_factory=list)
    error: str = ""

    def seconds(self, name: str = "wall") -> float:
        return statistics.median(fit[name] for fit in self.fits.values())

    def relative_to(self, other: "Result", name: str = "wall") -> np.ndarray:
        """Returns the time of each round divided by that of another method in the same round."""
        rounds = [number for number in self.fits if number in other.fits]
        return np.array([self.fits[n][name] / other.fits[n][name] for n in rounds])


def measure(page: Page, model: str) -> dict[str, Result]:
    """Alternates between the methods, so that changes in the machine's load affect all of them."""
    results = {method: Result() for method in METHODS}
    for method in METHODS:  # loads what every session loads once
        results[method].error = one_fit(page, model, method, "1")[0].error
    for number in range(ROUNDS[model]):
        for method in METHODS[number:] + METHODS[:number]:  # each round starts with another one
            if not results[method].error:
                add_round(page, model, method, number, results[method])
    return results


def add_round(page: Page, model: str, method: str, number: int, result: Result) -> None:
    run, seconds = one_fit(page, model, method)
    result.error = run.error
    if not run.error:
        result.fits[number] = seconds
        result.updates.append(run.updates)


def one_fit(
    page: Page, model: str, method: str, epochs: str = ""
) -> tuple[CellRun, dict[str, float]]:
    """Measures one fit; the failure of a peer is a result too."""
    run = page.run(f"import training\nfit = training.Fit({model!r}, {method!r})")
    if not run.error:
        run = page.run(f"seconds = fit.run({epochs})", "seconds")
    if method not in PEERS and run.error:
        raise RuntimeError(f"{method} of {model} fails: {run.error}")
    if method in BUDGETS and not any(update.is_drawn for update in run.updates):
        raise RuntimeError("The dashboard drew nothing: it did not receive the page's message.")
    return run, ast.literal_eval(run.value or "{}")


# -- the report


def interval(ratios: np.ndarray) -> tuple[float, float]:
    """Returns the 95 % confidence interval of the median, by bootstrapping."""
    draw = np.random.default_rng(0)
    medians = np.median(draw.choice(ratios, (10_000, len(ratios))), axis=1)
    low, high = np.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


def max_updates_in_a_second(runs: list[list[Update]]) -> int:
    times = [[update.time for update in updates if update.is_drawn] for updates in runs]
    return max(sum(begin <= t < begin + 1 for t in run) for run in times for begin in run)


def max_size(runs: list[list[Update]], is_drawn: bool) -> int:
    updates = (update for updates in runs for update in updates)
    return max(update.size for update in updates if update.is_drawn == is_drawn)


class Report:
    """The tables, and whether all figures are within their budgets."""

    def __init__(self):
        self.is_within = True

    def mark(self, figure: str, low: float, budget: float, unit: str = "") -> str:
        """Marks a figure if even the low end of its interval is above its budget."""
        if low <= budget:
            return figure
        self.is_within = False
        return f"{figure}  OVER {budget:,}{unit}"

    def times(self, model: str, results: dict[str, Result]) -> None:
        table = Table(
            "method", "fit", "ratio", "95 % interval", "rounds", "CPU time", "in hooks",
            title=f"{model}: {len(results['plain'].fits)} rounds",
        )  # fmt: skip
        for method, result in results.items():
            table.add_row(method, *self._row(method, result, results["plain"]))
        console.print(table)
        for method, result in results.items():
            if result.error:
                error = result.error.splitlines()[0][:90]
                console.print(f"{method} fails: {error}", markup=False)
        for method, peers in FASTER_THAN.items():
            for peer in peers:
                self._compare(method, peer, results)

    def _row(self, method: str, result: Result, plain: Result) -> list[str]:
        if result.error:
            return ["fails"]
        if result is plain:  # relative to its own median, which shows the noise of the machine
            ratios = np.array([fit["wall"] for fit in plain.fits.values()]) / plain.seconds()
        else:
            ratios = result.relative_to(plain)
        low, high = interval(ratios)
        median = f"{np.median(ratios):.3f}"
        return [
            f"{result.seconds():.2f} s",
            self.mark(median, low, BUDGETS[method]) if method in BUDGETS else median,
            f"{low:.3f}–{high:.3f}",
            f"{min(ratios):.3f}–{max(ratios):.3f}",
            f"{np.median(result.relative_to(plain, 'cpu')):.3f}",
            "" if result is plain else self._in_hooks(result),
        ]

    def _in_hooks(self, result: Result) -> str:
        """Returns the time in hooks relative to the rest of a fit, which load hardly affects."""
        shares = [
            100 * fit["hooks"] / (fit["wall"] - fit["hooks"]) for fit in result.fits.values()
        ]
        low, high = interval(np.array(shares))
        return f"{np.median(shares):.1f} % ({low:.1f}–{high:.1f})"

    def _compare(self, method: str, peer: str, results: dict[str, Result]) -> None:
        if results[peer].error:
            return
        ratios = results[method].relative_to(results[peer])
        low, high = interval(ratios)
        figure = f"{method} / {peer}: {np.median(ratios):.3f} ({low:.3f}–{high:.3f})"
        console.print(self.mark(figure, low, 1.0))

    def messages(self, model: str, results: dict[str, Result]) -> None:
        for method in BUDGETS:
            runs = results[method].updates
            count, size = max_updates_in_a_second(runs), max_size(runs, True)
            rate = self.mark(f"at most {count} updates in a second", count, MAX_UPDATES)
            weight = self.mark(f"of at most {size / 1000:.1f} kB", size, MAX_UPDATE, " bytes")
            console.print(
                f"{model}, {method}: {rate}, {weight}; "
                f"{max_size(runs, False) / 1000:.1f} kB stay in the notebook"
            )


def main() -> None:
    console.print(f"Keras {keras.__version__}, ipykernel {version('ipykernel')}")
    report = Report()
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Page(folder)) as page:
        for model in ROUNDS:
            results = measure(page, model)
            report.times(model, results)
            report.messages(model, results)
    sys.exit(not report.is_within)


if __name__ == "__main__":
    main()
