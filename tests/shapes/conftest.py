"""Differences of earlier Keras versions."""

import keras
import pytest

# The rules follow the newest Keras. Earlier versions accept windows that do not fit and settings
# without meaning, and report some shapes of attention incorrectly. Their shapes are still shown,
# because a rule that disagrees with Keras is ignored.
LAXER = {
    "test_attention_matches_keras",
    "test_convolutions_match_keras",
    "test_depthwise_and_separable_convolutions_match_keras",
    "test_invalid_recurrent_convolutions_are_rejected",
    "test_time_distributed_matches_keras",
    "test_invalid_equations_are_rejected",
    "test_grouped_query_attention_matches_keras",
    "test_spectral_normalization_matches_keras",
    "test_pooling_matches_keras",
    "test_rule_matches_layer",
    "test_transposed_convolutions_match_keras",
    "test_invalid_multi_head_attention_is_rejected",
    "test_invalid_inputs_are_rejected",
}


def pytest_collection_modifyitems(items):
    if tuple(map(int, keras.__version__.split(".")[:2])) >= (3, 15):
        return
    for item in items:
        if "shapes" in item.path.parts and getattr(item, "originalname", "") in LAXER:
            item.add_marker(pytest.mark.xfail(reason="an earlier Keras is laxer", strict=False))
