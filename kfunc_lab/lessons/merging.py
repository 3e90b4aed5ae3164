"""Merges a newer original into a learner's notebook cell by cell, and keeps their own cells."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kfunc_lab.locale import _

Cell = dict[str, Any]
Notebook = dict[str, Any]


class MergeError(ValueError):
    """A notebook whose cells cannot be matched; the message says why, as part of a sentence."""


@dataclass(frozen=True)
class Merge:
    """The result of a merge.

    Attributes:
        notebook: The learner's notebook, with the news of the original.
        kept: The ids of the cells that the learner changed or added, in order.
        conflicting: The ids in `kept` whose cells also changed in the original.
    """

    notebook: Notebook
    kept: tuple[str, ...]
    conflicting: tuple[str, ...]


def read(content: bytes) -> Notebook:
    """Reads a notebook whose cells have unique ids.

    Args:
        content: The content of a file, which may be anything.

    Raises:
        MergeError: If the content is not such a notebook.

    Example:
        >>> read(b"[]")
        Traceback (most recent call last):
        ...
        kfunc_lab.lessons.merging.MergeError: it is not a notebook in nbformat 4
    """
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        notebook = None
    match notebook:
        case {
            "nbformat": 4,
            "nbformat_minor": int(minor),
            "metadata": dict(),
            "cells": list(cells),
        } if all(map(_is_cell, cells)):
            ids = [cell.get("id") for cell in cells]
        case _:
            raise MergeError(_("it is not a notebook in nbformat 4"))
    if minor < 5 or not all(map(_is_id, ids)) or len(set(ids)) < len(ids):
        raise MergeError(_("its cells do not have unique ids, which nbformat 4.5 requires"))
    return dict(notebook)


def _is_cell(cell: object) -> bool:
    match cell:
        case {"cell_type": str(), "metadata": dict(), "source": str()}:
            return True
        case {"cell_type": str(), "metadata": dict(), "source": list(lines)}:
            return all(isinstance(line, str) for line in lines)
    return False


def _is_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", value) is not None


def write(notebook: Notebook) -> bytes:
    r"""Returns the content of a notebook's file, formatted like JupyterLab's.

    Args:
        notebook: A notebook from `read`.

    Example:
        >>> write({"cells": []})
        b'{\n "cells": []\n}\n'
    """
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    # UTF-8 cannot encode half of a surrogate pair, so it becomes JSON's escape.
    return f"{text}\n".encode(errors="backslashreplace")


def without_outputs(notebook: Notebook) -> Notebook:
    """Returns a notebook that looks as if no cell had run.

    Args:
        notebook: A notebook from `read`, which is not changed.

    Example:
        >>> cell = {"cell_type": "code", "outputs": [{}], "execution_count": 1}
        >>> without_outputs({"cells": [cell]})["cells"]
        [{'cell_type': 'code', 'outputs': [], 'execution_count': None}]
    """
    return {**notebook, "cells": [_not_run(cell) for cell in notebook["cells"]]}


def same_contents(one: Notebook, other: Notebook) -> bool:
    """Returns whether two notebooks have the same cells, whether they ran or not."""
    contents = [[(cell["id"], *_content(cell)) for cell in it["cells"]] for it in (one, other)]
    return contents[0] == contents[1]


def _not_run(cell: Cell) -> Cell:
    is_code = cell["cell_type"] == "code"
    return {**cell, "outputs": [], "execution_count": None} if is_code else cell


def merge(base: Notebook, theirs: Notebook, ours: Notebook) -> Merge:
    """Merges three notebooks into one, by the ids of their cells.

    A cell that the learner changed or added is kept, and a cell that they deleted stays deleted.
    Every other cell is taken from the original; a new cell follows the cell that precedes it
    there. If the learner moved no cell, the order is the original's, otherwise the learner's.

    Args:
        base: The original at the time when it was copied.
        theirs: The learner's notebook.
        ours: The current original.

    Returns:
        The merged notebook, which shares cells with the arguments, and the ids of the cells that
        were kept.

    Example:
        >>> def notebook(*sources):
        ...     cells = [
        ...         {"id": source[0], "cell_type": "raw", "metadata": {}, "source": source}
        ...         for source in sources
        ...     ]
        ...     return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        >>> base, ours = notebook("a = 1", "b = 1"), notebook("a = 2", "b = 2", "c = 2")
        >>> result = merge(base, notebook("a = 1", "my = 0", "b = ?"), ours)
        >>> [cell["source"] for cell in result.notebook["cells"]]
        ['a = 2', 'my = 0', 'b = ?', 'c = 2']
        >>> result.kept, result.conflicting
        (('m', 'b'), ('b',))
    """
    before, their, our = _by_id(base), _by_id(theirs), _by_id(ours)
    merged = {
        name: _merged_cell(before.get(name), their.get(name), our.get(name))
        for name in {**their, **our}
    }
    cells = {name: cell for name, cell in merged.items() if cell is not None}
    order = _order(
        list(before), [name for name in their if name in cells], [n for n in our if n in cells]
    )
    kept = [
        name
        for name in order
        if name in their
        and not _same_content(their[name], before.get(name))
        and not _same_content(their[name], our.get(name))
    ]
    conflicting = [
        name for name in kept if name in our and not _same_content(our[name], before.get(name))
    ]
    return Merge(
        notebook={
            **theirs,
            "cells": [cells[name] for name in order],
            "metadata": _with_our_mark(theirs["metadata"], ours["metadata"]),
        },
        kept=tuple(kept),
        conflicting=tuple(conflicting),
    )


def _by_id(notebook: Notebook) -> dict[str, Cell]:
    return {cell["id"]: cell for cell in notebook["cells"]}


def _with_our_mark(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Returns the learner's metadata, with the lesson's own entry."""
    return {**theirs, **{key: value for key, value in ours.items() if key == "kfunc_lab"}}


