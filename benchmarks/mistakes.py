"""Makes 1,000 random mistakes in right models, and measures how many are explained and mended.

    python benchmarks/mistakes.py [--count 1000] [--seed 0] [--kind KIND] [--json FILE]

It needs the folder `tests` in PYTHONPATH.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

from mutations.choose import mutants
from mutations.mutant import Mutant
from mutations.right_models import MODELS
from mutations.run import Outcome, outcomes_of_model
from rich.console import Console
from rich.table import Table

PROCESSES = 2
MODELS_PER_PROCESS = 8  # then a new process begins, because TensorFlow keeps every graph

console = Console(width=110)


def run(chosen: Iterable[Mutant]) -> tuple[list[Outcome], list[str]]:
    groups = defaultdict(list)
    for mutant in chosen:
        groups[mutant.model].append(mutant)
    outcomes, false_findings = [], []
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES, maxtasksperchild=MODELS_PER_PROCESS) as pool:
        jobs = pool.imap_unordered(outcomes_of_model, groups.items())
        for number, (of_model, findings) in enumerate(jobs, 1):
            outcomes += of_model
            false_findings += [findings] * bool(findings)
            print(f"\r{number} of {len(groups)} models", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return outcomes, false_findings


def share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.0f} %)" if whole else "–"


def row(outcomes: list[Outcome]) -> list[str]:
    raised = [it for it in outcomes if it.of_keras]
    changed = [it for it in outcomes if not it.raised and not it.is_equivalent]
    return [
        f"{len(outcomes)}",
        f"{len(raised)}",
        share(sum(it.is_explained for it in raised), len(raised)),
        share(sum(it.has_changes for it in raised), len(raised)),
        share(sum(it.runs for it in raised), len(raised)),
        share(sum(it.runs and it.same_shapes for it in raised), len(raised)),
        f"{len(changed)}",
        share(sum(bool(it.found) for it in changed), len(changed)),
    ]


def table_of(outcomes: list[Outcome]) -> Table:
    headings = (
        "all",
        "raise",
        "explained",
        "changes",
        "edit runs",
        "same shapes",
        "silent",
        "lint",
    )
    table = Table("kind", *headings)
    groups = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.kind].append(outcome)
    for kind, group in sorted(groups.items()):
        table.add_row(kind, *row(group))
    table.add_section()
    table.add_row("all", *row(outcomes))
    return table


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", help="run only the mutants of this kind")
    parser.add_argument("--json", help="write every outcome into this file")
    options = parser.parse_args()
    begin = time.perf_counter()
    chosen = [
        mutant
        for mutant in mutants(options.count, options.seed)
        if options.kind in (None, mutant.kind)
    ]
    outcomes, false_findings = run(chosen)
    console.print(table_of(outcomes))
    seconds = [it.seconds for it in outcomes if it.of_keras]
    if len(seconds) > 1:
        late = statistics.quantiles(seconds, n=20)[-1]
        console.print(
            f"explanation: median {statistics.median(seconds):.3f} s, 95th percentile "
            f"{late:.3f} s, longest {max(seconds):.3f} s"
        )
    others = sum(it.raised and not it.of_keras for it in outcomes)
    equivalent = sum(it.is_equivalent for it in outcomes)
    console.print(f"not raised by Keras: {others}; equal to the right model: {equivalent}")
    console.print(f"findings in the {len(MODELS)} right models: {len(false_findings)}")
    for finding in false_findings:
        console.print(f"  {finding}")
    console.print(f"{time.perf_counter() - begin:.0f} s")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump([it.as_json() for it in outcomes], file, indent=1, ensure_ascii=False)
    sys.exit(bool(false_findings))


if __name__ == "__main__":
    main()
