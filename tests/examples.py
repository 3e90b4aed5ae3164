"""How many examples hypothesis draws: a share of the profile's number."""

from hypothesis import settings


def examples(count: int) -> settings:
    """Draws `count` examples by default, and ten times as many in `make test-deep`."""
    return settings(max_examples=count * settings().max_examples // 100)
