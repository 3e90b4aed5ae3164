"""The findings of the doctor and their remedies."""

import re
import sys
from types import SimpleNamespace

import pytest

from kfunc_lab import doctor


def test_essential_packages_are_found():
    findings = {finding.subject: finding for finding in doctor.findings()}
    assert [*findings][:4] == ["Python", "Keras", "TensorFlow", "Graphviz"]
    assert [*findings][-2:] == ["MNIST", "RAM"]
    for finding in findings.values():
        assert finding.found
        assert not (finding.essential and finding.remedy)
    assert re.fullmatch(r"3[.\d]+, backend tensorflow", findings["Keras"].found)


def test_findings_have_no_final_period(monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_DOT", "/nowhere/dot")
    monkeypatch.setitem(sys.modules, "keras", None)
    for finding in (doctor._drawing(), doctor._keras(), doctor._package("no-such-package")):
        assert finding.essential
        assert not finding.found.endswith(".")
        assert finding.remedy


def test_broken_dot_is_reported(monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_DOT", "/nowhere/dot")
    finding = doctor._drawing()
    assert "/nowhere/dot" in finding.found
    assert "KFUNC_LAB_DOT" in finding.remedy


def test_missing_package_has_install_command():
    assert doctor._package("no-such-package") == doctor.Finding(
        "no-such-package",
        "is not installed",
        'Install it with: pip install "kfunc_lab[lab]"',
    )


@pytest.mark.parametrize(
    ("name", "check"), [("keras", doctor._keras), ("tensorflow", doctor._backend)]
)
def test_import_error_is_reported(monkeypatch, name, check):
    monkeypatch.setitem(sys.modules, name, None)
    finding = check()
    assert finding.found.startswith(f"cannot be imported (import of {name}")
    assert "pip install" in finding.remedy


def test_old_keras_needs_upgrade(monkeypatch):
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
def test_python_version_is_checked(monkeypatch, version, well):
    monkeypatch.setattr(sys, "version_info", version)
    finding = doctor._python()
    assert finding.found == ".".join(map(str, version))
    assert (finding.remedy == "") is well


@pytest.mark.parametrize("cached", [True, False])
def test_full_mnist_is_found_in_keras_cache(monkeypatch, tmp_path, cached):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    file = tmp_path / "datasets" / "mnist.npz"
    if cached:
        file.parent.mkdir()
        file.touch()
    finding = doctor._mnist()
    assert finding.found == (str(file) if cached else "not on this computer")
    assert finding.essential == cached


@pytest.mark.parametrize(("gigabytes", "well"), [(1.4, False), (1.5, True)])
def test_low_memory_is_not_essential(monkeypatch, gigabytes, well):
    memory = SimpleNamespace(available=gigabytes * 2**30)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    finding = doctor._memory()
    assert finding.found == f"{gigabytes} GB free"
    assert (finding.remedy == "") is well
    assert not finding.essential


def test_unknown_memory_needs_no_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert doctor._memory() == doctor.Finding("RAM", "unknown")
