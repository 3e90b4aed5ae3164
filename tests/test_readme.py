"""The READMEs against what there is: links, pictures, lessons, commands, in both languages."""

import re
from pathlib import Path

import pytest

import kfunc_lab as lab
from kfunc_lab import command_line
from kfunc_lab.lessons import catalogue

ROOT = Path(__file__).parents[1]


@pytest.fixture(params=["README.md", "README.es.md"])
def readme(request):
    lab.language("es" if ".es." in request.param else "en")
    return (ROOT / request.param).read_text()


def test_links_and_pictures_are_there(readme):
    targets = re.findall(r"\]\(([^)]+)\)|src(?:set)?=\"([^\"]+)\"", readme)
    local = [first or second for first, second in targets]
    local = [target for target in local if not target.startswith("https://")]
    assert len(local) >= 5
    for target in local:
        assert (ROOT / target).is_file(), target


def test_every_picture_has_an_alternative_text(readme):
    for picture in re.findall(r"<img[^>]+>", readme, re.DOTALL):
        assert re.search(r'alt="[^"]{40,}"', picture)


def test_every_lesson_stands_in_it_with_its_title(readme):
    rows = re.findall(r"^\| (\d\d) ([^|]+) \|", readme, re.MULTILINE)
    assert rows == [(lesson.number, lesson.title) for lesson in catalogue.lessons()]


def test_commands_exist(readme):
    named = set(re.findall(r"^kfunc-lab (\w+)", readme, re.MULTILINE))
    assert named
    assert named <= set(command_line.main.commands)
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", readme, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_public_names_exist(readme):
    for name in re.findall(r"\blab\.(\w+)\(", readme):
        assert callable(getattr(lab, name))
