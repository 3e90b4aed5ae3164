"""The builder of the lessons and the built notebooks."""

import importlib.util
from pathlib import Path

import nbformat
import pytest
from xdist.scheduler import LoadScopeScheduling

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = sorted(path.stem for path in (NOTEBOOKS / "src").glob("*.py"))


class ByKernel(LoadScopeScheduling):
    """Keeps together what shares a kernel: a file. A run of a lesson has a kernel of its own."""

    def _split_scope(self, nodeid):
        return (
            nodeid
            if "_runs_with_changed_parameters" in nodeid
            else super()._split_scope(nodeid)
        )


def pytest_xdist_make_scheduler(config, log):
    """Keeps both workers busy to the end."""
    return ByKernel(config, log)


def pytest_generate_tests(metafunc):
    """Parametrizes tests by lesson and language."""
    if "lesson" in metafunc.fixturenames:
        metafunc.parametrize("lesson", LESSONS, scope="module")
    if "language" in metafunc.fixturenames:
        metafunc.parametrize("language", ["en", "es"], scope="module")


@pytest.fixture(scope="session")
def builder():
    spec = importlib.util.spec_from_file_location("build", NOTEBOOKS / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def source():
    """A function that returns the source path of a lesson."""
    return lambda lesson: NOTEBOOKS / "src" / f"{lesson}.py"


@pytest.fixture(scope="session")
def built():
    """A function that reads a built notebook."""

    def read(lesson, language):
        return nbformat.read(NOTEBOOKS / language / f"{lesson}.ipynb", as_version=4)

    return read
