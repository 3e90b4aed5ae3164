"""papermill runs the lessons with changed parameters, and the command writes a report."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from kfunc_lab.lessons import catalogue, execution

CHANGED = {
    "00_welcome": {"source": "auto"},
    "01_first_model": {"units": 32},
    "02_train_and_evaluate": {"epochs": 2, "batch_size": 32, "seed": 7},
}


def outputs(notebook: Path) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    return "\n".join(
        output.get("text") or output.get("data", {}).get("text/plain", "")
        for cell in cells
        for output in cell.get("outputs", [])
    )


def test_runs_with_changed_parameters(lesson, tmp_path):
    original = catalogue.notebook(catalogue.find(lesson), "en")
    run = execution.run(original, tmp_path, language="en", parameters=CHANGED[lesson])
    said = outputs(run.notebook)
    expected = {
        "00_welcome": "5,000 real digits that come with kfunc_lab",
        "01_first_model": "26,506",
        "02_train_and_evaluate": "    2  ",
    }
    assert expected[lesson] in said


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    finished = subprocess.run(
        [Path(sys.executable).with_name("kfunc-lab"), "run", "02", "--language", "es",
         "-p", "epochs", "3", "--output", folder],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return (folder / "02_train_and_evaluate.html").read_text()


def test_report_shows_graph_and_curve(report):
    pictures = re.findall(r'<img alt="([^"]*)"\s+src="data:image/svg\+xml;base64,', report)
    assert any("mnist_model (Functional)" in text for text in pictures)
    assert any("val_loss" in text for text in pictures)


def test_report_is_spanish_with_the_parameters_asked_for(report):
    assert 'lang="es"' in report
    assert "Entrenar y evaluar" in report
    curve = next(
        text for text in re.findall(r'<img alt="([^"]*)"', report) if "val_loss" in text
    )
    assert curve.split()[0] == "época"
    assert [line.split()[0] for line in curve.strip().splitlines()[1:]] == ["1", "2", "3"]


def test_report_needs_no_network(report):
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="https?://', report)
