"""Stores exercises done and guesses made, in one small file that several kernels may write."""

import contextlib
import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.ui.files import write_atomically

_PATIENCE = 2.0  # seconds to wait while another kernel writes
_DONE = "exercises"  # maps each exercise to the time of its first right answer

_GUESSES = (
    "predictions"  # maps each prediction to the first guess, if it was right, and the time
)

# A file system without locks says so with one of these; each write is still all or nothing.
_NO_LOCKS = (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)

_reported: set[str] = set()


def default_path() -> Path | None:
    """Returns the file in which progress is stored.

    The environment variable `KFUNC_LAB_PROGRESS` names it; by default it is in the user's data
    folder.

    Returns:
        The file, whether it exists or not; `None` if the variable is set but empty, so that
        nothing is stored.
    """
    name = os.environ.get("KFUNC_LAB_PROGRESS")
    if name is not None:
        return Path(name).expanduser() if name.strip() else None
    import platformdirs

    return platformdirs.user_data_path("kfunc_lab") / "progress.json"


def record(exercise: str) -> None:
    """Records that an exercise is done, unless the file says so already.

    A problem is reported once in a process; it never raises.

    Args:
        exercise: The name of the exercise.
    """

    def add(content: dict[str, Any]) -> None:
        content[_DONE].setdefault(exercise, _now())

    _change(lambda content: exercise not in content[_DONE], add)


def record_guess(prediction: str, guess: str, is_right: bool | None = None) -> None:
    """Records a guess; the first one that was answered is never replaced.

    A problem is reported once in a process; it never raises.

    Args:
        prediction: The name of the prediction.
        guess: The guess, as it was typed.
        is_right: Whether it was right; `None` if it is not answered yet.
    """

    def is_news(content: dict[str, Any]) -> bool:
        earlier = _guess(content, prediction)
        return earlier is None or (earlier[1] is None and earlier != (guess, is_right))

    def add(content: dict[str, Any]) -> None:
        if is_news(content):
            if not isinstance(content.get(_GUESSES), dict):
                content[_GUESSES] = {}
            entry = {"guess": guess, "right": is_right, "time": _now()}
            content[_GUESSES][prediction] = entry

    _change(is_news, add)


def guesses() -> dict[str, tuple[str, bool | None]]:
    """Returns the guess for each prediction, and whether it was right; `None` if unanswered.

    A problem is reported once in a process; it never raises.
    """
    content = _content()
    known = content.get(_GUESSES)
    found = {name: _guess(content, name) for name in known} if isinstance(known, dict) else {}
    return {name: entry for name, entry in found.items() if entry is not None}


def _guess(content: dict[str, Any], prediction: str) -> tuple[str, bool | None] | None:
    match content.get(_GUESSES):
        case dict(known):
            match known.get(prediction):
                case {"guess": str(guess), "right": (bool() | None) as is_right}:
                    return guess, is_right
    return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _change(
    is_news: Callable[[dict[str, Any]], bool], add: Callable[[dict[str, Any]], None]
) -> None:
    """Changes the content of the file, unless it says so already.

    Args:
        is_news: Returns whether the content lacks it.
        add: Adds it; another kernel may have done so meanwhile.
    """
    try:
        path = default_path()
        if path is not None and is_news(_known(path)):
            _add(path, add)
    except Exception as error:  # the feedback on the answer is what matters
        _report_once(_("Your progress could not be saved ({reason})."), error)


def recorded() -> frozenset[str]:
    """Returns the names of the exercises that are done; none if the file cannot be read.

    A problem is reported once in a process; it never raises.
    """
    return frozenset(_content()[_DONE])


def _content() -> dict[str, Any]:
    try:
        path = default_path()
        return {_DONE: {}} if path is None else _read(path)
    except Exception as error:
        _report_once(_("Your progress could not be read ({reason})."), error)
        return {_DONE: {}}


class BrokenFileError(ValueError):
    """A file that is cut short, or contains something other than progress."""


def _known(path: Path) -> dict[str, Any]:
    """Returns the content of the file; no exercises if it is broken."""
    try:
        return _read(path)
    except BrokenFileError:
        return {_DONE: {}}


def _add(path: Path, add: Callable[[dict[str, Any]], None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path):
        try:
            content = _read(path)
        except BrokenFileError as error:
            content = {_DONE: {}}
            _report_once(
                _("Your progress file was damaged; it was moved to {path} ({reason})."),
                error,
                path=_set_aside(path),
            )
        add(content)
        write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def _read(path: Path) -> dict[str, Any]:
    """Returns the content of the file; no exercises if it does not exist yet.

    Raises:
        BrokenFileError: If it contains something else.
        OSError: If it cannot be read, or is not a file: a device must not be replaced by one.
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
    """Moves a broken file to a free name beside it, so that its content is not lost."""
    aside, number = path.with_name(f"{path.name}.broken"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.broken-{number}")
    os.replace(path, aside)
    return aside


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lets one kernel at a time read and write; the lock ends with the process that holds it."""
    from filelock import FileLock

    lock = FileLock(path.with_name(f"{path.name}.lock"))
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(lock.acquire(timeout=_PATIENCE, poll_interval=0.01))
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield


def _report_once(sentence: str, problem: Exception, **names: object) -> None:
    if sentence not in _reported:
        _reported.add(sentence)
        reason = f"{type(problem).__name__}: {problem}".splitlines()[0]
        with contextlib.suppress(OSError, ValueError):  # the stream may be closed
            print(sentence.format(reason=reason, **names), file=sys.stderr)
