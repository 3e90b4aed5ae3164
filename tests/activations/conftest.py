"""Fixtures that the tests of activations share."""

import pytest
from keras.src.backend.common import global_state


@pytest.fixture(autouse=True)
def names_from_the_beginning():
    """Reset the name counters of Keras, so that a test gets `argmax` and not `argmax_80`."""
    names = global_state.get_global_attribute("object_name_uids")
    if names is not None:
        names.clear()
