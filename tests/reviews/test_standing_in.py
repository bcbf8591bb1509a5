"""Who stands in for a reviewer: while it lasts, for whole sheets too, and with the conflicts of both."""

from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import Delegation
from apps.accounts.models import User
from apps.core import clock
from apps.core.errors import Conflict, Forbidden
from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.queries.bulk import preview
from apps.reviews.services.bulk import bulk_decide, draw_sample
from apps.reviews.services.deciding import withdraw
from apps.reviews.services.rerouting import not_mine
from apps.reviews.states import ItemState, Pile
from tests.cast import Cast
from tests.factories import make_asset, make_identity
from tests.reviews.world import World, build, peers


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def stand_in(world: World, name: str, **fields: Any) -> None:
    """Let a member decide for the manager, from an hour ago for two hours, for every tier."""
    now = clock.now()
    row = {"from_at": now - timedelta(hours=1), "until_at": now + timedelta(hours=1), "strictest_tier": 1}
    Delegation.objects.create(
        delegator=world.user("manager"), delegate=world.user(name), created_at=now, **{**row, **fields}
    )


def unused(world: World) -> Campaign:
    """Return a review with four items that are probably not needed, on the manager's sheet."""
    peers(world, 4, last_used_at=clock.now() - timedelta(days=200))
    return world.opened()


def revoke_all(world: World, name: str, campaign: Campaign) -> Any:
    """Revoke them at once in the manager's name."""
    principal = world.user("manager").pk
    shown = preview(campaign, principal, "revoke")
    return bulk_decide(
        actor=world.actor(name), campaign=campaign, choice="revoke", digest=shown.digest, on_behalf_of=principal
    ).value


@pytest.mark.parametrize(
    ("hours", "ended"), [((-3, -1), False), ((1, 3), False), ((-1, 1), True)], ids=["over", "not yet", "ended"]
)
def test_not_before_and_not_after(world: World, hours: tuple[int, int], ended: bool) -> None:
    """A delegation counts while it lasts and is not taken back, for one item, for many and for the signature."""
    campaign, now = unused(world), clock.now()
    begins, ends = (now + timedelta(hours=hour) for hour in hours)
    stand_in(world, "outsider", from_at=begins, until_at=ends, ended_at=now if ended else None)
    item = Item.objects.filter(campaign=campaign).first()
    assert item is not None
    with pytest.raises(Forbidden, match="do not decide for"):
        world.decide("outsider", item, "revoke", on_behalf_of=world.user("manager").pk)
    with pytest.raises(Forbidden, match="do not decide for"):
        revoke_all(world, "outsider", campaign)
    assert not Decision.objects.exists()


def test_not_for_somebody_who_left(world: World) -> None:
    campaign = unused(world)
    stand_in(world, "outsider")
    User.objects.filter(pk=world.user("manager").pk).update(is_active=False)
    with pytest.raises(Forbidden, match="do not decide for"):
        revoke_all(world, "outsider", campaign)


def test_at_once_for_the_strictest_tier_of_the_set(world: World) -> None:
    """A delegation down to tier 2 does not reach a set with one item of tier 1."""
    owned = {"owner": world.people["owner"], "tier_confirmed": True}
    world.standing(
        world.people["engineer"], asset=make_asset(tier=1, **owned), last_used_at=clock.now() - timedelta(days=200)
    )
    campaign = unused(world)
    assert sorted(campaign.items.filter(pile=Pile.UNNEEDED).values_list("tier", flat=True)) == [1, 3, 3, 3, 3]
    stand_in(world, "outsider", strictest_tier=2)
    with pytest.raises(Forbidden, match="do not decide for"):
        revoke_all(world, "outsider", campaign)
    stand_in(world, "outsider", strictest_tier=1)
    assert revoke_all(world, "outsider", campaign).count == 5
    made = Decision.objects.first()
    assert made is not None
    assert (made.reviewer, made.on_behalf_of) == (world.user("outsider"), world.user("manager"))


