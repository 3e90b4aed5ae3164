"""Lists and compares the stored training runs: `lab.runs`."""

import difflib
import html
import importlib
import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, overload

from kfunc_lab.locale import _, language, ngettext
from kfunc_lab.training.curves.several import (
    MAX_RUNS,
    Panel,
    curves_to_svg,
    panels_of,
    sentence_to_svg,
)
from kfunc_lab.training.runs.export import columns_of, csv_text, rows_of, to_tensorboard
from kfunc_lab.training.runs.store import Run, Store, default_path
from kfunc_lab.training.runs.table import (
    html_table,
    labels_of,
    right_columns,
    settings_table,
    table_of,
    table_style,
)
from kfunc_lab.ui.files import save_as
from kfunc_lab.ui.text import align_columns, printable
from kfunc_lab.ui.theme import SURFACE, light_dark
from kfunc_lab.ui.words import code_html


def runs(path: str | Path | None = None) -> "RunsView":
    """Lists the stored training runs, with the latest first.

    Args:
        path: The file of runs, as in `TrainingDashboard(keep=...)`; by default the file in the
            user's data folder.

    Returns:
        A view with their curves in shared panels and a table. It is a sequence of runs:
        `lab.runs()["baseline"].metrics["loss"]`.

    Raises:
        OSError: If the file cannot be read, or is not a file of runs.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = Store(Path(folder, "runs.sqlite3"))
        ...     run = store.begin("baseline", {})
        ...     store.add(run, 0, {"loss": 0.5}, {})
        ...     view = runs(store.path)
        >>> len(view), view["baseline"].metrics
        (1, {'loss': {0: 0.5}})
    """
    file = default_path() if path is None else Path(path)
    if file is None:
        return RunsView(
            (),
            _("Runs are not stored, because the environment variable KFUNC_LAB_RUNS is empty."),
        )
    try:
        return RunsView(Store(file).runs(), _no_runs_message(path))
    except (sqlite3.Error, OSError) as error:
        raise OSError(
            _("The training runs in {path} cannot be read: {reason}.").format(
                path=file, reason=error
            )
        ) from error


def _no_runs_message(path: str | Path | None) -> str:
    message = _(
        "No runs are stored yet: train with `callbacks=[lab.TrainingDashboard()]`, and they "
        "appear here."
    )
    if path is None:
        return message
    return _("There are no runs in {path}.").format(path=printable(str(path))) + " " + message


class NoSuchRunError(KeyError):
    """No run has this name."""

    def __str__(self) -> str:
        return str(self.args[0])


