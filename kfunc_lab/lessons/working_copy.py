"""The learner's own copy of the lessons, in which nothing that they changed is overwritten."""

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kfunc_lab.files import write_atomically
from kfunc_lab.lessons import catalogue
from kfunc_lab.locale import LANGUAGES

# Which originals were copied: for each path inside the copy, the SHA-256 of what was written.
# The name starts with a dot, so that JupyterLab's file browser does not show it.
MANIFEST = ".kfunc_lab.json"


@dataclass(frozen=True)
class Report:
    """What became of each notebook: paths inside the working copy, as `"es/00_welcome.ipynb"`.

    Attributes:
        copied: Was not there.
        updated: Was as it had been copied, and got the newer original.
        kept: Was changed by the learner, and stayed.
        outdated: Those of `kept` whose original is newer than what the learner began with.
        unchanged: Was equal to its original.
    """

    copied: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)


def prepare(directory: Path) -> Report:
    """Makes or updates a working copy of all lessons in both languages.

    A notebook that differs from what was copied is the learner's: it is never written over, and
    running and saving it is enough to make it differ. One that was deleted is copied again.

    Args:
        directory: Where the copy is to be; made if it is not there.

    Raises:
        OSError: If the folder cannot be written.
        FileNotFoundError: If the lessons have not been built.
    """
    originals = {
        f"{language}/{lesson.name}.ipynb": catalogue.notebook(lesson, language).read_bytes()
        for language in LANGUAGES
        for lesson in catalogue.lessons()
    }
    manifest = _read_manifest(directory / MANIFEST)
    report = Report()
    for name, original in originals.items():
        _bring_up_to_date(directory / name, name, original, manifest, report)
    write_atomically(directory / MANIFEST, json.dumps(manifest, indent=1).encode())
    return report


def _bring_up_to_date(
    path: Path, name: str, original: bytes, manifest: dict[str, str], report: Report
) -> None:
    newest, copied = _digest(original), manifest.get(name)
    present = _digest(path.read_bytes()) if path.exists() else None
    if present == newest:
        report.unchanged.append(name)
    elif present is None or present == copied:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, original)
        (report.copied if present is None else report.updated).append(name)
    else:
        report.kept.append(name)
        if copied not in (None, newest):
            report.outdated.append(name)
        return
    manifest[name] = newest


def _read_manifest(path: Path) -> dict[str, str]:
    """Returns what was copied so far; a manifest that cannot be read is set aside.

    Without one, every notebook that differs from its original counts as the learner's.
    """
    if not path.exists():
        return {}
    try:
        manifest = json.loads(path.read_bytes())
    except ValueError:
        manifest = None
    if isinstance(manifest, Mapping) and all(isinstance(v, str) for v in manifest.values()):
        return dict(manifest)
    path.replace(path.with_name(f"{path.name}.broken"))
    return {}


def _digest(content: bytes) -> str:
    """Returns a fingerprint of a notebook's cells.

    Its metadata does not count: JupyterLab writes the kernel's version into it when a notebook is
    merely opened and saved.
    """
    with contextlib.suppress(ValueError, KeyError, TypeError):
        content = json.dumps(json.loads(content)["cells"], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()
