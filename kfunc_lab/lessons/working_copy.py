"""The learner's own copy of the lessons, which newer originals reach without undoing their work."""

import contextlib
import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfunc_lab.lessons import catalogue, merging
from kfunc_lab.locale import LANGUAGES, _
from kfunc_lab.ui.files import write_atomically

# What the copy keeps for itself: each original as it was when it was last brought in, by which
# the learner's changes are known, and each of their notebooks as it was before the last merge.
# The name starts with a dot, so that JupyterLab's file browser does not show it.
BASE = Path(".kfunc_lab", "base")
BACKUP = Path(".kfunc_lab", "backup")

# Written by versions that merged nothing: for each notebook, the digest of what was copied.
_MANIFEST = ".kfunc_lab.json"


class PlaceError(ValueError):
    """A folder in which no copy can be made; the message says why in one sentence."""


@dataclass(frozen=True)
class Report:
    """What became of each notebook: paths inside the working copy, as `"es/00_welcome.ipynb"`.

    Attributes:
        copied: Was not there.
        updated: Was as it had been copied, and got the newer original.
        merged: Was changed by the learner, and got what is new around their cells.
        kept: Was changed by the learner, and stayed.
        outdated: Those of `kept` that differ from a newer original, and why it was not merged.
        unchanged: Was equal to its original.
    """

    copied: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    merged: dict[str, merging.Merge] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    outdated: dict[str, str] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)


def prepare(directory: Path) -> Report:
    """Makes or updates a working copy of all lessons in both languages.

    Cells that the learner changed or added are never written over; running a notebook and saving
    it changes none. A notebook that was deleted is copied again.

    Args:
        directory: Where the copy is to be; made if it is not there.

    Raises:
        PlaceError: If the originals themselves are there.
        OSError: If the folder cannot be written.
        FileNotFoundError: If the lessons have not been built.
    """
    originals = {
        f"{language}/{lesson.name}.ipynb": catalogue.notebook(lesson, language)
        for language in LANGUAGES
        for lesson in catalogue.lessons()
    }
    _check_place(directory, next(iter(originals.values())))
    manifest = _read_manifest(directory / _MANIFEST)
    report = Report()
    for name, original in originals.items():
        _bring_up_to_date(directory, name, original.read_bytes(), manifest.get(name), report)
    return report


def _check_place(directory: Path, original: Path) -> None:
    if directory.resolve().is_relative_to(original.parents[1].resolve()):
        raise PlaceError(
            _(
                "{directory} contains the original lessons; choose another folder for your "
                "copy."
            ).format(directory=directory)
        )


def _bring_up_to_date(
    directory: Path, name: str, original: bytes, digest: object, report: Report
) -> None:
    path, known = directory / name, directory / BASE / name
    present = path.read_bytes() if path.exists() else None
    base = _base(known, digest, (original, present))
    if present is None:
        _write(path, original)
        report.copied.append(name)
    elif _digest(present) == _digest(original):
        report.unchanged.append(name)
    elif base is not None and _digest(present) == _digest(base):
        _write(path, original)
        report.updated.append(name)
    elif base is not None and _digest(base) == _digest(original):
        report.kept.append(name)
    else:
        try:
            merge = _merged(base, present, original)
        except merging.MergeError as error:
            report.kept.append(name)
            report.outdated[name] = str(error)
            return
        if merge:
            _replace(path, directory / BACKUP / name, present, merging.write(merge.notebook))
            report.merged[name] = merge
        else:
            report.kept.append(name)
    # Last, so that a run that was cut short is done again.
    if not known.exists() or known.read_bytes() != original:
        _write(known, original)


def _merged(base: bytes | None, present: bytes, original: bytes) -> merging.Merge | None:
    """Merges into the learner's notebook; `None` if there is nothing new for them.

    Raises:
        merging.MergeError: If that cannot be done.
    """
    theirs = merging.read(present)
    if base is None:
        raise merging.MergeError(_("it is not known which version it was copied from"))
    merge = merging.merge(merging.read(base), theirs, merging.read(original))
    return merge if merge.notebook != theirs or merge.conflicting else None


def _replace(path: Path, backup: Path, present: bytes, content: bytes) -> None:
    if content == present:  # the backup is from a run that was cut short
        return
    _write(backup, present)
    shutil.copymode(path, backup)
    _write(path, content)


def _base(path: Path, digest: object, candidates: tuple[bytes | None, ...]) -> bytes | None:
    """Returns the original as it was when it was copied, if that is known.

    Args:
        path: Where it is kept.
        digest: What a version that kept none noted about it.
        candidates: What it may be equal to then.
    """
    if path.exists():
        return path.read_bytes()
    return next((c for c in candidates if c is not None and _digest(c) == digest), None)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)


def _read_manifest(path: Path) -> dict[str, Any]:
    """Returns what an older version noted; nothing, if that cannot be read."""
    with contextlib.suppress(FileNotFoundError, ValueError, RecursionError):
        manifest = json.loads(path.read_bytes())
        if isinstance(manifest, dict):
            return manifest
    return {}


def _digest(content: bytes) -> str:
    """Returns a fingerprint of a notebook's cells.

    Its metadata does not count: JupyterLab writes the kernel's version into it when a notebook is
    merely opened and saved.
    """
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        content = json.dumps(json.loads(content)["cells"], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()
