"""Less access that was offered: accepting it gives what was approved, as it was approved, and nothing else."""

from datetime import timedelta

import pytest

from apps.access.models import AccessRequest, Grant
from apps.access.services.messages import answer
from apps.access.services.offers import offer_less
from apps.access.states import RequestState
from apps.audit.models import Entry
from apps.inventory.models import Asset
from tests.access.asking import TIER_2, World, build
from tests.cast import Cast


@pytest.fixture
def world(cast: Cast) -> World:
    """An asset of tier 3 with a confirmed owner."""
    return build(cast)


def _offered(world: World, **actor: timedelta) -> AccessRequest:
    request = world.ask(minutes=120)
    made = offer_less(
        actor=world.actor("owner", **actor), request=request, digest=world.shown(request), operation=TIER_2, minutes=60
    )
    return AccessRequest.objects.get(pk=made.value.pk)


def test_an_accepted_offer_is_granted_by_the_vote_it_carries(world: World) -> None:
    offer = _offered(world)
    assert answer(actor=world.actor("engineer"), request=offer).value.state == RequestState.APPROVED
    assert Grant.objects.get(request=offer).minutes == 60


def test_invariant_18_an_offer_whose_artifact_changed_is_voted_on_again(world: World) -> None:
    """The vote that an offer carries binds to the digest of then; another artifact voids it."""
    offer = _offered(world)
    Asset.objects.filter(pk=world.asset.pk).update(content_digest="sha256:" + "b" * 64)
    answered = answer(actor=world.actor("engineer"), request=offer).value
    assert (answered.state, Grant.objects.count()) == (RequestState.PENDING, 0)
    assert Entry.objects.filter(action="access.request.rebound").exists()
    assert world.approve("owner", world.fresh(offer)).state == RequestState.APPROVED


def test_an_offer_of_a_stricter_tier_needs_the_proof_of_that_tier(world: World) -> None:
    """A factor proven ten minutes ago decides about tier 2; the asset is tier 1 by now, and so is the offer."""
    request = world.ask(minutes=120)
    Asset.objects.filter(pk=world.asset.pk).update(tier=1)
    made = offer_less(
        actor=world.actor("owner", age=timedelta(minutes=10)),
        request=request, digest=world.shown(request), operation=TIER_2, minutes=60,
    )  # fmt: skip
    offer = AccessRequest.objects.get(pk=made.value.pk)
    assert (offer.tier, offer.votes.count()) == (1, 0)
