"""Fixtures for the tests of mistakes."""

import pytest
from followed_notebook import FollowedNotebook


@pytest.fixture(scope="module")
def notebook():
    """A followed notebook for all tests of a file; each run begins it anew."""
    notebook = FollowedNotebook()
    yield notebook
    notebook.close()
