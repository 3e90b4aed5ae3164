"""Writes files atomically: a reader sees the old content or the new, never a part of either."""

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _


def save_as(path: str | Path, forms: Mapping[str, Callable[[], bytes]]) -> Path:
    """Writes a file in the format that its suffix selects.

    Args:
        path: The file.
        forms: The function that returns the content, by suffix, such as `".svg"`.

    Returns:
        The path.

    Raises:
        ValueError: If the suffix is none of these.
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
    if not path.parent.is_dir():
        raise FileNotFoundError(
            _("{path} cannot be written: there is no folder {folder}.").format(
                path=path, folder=path.parent
            )
        )
    write_atomically(path, form())
    return path


def save_picture_or_text(path: str | Path, view: Any) -> Path:
    """Saves a view as a picture, `.svg`, or as text, `.txt`.

    Args:
        path: The file.
        view: An object with the methods `to_svg` and `to_text`.

    Returns:
        The path.

    Raises:
        ValueError: If the suffix is none of these.
        OSError: If the file cannot be written.
    """
    forms = {
        ".svg": lambda: view.to_svg().encode(),
        ".txt": lambda: (view.to_text() + "\n").encode(),
    }
    return save_as(path, forms)


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a temporary file in the same folder, then moves it into place.

    Args:
        path: The file; its folder must exist.
        content: The whole content.

    Raises:
        OSError: If the file cannot be written; an existing file keeps its content.

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
    """Returns the permissions of an existing file, or the default ones of a new file."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