class RunsView(Sequence[Run]):
    """Training runs to compare: a sequence of `Run` with the latest first.

    `view["baseline"]` is the run with that name or id; if several have the name, it is the latest.
    """

    def __init__(self, runs: Iterable[Run], empty_message: str = "") -> None:
        self._runs = tuple(runs)
        self._empty_message = empty_message

    # -- a sequence of runs

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, key: int | str) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> "RunsView": ...
    def __getitem__(self, key: int | str | slice) -> "Run | RunsView":
        if isinstance(key, slice):
            return RunsView(self._runs[key], self._empty_message)
        return self._named(key) if isinstance(key, str) else self._runs[key]

    def _named(self, name: str) -> Run:
        matching = [run for run in self if run.id == name] or [
            run for run in self if run.name == name
        ]
        if not matching:
            raise NoSuchRunError(_no_such_run(name, [run.name for run in self]))
        return matching[0]

    def compare(self, *names: str) -> "RunsView":
        """Returns a view of some of the runs.

        Args:
            *names: The names or ids of the runs, in the order in which to show them.

        Returns:
            The view; it shows a run once even if it is named twice.

        Raises:
            NoSuchRunError: If there is no such run. It is a KeyError that lists similar names.
        """
        runs_by_id = {run.id: run for run in map(self._named, names)}
        return RunsView(runs_by_id.values(), self._empty_message)

    # -- forms

    def to_text(self) -> str:
        """Returns the runs as a table with one run on each line, and the settings that differ."""
        if not self._runs:
            return self._empty()
        head, rows = table_of(self._runs)
        lines = [_heading(self._runs), *align_columns([head, *rows], right=right_columns(head))]
        settings = settings_table(self._drawn())
        if settings:
            lines += ["", _("settings that differ"), *align_columns(settings, right=set())]
        return "\n".join([*lines, *_notes(self._runs)])

    def to_html(self) -> str:
        """Returns the runs as tables and curves in HTML, for pages without a kernel."""
        if not self._runs:
            return f"<p>{code_html(self._empty())}</p>"
        head, rows = table_of(self._runs)
        parts = [html_table(_heading(self._runs), [head, *rows], right_columns(head))]
        parts += [self.to_svg()] if self._panels() else []
        settings = settings_table(self._drawn())
        parts += [html_table(_("settings that differ"), settings, set())] if settings else []
        parts += [f"<p>{code_html(note)}</p>" for note in _notes(self._runs)]
        return (
            f'<div class="kfunc-lab-runs"><style>{table_style()}</style>{"".join(parts)}</div>'
        )

    def to_svg(self) -> str:
        """Returns the curves as SVG that follows the reader's light or dark theme."""
        panels = self._panels()
        if not panels:
            no_epochs = _("No epochs are stored yet.")
            return sentence_to_svg(no_epochs if self._runs else self._empty())
        return curves_to_svg(panels, labels_of(self._drawn()))

    def to_csv(self) -> str:
        """Returns all epochs of all runs as CSV, with one epoch on each line."""
        names, rows = self._table()
        return csv_text(names, rows)

    def to_dataframe(self) -> Any:
        """Returns all epochs of all runs as a `pandas.DataFrame`, with one epoch in each row.

        Raises:
            ImportError: If pandas is not installed.
        """
        try:
            pandas = importlib.import_module("pandas")
        except ImportError as error:
            raise ImportError(
                _("{name} is not installed; install it with: {command}").format(
                    name="pandas", command="pip install pandas"
                )
            ) from error
        names, rows = self._table()
        return pandas.DataFrame(rows, columns=names)

    def save(self, path: str | Path) -> Path:
        """Saves the runs in the format of the file's suffix.

        Args:
            path: A name that ends in `.svg`, `.csv`, `.txt` or `.html`.

        Returns:
            The path of the file.

        Raises:
            ValueError: If the name has another ending.
            OSError: If the file cannot be written.
        """
        return save_as(
            path,
            {
                ".svg": lambda: self.to_svg().encode(),
                ".csv": lambda: self.to_csv().encode(),
                ".txt": lambda: (self.to_text() + "\n").encode(),
                ".html": lambda: _page(self.to_html()).encode(),
            },
        )

    def to_tensorboard(self, folder: str | Path) -> Path:
        """Writes the runs as event files for TensorBoard, each into its own folder.

        Args:
            folder: The parent folder; `tensorboard --logdir FOLDER` compares the runs.

        Returns:
            The folder.

        Raises:
            ImportError: If TensorFlow, which writes the files, is not installed.
            OSError: If the files cannot be written.
        """
        for run in self:
            # The user chose the name, so characters that a file name must not have are replaced.
            name = re.sub(r"[^\w.-]+", "_", run.name).strip("._")[:80]
            to_tensorboard(run, Path(folder) / f"{name}-{run.id}".lstrip("-"))
        return Path(folder)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        picture = {"image/svg+xml": self.to_svg()} if self._panels() else {}
        return picture | {"text/html": self.to_html(), "text/plain": self.to_text()}

    def _drawn(self) -> Sequence[Run]:
        return self._runs[:MAX_RUNS]

    def _panels(self) -> list[Panel]:
        return panels_of([run.metrics for run in self._drawn()], labels_of(self._drawn()))

    def _empty(self) -> str:
        return self._empty_message or _("No runs are shown.")

    def _table(self) -> tuple[list[str], list[list[Any]]]:
        columns = columns_of(self)
        rows = [[run.name, run.id, *row] for run in self for row in rows_of(run, columns)]
        return ["run", "id", "epoch", *columns], rows


def _no_such_run(name: str, names: Sequence[str]) -> str:
    suggested = difflib.get_close_matches(name, names, n=5, cutoff=0.3) or names[:5]
    message = _("There is no run {name}.").format(name=repr(name))
    if not suggested:
        return message
    available = ", ".join(dict.fromkeys(map(printable, suggested)))
    return f"{message} " + _("Available runs: {names}.").format(names=available)


def _heading(shown: Sequence[Run]) -> str:
    return ngettext("{n} training run", "{n} training runs", len(shown)).format(n=len(shown))


def _notes(shown: Sequence[Run]) -> list[str]:
    if len(shown) <= MAX_RUNS:
        return []
    return [
        _(
            "Curves and settings are shown for the first {n} runs; choose others with "
            "`view.compare(...)`."
        ).format(n=MAX_RUNS)
    ]


def _page(body: str) -> str:
    style = f":root{{color-scheme:light dark}}body{{margin:0;background:{light_dark(SURFACE)}}}"
    return (
        f'<!doctype html><html lang="{language()}"><head><meta charset="utf-8">'
        f"<title>{html.escape(_('training runs'))}</title><style>{style}</style></head>"
        f"<body>{body}</body></html>\n"
    )
