"""A cell as its author wrote it: IPython turns magics such as `%matplotlib` into Python."""

import difflib
from typing import Any

_SEARCHED = 50  # cells


def with_magics(before: str, after: str) -> str:
    """Restores the magics of a cell in an edited version of its Python source.

    Args:
        before: The source as IPython ran it.
        after: The same with an edit.

    Returns:
        The edited source, in which each line that did not change is as in the cell.
    """
    raw = _raw(before) if "get_ipython()." in before else None
    if raw is None:
        return after
    old, new, written = (text.splitlines(keepends=True) for text in (before, after, raw))
    if len(old) != len(written):  # a magic over several lines
        return after
    lines = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, begin, end, new_begin, new_end in matcher.get_opcodes():
        lines += written[begin:end] if kind == "equal" else new[new_begin:new_end]
    return "".join(lines)


def _raw(source: str) -> str | None:
    """Returns the last cell that IPython turned into a source; `None` if there is none."""
    from IPython import get_ipython

    shell: Any = get_ipython()
    if shell is None:
        return None
    for raw in reversed(shell.history_manager.input_hist_raw[-_SEARCHED:]):
        if shell.transform_cell(raw) == source:
            return raw if raw.endswith("\n") else f"{raw}\n"
    return None