@pytest.mark.parametrize("holder", ["outsider", "manager"])
def test_at_once_with_the_conflicts_of_both(world: World, holder: str) -> None:
    """One of them held by who stands in, or by whom they stand in for, refuses them all."""
    campaign = unused(world)
    stand_in(world, "outsider")
    held = Item.objects.filter(campaign=campaign).first()
    assert held is not None
    make_identity(person=world.people[holder], login=held.holder_login)
    with pytest.raises(Forbidden, match="1 of them"):
        revoke_all(world, "outsider", campaign)
    assert not Decision.objects.exists()


def test_nobody_without_a_sheet_decides_at_once(world: World) -> None:
    """Nor on a sheet that is signed."""
    campaign = unused(world)
    shown = preview(campaign, world.user("manager").pk, "revoke")
    for name in ("owner", "ciso"):
        with pytest.raises((Forbidden, Conflict)):
            bulk_decide(actor=world.actor(name), campaign=campaign, choice="revoke", digest=shown.digest)
    assert not Decision.objects.exists()
    campaign.seats.update(signed_at=clock.now())
    with pytest.raises(Conflict, match="signed"):
        bulk_decide(actor=world.actor("manager"), campaign=campaign, choice="revoke", digest=shown.digest)


def test_an_answer_is_taken_back_by_whose_it_is_before_the_signature(world: World) -> None:
    """Somebody else, the holder, and anybody after the signature are refused."""
    item = unused(world).items.first()
    assert item is not None
    item = world.decide("manager", item, "revoke")
    with pytest.raises(Forbidden, match="somebody else"):
        withdraw(actor=world.actor("owner"), item=item)
    make_identity(person=world.people["manager"], login=item.holder_login)
    with pytest.raises(Forbidden, match="hold this access"):
        withdraw(actor=world.actor("manager"), item=item)
    world.people["manager"].identities.update(login="other")
    item.campaign.seats.update(signed_at=clock.now())
    for again in (lambda: withdraw(actor=world.actor("manager"), item=item),
                  lambda: world.decide("manager", item, "keep")):  # fmt: skip
        with pytest.raises(Conflict, match="signed"):
            again()
    item.refresh_from_db()
    assert (item.state, item.decision) == (ItemState.DECIDED, "revoke")


def test_what_is_given_on_has_no_answer_and_goes_to_somebody_who_works_here(world: World) -> None:
    item = unused(world).items.first()
    assert item is not None
    item = world.decide("manager", item, "keep")
    User.objects.filter(pk=world.user("outsider").pk).update(is_active=False)
    gone = User.objects.get(pk=world.user("outsider").pk)
    with pytest.raises(Forbidden, match="works here"):
        not_mine(actor=world.actor("manager"), item=item, to=gone)
    moved = not_mine(actor=world.actor("manager"), item=item, to=world.user("owner")).value
    assert (moved.reviewer, moved.state, moved.decision) == (world.user("owner"), ItemState.OPEN, "")


def test_only_random_ones_of_the_third_pile_count_and_only_a_wrong_one_brings_others(world: World) -> None:
    """They are drawn among what is used and usual; keeping them, or revoking one beside them, moves nothing."""
    peers(world, 12)
    peers(world, 12, operation="weights.read", privileged="yes")
    campaign = world.opened()
    drawn = draw_sample(actor=world.actor("manager"), campaign=campaign).value
    sample = Item.objects.filter(pk__in=drawn.items)
    assert drawn.drawn_from == 12 and set(sample.values_list("pile", flat=True)) == {Pile.USUAL}
    for item in sample:
        shown = preview(campaign, world.user("manager").pk, "keep")
        with pytest.raises(Conflict, match="random items first"):
            bulk_decide(actor=world.actor("manager"), campaign=campaign, choice="keep", digest=shown.digest)
        world.decide("manager", item, "keep")
    beside = campaign.items.filter(pile=Pile.USUAL, state=ItemState.OPEN).first()
    assert beside is not None
    world.decide("manager", beside, "revoke")
    assert campaign.items.filter(pile=Pile.CLOSE).count() == 12
