"""The catalogue: lessons, languages and notebook paths."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import kfunc_lab as lab
from kfunc_lab.lessons import catalogue

ROOT = Path(__file__).parents[2]


def test_lessons_are_ordered_and_described_in_one_sentence():
    numbers = [lesson.number for lesson in catalogue.lessons()]
    assert numbers == [f"{position:02}" for position in range(len(numbers))]
    for lesson in catalogue.lessons():
        assert re.fullmatch(r"[a-z0-9_]+", lesson.slug)
        assert lesson.title
        assert re.fullmatch(r"[A-Z][^.]+\.", lesson.teaches)


@pytest.mark.parametrize("text", ["02", "2", "train_and_evaluate", "02_train_and_evaluate"])
def test_lesson_is_found_by_number_or_slug(text):
    assert catalogue.find(text).name == "02_train_and_evaluate"


def test_first_lesson_is_found_by_zero():
    assert catalogue.find("0").slug == "welcome"


@pytest.mark.parametrize("text", ["", "99", "002", "train", "../02"])
def test_unknown_lesson_error_lists_lessons(text):
    with pytest.raises(LookupError) as raised:
        catalogue.find(text)
    message = raised.value.args[0]
    assert f'"{text}"' in message
    assert all(lesson.name in message for lesson in catalogue.lessons())


def test_texts_follow_language(monkeypatch):
    monkeypatch.setattr(catalogue, "_", lambda text: f"{lab.language()}: {text}")
    lesson = catalogue.find("2")
    assert lesson.title == "en: Train and evaluate"
    lab.language("es")
    assert lesson.title == "es: Train and evaluate"
    assert lesson.teaches.startswith("es: ")


@pytest.fixture
def checkout(tmp_path):
    """Copies part of the package and one lesson, like a checkout."""
    folder = tmp_path / "checkout"
    files = ["pyproject.toml", "README.md", "LICENSE", "kfunc_lab/__init__.py"]
    files += ["kfunc_lab/locale/__init__.py"]
    files += ["kfunc_lab/lessons/__init__.py", "kfunc_lab/lessons/catalogue.py"]
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    for name in ("src/00_welcome.py", "en/00_welcome.ipynb", "es/00_welcome.ipynb"):
        (folder / "notebooks" / name).parent.mkdir(parents=True)
        (folder / "notebooks" / name).write_text("when installed")
    return folder


@pytest.mark.parametrize(
    ("kind", "place", "content"),
    [
        ("wheel", "installed/kfunc_lab/lessons/notebooks", "when installed"),
        ("editable", "checkout/notebooks", "newer"),
    ],
)
def test_original_is_next_to_running_code(checkout, tmp_path, kind, place, content):
    """An editable install must not use its outdated copy of the notebooks."""
    installed = tmp_path / "installed"
    wheel = build(checkout, kind, tmp_path / "dist")
    shutil.unpack_archive(wheel, installed, "zip")
    assert (installed / "kfunc_lab/lessons/notebooks/es/00_welcome.ipynb").exists()
    for language in ("en", "es"):
        (checkout / "notebooks" / language / "00_welcome.ipynb").write_text("newer")
    (installed / "notebooks").mkdir()  # belongs to another package
    code = f"""
import site, sys
others, sys.path[:] = sys.path[:], []
site.addsitedir({str(installed)!r})
sys.path += others
from kfunc_lab.lessons import catalogue
print(catalogue.notebook(catalogue.find("0"), "es"))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == str(tmp_path / place / "es" / "00_welcome.ipynb"), ran.stderr
    assert Path(ran.stdout.strip()).read_text() == content


def build(project, kind, folder):
    """Builds a project like pip and returns the path of the wheel."""
    folder.mkdir()
    # This setting gives the same editable wheel without another package.
    settings, table = project / "pyproject.toml", "[tool.hatch.build.targets.wheel]\n"
    text = settings.read_text().replace(table, f'{table}dev-mode-dirs = ["."]\n')
    settings.write_text(text)
    code = f"from hatchling import build; print(build.build_{kind}({str(folder)!r}))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True
    )
    return folder / ran.stdout.split()[-1]


def test_missing_notebook_error_names_file(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"00_welcome\.ipynb"):
        catalogue.notebook(catalogue.find("0"), "en")


def test_unknown_language_raises():
    with pytest.raises(ValueError, match="no language 'fr'; the languages are en, es"):
        catalogue.notebook(catalogue.find("0"), "fr")


def test_catalogue_does_not_import_keras():
    code = "import kfunc_lab.lessons.catalogue, sys; sys.exit('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
