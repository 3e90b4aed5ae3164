"""What all tests share."""

import pytest

import kfunc_lab.locale


@pytest.fixture(scope="session", autouse=True)
def no_progress():
    """No test adds to the developer's progress; those that keep some name a file of their own."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KFUNC_LAB_PROGRESS", "")
        yield


@pytest.fixture(autouse=True)
def english(monkeypatch):
    """Every test begins in English, and leaves the language as it was."""
    monkeypatch.setattr(kfunc_lab.locale, "_chosen", "en")
