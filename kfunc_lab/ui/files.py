"""Writing files so that a reader sees the old or the new content, never a part of it."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _


def save_as(path: str | Path, forms: Mapping[str, Callable[[], bytes]]) -> Path:
    """Writes a file in the form that the ending of its name asks for.

    Args:
        path: Where the file shall stand.
        forms: For each ending, as `".svg"`, what gives the content.

    Returns:
        The path.

    Raises:
        ValueError: If the name has another ending.
        OSError: If the file cannot be written.
    """
    path = Path(path)
    form = forms.get(path.suffix.lower())
    if form is None:
        raise ValueError(
            _("{path} must end in one of: {endings}.").format(
                path=path, endings=", ".join(forms)
            )
        )
    write_atomically(path, form())
    return path


def save_picture_or_text(path: str | Path, view: Any) -> Path:
    """Saves a view that has a picture and a text, as `.svg` or `.txt`.

    Args:
        path: Where the file shall stand.
        view: What has `to_svg` and `to_text`.

    Returns:
        The path.

    Raises:
        ValueError: If the name has another ending.
        OSError: If the file cannot be written.
    """
    forms = {
        ".svg": lambda: view.to_svg().encode(),
        ".txt": lambda: (view.to_text() + "\n").encode(),
    }
    return save_as(path, forms)


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file beside its place, then moves it there.

    Args:
        path: Where the file shall stand; its folder must exist.
        content: All of it.

    Raises:
        OSError: If it cannot be written; a file that stood there before stays as it was.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_atomically(Path(folder, "note.txt"), b"kept")
        ...     Path(folder, "note.txt").read_text()
        'kept'
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, _mode_of(path))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode_of(path: Path) -> int:
    """Returns the permissions of the file there, or those that a new one would get."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
