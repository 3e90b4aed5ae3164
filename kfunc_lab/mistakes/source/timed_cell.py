"""The source of a cell that `%%time` runs, which Python keeps nowhere."""

import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

_FILES = ("<timed exec>", "<timed eval>")
_MAGIC = "%%time"
_SEARCHED = 50  # cells


@contextmanager
def readable_source(error: BaseException) -> Iterator[None]:
    """Lets `linecache` read the timed cell that raised an exception, but only meanwhile.

    IPython would quote the source in its tracebacks, which must stay as they are.

    Args:
        error: The exception.
    """
    found = _find(error)
    if found is None:
        yield
        return
    file, body = found
    lines = body.splitlines(keepends=True)
    linecache.cache[file] = (len(body), None, lines, file)
    try:
        yield
    finally:
        linecache.cache.pop(file, None)


def magic_line(file: str) -> str:
    """Returns the line above the source of a timed cell; empty for any other file."""
    return f"{_MAGIC}\n" if file in _FILES else ""


def _find(error: BaseException) -> tuple[str, str] | None:
    """Returns the name and the source of the timed cell, if it is one of the last cells."""
    code = _timed_code(error)
    shell = _shell()
    if code is None or shell is None or code.co_filename in linecache.cache:
        return None
    for raw in reversed(shell.history_manager.input_hist_raw[-_SEARCHED:]):
        head, _newline, body = raw.lstrip().partition("\n")
        if head.strip() == _MAGIC:
            source = shell.transform_cell(body)
            if _made(source, code):
                return code.co_filename, source
    return None


def _timed_code(error: BaseException) -> CodeType | None:
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename in _FILES and code.co_name == "<module>":
            return code
        traceback = traceback.tb_next
    return None


def _made(source: str, code: CodeType) -> bool:
    """Returns whether a source contains all names of compiled code."""
    try:
        own = compile(source, code.co_filename, "exec")  # only to compare it
    except (SyntaxError, ValueError):
        return False
    return set(code.co_names) <= {*own.co_names, "__kfunc_lab_mark__"}


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()
