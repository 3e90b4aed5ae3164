"""Runs Graphviz's `dot` program, by default the one of `graphviz-pure`."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from kfunc_lab.locale import _

_SECONDS = 120


class GraphvizError(RuntimeError):
    """The drawing program is missing or failed; the message names it and says what to do."""


def run_dot(source: str, form: str, *options: str) -> bytes:
    """Lays out and draws a graph.

    Args:
        source: The graph in the DOT language.
        form: The output format, such as `"svg"` or `"png"`.
        *options: Further options of the program, such as `"-Gdpi=144"`.

    Returns:
        The output of the program.

    Raises:
        GraphvizError: If the program is missing, fails or does not finish in time.

    Example:
        >>> run_dot("digraph { a -> b }", "svg").startswith(b"<?xml")
        True
    """
    program = find_program()
    try:
        finished = subprocess.run(
            [program, f"-T{form}", *options],
            input=source.encode(),
            capture_output=True,
            timeout=_SECONDS,
            check=True,
        )
    except FileNotFoundError as error:
        raise GraphvizError(_missing(program)) from error
    except subprocess.TimeoutExpired as error:
        raise GraphvizError(
            _("The drawing program {program} did not finish within {n} seconds.").format(
                program=program, n=_SECONDS
            )
        ) from error
    except (OSError, subprocess.CalledProcessError) as error:
        output = getattr(error, "stderr", None) or str(error).encode()
        raise GraphvizError(
            _("The drawing program {program} failed: {reason}").format(
                program=program, reason=_last_line(output)
            )
        ) from error
    return finished.stdout


def find_program() -> str:
    """Returns the path of the drawing program.

    Returns:
        The program that the environment variable `KFUNC_LAB_DOT` names; else `graphviz-pure`
        next to this Python; else `graphviz-pure` or `dot` on the path.

    Raises:
        GraphvizError: If there is none.
    """
    named = os.environ.get("KFUNC_LAB_DOT")
    if named:
        return named
    scripts = Path(sysconfig.get_path("scripts"))
    for candidate in (scripts / "graphviz-pure", scripts / "graphviz-pure.exe"):
        if candidate.is_file():
            return str(candidate)
    program = shutil.which("graphviz-pure") or shutil.which("dot")
    if program is None:
        raise GraphvizError(_missing("graphviz-pure"))
    return program


def _missing(program: str) -> str:
    return _(
        "The drawing program {program} is missing. Install it with: pip install graphviz-pure"
    ).format(program=program)


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
