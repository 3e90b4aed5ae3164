"""The trained digits model: its file, layers and accuracy."""

import hashlib
import json
import re
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pytest

import kfunc_lab as lab

ROOT = Path(__file__).parents[2]
FILE = ROOT / "kfunc_lab" / "datasets" / "digits_cnn.keras"


@pytest.fixture(scope="module")
def model():
    return lab.datasets.digits_model()


def test_accuracy_is_high_for_every_class(model):
    _, (images, labels) = lab.datasets.mnist(source="embedded")
    read = model.predict(images[..., None] / 255, verbose=0).argmax(axis=1)
    assert (read == labels).mean() >= 0.96
    assert min((read == labels)[labels == digit].mean() for digit in range(10)) >= 0.9


def test_accuracy_matches_description(model):
    _, (images, labels) = lab.datasets.mnist(source="embedded")
    read = model.predict(images[..., None] / 255, verbose=0).argmax(axis=1)
    [said] = re.findall(r"is\s+([\d.]+) %", FILE.with_suffix(".md").read_text("utf-8"))
    assert (read == labels).mean() * 100 == pytest.approx(float(said), abs=0.15)


def test_layers_match_description(model):
    rows = re.findall(
        r"^\| `(\w+)` \|[^|]*\| \(([\d, ]+)\) \| ([\d,]+) \|$",
        FILE.with_suffix(".md").read_text("utf-8"),
        re.MULTILINE,
    )
    described = [
        (name, tuple(int(size) for size in shape.split(", ")), int(count.replace(",", "")))
        for name, shape, count in rows
    ]
    assert described == [
        (layer.name, tuple(layer.output.shape[1:]), layer.count_params())
        for layer in model.layers
    ]
    assert model.count_params() == 30_762


def test_probabilities_sum_to_one(model):
    given = model.predict(np.zeros((2, 28, 28, 1)), verbose=0)
    assert given.shape == (2, 10)
    assert given.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_model_has_no_optimizer_or_loss(model):
    assert not model.compiled
    with zipfile.ZipFile(FILE) as archive:
        assert "compile_config" not in json.loads(archive.read("config.json"))
        assert b"optimizer" not in archive.read("model.weights.h5")


def test_callers_get_separate_models(model):
    other = lab.datasets.digits_model()
    other.get_layer("digit").set_weights([np.zeros((32, 10)), np.zeros(10)])
    assert model.get_layer("digit").get_weights()[0].any()


def test_loading_prints_nothing(capfd):
    lab.datasets.digits_model()
    assert capfd.readouterr().out == ""


def test_file_is_small_and_described():
    assert FILE.stat().st_size < 300_000
    description = FILE.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() in description
    for fact in ("tools/train_digits_cnn.py", "mnist_5000", "BSD 3-Clause"):
        assert fact in description


def test_file_contains_only_keras_layers():
    """The file needs no custom code, so every Keras loads it in safe mode."""
    with zipfile.ZipFile(FILE) as archive:
        config = archive.read("config.json").decode()
    assert set(re.findall(r'"module": "([^"]+)"', config)) == {
        "keras", "keras.initializers", "keras.layers", "keras.src.models.functional"
    }  # fmt: skip
    assert not re.findall(r'"registered_name": "(?!Functional")', config)


def test_file_comes_from_oldest_supported_keras():
    """Older versions reject the settings that a newer Keras writes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    [oldest] = [
        it.removeprefix("keras>=")
        for it in project["project"]["dependencies"]
        if it.startswith("keras>=")
    ]
    with zipfile.ZipFile(FILE) as archive:
        written_by = json.loads(archive.read("metadata.json"))["keras_version"]
    assert written_by.rpartition(".")[0] == oldest
