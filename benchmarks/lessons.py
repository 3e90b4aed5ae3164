"""Measures the time and the memory of each lesson, run from top to bottom in a kernel."""

import os
import tempfile
import threading
import time
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from kfunc_lab.lessons import catalogue, execution

MAX_SECONDS, MAX_MEMORY = 40, 2e9


class PeakMemory(threading.Thread):
    """Records the peak of the total memory of this process's children."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.size = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.05):
            self.size = max(self.size, _memory_of_children())


def _memory_of_children() -> int:
    total = 0
    for child in psutil.Process().children(recursive=True):
        try:
            total += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def measure(lesson: catalogue.Lesson, language: str) -> tuple[float, int]:
    """Runs a lesson, and returns its time in seconds and its peak memory in bytes."""
    peak = PeakMemory()
    peak.start()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        execution.run(catalogue.notebook(lesson, language), Path(folder), language=language)
    seconds = time.perf_counter() - begin
    peak.done.set()
    peak.join()
    return seconds, peak.size


def main() -> None:
    os.environ["KFUNC_LAB_PROGRESS"] = ""
    table = Table("lesson", "language", "seconds", "GB", title="Lessons")
    total, over = 0.0, []
    for lesson in catalogue.lessons():
        for language in ("en", "es"):
            seconds, memory = measure(lesson, language)
            total += seconds
            table.add_row(lesson.name, language, f"{seconds:.1f}", f"{memory / 1e9:.2f}")
            if seconds > MAX_SECONDS or memory > MAX_MEMORY:
                over.append(f"{lesson.name} ({language})")
    console = Console()
    console.print(table)
    console.print(f"total: {total:.0f} s")
    console.print(
        f"above {MAX_SECONDS} s or {MAX_MEMORY / 1e9:.0f} GB: {', '.join(over) or 'none'}"
    )


if __name__ == "__main__":
    main()
