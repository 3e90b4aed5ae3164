"""Fixtures for the tests of the graph."""

import keras
import pytest


@pytest.fixture
def fresh_names():
    """Resets the layer names of Keras: dense, dense_1, …"""
    keras.utils.clear_session()
