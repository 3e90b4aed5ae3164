"""The files for Binder and the environment that they build, without Docker.

`make binder-check` also builds the environment and runs a lesson in it, which takes minutes.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from pathlib import Path

import psutil
import pytest
from packaging.requirements import Requirement

from kfunc_lab.lessons import catalogue

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHON = (BINDER / "runtime.txt").read_text().strip().replace("-", "")
LESSON = "notebooks/en/02_train_and_evaluate.ipynb"
MEMORY = 2 * 1024**3  # the limit of mybinder.org


def requirements() -> list[str]:
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def names(lines: list[str]) -> set[str]:
    return {Requirement(line).name for line in lines}


def test_folder_holds_only_binder_files():
    found = {path.name for path in BINDER.iterdir()}
    assert found == {"postBuild", "requirements.txt", "runtime.txt", "start"}
    assert not (ROOT / ".binder").exists()


def test_runtime_python_is_supported():
    assert re.fullmatch(r"python-3\.1[123]\n", (BINDER / "runtime.txt").read_text())


@pytest.mark.parametrize("script", ["postBuild", "start"])
def test_scripts_are_executable(script):
    path = BINDER / script
    assert path.read_text().startswith("#!/usr/bin/env bash\n")
    assert os.access(path, os.X_OK)
    recorded = subprocess.run(
        ["git", "ls-files", "--stage", path], cwd=ROOT, capture_output=True, text=True
    )
    assert not recorded.stdout or recorded.stdout.startswith("100755")
    subprocess.run(["bash", "-n", path], check=True)


def test_start_executes_command(tmp_path):
    assert (BINDER / "start").read_text().endswith('\nexec "$@"\n')
    program = "import os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'], os.getpid())"
    started = subprocess.Popen(
        [BINDER / "start", sys.executable, "-c", program], stdout=subprocess.PIPE, text=True
    )
    assert started.communicate()[0].split() == ["3", str(started.pid)]


def test_requirements_are_lab_and_tensorflow_cpu():
    extras = PROJECT["optional-dependencies"]
    wanted = names(PROJECT["dependencies"]) | names(extras["lab"]) - {PROJECT["name"]}
    constraints, *lines = requirements()
    assert names(lines) == wanted | {"tensorflow-cpu", "hatchling"}
    assert constraints == "-c ../constraints.txt"


def test_constraints_pin_all_versions():
    pins = dict(re.findall(r"(?m)^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text()))
    for line in requirements()[1:]:
        assert line in pins, "a name without a version, and the version in the constraints"
    assert pins["tensorflow-cpu"] == pins["tensorflow"]


def test_files_contain_no_url():
    for path in BINDER.iterdir():
        assert "://" not in path.read_text(), path


def test_documented_address_opens_copy():
    """The copy has no outputs: its learners predict them."""
    (folder,) = re.findall(r"(?m)^kfunc-lab copy (\S+)$", (BINDER / "postBuild").read_text())
    first = catalogue.lessons()[0].name
    for page in ("lessons.md", "teaching.md"):
        for language, docs in {"en": ROOT / "docs", "es": ROOT / "docs/es"}.items():
            opened = f"`lab/tree/{folder}/{language}/{first}.ipynb`"
            assert opened in (docs / page).read_text("utf-8")


class PeakMemory:
    """Measures the peak memory of a process and its descendants."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.bytes = 0
        self._process = process
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while self._process.poll() is None:
            self.bytes = max(self.bytes, self._now())
            time.sleep(0.05)

    def _now(self) -> int:
        total = 0
        try:
            root = psutil.Process(self._process.pid)
            for process in [root, *root.children(recursive=True)]:
                total += process.memory_info().rss
        except psutil.NoSuchProcess:
            return 0
        return total


def run(*command: object, **options: object) -> str:
    """Runs a command and returns its output, which a failure shows."""
    ran = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip
    assert ran.returncode == 0, f"{command}\n{ran.stdout[-4000:]}"
    return ran.stdout


def python() -> str:
    """Returns Binder's Python if it is installed, otherwise the Python of the tests."""
    if shutil.which(PYTHON):
        tried = subprocess.run([PYTHON, "--version"], capture_output=True)
        if tried.returncode == 0:
            return PYTHON
    return sys.executable


@pytest.fixture
def folder():
    """A temporary folder, which is deleted because it takes two gigabytes."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.skipif("KFUNC_LAB_BINDER" not in os.environ, reason="`make binder-check` runs it")
def test_binder_runs_lesson_within_memory_limit(folder):
    home = folder / "home"
    repository = shutil.copytree(
        ROOT, home / "repository",
        ignore=shutil.ignore_patterns(".*_cache", ".git", ".venv", "__pycache__", "dist"),
    )  # fmt: skip
    run(python(), "-m", "venv", folder / "environment")
    bin_ = folder / "environment" / "bin"
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TF_", "JUPYTER", "IPYTHON", "KERAS", "PYTHON"))
    } | {"HOME": str(home), "PATH": f"{bin_}:{os.environ['PATH']}"}
    options = {"cwd": repository, "env": environment}

    run(bin_ / "pip", "install", "--no-cache-dir", "-r", "binder/requirements.txt", **options)
    run("binder/postBuild", **options)
    run(bin_ / "pip", "check", **options)
    versions = run("binder/start", "jupyter", "lab", "--version", **options)
    assert re.fullmatch(r"4\.\d+\.\d+\n", versions)
    installed = run(bin_ / "pip", "list", "--format", "freeze", **options)
    assert not re.findall(r"(?m)^(?:tensorflow|pandas|scikit-learn|matplotlib)==", installed)

    assert (repository / "lessons/en/00_welcome.ipynb").exists()
    assert (repository / LESSON).exists(), "the lessons have not been built"
    started = subprocess.Popen(
        ["binder/start", "papermill", "--no-progress-bar", LESSON, folder / "out.ipynb"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip
    peak = PeakMemory(started)
    output, _ = started.communicate()
    assert started.returncode == 0, output[-4000:]
    print(f"\n{LESSON} at its peak: {peak.bytes / 1024**2:.0f} MB")
    assert 0 < peak.bytes < MEMORY
