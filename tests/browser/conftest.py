"""JupyterLab and Chromium for the tests in this folder.

All tests share a page and a kernel: JupyterLab takes seconds to load, and so does Keras.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Error, sync_playwright
from real_jupyterlab import Opener, launch, run_cells, serve

PICTURES = os.environ.get("KFUNC_LAB_SCREENSHOTS")


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        try:
            browser = launch(playwright)
        except Error as error:
            reason = f"no browser: {error.message.splitlines()[0]}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Start JupyterLab; return it and the folder that it serves."""
    root, home = (tmp_path_factory.mktemp(name) for name in ("lab", "home"))
    with serve(root, home) as lab:
        yield lab


@pytest.fixture(scope="session")
def opener(lab, browser):
    opener = Opener(lab, browser, scale=2 if PICTURES else 1)
    yield opener
    opener.close()


@pytest.fixture(scope="module")
def open_notebook(opener):
    """Opens a notebook, from a file or from the code of its cells, and gives its page.

    It takes the place of the notebook before, in the page and in the kernel.
    """
    opener.source = None  # of another file
    return opener


@pytest.fixture(scope="module")
def shared_notebook(open_notebook):
    """Open a notebook and run its cells once for consecutive tests that use it."""

    def show(cells, *, dark, until, run=run_cells):
        if (open_notebook.source, open_notebook.is_dark) != (cells, dark):
            page = open_notebook(cells, dark=dark)
            run(page)
            page.locator(until).first.wait_for(timeout=120_000)
        return open_notebook.page

    return show


@pytest.fixture(scope="module")
def all_cells_attached(lab, opener):
    """Keep all cells on a page of its own; JupyterLab detaches those out of sight."""
    opener.end()
    lab.set("@jupyterlab/notebook-extension:tracker", {"windowingMode": "none"})
    yield
    opener.end()
    lab.set("@jupyterlab/notebook-extension:tracker", {})


@pytest.fixture(scope="module", params=["light", "dark"])
def theme(request):
    return request.param


@pytest.fixture(scope="session")
def run_all():
    """Runs all cells of a notebook, and waits for the last."""
    return run_cells


@pytest.fixture
def rerun():
    """Run one code cell again and return its output."""

    def run(page, number: int) -> str:
        cell = page.locator(".jp-CodeCell").nth(number)
        before = cell.locator(".jp-InputPrompt").first.inner_text()
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_function(
            """([number, before]) => {
                const cell = document.querySelectorAll('.jp-CodeCell')[number];
                const prompt = cell.querySelector('.jp-InputPrompt').innerText;
                return prompt !== before && /\\[\\d+\\]/.test(prompt);
            }""",
            arg=[number, before],
        )
        return cell.locator(".jp-OutputArea-output").inner_text()

    return run


# The last one differs from the others in nothing but its picture.
READERS = ["en-light", "en-dark", "es-light", *(["es-dark"] if PICTURES else [])]


@pytest.fixture(params=READERS)
def reader(request):
    """Return the language and the theme of a reader of the documentation."""
    return request.param.split("-")


@pytest.fixture(scope="session")
def picture():
    """Save a screenshot in the folder of KFUNC_LAB_SCREENSHOTS, if it is set."""

    def take(target, name: str) -> None:
        if PICTURES:
            target.screenshot(path=Path(PICTURES, f"{name}.png"))

    return take
