"""The learner's copy of the lessons, which can be updated without losing the learner's work."""

import contextlib
import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfunc_lab.lessons import catalogue, merging
from kfunc_lab.lessons.renumbering import is_same_lesson, rename_old_numbers
from kfunc_lab.locale import LANGUAGES, _
from kfunc_lab.ui.files import write_atomically

# Folders inside the copy. BASE contains the version of each original from the last update, to
# find the learner's changes; BACKUP contains each of the learner's notebooks before the last
# merge. The name starts with a dot, so that JupyterLab's file browser does not show it.
BASE = Path(".kfunc_lab", "base")
BACKUP = Path(".kfunc_lab", "backup")

# Written by older versions, which did not merge: the digest of each notebook that was copied.
_MANIFEST = ".kfunc_lab.json"


class PlaceError(ValueError):
    """A folder that cannot contain a copy; the message says why in one sentence."""


@dataclass(frozen=True)
class Report:
    """The result for each notebook, as paths inside the copy such as `"es/00_welcome.ipynb"`.

    Attributes:
        copied: Notebooks that did not exist.
        renamed: Notebooks of lessons that have another number now, each with its new name.
        updated: Notebooks without changes by the learner, replaced by a newer original.
        merged: Notebooks that the learner changed, with the news of the original merged in.
        kept: Notebooks that the learner changed, left as they are.
        outdated: Notebooks in `kept` whose original is newer, with the reason why it was not
            merged.
        unchanged: Notebooks whose cells equal those of their original.
    """

    copied: list[str] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)
    updated: list[str] = field(default_factory=list)
    merged: dict[str, merging.Merge] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    outdated: dict[str, str] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)


def prepare(directory: Path) -> Report:
    """Creates or updates a working copy of all lessons in both languages.

    The copy has no outputs, so that a learner can predict each before it appears. Cells that the
    learner changed or added are never overwritten; running and saving a notebook does not count
    as a change. A deleted notebook is copied again.

    Args:
        directory: The folder of the copy; created if it does not exist.

    Returns:
        The result for each notebook.

    Raises:
        PlaceError: If the folder contains the originals themselves.
        OSError: If the folder cannot be written to.
        FileNotFoundError: If the lessons have not been built.
    """
    originals = {
        f"{language}/{lesson.name}.ipynb": catalogue.notebook(lesson, language)
        for language in LANGUAGES
        for lesson in catalogue.lessons()
    }
    _check_place(directory, next(iter(originals.values())))
    manifest = _read_manifest(directory / _MANIFEST)
    report = Report(renamed=rename_old_numbers(directory, tuple(originals), (BASE, BACKUP)))
    for name, original in originals.items():
        digest = next((manifest[it] for it in manifest if is_same_lesson(it, name)), None)
        _update(directory, name, original.read_bytes(), digest, report)
    return report


def _check_place(directory: Path, original: Path) -> None:
    if directory.resolve().is_relative_to(original.parents[1].resolve()):
        raise PlaceError(
            _(
                "{directory} contains the original lessons; choose another folder for your "
                "copy."
            ).format(directory=directory)
        )


def _update(
    directory: Path, name: str, executed: bytes, digest: object, report: Report
) -> None:
    path, known = directory / name, directory / BASE / name
    present = path.read_bytes() if path.exists() else None
    base = _base(known, digest, (executed, present))
    original = blank(executed)
    if present is None:
        _write(path, original)
        report.copied.append(name)
    elif base is not None and _digest(present) == _digest(base) != _digest(original):
        _write(path, original)
        report.updated.append(name)
    elif base is None or _digest(base) != _digest(original):
        if not _merge(path, directory / BACKUP / name, (base, present, original), report):
            return
    elif _has_run_only(present, original):
        report.unchanged.append(name)
    else:
        report.kept.append(name)
    # Last, so that an interrupted run is repeated.
    if not known.exists() or known.read_bytes() != original:
        _write(known, original)


def blank(content: bytes) -> bytes:
    """Returns a notebook's file without outputs and execution counts."""
    return merging.write(merging.without_outputs(merging.read(content)))


def _has_run_only(present: bytes, original: bytes) -> bool:
    """Returns whether the learner changed no cell, though they may have run it."""
    try:
        return merging.same_contents(merging.read(present), merging.read(original))
    except merging.MergeError:
        return False


def _merge(
    path: Path, backup: Path, contents: tuple[bytes | None, bytes, bytes], report: Report
) -> bool:
    """Merges the original into the learner's notebook; returns whether that was possible.

    Args:
        path: The learner's notebook.
        backup: Where its present version is kept.
        contents: The base, the present version and the original.
        report: The report, to which the result is added.
    """
    base, present, original = contents
    name = path.relative_to(path.parents[1]).as_posix()
    try:
        merge = _merged(base, present, original)
    except merging.MergeError as error:
        report.kept.append(name)
        report.outdated[name] = str(error)
        return False
    if merge:
        _replace(path, backup, present, merging.write(merge.notebook))
        report.merged[name] = merge
    elif _has_run_only(present, original):
        report.unchanged.append(name)
    else:
        report.kept.append(name)
    return True


def _merged(base: bytes | None, present: bytes, original: bytes) -> merging.Merge | None:
    """Merges the original into the learner's notebook; returns `None` if it brings no news.

    Raises:
        merging.MergeError: If the notebooks cannot be merged.
    """
    theirs = merging.read(present)
    if base is None:
        if _has_run_only(present, original):
            return None
        raise merging.MergeError(_("it is not known which version it was copied from"))
    merge = merging.merge(merging.read(base), theirs, merging.read(original))
    return merge if merge.notebook != theirs or merge.conflicting else None


def _replace(path: Path, backup: Path, present: bytes, content: bytes) -> None:
    if content == present:  # the backup comes from an interrupted run
        return
    _write(backup, present)
    shutil.copymode(path, backup)
    _write(path, content)


def _base(path: Path, digest: object, candidates: tuple[bytes | None, ...]) -> bytes | None:
    """Returns the version of the original that was copied, if it is known.

    Args:
        path: The file in `BASE`.
        digest: The digest from the manifest of an older version.
        candidates: The contents to compare with the digest if the file does not exist.
    """
    if path.exists():
        return path.read_bytes()
    return next((c for c in candidates if c is not None and _digest(c) == digest), None)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)


def _read_manifest(path: Path) -> dict[str, Any]:
    """Returns the manifest of an older version; empty if it cannot be read."""
    with contextlib.suppress(FileNotFoundError, ValueError, RecursionError):
        manifest = json.loads(path.read_bytes())
        if isinstance(manifest, dict):
            return manifest
    return {}


def _digest(content: bytes) -> str:
    """Returns a fingerprint of a notebook's cells with their outputs.

    It ignores the metadata: JupyterLab writes the kernel's version there whenever a notebook is
    opened and saved.
    """
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        content = json.dumps(json.loads(content)["cells"], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()
