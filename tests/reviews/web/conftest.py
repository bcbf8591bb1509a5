"""A review with every pile, and sessions whose second factor was proven just now."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.reviews.models import Campaign
from tests.access.web.conftest import SignIn, fresh
from tests.cast import Cast
from tests.reviews.world import World, build, peers

__all__ = ["SignIn", "fresh"]


@pytest.fixture
def world(cast: Cast) -> World:
    """The cast with persons, and an asset of the owner."""
    return build(cast)


@pytest.fixture
def campaign(world: World) -> Campaign:
    """An open review of the manager: 2 to look at closely, 4 not used, 8 used and usual."""
    peers(world, 8)
    peers(world, 4, operation="weights.read", last_used_at=clock.now() - timedelta(days=120))
    peers(world, 2, operation="model.deploy", privileged="yes")
    return world.opened()
