"""Renames a learner's notebooks of lessons that have another number now."""

import re
from pathlib import Path, PurePosixPath

_NAME = re.compile(r"\d\d_(?P<slug>\w+)\.ipynb")


def is_same_lesson(one: str, other: str) -> bool:
    """Returns whether two paths name the same lesson, perhaps with other numbers.

    Example:
        >>> is_same_lesson("es/10_your_own_layer.ipynb", "es/11_your_own_layer.ipynb")
        True
    """
    return _lesson(one) is not None and _lesson(one) == _lesson(other)


def _lesson(name: str) -> tuple[str, str] | None:
    path = PurePosixPath(name)
    match = _NAME.fullmatch(path.name)
    return (path.parent.as_posix(), match["slug"]) if match else None


def rename_old_numbers(
    directory: Path, names: tuple[str, ...], stores: tuple[Path, ...]
) -> dict[str, str]:
    """Gives each notebook with an old number its new name; nothing is overwritten.

    Args:
        directory: The folder of the copy.
        names: The present names of all notebooks, such as `"es/11_your_own_layer.ipynb"`.
        stores: Folders in the copy with further versions of each notebook, under its name.

    Returns:
        The new name for each old name.
    """
    renamed = {}
    for name in names:
        old = None if (directory / name).exists() else _old_name(directory, name, names)
        if old is None:
            continue
        # The notebook itself comes last, so that an interrupted run is repeated.
        for folder in (*stores, Path()):
            source, target = directory / folder / old, directory / folder / name
            if source.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                source.rename(target)
        renamed[old] = name
    return renamed


def _old_name(directory: Path, name: str, names: tuple[str, ...]) -> str | None:
    """Returns the notebook of the same lesson with the highest other number, if there is one."""
    folder = PurePosixPath(name).parent
    found = sorted(path.name for path in (directory / folder).glob("*.ipynb") if path.is_file())
    olds = [(folder / it).as_posix() for it in found]
    return next(
        (old for old in reversed(olds) if is_same_lesson(old, name) and old not in names), None
    )
