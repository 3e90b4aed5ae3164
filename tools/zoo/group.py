"""Checks the models of one group, in a process of its own; `zoo.py` starts it.

    python tools/zoo/group.py GROUP --out FILE [--only PART] [--skip N] [--seconds S]
        [--views NAME ...]

It appends one line of JSON for each model that it begins, and one for each report.
"""

import argparse
import contextlib
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from faults import Fault, Report, exception_fault

MOST_MEMORY = 5_000_000  # kilobytes; then a new process goes on


class TooSlowError(BaseException):
    """The time for a model is over. No `except Exception` catches it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raises `TooSlowError` in the block when its time is over."""

    def stop(*_: Any) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check(options: argparse.Namespace, name: str, model: Any, space: dict[str, Any]) -> Report:
    """Runs the chosen checks on a model, whatever one of them raises."""
    from checks import CHECKS, Subject

    subject = Subject(model, space)
    begin = time.perf_counter()
    faults: list[Fault] = []
    done: list[str] = []
    findings: list[dict[str, str]] = []
    for view in options.views or [*CHECKS, "lint"]:
        try:
            with time_limit(options.seconds):
                if view == "lint":
                    findings = _findings(model)
                else:
                    faults += CHECKS[view](subject)
            done.append(view)
        except TooSlowError:
            faults.append(Fault(view, f"takes more than {options.seconds:.0f} s"))
        except Exception as error:
            faults.append(exception_fault(view, error))
            if os.environ.get("ZOO_TRACEBACK"):
                traceback.print_exc()
    calls = 0
    with contextlib.suppress(Exception):
        calls = len(subject.graph.calls)
    spent = time.perf_counter() - begin
    return Report(
        options.group, name, "read", calls, tuple(done), tuple(faults), tuple(findings),
        round(spent, 2),
    )  # fmt: skip


def _findings(model: Any) -> list[dict[str, str]]:
    import kfunc_lab as lab

    return [
        {"code": it.code, "sureness": it.sureness, "call": it.call, "reason": it.reason}
        for it in lab.lint(model)
    ]


def is_model(value: Any) -> bool:
    """Tells whether a builder returned a model."""
    import keras

    return isinstance(value, keras.Model)


class Writer:
    """Appends lines to the file that the other process reads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, **line: Any) -> None:
        """Appends one line."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def check_builders(options: argparse.Namespace, writer: Writer) -> None:
    """Checks the models that the functions of a group build."""
    import keras
    from sources import builders

    for number, (name, build, space) in enumerate(builders(options.group)):
        if (
            number < options.skip
            or options.only.lower() not in f"{options.group}/{name}".lower()
        ):
            continue
        writer.write(begins=number, name=name)
        writer.write(**_built_and_checked(options, name, build, space).as_json())
        keras.utils.clear_session()
        gc.collect()
        if memory() > MOST_MEMORY:
            writer.write(stopped=number + 1)
            return
    writer.write(finished=True)


def _built_and_checked(
    options: argparse.Namespace, name: str, build: Callable[[], Any], space: dict[str, Any]
) -> Report:
    import keras

    keras.utils.set_random_seed(1)
    try:
        with time_limit(3 * options.seconds):
            model = build()
    except TooSlowError:
        return Report(options.group, name, "not built", faults=(Fault("build", "too slow"),))
    except Exception as error:
        return Report(
            options.group, name, "not built", faults=(exception_fault("build", error),)
        )
    finally:
        keras.config.set_dtype_policy("float32")
    return check(options, name, model, space)


def memory() -> int:
    """Returns the memory of this process in kilobytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4


def main() -> None:
    """Checks one group."""
    parser = argparse.ArgumentParser()
    parser.add_argument("group")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--views", nargs="*")
    options = parser.parse_args()
    writer = Writer(options.out)
    if options.group.startswith("tests:"):
        from keras_tests import check_tests

        check_tests(options, writer)
    else:
        check_builders(options, writer)


if __name__ == "__main__":
    sys.exit(main())
