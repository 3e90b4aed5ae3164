"""Fixtures that the tests of a forward pass share."""

import keras
import pytest
from keras.src.backend.common import global_state


def pytest_collection_modifyitems(items):
    if tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 15):
        return
    reason = "an earlier Keras says of this layer that it gives one result, where it gives two"
    for item in items:
        if item.name == "test_scores_that_the_code_asked_for_itself[GroupQueryAttention]":
            item.add_marker(pytest.mark.xfail(reason=reason))


@pytest.fixture(autouse=True)
def names_from_the_beginning():
    """Has Keras count names from one, whatever other tests made: `argmax`, and not `argmax_80`."""
    names = global_state.get_global_attribute("object_name_uids")
    if names is not None:
        names.clear()
