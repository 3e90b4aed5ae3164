"""Settings for the tests of training."""

import gc

import pytest


@pytest.fixture(autouse=True)
def free_iterators():
    """Frees the data of a failed training at once.

    TensorFlow frees an iterator only when its tuning thread wakes up, which takes up to a minute
    for an iterator that lived as long.
    """
    yield
    gc.collect()
