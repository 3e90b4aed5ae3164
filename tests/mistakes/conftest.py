"""Fixtures for the tests of mistakes."""

import pytest
from followed_notebook import FollowedNotebook


@pytest.fixture(scope="module")
def notebook():
    """A followed notebook in a process of its own, for all tests of a file."""
    process = FollowedNotebook()
    yield process
    process.close()
