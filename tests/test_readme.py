"""The READMEs and the pages of docs/: links, pictures, code that runs, two languages in step."""

import io
import os
import re
import shlex
import shutil
import tokenize
from dataclasses import dataclass
from pathlib import Path

import pytest

import kfunc_lab as lab
from kfunc_lab import command_line
from kfunc_lab.lessons import catalogue

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ENGLISH_ONLY = {"graph-json.md", "shape-rules.md"}
NAMES = sorted({it.name for it in DOCS.glob("*.md")} - ENGLISH_ONLY)
MAX_WORDS = 500


@dataclass(frozen=True)
class Page:
    """A page of the documentation.

    Attributes:
        path: Its file.
        language: Its language.
    """

    path: Path
    language: str

    @property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    def blocks(self, kind: str) -> list[tuple[str, str]]:
        """Returns the code blocks of a language, each after the word that follows the language."""
        return re.findall(rf"^```{kind}\b *(.*)\n([\s\S]*?)^```$", self.text, re.MULTILINE)


ENGLISH = [Page(ROOT / "README.md", "en"), *(Page(DOCS / it, "en") for it in NAMES)]
SPANISH = [Page(ROOT / "README.es.md", "es"), *(Page(DOCS / "es" / it, "es") for it in NAMES)]


def id_of(page: Page) -> str:
    return f"{page.language}-{page.path.name}"


@pytest.fixture(params=[*ENGLISH, *SPANISH], ids=id_of)
def page(request):
    lab.language(request.param.language)
    yield request.param
    lab.language("en")


@pytest.fixture(params=[0, 1], ids=["en", "es"])
def pages(request):
    """All pages in one language, the README first."""
    pages = (ENGLISH, SPANISH)[request.param]
    lab.language(pages[0].language)
    yield pages
    lab.language("en")


@pytest.fixture(params=zip(ENGLISH, SPANISH, strict=True), ids=lambda pair: pair[0].path.stem)
def translations(request):
    return request.param


# -- links and pictures


def targets(page: Page) -> list[Path]:
    found = re.findall(r"\]\(([^)]+)\)|src(?:set)?=\"([^\"]+)\"", page.text)
    local = [link or picture for link, picture in found]
    return [page.path.parent / it for it in local if not it.startswith("https://")]


def test_links_and_pictures_exist(page):
    assert targets(page)
    for target in targets(page):
        assert target.is_file(), target


def test_every_picture_has_alternative_text(page):
    for picture in re.findall(r"<img[^>]+>", page.text, re.DOTALL):
        assert re.search(r'alt="[^"]{40,}"', picture)


def test_readme_links_every_page(pages):
    readme, *others = pages
    assert {it.path for it in others} <= set(targets(readme))


def test_each_page_links_translation_and_readme(translations):
    for page, twin, readme in (
        (translations[0], translations[1], ENGLISH[0]),
        (translations[1], translations[0], SPANISH[0]),
    ):
        linked = {it.resolve() for it in targets(page)}
        assert twin.path in linked
        assert page is readme or readme.path in linked


def test_animation_is_small_and_has_still_image(pages):
    readme = pages[0]
    films = [it for it in targets(readme) if it.suffix == ".webp"]
    assert films
    for film in films:
        assert film.stat().st_size < 3_000_000
        assert film.with_suffix(".png").is_file()
    assert "(prefers-reduced-motion: reduce)" in readme.text


# -- content


def test_readme_is_short(pages):
    text = re.sub(r"<picture>[\s\S]*?</picture>", "", pages[0].text)
    assert len(text.split()) <= MAX_WORDS


def test_every_lesson_is_listed_with_title(pages):
    [page] = [it for it in pages if it.path.name == "lessons.md"]
    rows = re.findall(r"^\| (\d\d) ([^|]+) \|", page.text, re.MULTILINE)
    assert rows == [(lesson.number, lesson.title) for lesson in catalogue.lessons()]


def test_every_command_and_setting_is_documented(pages):
    [page] = [it for it in pages if it.path.name == "command-line.md"]
    named = set(re.findall(r"^kfunc-lab (\w+)", page.text, re.MULTILINE))
    assert named == set(command_line.main.commands)
    sources = (ROOT / "kfunc_lab").rglob("*.py")
    used = {it for path in sources for it in re.findall(r"KFUNC_LAB_\w+", path.read_text())}
    assert set(re.findall(r"KFUNC_LAB_\w+", page.text)) == used


def test_every_public_name_is_documented(pages):
    text = "".join(page.text for page in pages)
    assert {it for it in lab.__all__ if not re.search(rf"\blab\.{it}\b", text)} == set()


def test_public_names_exist(page):
    for name in re.findall(r"\blab\.(\w+)\b", page.text):
        assert hasattr(lab, name), name


def commands(page: Page) -> list[list[str]]:
    lines = "".join(block for _more, block in page.blocks("(?:sh|bat)")).splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True, posix=False))]


def test_documented_commands_exist(page):
    makefile = (ROOT / "Makefile").read_text()
    for program, *words in commands(page):
        if program == "kfunc-lab":
            named = words and not words[0].startswith("-")
            command, *options = words if named else ["lab", *words]
            command_line.main.commands[command].make_context(command, options)
        elif program == "make":
            assert re.search(rf"^{words[0]}:", makefile, re.MULTILINE)


# -- both languages


def structure(page: Page) -> list[str]:
    """Returns the kinds of lines: headings, list items, table rows, pictures and code."""
    kinds = r"^(#+ |- |\||<picture>|<img|  <img|  <source|```.*$)"
    return re.findall(kinds, page.text, re.MULTILINE)


def code(page: Page) -> list[str]:
    """Returns the code of a page without comments and without the choice of a language."""
    found = []
    for more, block in page.blocks("python"):
        lines = io.StringIO(block).readline
        tokens = [it for it in tokenize.generate_tokens(lines) if it.type != tokenize.COMMENT]
        found.append(f"{more}\n{tokenize.untokenize(tokens)}")
    for words in commands(page):
        found.append(re.sub(r' ARGS="--language \w+"| --language \w+', "", " ".join(words)))
    return found


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_both_languages_have_the_same_structure_and_code(translations):
    english, spanish = translations
    assert structure(spanish) == structure(english)
    assert [lines_of(it) for it in code(spanish)] == [lines_of(it) for it in code(english)]


# -- code


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """An IPython session, in a folder of its own."""
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KFUNC_LAB_RUNS", "kept.sqlite3")
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", "progress.json")
    shell = InteractiveShell.instance()
    lab.load_ipython_extension(shell)
    yield shell
    lab.unwatch()
    lab.language("en")
    InteractiveShell.clear_instance()


# The README assumes that the reader has these models.
OWN_MODEL = """
import keras
import numpy as np
keras.utils.set_random_seed(0)
inputs = keras.Input((8,))
model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
model.compile("sgd", "mse")
x, y = np.random.rand(64, 8), np.random.rand(64)
"""


@pytest.mark.parametrize("page", ENGLISH, ids=id_of)
def test_code_runs(page, shell):
    if page is ENGLISH[0]:
        assert shell.run_cell(OWN_MODEL).success
    for more, block in page.blocks("python"):
        ran = shell.run_cell(block)
        assert ran.success == (more != "fails"), block
    folder = os.environ.get("KFUNC_LAB_SCREENSHOTS")
    for picture in map(Path, ("graph.svg", "layered.svg")):
        if folder and picture.exists():  # the pictures of the page
            shutil.copy(picture, ROOT / folder)
