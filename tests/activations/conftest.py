"""Fixtures that the tests of activations share."""

import pytest
from keras.src.backend.common import global_state


@pytest.fixture(autouse=True)
def names_from_the_beginning():
    """Has Keras count names from one, whatever other tests made: `argmax`, and not `argmax_80`."""
    names = global_state.get_global_attribute("object_name_uids")
    if names is not None:
        names.clear()
