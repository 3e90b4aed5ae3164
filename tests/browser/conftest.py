"""A real JupyterLab and a real Chromium for the tests in this folder."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

TOKEN = secrets.token_hex(16)


def chromium() -> str | None:
    """Returns the path of a Chromium, or None for Playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
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
        except Error as error:
            reason = f"no browser: {error.message.splitlines()[0]}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        yield browser
        browser.close()


@dataclass
class Lab:
    """A running JupyterLab and the folder that it serves."""

    url: str
    root: Path
    settings: Path

    def address(self, notebook: str) -> str:
        return f"{self.url}/lab/tree/{notebook}?reset&token={TOKEN}"


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Serves a folder with the environment's own JupyterLab, away from the user's settings."""
    root = tmp_path_factory.mktemp("lab")
    home = tmp_path_factory.mktemp("home")
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
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "0",
    }
    log = (home / "jupyter.log").open("w")
    server = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}",
        ],
        env=environment, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/api/status?token={TOKEN}", server, home / "jupyter.log")
        yield Lab(url, root, home / "settings")
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(120):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=1)
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture
def open_notebook(lab, browser):
    """Opens a notebook in JupyterLab, in a theme, and gives its page."""
    contexts = []

    def open_it(source: Path | list[str], *, dark: bool = False, width: int = 1280):
        # A name of its own: JupyterLab would give a notebook its former kernel back.
        name = f"{secrets.token_hex(4)}.ipynb"
        if isinstance(source, Path):
            shutil.copyfile(source, lab.root / name)
        else:
            notebook = nbformat.v4.new_notebook()
            notebook.metadata["kernelspec"] = {
                "name": "python3", "display_name": "Python 3", "language": "python",
            }  # fmt: skip
            notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in source]
            nbformat.write(notebook, lab.root / name)
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        write_settings(lab.settings, dark)
        page.goto(lab.address(name))
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        # A cell that is run before the kernel is there makes JupyterLab ask for one.
        page.wait_for_function(
            """() => /\\(ipykernel\\) \\| Idle/.test(
                document.querySelector('#jp-main-statusbar').textContent)""",
            timeout=60_000,
        )
        return page

    yield open_it
    for context in contexts:
        context.close()


def write_settings(folder: Path, dark: bool) -> None:
    """Sets the theme, and switches off what would need a network."""
    theme = "JupyterLab Dark" if dark else "JupyterLab Light"
    settings = {
        "themes": {"theme": theme},
        "notification": {"fetchNews": "false", "checkForUpdates": False},
    }
    home = folder / "@jupyterlab" / "apputils-extension"
    home.mkdir(parents=True, exist_ok=True)
    for name, values in settings.items():
        (home / f"{name}.jupyterlab-settings").write_text(json.dumps(values))


@pytest.fixture
def run_all():
    """Runs all cells of an open notebook and waits until none is waiting."""

    def run(page, timeout: float = 180) -> None:
        page.get_by_role("menuitem", name="Run").click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_function(
            """() => {
                const prompts = [...document.querySelectorAll(
                    '.jp-CodeCell .jp-InputPrompt')].map(prompt => prompt.textContent);
                return prompts.length && prompts.every(text => /\\[\\d+\\]/.test(text));
            }""",
            timeout=timeout * 1000,
        )

    return run
