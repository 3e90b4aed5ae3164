"""Runs a lesson with parameters, and writes the executed notebook and an HTML report."""

import ast
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import nbformat
import papermill
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from nbconvert import HTMLExporter
from traitlets import default

from kfunc_lab.lessons.server import QUIET_KERNEL, QUIET_TENSORFLOW
from kfunc_lab.locale import _

_WIDGET = "application/vnd.jupyter.widget-view+json"

# nbconvert's page without the scripts that it would fetch from the network. RequireJS and Mermaid
# serve widgets and diagrams, which no report contains. MathJax stays if there is a formula: it is
# too large to embed, and without it the page shows the formula's source. Each picture has the
# text form of the same output as its alternative text. `color-scheme` keeps pictures light on
# this light page even if the reader's system is dark.
_TEMPLATE = """\
{%- extends 'index.html.j2' -%}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}
{%- if nb.metadata.has_formulas -%}{{ super() }}{%- endif -%}
{%- endblock -%}
{%- block html_head_css -%}
<style>:root { color-scheme: light } img { max-width: 100% }</style>
{%- endblock -%}
{%- block data_svg -%}
<div class="jp-RenderedSVG jp-OutputArea-output" data-mime-type="image/svg+xml">
<img alt="{{ output.data.get('text/plain', '') | escape_html }}"
     src="data:image/svg+xml;base64,{{ output.data['image/svg+xml'] | text_base64 }}">
</div>
{%- endblock -%}
"""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Run:
    """The files that a run wrote.

    Attributes:
        notebook: The notebook with its outputs.
        html: The same content as one HTML page, which needs no network.
    """

    notebook: Path
    html: Path


class RunError(RuntimeError):
    """A run that did not reach the end of the lesson; the message says why in one sentence.

    Attributes:
        run: The files written so far; `None` if no cell ran.
    """

    def __init__(self, message: str, run: Run | None = None) -> None:
        super().__init__(message)
        self.run = run


class ParameterError(RunError, ValueError):
    """A parameter that the lesson does not have."""


