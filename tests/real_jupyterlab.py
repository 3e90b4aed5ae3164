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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from jupyter_client.blocking import BlockingKernelClient

from kfunc_lab.lessons import server

TOKEN = secrets.token_hex(16)


def launch(playwright: Any) -> Any:
    """Starts the system's Chromium or Playwright's, or raises Playwright's `Error`."""
    return playwright.chromium.launch(
        executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
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
    """A running JupyterLab, the folder that it serves, and the folder of its settings."""

    url: str
    root: Path
    home: Path
    environment: dict[str, str]

    @property
    def progress(self) -> Path:
        """The file that stores progress."""
        return Path(self.environment["KFUNC_LAB_PROGRESS"])

    def address(self, notebook: str = "") -> str:
        """Returns the URL of a notebook, or of JupyterLab without a notebook."""
        where = f"tree/{notebook}" if notebook else ""
        return f"{self.url}/lab/{where}?reset&token={TOKEN}"

    def ask(self, method: str, path: str, body: dict | None = None) -> Any:
        """Sends a request to the server's REST API."""
        request = urllib.request.Request(
            f"{self.url}/api/{path}?token={TOKEN}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or "null")

    def set(self, plugin: str, values: dict[str, object]) -> None:
        """Writes the settings of a plugin, which the next page reads."""
        package, name = plugin.split(":")
        file = self.home / "settings" / package / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


@contextmanager
def serve(root: Path, home: Path) -> Iterator[Lab]:
    """Serves a folder with JupyterLab, isolated from the user's settings.

    Args:
        root: The folder of the notebooks.
        home: An empty folder that replaces the user's home.
    """
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / "jupyter.log"
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}",
            "--LabApp.expose_app_in_browser=True",
        ],
        env=environment, stdout=log.open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    lab = Lab(f"http://127.0.0.1:{port}", root, home, environment)
    try:
        _wait_for(lab, process, log)
        yield lab
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(lab: Lab, process: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            lab.ask("GET", "status")
        except OSError:
            time.sleep(0.25)
        else:
            return
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


class Kernel:
    """A kernel of the server that runs one notebook after another.

    It imports Keras while the page loads.
    """

    def __init__(self, lab: Lab, path: str, name: str) -> None:
        self._lab = lab
        self.name = name
        body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": name}}
        session = lab.ask("POST", "sessions", body)
        self._session, self._id = session["id"], session["kernel"]["id"]
        file = lab.home / "runtime" / f"kernel-{self._id}.json"
        self._client = BlockingKernelClient(connection_file=str(file))
        self._client.load_connection_file()
        self._client.start_channels()
        self._client.execute("__import__('keras')", silent=True)

    def serve(self, path: str) -> None:
        """Switches to another notebook and resets the session.

        Raises:
            TimeoutError: If the kernel is still busy with the previous notebook.
        """
        folder = str(self._lab.root.joinpath(path).parent)
        code = f"{_FORGET}\n__import__('os').chdir({folder!r})"
        self._client.execute(code, silent=True, reply=True, timeout=20)
        self._lab.ask("PATCH", f"sessions/{self._session}", {"path": path})

    def end(self) -> None:
        self._client.stop_channels()
        self._lab.ask("DELETE", f"sessions/{self._session}")


# Removes the views, language and layer names of the previous notebook.
_FORGET = """
import ipywidgets, keras, kfunc_lab
kfunc_lab.unwatch()
kfunc_lab.language("en")
keras.backend.clear_session()
ipywidgets.Widget.close_all()
get_ipython().reset(new_session=True)
"""

# A notebook that is still open would take over the path that its kernel turns to.
_CLOSE = "() => { for (const it of [...jupyterapp.shell.widgets('main')]) it.dispose(); }"

# Shows only one notebook; JupyterLab opens its launcher if nothing else is open.
_SHOW = """async (path) => {
    const { commands, shell } = jupyterapp;
    const shown = await commands.execute("docmanager:open", { path, factory: "Notebook" });
    for (const it of [...shell.widgets("main")]) if (it !== shown) it.dispose();
}"""
_IS_READY = """() => {
    const session = jupyterapp.shell.currentWidget?.context?.sessionContext;
    return session?.isReady && session.session?.kernel?.status === "idle"
        && document.querySelector(".jp-Notebook .jp-Cell");
}"""


class Opener:
    """Opens notebooks on one page, one after the other, in a kernel that they share.

    Args:
        lab: Where they are.
        browser: Where the page is.
        scale: How many pixels of the screen one of the page is wide.

    Attributes:
        page: The page. Its `problems` are the errors since the notebook was opened.
        source: The source of the notebook that is open.
        is_dark: Whether JupyterLab is dark.
    """

    def __init__(self, lab: Lab, browser: Any, scale: int = 1) -> None:
        self._lab = lab
        self._context = browser.new_context(device_scale_factor=scale)
        self._kernel: Kernel | None = None
        self._path = ""
        self.page: Any = None
        self.source: Path | list[str] | None = None
        self.is_dark = False

    def __call__(
        self,
        source: Path | list[str],
        *,
        dark: bool = False,
        width: int = 1280,
        trusted: bool = False,
        kernel: str = "python3",
        new_page: bool = False,
    ) -> Any:
        """Opens a notebook and closes the previous one.

        Args:
            source: The notebook file, or the code of its cells.
            dark: Whether JupyterLab uses the dark theme.
            width: The width of the page in pixels.
            trusted: Whether the user trusts the notebook.
            kernel: The name of the kernel; a new name ends the previous kernel.
            new_page: Whether to load a new page of JupyterLab.

        Returns:
            The page.
        """
        self._path = self._written(source, kernel)
        if trusted:
            subprocess.run(
                [sys.executable, "-m", "jupyter", "trust", self._lab.root / self._path],
                env=self._lab.environment, check=True, capture_output=True,
            )  # fmt: skip
        if self.page is not None:
            self.page.evaluate(_CLOSE)
        self.source = source
        self._serve(kernel)
        if self.page is None or new_page:
            self._load(dark)
        self.page.set_viewport_size({"width": width, "height": 900})
        self.set_theme(dark)
        return self._show()

    def set_theme(self, dark: bool) -> None:
        """Makes JupyterLab dark, or light."""
        theme = _theme(dark)
        if dark != self.is_dark:
            self.page.evaluate(
                "theme => jupyterapp.commands.execute('apputils:change-theme', { theme })",
                theme,
            )
            self.is_dark = dark
        self.page.wait_for_function(
            "theme => document.body.dataset.jpThemeName === theme", arg=theme
        )

    def reload(self) -> Any:
        """Opens the same notebook with the same kernel in a new page."""
        self._load(self.is_dark)
        return self._show()

    def reopen(self) -> Any:
        """Opens the same notebook with a new kernel in a new page, like on another day."""
        self.end_kernel()
        self._serve("python3")
        self._load(self.is_dark)
        return self._show()

    def end_kernel(self) -> None:
        """Ends the kernel; the next notebook gets a new one."""
        if self._kernel is not None:
            self._kernel.end()
        self._kernel = None

    def end(self) -> None:
        """Ends the page and the kernel; the next notebook gets new ones."""
        if self.page is not None:
            self.page.close()
        self.page = None
        self.end_kernel()

    def close(self) -> None:
        self._context.close()
        self.end_kernel()

    def _written(self, source: Path | list[str], kernel: str) -> str:
        # A new name or folder, so that JupyterLab does not reuse an earlier notebook.
        own = secrets.token_hex(4)
        path = f"{own}/{source.name}" if isinstance(source, Path) else f"{own}.ipynb"
        file = self._lab.root / path
        file.parent.mkdir(exist_ok=True)
        if isinstance(source, Path):
            shutil.copyfile(source, file)
            return path
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {
            "name": kernel, "display_name": kernel, "language": "python",
        }  # fmt: skip
        notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in source]
        nbformat.write(notebook, file)
        return path

    def _serve(self, kernel: str) -> None:
        if self._kernel is not None and self._kernel.name == kernel:
            with suppress(TimeoutError):
                return self._kernel.serve(self._path)
        self.end_kernel()
        self._kernel = Kernel(self._lab, self._path, kernel)

    def _show(self) -> Any:
        self.page.problems.clear()
        self.page.evaluate(_SHOW, self._path)
        self.page.wait_for_function(_IS_READY, timeout=120_000)
        return self.page

    def _note_problem(self, error: Any) -> None:
        # anywidget warns if a script loads for two seconds, as it may on a busy machine; if a
        # view did not appear, the test fails anyway.
        if "[anywidget] Failed to initialize model" not in str(error):
            self.page.problems.append(str(error))

    def _load(self, dark: bool) -> None:
        """Loads JupyterLab, with the settings of `kfunc-lab` and the theme."""
        for plugin, values in server.SETTINGS.items():
            self._lab.set(plugin, values)
        self._lab.set("@jupyterlab/apputils-extension:themes", {"theme": _theme(dark)})
        if self.page is not None:
            self.page.close()
        self.page = page = self._context.new_page()
        page.problems = []
        page.on("pageerror", self._note_problem)
        self.is_dark = dark
        self.page.goto(self._lab.address())
        self.page.wait_for_function(
            "window.jupyterapp && jupyterapp.restored.then(() => true)", timeout=120_000
        )


