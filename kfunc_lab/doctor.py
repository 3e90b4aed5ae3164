"""Checks that everything the lessons need is installed, and says how to fix the rest."""

import importlib
import os
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from kfunc_lab.locale import _

INSTALL = 'pip install "kfunc_lab[lab]"'

_PACKAGES = ("JupyterLab", "ipykernel", "anywidget", "papermill", "nbconvert")


@dataclass(frozen=True)
class Finding:
    """The result of a check.

    Attributes:
        subject: The thing that was checked, such as `"Keras"`.
        found: A version, a path, or the problem, without a full stop.
        remedy: The fix, as a sentence; empty if there is no problem.
        essential: Whether the lessons need the thing.
    """

    subject: str
    found: str
    remedy: str = ""
    essential: bool = True


def findings() -> list[Finding]:
    """Runs all checks, which imports Keras with its backend and takes seconds."""
    return [
        _python(),
        _keras(),
        _backend(),
        _drawing(),
        *map(_package, _PACKAGES),
        _mnist(),
        _memory(),
    ]


def release(version: str) -> tuple[int, ...]:
    """Returns a version as numbers that can be compared.

    Example:
        >>> release("3.11.3") > release("3.9")
        True
    """
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    supported = (3, 11) <= sys.version_info < (3, 14)
    return Finding("Python", version, "" if supported else _("Use Python 3.11, 3.12 or 3.13."))


def _keras() -> Finding:
    try:
        import keras
    except Exception as error:  # the backend can fail in any way
        return _not_imported("Keras", error)
    description = _("{version}, backend {backend}").format(
        version=keras.__version__, backend=keras.backend.backend()
    )
    if release(keras.__version__) >= (3, 8):
        return Finding("Keras", description)
    remedy = _("Install a newer version with: {command}").format(command=INSTALL)
    return Finding("Keras", description, remedy)


def _backend() -> Finding:
    """Checks the one package that Keras computes with; nobody needs the others."""
    keras = sys.modules.get("keras")
    name = keras.backend.backend() if keras is not None else "tensorflow"
    subject = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}.get(name, name)
    try:
        return Finding(subject, importlib.import_module(name).__version__)
    except Exception as error:  # a broken binary can fail in any way
        command = INSTALL if name == "tensorflow" else f"pip install {name}"
        return _not_imported(subject, error, command)


def _not_imported(subject: str, error: Exception, command: str = INSTALL) -> Finding:
    reason = str(error).strip().partition("\n")[0]
    description = _("cannot be imported ({reason})").format(reason=reason)
    return Finding(subject, description, _install(command))


def _install(command: str = INSTALL) -> str:
    return _("Install it with: {command}").format(command=command)


def _drawing() -> Finding:
    from kfunc_lab.graph.picture.graphviz import GraphvizError, find_program, run_dot

    try:
        run_dot("digraph { a -> b }", "svg")
    except GraphvizError as error:
        remedy = _("Set KFUNC_LAB_DOT to use another program.")
        return Finding("Graphviz", str(error).rstrip("."), remedy)
    return Finding("Graphviz", find_program())


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, _("is not installed"), _install())


def _mnist() -> Finding:
    home = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser()
    file = home / "datasets" / "mnist.npz"
    if file.exists():
        return Finding("MNIST", str(file))
    return Finding(
        "MNIST",
        _("not on this computer"),
        _(
            "The lessons use the 5,000 digits that come with kfunc_lab, or download the full "
            "set."
        ),
        essential=False,
    )


def _memory() -> Finding:
    try:
        import psutil  # type: ignore[import-untyped]  # comes with ipykernel
    except ModuleNotFoundError:
        return Finding("RAM", _("unknown"))
    free = psutil.virtual_memory().available / 2**30
    remedy = _(
        "Close other programs, and shut down the kernel of each lesson when you finish it."
    )
    return Finding(
        "RAM",
        _("{size} GB free").format(size=f"{free:.1f}"),
        "" if free >= 1.5 else remedy,
        essential=False,
    )
