"""Lists and compares the training runs that were kept: `lab.runs`."""

import difflib
import html
import importlib
import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, overload

from kfunc_lab.locale import _, language, ngettext
from kfunc_lab.training.runs.export import columns_of, rows_of, to_tensorboard, written
from kfunc_lab.training.runs.figures import MOST_DRAWN, curves_to_svg, panels_of, sentence
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
from kfunc_lab.ui.text import aligned, printable
from kfunc_lab.ui.theme import SURFACE, light_dark


def runs(path: str | Path | None = None) -> "RunsView":
    """Lists the training runs that were kept, the latest first.

    Args:
        path: The file in which they were kept, as it was given to `TrainingDashboard(keep=...)`;
            by default the one in the user's data folder.

    Returns:
        A view: their curves over one another, and a table. It is a sequence of runs:
        `lab.runs()["baseline"].metrics["loss"]`.

    Raises:
        OSError: If the file cannot be read, or holds something else.

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
    where = default_path() if path is None else Path(path)
    if where is None:
        return RunsView(
            (),
            _("Runs are not stored, because the environment variable KFUNC_LAB_RUNS is empty."),
        )
    try:
        return RunsView(Store(where).runs(), _nothing_in(path))
    except (sqlite3.Error, OSError) as error:
        raise OSError(
            _("The training runs in {path} cannot be read: {reason}.").format(
                path=where, reason=error
            )
        ) from error


def _nothing_in(path: str | Path | None) -> str:
    said = _(
        "No runs are stored yet: train with `callbacks=[lab.TrainingDashboard()]`, and they "
        "appear here."
    )
    if path is None:
        return said
    return _("There are no runs in {path}.").format(path=printable(str(path))) + " " + said


class NoSuchRunError(KeyError):
    """There is no run of such a name."""

    def __str__(self) -> str:
        return str(self.args[0])


class RunsView(Sequence[Run]):
    """Training runs beside one another: a sequence of `Run`, the latest first.

    `view["baseline"]` is the run of that name or id; of several that have the name, the latest.
    """

    def __init__(self, kept: Iterable[Run], nothing: str = "") -> None:
        self._runs = tuple(kept)
        self._nothing = nothing

    # -- a sequence of runs

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, key: int | str) -> Run: ...
    @overload
    def __getitem__(self, key: slice) -> "RunsView": ...
    def __getitem__(self, key: int | str | slice) -> "Run | RunsView":
        if isinstance(key, slice):
            return RunsView(self._runs[key], self._nothing)
        return self._named(key) if isinstance(key, str) else self._runs[key]

    def _named(self, name: str) -> Run:
        for run in (
            *(it for it in self if it.id == name),
            *(it for it in self if it.name == name),
        ):
            return run
        raise NoSuchRunError(_no_such_run(name, [run.name for run in self]))

    def compare(self, *names: str) -> "RunsView":
        """Returns a view of some runs only.

        Args:
            *names: The names or ids of the runs, in the order in which they shall stand.

        Returns:
            The view; a run that is named twice stands in it once.

        Raises:
            NoSuchRunError: If there is no such run; it is a KeyError that says which there are.
        """
        found = {run.id: run for run in map(self._named, names)}
        return RunsView(found.values(), self._nothing)

    # -- forms

    def to_text(self) -> str:
        """Returns the runs as a table, one a line, and the settings that differ."""
        if not self._runs:
            return self._empty()
        head, rows = table_of(self._runs)
        lines = [_heading(self._runs), *aligned([head, *rows], right=right_columns(head))]
        settings = settings_table(self._drawn())
        if settings:
            lines += ["", _("settings that differ"), *aligned(settings, right=set())]
        return "\n".join([*lines, *_notes(self._runs)])

    def to_html(self) -> str:
        """Returns the runs as tables and curves in HTML, for pages without a kernel."""
        if not self._runs:
            return f"<p>{html.escape(self._empty())}</p>"
        head, rows = table_of(self._runs)
        parts = [html_table(_heading(self._runs), [head, *rows], right_columns(head))]
        parts += [self.to_svg()] if panels_of(self._drawn()) else []
        settings = settings_table(self._drawn())
        parts += [html_table(_("settings that differ"), settings, set())] if settings else []
        parts += [f"<p>{html.escape(note)}</p>" for note in _notes(self._runs)]
        return (
            f'<div class="kfunc-lab-runs"><style>{table_style()}</style>{"".join(parts)}</div>'
        )

    def to_svg(self) -> str:
        """Returns the curves as SVG that follows the light or dark theme of its reader."""
        panels = panels_of(self._drawn())
        if not panels:
            return sentence(_("No epochs are stored yet.") if self._runs else self._empty())
        return curves_to_svg(panels, labels_of(self._drawn()))

    def to_csv(self) -> str:
        """Returns all epochs of all runs as CSV, one epoch a line."""
        names, rows = self._table()
        return written(names, rows)

    def to_dataframe(self) -> Any:
        """Returns all epochs of all runs as a `pandas.DataFrame`, one epoch a row.

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
        """Saves the runs in the form that the file's name asks for.

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
        """Writes the runs as TensorBoard's event files, each into a folder of its own.

        Args:
            folder: Where they are written; `tensorboard --logdir FOLDER` compares them.

        Returns:
            The folder.

        Raises:
            ImportError: If TensorFlow is not installed, whose writer is used.
            OSError: If the files cannot be written.
        """
        for run in self:
            # A run's name is the user's own words: what no file may be called is left out.
            name = re.sub(r"[^\w.-]+", "_", run.name).strip("._")[:80]
            to_tensorboard(run, Path(folder) / f"{name}-{run.id}".lstrip("-"))
        return Path(folder)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        picture = {"image/svg+xml": self.to_svg()} if panels_of(self._drawn()) else {}
        return picture | {"text/html": self.to_html(), "text/plain": self.to_text()}

    def _drawn(self) -> Sequence[Run]:
        return self._runs[:MOST_DRAWN]

    def _empty(self) -> str:
        return self._nothing or _("No runs are shown.")

    def _table(self) -> tuple[list[str], list[list[Any]]]:
        columns = columns_of(self)
        rows = [[run.name, run.id, *row] for run in self for row in rows_of(run, columns)]
        return ["run", "id", "epoch", *columns], rows


def _no_such_run(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=5, cutoff=0.3) or names[:5]
    said = _("There is no run {name}.").format(name=repr(name))
    if not near:
        return said
    there = ", ".join(dict.fromkeys(map(printable, near)))
    return f"{said} " + _("Available runs: {names}.").format(names=there)


def _heading(kept: Sequence[Run]) -> str:
    return ngettext("{n} training run", "{n} training runs", len(kept)).format(n=len(kept))


def _notes(kept: Sequence[Run]) -> list[str]:
    if len(kept) <= MOST_DRAWN:
        return []
    return [
        _(
            "Curves and settings are shown for the first {n} runs; choose others with "
            "`view.compare(...)`."
        ).format(n=MOST_DRAWN)
    ]


def _page(body: str) -> str:
    style = f":root{{color-scheme:light dark}}body{{margin:0;background:{light_dark(SURFACE)}}}"
    return (
        f'<!doctype html><html lang="{language()}"><head><meta charset="utf-8">'
        f"<title>{html.escape(_('training runs'))}</title><style>{style}</style></head>"
        f"<body>{body}</body></html>\n"
    )
