"""A real JupyterLab and a real Chromium for the tests in this folder."""

import os
from pathlib import Path

import pytest
import real_jupyterlab
from real_jupyterlab import Opener

PICTURES = os.environ.get("KFUNC_LAB_SCREENSHOTS")


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = real_jupyterlab.launch(playwright)
        except Error as error:
            reason = f"no browser: {error.message.splitlines()[0]}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        yield browser
        browser.close()


@pytest.fixture
def other_kernels():
    """The kernels with other versions of ipykernel that a notebook may ask for."""
    return real_jupyterlab.other_kernels()


@pytest.fixture(scope="module", params=["light", "dark"])
def theme(request):
    return request.param


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A running JupyterLab and the folder that it serves."""
    root, home = (tmp_path_factory.mktemp(name) for name in ("lab", "home"))
    with real_jupyterlab.serve(root, home) as lab:
        yield lab


@pytest.fixture
def open_notebook(lab, browser):
    """Opens a notebook, from a file or from the code of its cells, and gives its page."""
    opener = Opener(lab, browser)
    yield opener
    opener.close()


@pytest.fixture(scope="module")
def module_notebook(lab, browser):
    """Opens a notebook that the tests of a module share, runs its cells, and gives its page."""
    opener = Opener(lab, browser)

    def open_and_run(*arguments, run=True, **options):
        page = opener(*arguments, **options)
        if run:
            run_cells(page)
        return page

    yield open_and_run
    opener.close()


def run_cells(page, timeout: float = 180) -> None:
    """Runs all cells, without the outputs that were stored, and waits until none is waiting."""
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_role("menuitem", name="Clear Outputs of All Cells").click()
    page.get_by_role("menuitem", name="Run").click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
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


@pytest.fixture
def run_all():
    return run_cells


@pytest.fixture
def rerun():
    """Runs one code cell again and gives what it prints."""

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
    """The language and the theme of someone who reads the documentation."""
    return request.param.split("-")


@pytest.fixture
def picture():
    """Takes a screenshot into the folder that KFUNC_LAB_SCREENSHOTS names, if it names one."""

    def take(target, name: str) -> None:
        if PICTURES:
            target.screenshot(path=Path(PICTURES, f"{name}.png"))

    return take
