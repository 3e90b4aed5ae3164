"""Starts JupyterLab on a working copy of the lessons."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kfunc_lab.doctor import INSTALL
from kfunc_lab.lessons import catalogue, working_copy
from kfunc_lab.locale import LANGUAGES, _

# Silences TensorFlow's messages on import. Both are needed; existing values win.
QUIET_TENSORFLOW = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}

# Keeps the output of C++ libraries out of the notebook, but not Python's: on import, TensorFlow's
# libraries print two lines with the time, whatever the environment says.
QUIET_KERNEL = "--IPKernelApp.capture_fd_output=False"

# Defaults, which a learner's own settings override: do not ask about news or check for updates,
# and save the views, so that a reopened notebook shows them before its kernel runs.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}


class ServerError(RuntimeError):
    """JupyterLab cannot be started; the message says why in one sentence."""


def serve(
    directory: Path,
    language: str,
    *,
    port: int | None = None,
    browser: bool = True,
    options: Sequence[str] = (),
) -> int:
    """Serves a working copy to this machine only, until Ctrl-C or JupyterLab's own shutdown.

    Args:
        directory: The working copy.
        language: The language of the welcome notebook, and of views and feedback.
        port: The port; by default the first free port from 8888.
        browser: Whether to open a browser.
        options: Further options for JupyterLab, which override those above.

    Returns:
        JupyterLab's exit code; 0 after Ctrl-C.

    Raises:
        ServerError: If JupyterLab is not installed.
    """
    if find_spec("jupyterlab") is None:
        raise ServerError(
            _("{name} is not installed; install it with: {command}").format(
                name="JupyterLab", command=INSTALL
            )
        )
    command = _command(directory, language, port, browser, options)
    _trust_lessons()
    with tempfile.TemporaryDirectory(prefix="kfunc_lab_") as folder, _interrupted_by_signals():
        # In its own session, only this program stops the server: a second signal from the
        # terminal would interrupt its cleanup.
        server = subprocess.Popen(
            command, env=_environment(Path(folder), language), start_new_session=True
        )
        try:
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            server.terminate()
            server.wait()


def _command(
    directory: Path, language: str, port: int | None, browser: bool, options: Sequence[str]
) -> list[str]:
    welcome = f"{language}/{catalogue.lessons()[0].name}.ipynb"
    return [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={directory}",
        "--ServerApp.ip=127.0.0.1",
        # A separate workspace keeps the tabs of other work unchanged.
        f"--LabApp.default_url=/lab/workspaces/kfunc_lab/tree/{welcome}",
        # By default JupyterLab refuses to run as root, because anyone who reaches it could do
        # anything; but in a container, root may be the only user. This server can only be reached
        # from this machine, with a token.
        *(["--allow-root"] if _is_root() else []),
        *([] if port is None else [f"--ServerApp.port={port}"]),
        *([] if browser else ["--no-browser"]),
        *options,
    ]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _trust_lessons() -> None:
    """Lets JupyterLab trust the lessons: it does if they are signed with the user's key.

    This signs the lessons without outputs, and with them every copy that did not change.
    """
    with suppress(Exception):  # without a signature, a cell is trusted once it runs
        import nbformat
        from jupyter_core.paths import jupyter_data_dir
        from nbformat.sign import NotebookNotary

        folder = Path(jupyter_data_dir())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        notary: Any = NotebookNotary(data_dir=str(folder))  # type: ignore[no-untyped-call]
        with closing(notary.store):
            for lesson in catalogue.lessons():
                for language in LANGUAGES:
                    original = catalogue.notebook(lesson, language)
                    content = working_copy.blank(original.read_bytes()).decode()
                    notary.sign(nbformat.reads(content, 4))  # type: ignore[no-untyped-call]


def _environment(folder: Path, language: str) -> dict[str, str]:
    """Writes the settings and the kernel to a folder, and returns the server's environment."""
    from ipykernel.kernelspec import write_kernel_spec  # comes with JupyterLab

    settings = folder / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps(SETTINGS))
    # The kernel uses this interpreter, even if `python3` is registered as another one.
    write_kernel_spec(folder / "kernels" / "python3", extra_arguments=[QUIET_KERNEL])
    return {
        **QUIET_TENSORFLOW,
        **os.environ,
        "KFUNC_LAB_LANGUAGE": language,
        "JUPYTER_CONFIG_PATH": _prepend(folder, os.environ.get("JUPYTER_CONFIG_PATH")),
        "JUPYTER_PATH": _prepend(folder, os.environ.get("JUPYTER_PATH")),
    }


def _prepend(folder: Path, paths: str | None) -> str:
    return os.pathsep.join(filter(None, (str(folder), paths)))


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Handles a closed terminal and a termination request like Ctrl-C."""

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
