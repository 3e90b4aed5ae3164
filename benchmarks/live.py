"""Measures the time that following a notebook adds to its cells."""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from IPython.core.interactiveshell import InteractiveShell
from rich.console import Console

from kfunc_lab.watch import watch

ALIVE = 200  # calls that are reachable from variables
CELL = "y = keras.layers.ReLU()(keras.Input((4,)))\nz = 1"
LOOP = "x = keras.Input((4,))\nfor _ in range(1_000): x = keras.layers.Identity()(x)"
BUDGET = 0.002  # additional seconds for each cell
RUNS = 15

console = Console(width=110)


def seconds(shell: InteractiveShell, code: str) -> float:
    begin = time.perf_counter()
    shell.run_cell(code)
    return time.perf_counter() - begin


def with_and_without(shell: InteractiveShell, code: str, runs: int) -> tuple[float, float]:
    """Alternates between both modes, so that changes in the machine's load affect both."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for _run in range(runs):
        for is_followed in (True, False):
            shell.run_cell(f"view = watch.{'watch' if is_followed else 'unwatch'}()")
            shell.run_cell("pass")
            times[is_followed].append(min(seconds(shell, code) for _ in range(3)))
    return min(times[True]), min(times[False])


def main() -> None:
    shell = InteractiveShell.instance()
    shell.display_pub.publish = lambda *_args, **_options: None  # keeps the console readable
    shell.user_ns["watch"] = watch
    shell.run_cell("import keras\nk = keras.Input((4,))")
    shell.run_cell(f"for _ in range({ALIVE}): k = keras.layers.Dense(4)(k)")
    followed, alone = with_and_without(shell, CELL, RUNS)
    extra = followed - alone
    mark = "" if extra <= BUDGET else f"  OVER {BUDGET * 1000:.0f} ms"
    console.print(
        f"following a cell, {ALIVE} calls alive: {extra * 1000:.1f} ms more{mark} "
        f"({followed * 1000:.1f} ms instead of {alone * 1000:.1f} ms)"
    )
    followed, alone = with_and_without(shell, LOOP, 2)
    console.print(f"1,000 calls in a loop, followed: {followed / alone:.2f} times as long")
    sys.exit(extra > BUDGET)


if __name__ == "__main__":
    main()
