"""What all tests share."""

import pytest

import kfunc_lab.locale


@pytest.fixture(autouse=True)
def english(monkeypatch):
    """Every test begins in English, and leaves the language as it was."""
    monkeypatch.setattr(kfunc_lab.locale, "_chosen", "en")
