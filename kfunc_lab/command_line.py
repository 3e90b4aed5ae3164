"""The `kfunc-lab` command.

Each command imports Keras, Jupyter and papermill only if it uses them, so that the help appears
at once.
"""

import locale
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from kfunc_lab import __version__, doctor
from kfunc_lab.graph.foreign import files
from kfunc_lab.lessons import catalogue, server, working_copy
from kfunc_lab.lessons.merging import Merge
from kfunc_lab.locale import LANGUAGES, _, language, ngettext

# Progress goes to standard error, so that the output of a command can be piped.
_errors = Console(stderr=True)


def _default_language() -> str:
    """Returns the language of the environment variable, otherwise that of the system."""
    named = os.environ.get("KFUNC_LAB_LANGUAGE", "")
    if named in LANGUAGES:
        return named
    return "es" if (locale.getlocale()[0] or "").lower().startswith(("es", "spanish")) else "en"


def _use_language(_context: click.Context, _option: click.Parameter, code: str) -> str:
    language(code)
    return code


def _common_options(command: Callable[..., None]) -> Callable[..., None]:
    command = click.help_option(help=_("Show this help."))(command)
    return click.option(
        "--language",
        type=click.Choice(LANGUAGES),
        default=_default_language,
        callback=_use_language,
        is_eager=True,
        help=_("Language; by default that of KFUNC_LAB_LANGUAGE or the system."),
    )(command)