def run(
    notebook: Path,
    output: Path,
    *,
    language: str | None = None,
    parameters: Mapping[str, object] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Runs a notebook with the current interpreter, in the folder of its results.

    Args:
        notebook: A lesson's original, or any Python notebook; it is not changed.
        output: The folder for the results, which have the notebook's name; created if it does
            not exist.
        language: The language of views and feedback, and the value of the notebook's parameter
            `language`, if it has one.
        parameters: Values for names in the cell that is tagged `parameters`.
        progress: Called at each cell with the number of finished cells and of all cells.

    Returns:
        The files that were written.

    Raises:
        ParameterError: If the notebook has no such parameter; no cell runs.
        RunError: If the notebook cannot be read, a cell fails or the kernel dies. The results
            up to that point are written.
    """
    result = Run(output / notebook.name, output / f"{notebook.stem}.html")
    values = _checked(notebook, dict(parameters or {}), language)
    _refuse_to_overwrite(result.notebook, notebook)
    output.mkdir(parents=True, exist_ok=True)
    try:
        with _environment(language):
            _execute(notebook, result.notebook, values, progress)
    except papermill.PapermillExecutionError as error:
        message = _failed_cell(notebook.stem, error)
        raise RunError(message, _with_report(result, language)) from error
    except DeadKernelError as error:
        message = _("{lesson}: the kernel died; it may have run out of memory.")
        message = message.format(lesson=notebook.stem)
        raise RunError(message, _with_report(result, language)) from error
    return _with_report(result, language)


def value(text: str) -> object:
    """Parses the value of a parameter, written as in Python or in YAML.

    Example:
        >>> value("3"), value("1e-3"), value("true"), value("[64, 64]"), value("relu")
        (3, 0.001, True, [64, 64], 'relu')
    """
    words = {"true": True, "false": False, "null": None, "none": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _checked(
    notebook: Path, parameters: dict[str, object], language: str | None
) -> dict[str, object]:
    """Returns the parameters, including the language, if the notebook has all of them."""
    try:
        known = papermill.inspect_notebook(_escape_braces(notebook))
    except Exception as error:  # a file that is not a valid notebook can raise anything
        message = _("{path} cannot be read as a Python notebook.").format(path=notebook)
        raise RunError(message) from error
    unknown = [name for name in parameters if name not in known]
    if unknown:
        raise ParameterError(
            _("{lesson} has no parameter {unknown}; it has {known}.").format(
                lesson=notebook.stem,
                unknown=", ".join(unknown),
                known=", ".join(known) or _("none"),
            )
        )
    if language and "language" in known:
        return {"language": language, **parameters}
    return parameters


def _refuse_to_overwrite(target: Path, source: Path) -> None:
    """Raises `RunError` if the result would replace a file that is not the result of a run."""
    if target.exists() and (target.samefile(source) or not _is_result(target)):
        raise RunError(
            _("{path} would be overwritten; choose another output folder.").format(path=target)
        )


def _is_result(notebook: Path) -> bool:
    try:
        return "papermill" in json.loads(notebook.read_bytes())["metadata"]
    except (ValueError, KeyError, TypeError):
        return False


@contextmanager
def _environment(language: str | None) -> Iterator[None]:
    """Sets the environment variables that the kernel inherits, while it runs."""
    before = dict(os.environ)
    os.environ.update({**QUIET_TENSORFLOW, **before})
    if language:
        os.environ["KFUNC_LAB_LANGUAGE"] = language
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _CurrentInterpreter(AsyncKernelManager):
    """Starts the current interpreter, even if `python3` is registered as another one."""

    @default("kernel_spec_manager")
    def _without_registered_kernels(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[], ensure_native_kernel=True)

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Starts the kernel detached from the terminal: cell output goes into the notebook."""
        await super().start_kernel(**options, stdout=DEVNULL, stderr=DEVNULL)


class _CellCounter:
    """Reports how many cells are finished; nbclient calls it while it runs them."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._total = 0

    def start(self, notebook: nbformat.NotebookNode) -> None:
        self._total = len(notebook.cells)

    def next(self, cell: nbformat.NotebookNode, cell_index: int) -> None:
        self._progress(cell_index, self._total)

    def end(self) -> None:
        self._progress(self._total, self._total)


def _execute(
    source: Path, target: Path, parameters: dict[str, object], progress: Progress | None
) -> None:
    cells = _CellCounter(progress or (lambda done, total: None))
    papermill.execute_notebook(
        _escape_braces(source.absolute()),
        _escape_braces(target.absolute()),
        parameters,
        kernel_name=NATIVE_KERNEL_NAME,
        kernel_manager_class=_CurrentInterpreter,
        cwd=target.parent,
        extra_arguments=[QUIET_KERNEL],
        progress_bar=False,
        on_notebook_start=cells.start,
        on_cell_start=cells.next,
    )
    cells.end()


def _escape_braces(path: Path) -> str:
    """Escapes the braces in a path, which papermill would replace with parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _failed_cell(lesson: str, error: Any) -> str:
    reason = f"{error.ename}: {error.evalue}".splitlines()[0]
    return _("{lesson}: cell [{number}] failed with {reason}").format(
        lesson=lesson, number=error.exec_count, reason=reason
    )


def _with_report(run: Run, language: str | None) -> Run:
    notebook = nbformat.read(run.notebook, as_version=4)  # type: ignore[no-untyped-call]
    exporter = HTMLExporter(
        template_name="lab", raw_template=_TEMPLATE, language_code=language or "en"
    )
    html, _resources = exporter.from_notebook_node(_static(notebook, run.notebook.stem))
    run.html.write_text(html, encoding="utf-8")
    return run


def _static(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """Prepares a notebook for the report: other forms of an output replace its widget."""
    notebook.metadata.pop("widgets", None)
    outputs = [
        out for cell in notebook.cells for out in cell.get("outputs", []) if "data" in out
    ]
    for output in outputs:
        if len(output.data) > 1:
            output.data.pop(_WIDGET, None)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    notebook.metadata.has_formulas = any("$" in text for text in texts) or any(
        "text/latex" in output.data for output in outputs
    )
    notebook.metadata.title = _heading(texts) or name
    return notebook


def _heading(texts: list[str]) -> str | None:
    """Returns the first main heading, which is the title of the lesson in its language."""
    lines = (line for text in texts for line in text.splitlines())
    return next((line[2:].strip() for line in lines if line.startswith("# ")), None)