def _merged_cell(base: Cell | None, theirs: Cell | None, ours: Cell | None) -> Cell | None:
    """Returns the merged cell; `None` if it is removed."""
    if theirs is None:
        return ours if base is None else None
    if base is None or not _same_content(theirs, base):
        return theirs
    return None if ours is None else _updated(base, theirs, ours)


def _updated(base: Cell, theirs: Cell, ours: Cell) -> Cell:
    """Returns the new version of a cell that the learner did not change but may have run."""
    metadata = _merged_metadata(base["metadata"], theirs["metadata"], ours["metadata"])
    if _same_outputs(theirs, base):
        return {**ours, "metadata": metadata}
    if _same_content(ours, base):
        return {**theirs, "metadata": metadata}
    return _not_run({**ours, "metadata": metadata})  # their outputs come from other code


def _merged_metadata(
    base: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]
) -> dict[str, Any]:
    """Returns the original's metadata, except for keys that the learner's program changed."""
    merged = {}
    for key in {**theirs, **ours}:
        side = ours if theirs.get(key) == base.get(key) else theirs
        if key in side:
            merged[key] = side[key]
    return merged


def _same_content(cell: Cell, other: Cell | None) -> bool:
    return other is not None and _content(cell) == _content(other)


def _content(cell: Cell) -> tuple[Any, ...]:
    """Returns the parts of a cell that a learner edits; a source is a string or its lines."""
    return cell["cell_type"], "".join(cell["source"]), cell.get("attachments") or {}


def _same_outputs(cell: Cell, other: Cell) -> bool:
    return all(cell.get(key) == other.get(key) for key in ("outputs", "execution_count"))


def _order(base: list[str], theirs: list[str], ours: list[str]) -> list[str]:
    """Returns the ids of all remaining cells, in order."""
    moved = [name for name in theirs if name in base] != [
        name for name in base if name in theirs
    ]
    leading, other = (theirs, ours) if moved else (ours, theirs)
    shared = [name for name in leading if name in other]
    # New cells first, so that the learner's own cells directly follow their former neighbour.
    return _insert_missing(_insert_missing(shared, ours), theirs)


def _insert_missing(order: list[str], names: Iterable[str]) -> list[str]:
    """Inserts each missing name after the name that precedes it in `names`."""
    order, place = list(order), 0
    for name in names:
        if name not in order:
            order.insert(place, name)
        place = order.index(name) + 1
    return order
