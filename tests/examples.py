"""The number of Hypothesis examples, as a share of the profile's number."""

from hypothesis import settings


def examples(count: int) -> settings:
    """Returns settings for `count` examples, or ten times as many in `make test-deep`."""
    return settings(max_examples=count * settings().max_examples // 100)
