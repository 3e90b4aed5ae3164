"""Builds the lessons: notebooks/src/NN_slug.py -> notebooks/en and notebooks/es, executed.

A source is a script in percent format. Every cell has an `id`. A markdown cell also has its
language as a tag, and a twin with the same id in the other language; both languages share the
code. Only one line of code differs between the built notebooks: the value of `language` in the
cell `parameters`.

    python notebooks/build.py           # the notebooks whose source changed
    python notebooks/build.py --all
    python notebooks/build.py 01 02
"""

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from rich.console import Console

from kfunc_lab.lessons import execution
from kfunc_lab.locale import LANGUAGES
from kfunc_lab.ui.files import write_atomically

HERE = Path(__file__).parent
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    # The same for every Python, and complete, so that opening a notebook does not change it.
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
        "version": "3",
    },
}


class SourceError(ValueError):
    """Raised if a source breaks a rule; the message names the cell."""


def main(arguments: list[str]) -> int:
    """Builds the notebooks that the command line names."""
    numbers = [argument for argument in arguments if argument != "--all"]
    console = Console()
    for source in sources():
        is_selected = not numbers or source.name[:2] in numbers
        for language in LANGUAGES if is_selected else ():
            target = built(source, language)
            if not numbers and "--all" not in arguments and is_current(source, target):
                console.print(f"{target.relative_to(HERE)} is current")
                continue
            try:
                with console.status(f"{target.relative_to(HERE)} …"):
                    build(source, target, language)
            except (SourceError, execution.RunError) as error:
                console.print(f"{target.relative_to(HERE)}: {error}", style="red", markup=False)
                return 1
            console.print(f"{target.relative_to(HERE)} built")
    return 0


def sources() -> list[Path]:
    """Returns the lessons' sources, in the order of the course."""
    return sorted((HERE / "src").glob("[0-9][0-9]_*.py"))


def built(source: Path, language: str) -> Path:
    """Returns the path of a source's notebook."""
    return HERE / language / f"{source.stem}.ipynb"


def is_current(source: Path, target: Path) -> bool:
    """Returns whether a notebook was built from the current version of its source."""
    if not target.exists():
        return False
    notebook = nbformat.read(target, as_version=4)
    return notebook.metadata.get("kfunc_lab", {}).get("source_sha256") == digest(source)


def digest(source: Path) -> str:
    """Returns a fingerprint of a source."""
    return hashlib.sha256(source.read_bytes()).hexdigest()


def build(source: Path, target: Path, language: str) -> None:
    """Builds one notebook: selects the cells of a language, runs them, and cleans the outputs."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder, "draft", target.name)
        draft.parent.mkdir()
        nbformat.write(select(source, language), draft)
        os.environ["KFUNC_LAB_PROGRESS"] = ""  # neither shows nor changes the developer's own
        run = execution.run(draft, Path(folder, "run"), language=language)
        notebook = cleaned(nbformat.read(run.notebook, as_version=4))
        check_outputs(notebook, target.name, [folder, str(HERE.parent), str(Path.home())])
    notebook.metadata = {
        **METADATA,
        "kfunc_lab": {"language": language, "source_sha256": digest(source)},
    }
    nbformat.validate(notebook)
    target.parent.mkdir(exist_ok=True)
    write_atomically(target, (nbformat.writes(notebook) + "\n").encode())


def select(source: Path, language: str) -> NotebookNode:
    """Returns a notebook with the cells of one language, not executed yet.

    Raises:
        SourceError: If a cell has no id, a markdown cell has no twin, or the two languages are
            not in the same order.
    """
    cells = jupytext.read(source, fmt="py:percent").cells
    check_source(source, cells)
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    notebook.nbformat_minor = 5
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown" and language not in tags:
            continue
        cell.id = cell.metadata.pop("id")
        other_tags = [tag for tag in tags if tag not in LANGUAGES]
        cell.metadata = {"tags": other_tags} if other_tags else {}
        if "parameters" in other_tags:
            cell.source = re.sub(r'^language = ".."', f'language = "{language}"', cell.source)
        notebook.cells.append(cell)
    return notebook


def check_source(source: Path, cells: list[NotebookNode]) -> None:
    """Raises `SourceError` unless every cell has an id and every markdown cell has a twin."""
    order: dict[str, list[tuple[str, int]]] = {language: [] for language in LANGUAGES}
    code: list[str] = []
    for cell in cells:
        name = cell.metadata.get("id")
        if not name or not re.fullmatch(r"[a-z0-9-]{1,64}", name):
            raise SourceError(f"{source.name}: a cell has no id: {cell.source[:60]!r}")
        if cell.cell_type == "code":
            code.append(name)
            continue
        languages = [tag for tag in cell.metadata.get("tags", []) if tag in LANGUAGES]
        if len(languages) != 1:
            raise SourceError(f"{source.name}: cell {name!r} needs the tag of one language")
        # A cell and its twin must have the same place among the code cells.
        order[languages[0]].append((name, len(code)))
    first, *others = order.values()
    for other in others:
        if first != other:
            unpaired = sorted(set(first) ^ set(other))
            raise SourceError(f"{source.name}: cells without a twin in their place: {unpaired}")
    names = [name for name, _place in first] + code
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise SourceError(f"{source.name}: ids used twice: {duplicates}")


def cleaned(notebook: NotebookNode) -> NotebookNode:
    """Removes everything that differs between runs, machines and people.

    If an output has a picture or text besides a widget view, the widget view is removed: without
    the widget's state it would appear as an error. Text on the error stream is removed, because
    it comes from libraries.
    """
    notebook.cells = [
        cell
        for cell in notebook.cells
        if "injected-parameters" not in cell.metadata.get("tags", [])
    ]
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = number
        cell.outputs = joined_streams(
            [output for output in cell.outputs if output.get("name") != "stderr"]
        )
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number
            if "data" in output and len(output.data) > 1:
                output.data.pop(WIDGET, None)
            output.pop("transient", None)
    return notebook


def joined_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Joins printed text that follows printed text: a slow kernel sends it in several parts."""
    joined: list[NotebookNode] = []
    for output in outputs:
        if joined and output.output_type == joined[-1].output_type == "stream":
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def code_cells(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Yields the code cells of a notebook."""
    return (cell for cell in notebook.cells if cell.cell_type == "code")


def check_outputs(notebook: NotebookNode, name: str, folders: list[str]) -> None:
    """Raises `SourceError` if an output contains a path of this machine or an object's address."""
    for cell in code_cells(notebook):
        text = nbformat.v4.writes(nbformat.v4.new_notebook(cells=[cell]))
        leaks = [folder for folder in folders if folder in text]
        leaks += re.findall(r" at 0x[0-9a-f]{6,}", text)
        if leaks:
            raise SourceError(f"{name}: cell {cell.id!r} holds {leaks[0]!r} in its output")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
