"""What the tests of the graph share."""

import keras
import pytest


@pytest.fixture
def fresh_names():
    """Keras names layers as in a new process: dense, dense_1, …"""
    keras.utils.clear_session()
