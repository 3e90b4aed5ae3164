"""A real JupyterLab and a real Chromium that opens notebooks, for tests and screenshots."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat

from kfunc_lab.lessons import server

TOKEN = secrets.token_hex(16)


def chromium() -> str | None:
    """Returns the path of a Chromium, or None for Playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def launch(playwright):
    """Starts the browser, or raises Playwright's `Error` if there is none."""
    return playwright.chromium.launch(
        executable_path=chromium(),
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ],
    )


def other_kernels() -> dict[str, Path]:
    """Returns the folders of the other ipykernel versions that the Makefile installs."""
    return {it.name: it for it in sorted(Path(sys.prefix).glob("ipykernel-*")) if it.is_dir()}


@dataclass
class Lab:
    """A running JupyterLab and the folder that it serves."""

    url: str
    root: Path
    settings: Path
    environment: dict[str, str]

    @property
    def progress(self) -> Path:
        """The file that stores progress."""
        return Path(self.environment["KFUNC_LAB_PROGRESS"])

    def address(self, notebook: str) -> str:
        return f"{self.url}/lab/tree/{notebook}?reset&token={TOKEN}"

    def end_kernels(self, notebooks: list[str]) -> None:
        """Shuts down the kernels of notebooks, like a restart of the server."""
        sessions = f"{self.url}/api/sessions"
        with urllib.request.urlopen(f"{sessions}?token={TOKEN}") as answer:
            running = json.load(answer)
        for session in running:
            if session["path"] in notebooks:
                address = f"{sessions}/{session['id']}?token={TOKEN}"
                request = urllib.request.Request(address, method="DELETE")
                urllib.request.urlopen(request).close()


@contextmanager
def serve(root: Path, home: Path) -> Iterator[Lab]:
    """Serves a folder with JupyterLab, isolated from the user's settings.

    Args:
        root: The folder.
        home: An empty folder that replaces the user's home.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "KFUNC_LAB_PROGRESS": str(home / "progress.json"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
    }
    for name, folder in other_kernels().items():
        spec = {
            "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            "display_name": f"{name} (ipykernel)", "language": "python",
            "env": {"PYTHONPATH": str(folder)},
        }  # fmt: skip
        (home / "data/kernels" / name).mkdir(parents=True)
        (home / "data/kernels" / name / "kernel.json").write_text(json.dumps(spec))
    log = (home / "jupyter.log").open("w")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}",
        ],
        env=environment, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/api/status?token={TOKEN}", process, home / "jupyter.log")
        yield Lab(url, root, home / "settings", environment)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(120):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=1)
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


def write_settings(folder: Path, dark: bool) -> None:
    """Writes the settings of `kfunc-lab` and the theme."""
    theme = {"theme": "JupyterLab Dark" if dark else "JupyterLab Light"}
    settings = {**server.SETTINGS, "@jupyterlab/apputils-extension:themes": theme}
    for name, values in settings.items():
        package, plugin = name.split(":")
        (folder / package).mkdir(parents=True, exist_ok=True)
        (folder / package / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values))


class Opener:
    """Opens notebooks in JupyterLab, each in a browser context of its own."""

    def __init__(self, lab: Lab, browser) -> None:
        self._lab = lab
        self._browser = browser
        self._contexts = []
        self._names = []

    def __call__(
        self,
        source: Path | list[str],
        *,
        dark: bool = False,
        width: int = 1280,
        trusted=False,
        kernel: str = "python3",
    ):
        # A new name or folder, or JupyterLab reuses the notebook's old kernel.
        own = secrets.token_hex(4)
        name = f"{own}/{source.name}" if isinstance(source, Path) else f"{own}.ipynb"
        self._names.append(name)
        path = self._lab.root / name
        path.parent.mkdir(exist_ok=True)
        if isinstance(source, Path):
            shutil.copyfile(source, path)
        else:
            notebook = nbformat.v4.new_notebook()
            notebook.metadata["kernelspec"] = {
                "name": kernel, "display_name": kernel, "language": "python",
            }  # fmt: skip
            notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in source]
            nbformat.write(notebook, path)
        if trusted:
            subprocess.run(
                [sys.executable, "-m", "jupyter", "trust", path],
                env=self._lab.environment, check=True, capture_output=True,
            )  # fmt: skip
        write_settings(self._lab.settings, dark)
        context = self._browser.new_context(
            viewport={"width": width, "height": 900}, device_scale_factor=2
        )
        self._contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(self._lab.address(name))
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        # JupyterLab opens a dialog if a cell runs before the kernel is ready.
        page.wait_for_function(
            """() => /\\(ipykernel\\) \\| Idle/.test(
                document.querySelector('#jp-main-statusbar').textContent)""",
            timeout=60_000,
        )
        return page

    def end_kernels(self) -> None:
        self._lab.end_kernels(self._names)

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self.end_kernels()
