"""What stands on the backend of Keras works on the others too, wherever one is installed."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from backends import BACKEND

ROOT = Path(__file__).parent.parent
# The gradients, the values of layers, and what a dashboard changes while a model trains.
TESTS = (
    "forward/test_gradients.py",
    "forward/test_faithful.py::test_every_call_is_the_layer_called_by_hand",
    "training/test_dashboard.py::test_stop_ends_training_and_keeps_results",
    "training/test_dashboard.py::test_pause_holds_training_and_step_runs_one_batch",
    "training/test_dashboard.py::test_learning_rate_can_change_during_training",
)


def python_with(backend):
    """Returns a Python that has a backend: this one, or that of `make backends`."""
    if importlib.util.find_spec(backend):
        return sys.executable
    own = Path(sys.prefix, backend, "bin", "python")
    return str(own) if own.exists() else None


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_views_work_on_other_backend(backend):
    if backend == BACKEND:
        pytest.skip(f"every test runs on {backend} here")
    python = python_with(backend)
    if python is None:
        pytest.skip(f"{backend} is not installed; `make backends` makes an environment")
    ended = subprocess.run(
        [python, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider",
         *(f"tests/{test}" for test in TESTS)],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " passed" in ended.stdout
