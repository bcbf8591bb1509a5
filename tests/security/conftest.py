"""What tests of security share."""

import pytest
from django.core.cache import cache

from tests.cast import Cast
from tests.security.world import World, build


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Counts of failed attempts and throttles live in the cache; no test inherits another's."""
    cache.clear()


@pytest.fixture
def world(cast: Cast) -> World:
    """Both teams' worlds."""
    return build(cast)
