"""Records the first picture of the READMEs: a graph that grows, and a mistake, in JupyterLab.

    make pictures

A notebook is typed and run in a real JupyterLab, cell by cell. The frames become an animated
WebP, and the last one a PNG for readers who prefer reduced motion.
"""

import argparse
import io
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from real_jupyterlab import Opener, launch, serve

START = {"en": "lab.watch();", "es": 'lab.language("es")\nlab.watch();'}
# For each cell the pieces in which it is typed, and the layer that it adds to the graph.
CELLS = [
    (["image = Input((28, 28, 1), ", 'name="image")'], "image"),
    (["edges = layers.Conv2D(16, 3)", "(image)"], "conv2d"),
    (["spots = layers.Conv2D(1, 3)", "(image)"], "conv2d_1"),
    (["both = layers.Concatenate()", "([edges, spots])"], "concatenate"),
    (["mask = layers.Conv2D(1, 3)", "(both)"], "conv2d_2"),
]
MISTAKE = (["skip = layers.Add()", "([spots, image])"], "add")
EDIT = "Cropping2D"  # stands in the change that the explanation offers

# A full traceback would push the explanation out of the picture; what TensorFlow's C++ prints
# when it is imported stays out of the notebook, as `kfunc-lab` sees to.
IPYTHON = """\
c = get_config()
c.InteractiveShell.xmode = "Minimal"
c.IPKernelApp.capture_fd_output = False
"""

WINDOW = {"width": 1300, "height": 830}
WIDTH = 1660  # pixels of the file: twice the width of the README's picture
TYPED, GROWN, READ, END = 100, 700, 1200, 3800  # how long a frame stays, in ms
PLAYS = 3
MAX_BYTES = 3_000_000


@dataclass
class Film:
    """The frames of a page, and how long each stays, in ms."""

    page: Page
    frames: list[Image.Image] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)

    def take(self, duration: int) -> None:
        """Adds the page as the next frame, once nothing moves any more."""
        documents = self.page.locator("#jp-main-dock-panel")
        before, now = b"", documents.screenshot()
        while now != before:
            self.page.wait_for_timeout(200)
            before, now = now, documents.screenshot()
        frame = Image.open(io.BytesIO(now)).convert("RGB")
        size = WIDTH, round(frame.height * WIDTH / frame.width)
        self.frames.append(frame.resize(size, Image.Resampling.LANCZOS))
        self.durations.append(duration)

    def save(self, path: Path) -> None:
        """Writes the film as WebP, and its last frame as PNG.

        Args:
            path: The files' path without its suffix.

        Raises:
            ValueError: If the film is too large for a README.
        """
        film, still = path.with_suffix(".webp"), path.with_suffix(".png")
        self.frames[0].save(
            film, save_all=True, append_images=self.frames[1:], duration=self.durations,
            loop=PLAYS, lossless=True, quality=100, method=4,
        )  # fmt: skip
        self.frames[-1].save(still, optimize=True)
        size, seconds = film.stat().st_size, sum(self.durations) / 1000
        print(f"{film.name}: {len(self.frames)} frames, {seconds:.1f} s, {size:,} bytes")
        if size > MAX_BYTES:
            raise ValueError(f"{film} has more than {MAX_BYTES:,} bytes.")


def record(page: Page, language: str) -> Film:
    """Types and runs the cells, and films the page."""
    film = Film(page)
    page.locator(".jp-Notebook .cm-content").click()
    first = ["import kfunc_lab as lab\n", "from keras import Input, layers\n", START[language]]
    _type_and_run(film, 1, first)
    film.take(GROWN)
    for number, (pieces, layer) in enumerate(CELLS, start=2):
        _type_and_run(film, number, pieces)
        _box(page, layer).wait_for()
        film.take(GROWN)
    _box(page, layer).click()  # opens the details of the last layer
    page.locator(".jp-Notebook .cm-content").last.click()
    film.take(READ)
    pieces, layer = MISTAKE
    number = len(CELLS) + 2
    _type_and_run(film, number, pieces)
    failed = _box(page, layer)
    failed.focus()
    page.keyboard.press("0")  # shows the whole graph
    failed.blur()
    _prompt(page, number).evaluate("it => it.scrollIntoView()")
    film.take(READ)
    edit = page.get_by_text(EDIT).last
    edit.evaluate("it => it.parentElement.scrollIntoView({block: 'nearest'})")
    film.take(END)
    return film


def _type_and_run(film: Film, number: int, pieces: list[str]) -> None:
    for piece in pieces:
        film.page.keyboard.insert_text(piece)
        film.take(TYPED)
    film.page.keyboard.press("Shift+Enter")
    _prompt(film.page, number).wait_for(timeout=180_000)


def _prompt(page: Page, number: int):
    return page.get_by_text(f"[{number}]:", exact=True).first


def _box(page: Page, layer: str):
    return page.get_by_role("button", name=re.compile(f"^{layer}, ")).first


@contextmanager
def jupyterlab() -> Iterator[Callable[..., Page]]:
    """Serves an empty notebook, and gives a function that opens it."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        home, root = Path(place), Path(place, "lab")
        root.mkdir()
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell()])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, home / "model.ipynb")
        with serve(root, home) as lab:
            profile = Path(lab.environment["IPYTHONDIR"], "profile_default")
            profile.mkdir(parents=True)
            (profile / "ipython_kernel_config.py").write_text(IPYTHON)
            opener = Opener(lab, launch(playwright), scale=2)
            try:
                yield lambda **options: opener(home / "model.ipynb", new_page=True, **options)
            finally:
                opener.close()


def main() -> None:
    """Records the film in each language and theme."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pictures are written")
    folder = parser.parse_args().folder
    with jupyterlab() as open_notebook:
        for language in ("en", "es"):
            for look in ("light", "dark"):
                page = open_notebook(dark=look == "dark")
                page.emulate_media(reduced_motion="reduce")
                page.set_viewport_size(WINDOW)
                record(page, language).save(folder / f"first-{language}-{look}")


if __name__ == "__main__":
    main()
