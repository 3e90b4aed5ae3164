"""Keeps which exercises were done, in one small file that several kernels may write."""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.ui.files import write_atomically

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


_PATIENCE = 2.0  # seconds to wait for another kernel that writes
_DONE = "exercises"  # for each exercise that was done, when it was right for the first time

_said: set[str] = set()


def default_path() -> Path | None:
    """Returns the file in which progress is kept.

    The environment variable `KFUNC_LAB_PROGRESS` names it; by default it lies in the user's
    data folder.

    Returns:
        The file, whether it exists or not; `None` where the variable is set and empty, so that
        nothing is kept.
    """
    wanted = os.environ.get("KFUNC_LAB_PROGRESS")
    if wanted is not None:
        return Path(wanted).expanduser() if wanted.strip() else None
    import platformdirs

    return platformdirs.user_data_path("kfunc_lab") / "progress.json"


def record(exercise: str) -> None:
    """Keeps that an exercise was done, unless that is known already.

    What goes wrong is said once in a process, and raises nothing.

    Args:
        exercise: The name of the exercise.
    """
    try:
        path = default_path()
        if path is not None and exercise not in _known(path):
            _add(path, exercise)
    except Exception as error:  # the feedback on the answer is what matters
        _say_once(_("Your progress could not be saved ({reason})."), error)


def recorded() -> frozenset[str]:
    """Returns the names of the exercises that were done; none where that cannot be read.

    What goes wrong is said once in a process, and raises nothing.
    """
    try:
        path = default_path()
        return frozenset() if path is None else frozenset(_read(path)[_DONE])
    except Exception as error:
        _say_once(_("Your progress could not be read ({reason})."), error)
        return frozenset()


class BrokenFileError(ValueError):
    """A file that holds something else than progress, or is torn."""


def _known(path: Path) -> dict[str, Any]:
    """Returns the exercises that were done; none if the file is broken."""
    try:
        known: dict[str, Any] = _read(path)[_DONE]
    except BrokenFileError:
        return {}
    return known


def _add(path: Path, exercise: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        try:
            content = _read(path)
        except BrokenFileError as error:
            content = {_DONE: {}}
            _say_once(
                _("Your progress file was damaged; it was moved to {path} ({reason})."),
                error,
                path=_set_aside(path),
            )
        # Another kernel may have been faster.
        content[_DONE].setdefault(exercise, datetime.now(UTC).isoformat(timespec="seconds"))
        write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def _read(path: Path) -> dict[str, Any]:
    """Returns all that the file holds, with no exercises where it does not exist yet.

    Raises:
        BrokenFileError: If it holds something else.
        OSError: If it cannot be read, or is no file: a device must not be replaced by one.
    """
    if path.exists() and not path.is_file():
        raise OSError(_("{path} is not a file").format(path=path))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {_DONE: {}}
    except (ValueError, RecursionError) as error:
        raise BrokenFileError(str(error)) from error
    if not (isinstance(content, dict) and isinstance(content.setdefault(_DONE, {}), dict)):
        raise BrokenFileError(_("it contains no progress"))
    return content


def _set_aside(path: Path) -> Path:
    """Moves a broken file to a free name beside it, so that nothing in it is lost."""
    aside, number = path.with_name(f"{path.name}.broken"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.broken-{number}")
    os.replace(path, aside)
    return aside


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lets one kernel at a time read and write; the lock ends with the process that has it."""
    with path.with_name(f"{path.name}.lock").open("ab") as file:
        _wait_for(file.fileno())
        yield


def _wait_for(handle: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return _take(handle)
        except (BlockingIOError, PermissionError):  # another kernel has it
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        except OSError:
            return None  # a file system without locks; each write is still all or nothing


def _say_once(sentence: str, problem: Exception, **names: object) -> None:
    if sentence not in _said:
        _said.add(sentence)
        reason = f"{type(problem).__name__}: {problem}".splitlines()[0]
        with contextlib.suppress(OSError, ValueError):  # it may be closed
            print(sentence.format(reason=reason, **names), file=sys.stderr)
