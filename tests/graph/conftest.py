"""What the tests of the graph share."""

import keras
import pytest

import kfunc_lab.locale


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setattr(kfunc_lab.locale, "_chosen", "en")


@pytest.fixture
def fresh_names():
    """Keras names layers as in a new process: dense, dense_1, …"""
    keras.utils.clear_session()
