"""What an earlier Keras does otherwise."""

import keras
import pytest

# The rules are those of the newest Keras. An earlier one takes windows that do not fit and
# settings that mean nothing, and states some shapes of attention wrongly; what it says of a call
# is shown all the same, as a rule that says something else is left aside.
LAXER = {
    "test_attention",
    "test_convolutions",
    "test_convolutions_by_channel",
    "test_convolutions_that_are_refused",
    "test_each_step",
    "test_equations_that_do_not_fit",
    "test_heads_that_share_keys",
    "test_normalised_kernels",
    "test_pooling",
    "test_the_rule_says_what_the_layer_does",
    "test_transposed_convolutions",
    "test_what_heads_refuse",
    "test_what_is_refused",
}


def pytest_collection_modifyitems(items):
    if tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 15):
        return
    for item in items:
        if "shapes" in item.path.parts and getattr(item, "originalname", "") in LAXER:
            item.add_marker(pytest.mark.xfail(reason="an earlier Keras is laxer", strict=False))
