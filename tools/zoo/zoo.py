"""Sweeps over other people's models: every view of each, beside what Keras says.

    python tools/zoo/zoo.py [--backend NAME] [--only PART] [--tests PATH] [--views VIEW ...]
        [--json FILE]

`--tests` takes a folder or file of tests of Keras or keras_hub, whose models are checked too; by
default the tests of functional models that come with Keras. It needs `tests` in PYTHONPATH.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from faults import Fault, Report, report_from
from keras_tests import files_with_models
from rich.console import Console
from rich.table import Table
from sources import groups

HERE = Path(__file__).parent
OWN_TESTS = ("models", "saving", "trainers", "layers", "utils", "ops/function_test.py")
NAMES = 3  # models named for each fault
console = Console(width=140, soft_wrap=False)


def main() -> None:
    """Runs the sweep and prints what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backend", default=os.environ.get("KERAS_BACKEND", "tensorflow"))
    parser.add_argument("--only", default="", help="a part of a group's or model's name")
    parser.add_argument("--groups", default="", help="the groups to run, by a part of the name")
    parser.add_argument("--tests", action="append", type=Path, help="tests to take models from")
    parser.add_argument("--json", type=Path, help="write every report into this file")
    parser.add_argument("--seconds", type=float, default=60, help="for one check of one model")
    parser.add_argument("--views", nargs="*", help="the views to check, such as lint; all")
    options = parser.parse_args()
    begin = time.perf_counter()
    names = [name for name in all_groups(options.tests) if options.groups in name]
    reports: list[Report] = []
    for name in names:
        reports += run_group(name, options)
        failed = sum(bool(it.faults) for it in reports)
        print(
            f"{name}: {len(reports)} models, {failed} with faults", file=sys.stderr, flush=True
        )
        if options.json:
            text = json.dumps([it.as_json() for it in reports], indent=1, ensure_ascii=False)
            options.json.write_text(text, encoding="utf-8")
    print_report(reports)
    console.print(f"{time.perf_counter() - begin:.0f} s on {options.backend}")


def all_groups(tests: Iterable[Path] | None) -> Iterator[str]:
    """Yields the names of all groups, one for each process."""
    yield from groups()
    spec = find_spec("keras")
    source = Path(str(spec and spec.origin)).parent / "src"
    for place in tests or [source / part for part in OWN_TESTS]:
        yield from (f"tests:{path}" for path in files_with_models(place))


def run_group(name: str, options: argparse.Namespace) -> list[Report]:
    """Checks a group in a process; if that hangs or dies, another goes on after the model."""
    reports: list[Report] = []
    skip = 0
    while True:
        lines = list(_lines_of_process(name, options, skip))
        reports += [report_from(it) for it in lines if "status" in it]
        last = lines[-1] if lines else {}
        if "begins" in last:  # it said what it began, and nothing more
            status = "too slow" if last.get("hangs") else "died"
            fault = Fault("process", status)
            reports.append(Report(name, last["name"], status, faults=(fault,)))
            skip = last["begins"] + 1
        elif "stopped" in last:
            skip = last["stopped"]
        else:
            return reports


def _lines_of_process(
    name: str, options: argparse.Namespace, skip: int
) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "lines"
        out.touch()
        command = [
            sys.executable, str(HERE / "group.py"), name, "--out", str(out), "--skip", str(skip),
            "--only", options.only, "--seconds", str(options.seconds),
            *(["--views", *options.views] if options.views else []),
        ]  # fmt: skip
        environment = {**os.environ, "KERAS_BACKEND": options.backend}
        quiet = None if os.environ.get("ZOO_TRACEBACK") else subprocess.DEVNULL
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=quiet, cwd=folder
        )
        limit, size, since = 20 * options.seconds, 0, time.monotonic()
        hangs = False
        while process.poll() is None:
            time.sleep(0.2)
            if (now := out.stat().st_size) != size:
                size, since = now, time.monotonic()
            if time.monotonic() - since > limit:
                hangs = True
                process.kill()
                process.wait()
        lines = [json.loads(it) for it in out.read_text("utf-8").splitlines()]
        if lines and "begins" in lines[-1]:
            lines[-1]["hangs"] = hangs
        return lines


def print_report(reports: list[Report]) -> None:
    """Prints the counts of models, of faults by view and kind, and of lint's findings."""
    table = Table("group", "models", "not built", "clean", "faults")
    by_group = defaultdict(list)
    for report in reports:
        by_group[report.group.replace(os.sep + "src" + os.sep, " ").split(" ")[-1]].append(
            report
        )
    for name, members in [*by_group.items(), ("all", reports)]:
        table.add_row(
            name,
            str(len(members)),
            str(sum(it.status == "not built" for it in members)),
            str(sum(it.status == "read" and not it.faults for it in members)),
            str(sum(len(it.faults) for it in members if it.status != "not built")),
        )
    console.print(table)
    console.print(faults_text(reports), markup=False)


def faults_text(reports: list[Report]) -> str:
    """Returns the list of faults by view and kind, with the first models that have them."""
    seen: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for report in reports:
        for fault in report.faults:
            seen[fault.view, fault.kind].append(
                (f"{Path(report.group).stem}:{report.name}", fault.detail)
            )
    lines = []
    for (view, kind), where in sorted(seen.items(), key=lambda it: (it[0][0], -len(it[1]))):
        lines.append(f"{view}: {kind} ({len(where)})")
        lines += [f"    {name}: {detail[:160]}" for name, detail in where[:NAMES]]
    codes = Counter(
        (it["code"], it["sureness"]) for report in reports for it in report.findings
    )
    lines += ["", "lint:"]
    lines += [
        f"    {code} ({sureness}): {count}" for (code, sureness), count in sorted(codes.items())
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
