"""Fixtures that the tests of a forward pass share."""

import keras
import pytest
from keras.src.backend.common import global_state


def pytest_collection_modifyitems(items):
    if tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 15):
        return
    reason = "an earlier Keras declares one output for this layer, which returns two"
    for item in items:
        if item.name == "test_scores_returned_by_model_code_are_stored[GroupQueryAttention]":
            item.add_marker(pytest.mark.xfail(reason=reason))


@pytest.fixture(autouse=True)
def names_from_the_beginning():
    """Reset the name counters of Keras, so that a test gets `argmax` and not `argmax_80`."""
    names = global_state.get_global_attribute("object_name_uids")
    if names is not None:
        names.clear()
