"""The sample's reviews can be forgotten; nothing else ever is."""

import pytest

from apps.accounts.models import User
from apps.core.actor import system
from apps.core.errors import Forbidden
from apps.reviews.models import Campaign, Decision, Item, Series
from apps.reviews.services.campaigns import save_series
from apps.reviews.services.forgetting import forget_sample
from tests.cast import Cast
from tests.reviews.world import BY_MANAGER, World, build


@pytest.fixture
def world(cast: Cast) -> World:
    found = build(cast)
    found.standing(found.people["engineer"])
    return found


def reviewed(world: World) -> Campaign:
    """Return a campaign that was answered and signed, with a removal."""
    campaign = world.opened()
    world.decide("manager", Item.objects.get(campaign=campaign), "revoke")
    world.sign("manager", campaign)
    return campaign


def test_only_reviews_of_sample_users_go(world: World) -> None:
    """A real one stays with its evidence."""
    kept = reviewed(world)
    User.objects.update(is_sample=True)
    save_series(actor=world.actor("ciso"), name="Q", scope={}, stages=BY_MANAGER)
    User.objects.filter(pk=world.user("manager").pk).update(is_sample=False)
    assert forget_sample(actor=system("portal")).value == 0
    assert Campaign.objects.get() == kept and Decision.objects.exists() and not Series.objects.exists()
    User.objects.update(is_sample=True)
    assert forget_sample(actor=system("portal")).value == 1
    assert not Campaign.objects.exists() and not Decision.objects.exists() and not Item.objects.exists()


def test_nobody_but_the_portal_forgets(world: World) -> None:
    """Not even the CISO."""
    for name in ("ciso", "security_admin"):
        with pytest.raises(Forbidden):
            forget_sample(actor=world.actor(name))