def _theme(dark: bool) -> str:
    return f"JupyterLab {'Dark' if dark else 'Light'}"


def run_cells(page: Any, timeout: float = 180) -> None:
    """Clears all outputs, runs all cells and waits for the last one."""
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_role("menuitem", name="Clear Outputs of All Cells").click()
    begin_cells(page)
    page.wait_for_function(
        """() => {
            const error = document.querySelector('[data-mime-type$="jupyter.error"]');
            if (error) throw new Error(error.innerText);
            const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
            return prompts.length && prompts.every(
                prompt => /\\[\\d+\\]/.test(prompt.textContent));
        }""",
        timeout=timeout * 1000,
    )


def begin_cells(page: Any) -> None:
    """Starts to run all cells."""
    page.get_by_role("menuitem", name="Run").click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def settle(view: Any) -> None:
    """Waits for the end of all animations in a view."""
    view.evaluate(
        "it => Promise.allSettled(it.getAnimations({ subtree: true }).map((each) => each.finished))"
    )


@contextmanager
def open_jupyterlab(scale: int = 1) -> Iterator[Opener]:
    """Starts JupyterLab and Chromium and yields an opener of notebooks."""
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        root, home = Path(folder, "root"), Path(folder, "home")
        root.mkdir()
        home.mkdir()
        with serve(root, home) as lab:
            opener = Opener(lab, launch(playwright), scale)
            yield opener
            opener.close()
