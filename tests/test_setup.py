"""The installation: licence, pinned versions, a fast import, and a complete wheel."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# Keras imports these if they are installed, which adds seconds to every kernel start.
SLOW = {"matplotlib", "pandas", "scikit-learn"}


@pytest.fixture(scope="module")
def constraints() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if not line.startswith("#")]


def declared() -> list[Requirement]:
    """Returns the requirements of pyproject.toml with all extras, without the package itself."""
    extras = PROJECT["optional-dependencies"].values()
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    requirements = [Requirement(line) for line in lines]
    return [it for it in requirements if it.name != PROJECT["name"]]


def test_constraints_pin_versions_without_urls(constraints):
    for constraint in constraints:
        assert re.fullmatch(r"==[0-9][\w.]*", str(constraint.specifier)), constraint
        assert constraint.url is None, constraint
    assert "://" not in (ROOT / "constraints.txt").read_text()


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_constraints_pin_every_dependency_everywhere(constraints, python, platform):
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.7",
        "sys_platform": platform,
        "os_name": "nt" if platform == "win32" else "posix",
    }
    pins = [it for it in constraints if not it.marker or it.marker.evaluate(environment)]
    versions = {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in pins}
    assert len(versions) == len(pins), "a package is pinned twice"
    for requirement in declared():
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)])


def test_constraints_exclude_slow_packages(constraints):
    assert not SLOW & {canonicalize_name(it.name) for it in constraints}


def test_licence_matches_metadata():
    licence = (ROOT / "LICENSE").read_text()
    assert licence.startswith("BSD 3-Clause License")
    assert "The kfunc_lab authors" in licence
    assert PROJECT["license"] == "BSD-3-Clause"


def test_import_loads_no_heavy_packages(tmp_path):
    program = """
import json, sys
import kfunc_lab
print(json.dumps(sorted(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    heavy = {"ipywidgets", "keras", "numpy", "plotly", "tensorflow"}
    assert not heavy & {*json.loads(ran.stdout)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> set[str]:
    """Builds the wheel as `make wheel` does, and returns the names of its files."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True, capture_output=True,
    )  # fmt: skip
    [path] = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_wheel_contains_whole_package(wheel):
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "kfunc_lab").rglob("*")
        if path.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(path.parts)
    }
    assert files <= wheel
    assert {
        "kfunc_lab/datasets/mnist_5000.npz",
        "kfunc_lab/ui/bundles/graph.css",
        "kfunc_lab/ui/bundles/graph.js",
        "kfunc_lab/locale/es/LC_MESSAGES/kfunc_lab.mo",
    } <= wheel


@pytest.mark.parametrize("language", ["en", "es"])
def test_wheel_contains_lessons(wheel, language):
    built = {path.name for path in (ROOT / "notebooks" / language).glob("*.ipynb")}
    carried = {
        name.rpartition("/")[2]
        for name in wheel
        if name.startswith(f"kfunc_lab/lessons/notebooks/{language}/")
    }
    assert carried == built
    sources = {path.stem for path in (ROOT / "notebooks" / "src").glob("[0-9]*.py")}
    assert sources
    assert {Path(name).stem for name in built} == sources


def test_wheel_contains_nothing_else(wheel):
    tops = {name.partition("/")[0] for name in wheel}
    assert {re.sub(r"-.*\.", ".", top) for top in tops} == {"kfunc_lab", "kfunc_lab.dist-info"}
