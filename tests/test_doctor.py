"""What the doctor finds, and the remedies it names."""

import re
import sys
from types import SimpleNamespace

import pytest

from kfunc_lab import doctor


def test_everything_essential_is_found_here():
    findings = {finding.subject: finding for finding in doctor.findings()}
    assert [*findings][:4] == ["Python", "Keras", "TensorFlow", "Graphviz"]
    assert [*findings][-2:] == ["MNIST", "RAM"]
    for finding in findings.values():
        assert finding.found
        assert not (finding.essential and finding.remedy)
    assert re.fullmatch(r"3[.\d]+, backend tensorflow", findings["Keras"].found)


def test_findings_are_joined_to_sentences_by_who_prints_them(monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_DOT", "/nowhere/dot")
    monkeypatch.setitem(sys.modules, "keras", None)
    for finding in (doctor._drawing(), doctor._keras(), doctor._package("no-such-package")):
        assert finding.essential
        assert not finding.found.endswith(".")
        assert finding.remedy


def test_a_dot_that_does_not_work_is_named(monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_DOT", "/nowhere/dot")
    finding = doctor._drawing()
    assert "/nowhere/dot" in finding.found
    assert "KFUNC_LAB_DOT" in finding.remedy


def test_what_is_not_installed_comes_with_the_command_that_installs_it():
    assert doctor._package("no-such-package") == doctor.Finding(
        "no-such-package",
        "is not installed",
        'Install it with: pip install "kfunc_lab[lab]"',
    )


@pytest.mark.parametrize(
    ("name", "check"), [("keras", doctor._keras), ("tensorflow", doctor._tensorflow)]
)
def test_what_cannot_be_imported_is_said_to_be(monkeypatch, name, check):
    monkeypatch.setitem(sys.modules, name, None)
    finding = check()
    assert finding.found.startswith(f"cannot be imported (import of {name}")
    assert "pip install" in finding.remedy


def test_an_old_keras_is_to_be_replaced(monkeypatch):
    backend = SimpleNamespace(backend=lambda: "jax")
    monkeypatch.setitem(
        sys.modules, "keras", SimpleNamespace(__version__="3.7.0", backend=backend)
    )
    finding = doctor._keras()
    assert finding.found == "3.7.0, backend jax"
    assert finding.remedy.startswith("Install a newer version")


@pytest.mark.parametrize(
    ("version", "well"), [((3, 10, 9), False), ((3, 11, 0), True), ((3, 14, 0), False)]
)
def test_the_supported_versions_of_python(monkeypatch, version, well):
    monkeypatch.setattr(sys, "version_info", version)
    finding = doctor._python()
    assert finding.found == ".".join(map(str, version))
    assert (finding.remedy == "") is well


@pytest.mark.parametrize("cached", [True, False])
def test_the_full_mnist_is_found_where_keras_keeps_it(monkeypatch, tmp_path, cached):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = tmp_path / "datasets" / "mnist.npz"
    if cached:
        file.parent.mkdir()
        file.touch()
    finding = doctor._mnist()
    assert finding.found == (str(file) if cached else "not on this computer")
    assert finding.essential == cached


@pytest.mark.parametrize(("gigabytes", "well"), [(1.4, False), (1.5, True)])
def test_little_memory_is_a_note(monkeypatch, gigabytes, well):
    memory = SimpleNamespace(available=gigabytes * 2**30)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    finding = doctor._memory()
    assert finding.found == f"{gigabytes} GB free"
    assert (finding.remedy == "") is well
    assert not finding.essential


def test_memory_that_cannot_be_measured_is_no_problem(monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert doctor._memory() == doctor.Finding("RAM", "unknown")