class _LabByDefault(click.Group):
    """A group that runs `lab` if there is no command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "--version")):
            args = ["lab", *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=_LabByDefault,
    help=_("See Keras models while you write them. Without a command, opens the lessons."),
)
@click.version_option(__version__, prog_name="kfunc-lab", help=_("Show the version."))
@click.help_option(help=_("Show this help."))
def main() -> None:
    """The group of all commands."""


@main.command(
    "lab",
    help=_(
        "Open JupyterLab on your own copy of the lessons. Your changes are never overwritten. "
        "Options after `--` are passed to JupyterLab."
    ),
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: Path.home() / "kfunc_lab",
    help=_("Folder of your copy; by default kfunc_lab in your home folder."),
)
@_common_options
@click.option("--port", type=click.IntRange(1, 65535), help=_("Port; by default a free one."))
@click.option(
    "--no-browser", is_flag=True, help=_("Print the address only, without opening a browser.")
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTIONS]")
def _lab(
    directory: Path, language: str, port: int | None, no_browser: bool, options: tuple[str, ...]
) -> None:
    directory = directory.expanduser().absolute()
    with _one_sentence(OSError, working_copy.PlaceError, server.ServerError):
        _update_copy(directory)
        code = server.serve(
            directory, language, port=port, browser=not no_browser, options=options
        )
    sys.exit(code)


@main.command(
    "copy",
    help=_(
        "Copy the lessons to a folder, or update your copy. Cells that you changed or added "
        "are kept."
    ),
)
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@_common_options
def _copy(directory: Path, language: str) -> None:
    with _one_sentence(OSError, working_copy.PlaceError):
        _update_copy(directory.expanduser().absolute())


def _update_copy(directory: Path) -> None:
    for line in _describe_update(working_copy.prepare(directory), directory):
        click.echo(line)


def _describe_update(report: working_copy.Report, directory: Path) -> Iterator[str]:
    yield _("Your lessons are in {directory}.").format(directory=directory)
    if count := len(report.copied):
        yield ngettext("{count} notebook copied.", "{count} notebooks copied.", count).format(
            count=count
        )
    for old, new in report.renamed.items():
        yield _("Renamed, with your changes: {old} is now {new}.").format(old=old, new=new)
    # A notebook whose cells the learner only ran, moved or deleted has no kept cell.
    mixed = {name: merge for name, merge in report.merged.items() if merge.kept}
    updated = [*report.updated, *(name for name in report.merged if name not in mixed)]
    if updated:
        yield _("Updated: {names}.").format(names=", ".join(updated))
    for name, merge in mixed.items():
        yield from _describe_merge(name, merge, directory)
    if report.merged:
        yield _("The previous versions are in {path}.").format(
            path=directory / working_copy.BACKUP
        )
    if report.kept:
        yield _("Kept with your changes: {names}.").format(names=", ".join(report.kept))
    for name, why in report.outdated.items():
        yield _(
            "{name} could not be updated: {why}. To get the current lesson, rename or delete "
            "your notebook and run this command again."
        ).format(name=name, why=why)


def _describe_merge(name: str, merge: Merge, directory: Path) -> Iterator[str]:
    yield ngettext(
        "Updated {name}; {count} cell of yours was kept.",
        "Updated {name}; {count} cells of yours were kept.",
        len(merge.kept),
    ).format(name=name, count=len(merge.kept))
    if merge.conflicting:
        yield _(
            "In {name}, the lesson has newer versions of cells that you changed: {cells}. You "
            "find them in {path}."
        ).format(
            name=name,
            cells=", ".join(merge.conflicting),
            path=directory / working_copy.BASE / name,
        )


@main.command(
    "run",
    help=_(
        "Run a lesson and write an HTML report. LESSON is a number, a name or a notebook file."
    ),
)
@click.argument("lesson")
@_common_options
@click.option(
    "-p",
    "--parameter",
    "parameters",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help=_("Set a parameter, for example `-p epochs 3`; repeat to set more."),
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("runs"),
    help=_("Folder for the results; by default runs in the current folder."),
)
def _run(
    lesson: str, language: str, parameters: tuple[tuple[str, str], ...], output: Path
) -> None:
    with _one_sentence(FileNotFoundError):
        notebook = _notebook(lesson, language)
    execution = _execution()
    values = {name: execution.value(text) for name, text in parameters}
    try:
        with _progress(notebook.stem) as progress, _one_sentence(OSError):
            run = execution.run(
                notebook, output, language=language, parameters=values, progress=progress
            )
    except execution.ParameterError as error:
        raise click.UsageError(str(error)) from error
    except execution.RunError as error:
        _print_paths(error.run)
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo(_("Stopped."), err=True)
        sys.exit(130)
    _print_paths(run)


def _notebook(lesson: str, language: str) -> Path:
    if lesson.endswith(".ipynb"):
        if not Path(lesson).is_file():
            raise click.UsageError(_("There is no file {path}.").format(path=lesson))
        return Path(lesson)
    try:
        return catalogue.notebook(catalogue.find(lesson), language)
    except LookupError as error:
        raise click.UsageError(error.args[0]) from error


def _execution() -> Any:
    try:
        from kfunc_lab.lessons import execution
    except ModuleNotFoundError as error:
        raise click.ClickException(
            _("{name} is not installed; install it with: {command}").format(
                name=error.name, command=doctor.INSTALL
            )
        ) from error
    for name in ("papermill", "traitlets"):  # the command reports their errors in one sentence
        logging.getLogger(name).addHandler(logging.NullHandler())
    return execution


@contextmanager
def _progress(title: str) -> Iterator[Callable[[int, int], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=_errors) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _print_paths(run: Any) -> None:
    if run:
        click.echo(run.notebook)
        click.echo(run.html)


@main.command("list", help=_("List the lessons and what each teaches."))
@_common_options
def _list(language: str) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("", _("Lesson"), _("What it teaches")):
        table.add_column(heading)
    for lesson in catalogue.lessons():
        table.add_row(lesson.number, lesson.title, lesson.teaches)
    Console().print(table)


@main.command("progress", help=_("Show which exercises of the course you have done."))
@_common_options
def _course_progress(language: str) -> None:
    from kfunc_lab.lessons.progress import default_path
    from kfunc_lab.lessons.progress_view import progress

    view, path = progress(), default_path()
    headings, *rows = view.table()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    for row in rows:
        table.add_row(*row)
    click.echo(view.sentence())
    Console().print(table)
    if view.predictions:
        click.echo(view.predicted())
    if path is None:
        click.echo(
            _("Progress is not saved: the environment variable KFUNC_LAB_PROGRESS is empty.")
        )
    else:
        click.echo(_("Stored in {path}.").format(path=path))


@main.command(
    "masters",
    help=_(
        "Write each lesson with its solutions and tests to DIR, where nbgrader generates the "
        "students' notebooks. Existing files are left unchanged."
    ),
)
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@_common_options
def _masters(directory: Path, language: str) -> None:
    from kfunc_lab.lessons import nbgrader

    with _one_sentence(OSError):
        report = nbgrader.write_course(directory, language)
    for line in _describe_course(report, directory):
        click.echo(line)


def _describe_course(report: Any, directory: Path) -> Iterator[str]:
    if report.written:
        yield _("Written to {directory}: {names}.").format(
            directory=directory, names=", ".join(report.written)
        )
    if report.kept:
        yield _("Already in {directory}, left unchanged: {names}.").format(
            directory=directory, names=", ".join(report.kept)
        )
    yield _("To generate the students' notebooks, in the folder release:")
    for lesson in report.lessons:
        yield f"  nbgrader generate_assignment {lesson}"
    yield _("To grade the submissions, in submitted/STUDENT/LESSON:")
    for step in ("autograde", "generate_feedback"):
        yield f"  nbgrader {step} " + _("LESSON")


_GRAPH_SUFFIXES = (".svg", ".png", ".html", ".py", ".dot", ".mmd", ".json", ".txt")


@main.command("graph", help=_("Draw a saved model. Without -o, print its graph as text."))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("File to write; its suffix sets the format: {suffixes}.").format(
        suffixes=", ".join(_GRAPH_SUFFIXES)
    ),
)
@_common_options
def _graph(file: Path, output: Path | None, language: str) -> None:
    _check_suffix(output)
    if problem := files.why_not_a_model(file):
        raise click.ClickException(problem)
    with (
        _quiet_tensorflow(_("Loading Keras …")),
        _one_sentence(OSError, RuntimeError, TypeError),
    ):
        model = _load(file)
        from kfunc_lab.graph.view.graph_view import graph

        view = graph(model)
        if output:
            view.save(output)
    click.echo(output or view.to_text())


def _check_suffix(output: Path | None) -> None:
    """Raises a usage error before Keras is imported, which takes seconds."""
    if output and output.suffix.lower() not in _GRAPH_SUFFIXES:
        raise click.UsageError(
            _('A graph can be saved as {suffixes}, not as "{suffix}".').format(
                suffixes=", ".join(_GRAPH_SUFFIXES), suffix=output.suffix
            )
        )


def _load(file: Path) -> Any:
    """Loads a model from an untrusted file; no code in it may run."""
    import keras

    if file.suffix in (".h5", ".hdf5") and doctor.release(keras.__version__) < (3, 11, 3):
        # Before that version, Keras ran the code in such files even with `safe_mode`.
        raise click.ClickException(
            _("This version of Keras cannot read {path} safely; 3.11.3 and later can.").format(
                path=file
            )
        )
    try:
        return keras.saving.load_model(file, safe_mode=True, compile=False)
    except Exception as error:  # a broken file can raise anything
        raise click.ClickException(files.why_not_loaded(file, error)) from error


@contextmanager
def _quiet_tensorflow(doing: str) -> Iterator[None]:
    """Shows a spinner while TensorFlow is imported, and hides what it prints meanwhile.

    Its C++ libraries write two lines to file descriptor 2 whatever the environment says, so the
    spinner uses a copy of that descriptor.
    """
    for name, setting in server.QUIET_TENSORFLOW.items():
        os.environ.setdefault(name, setting)
    with os.fdopen(os.dup(2), "w") as terminal, open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            with Console(file=terminal).status(doing):
                yield
        finally:
            os.dup2(terminal.fileno(), 2)


@main.command("doctor", help=_("Check that everything the lessons need is installed."))
@_common_options
def _doctor(language: str) -> None:
    with _quiet_tensorflow(_("Checking …")):
        findings = doctor.findings()
    for finding in findings:
        click.echo(_line(finding))
    sys.exit(any(finding.remedy and finding.essential for finding in findings))


def _line(finding: doctor.Finding) -> str:
    if not finding.remedy:
        sign, color = "ok", "green"
    elif finding.essential:
        sign, color = _("problem"), "red"
    else:
        sign, color = _("note"), "yellow"
    text = f"{finding.found}. {finding.remedy}" if finding.remedy else finding.found
    return f"{click.style(sign.ljust(8), fg=color)} {finding.subject}: {text}"


@contextmanager
def _one_sentence(*kinds: type[Exception]) -> Iterator[None]:
    """Turns an exception into an error message without a traceback."""
    try:
        yield
    except kinds as error:
        raise click.ClickException(str(error)) from error
