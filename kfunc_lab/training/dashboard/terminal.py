"""Shows a training run's progress on a terminal, through rich."""

from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.training.curves.line_chart import number_words
from kfunc_lab.training.run_log import RunLog
from kfunc_lab.ui.text import printable


class TerminalProgress:
    """A progress bar on standard error, with the epoch and the latest metrics beside it.

    Args:
        name: The name of the run.
        console: The rich console to draw on; by default a new one on standard error.
    """

    def __init__(self, name: str, console: Any = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[numbers]}", markup=False),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            transient=True,  # the summary replaces it
        )
        self._name = printable(name)
        self._task = self._progress.add_task(self._name, total=None, numbers="")
        self._progress.start()

    def draw(self, log: RunLog) -> None:
        """Draws the progress of a run."""
        epochs = log.epochs or log.epoch + 1
        epoch = _("epoch {n} of {total}").format(n=min(log.epoch + 1, epochs), total=epochs)
        numbers = [
            f"{printable(name)} {number_words(line.y[-1])}"
            for name, line in list(log.batches.items())[:3]
            if line.y
        ]
        self._progress.update(
            self._task,
            description=f"{self._name}: {epoch}",
            completed=log.epoch * log.steps + log.step,
            total=epochs * log.steps or None,
            numbers=", ".join(numbers),
        )

    def end(self) -> None:
        """Removes the bar."""
        self._progress.stop()
