"""The second look: whom it is put to, blind, and what comes of it."""

from typing import Any

import pytest

from apps.core.actor import Role
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.core.metrics import Ratio
from apps.inventory.models import Person
from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.queries.quality import FEWEST_SECOND, MOST_SECOND, agreement, second_sample
from apps.reviews.queries.seconding import seconds_left, waiting_for_second
from apps.reviews.services.seconding import second
from tests.access.asking import actor_of
from tests.access.test_second_accounts import second_account
from tests.cast import Cast
from tests.reviews.world import World, build, peers

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def answered(world: World, count: int = 4, choice: str = "keep") -> Campaign:
    """Return a review of privileged access, all of it answered by the manager, not yet signed."""
    peers(world, count, operation="model.deploy", privileged="yes")
    campaign = world.opened()
    for row in Item.objects.filter(campaign=campaign):
        world.decide("manager", row, choice)
    return campaign


def sealed(world: World, count: int = 4, choice: str = "keep") -> Campaign:
    campaign = answered(world, count, choice)
    world.sign("manager", campaign)
    return Campaign.objects.get(pk=campaign.pk)


def look(world: World, name: str, item: Item, choice: str = "keep", **fields: Any) -> Decision:
    fields.setdefault("digest", item.digest)
    return second(actor=world.actor(name), item=item, choice=choice, **fields).value  # type: ignore[no-any-return]


def test_the_sample_is_drawn_once_the_review_is_sealed(world: World) -> None:
    """Not before, while answers change; the same items for everybody; not in a review of one event."""
    campaign = answered(world)
    assert not second_sample(campaign).exists()
    with pytest.raises(Conflict):
        look(world, "ciso", Item.objects.filter(campaign=campaign)[0])
    world.sign("manager", campaign)
    campaign.refresh_from_db()
    rows = sorted(campaign.items.values_list("digest", "pk"))
    assert [row.pk for row in second_sample(campaign)] == [pk for _, pk in rows[:FEWEST_SECOND]]
    Campaign.objects.filter(pk=campaign.pk).update(trigger="idle")
    campaign.refresh_from_db()
    assert not second_sample(campaign).exists() and MOST_SECOND >= FEWEST_SECOND


def test_who_may_is_told_with_a_link_and_once(world: World) -> None:
    """CISO and administrators, in the transaction of the seal; nobody who answered or only audits."""
    campaign = sealed(world)
    told = {name: list(user.notices.filter(kind="reviews.second.asked")) for name, user in world.cast.users.items()}
    assert {name for name, rows in told.items() if rows} == {"ciso", "security_admin", "second_admin"}
    assert {(len(rows), rows[0].url) for rows in told.values() if rows} == {(1, f"/reviews/{campaign.pk}/second")}
    assert "3 items" in told["ciso"][0].title


def test_who_looks_twice_and_who_does_not(world: World) -> None:
    """Nobody else's role, nobody without a second factor; each item once; keep or revoke, as it was shown."""
    campaign = sealed(world)
    row = seconds_left(campaign, world.user("ciso").pk)[0]
    for name in ("manager", "owner", "engineer", "auditor", "service", "outsider"):
        with pytest.raises(Forbidden):
            look(world, name, row)
    for wrong, error in (({"choice": "reduce"}, Invalid), ({"choice": "keep", "digest": "0" * 64}, Conflict)):
        with pytest.raises(error):
            look(world, "ciso", row, **wrong)
    assert look(world, "ciso", row).second
    with pytest.raises(Conflict):
        look(world, "security_admin", row)
    assert row.pk not in {item.pk for item in seconds_left(campaign, world.user("security_admin").pk)}


def test_nobody_looks_twice_at_their_own_answer_or_access_by_whichever_account(world: World) -> None:
    """A second account of who answered, or of who holds it, is theirs."""
    Person.objects.filter(pk=world.people["ciso"].pk).update(manager=world.people["manager"])
    mine = world.standing(world.people["ciso"], privileged="yes")
    campaign = sealed(world, 2)
    own = Item.objects.get(campaign=campaign, subject_id=mine.pk.hex)
    assert own.decided_by == world.user("manager") and own.pk in {row.pk for row in second_sample(campaign)}
    assert own.pk not in {row.pk for row in seconds_left(campaign, world.user("ciso").pk)}
    with pytest.raises(Forbidden, match="hold this access"):
        look(world, "ciso", own)
    other = second_account(world.user("manager"), Role.CISO)
    assert seconds_left(campaign, other.pk) == []
    with pytest.raises(Forbidden, match="You answered"):
        second(actor=actor_of(other), item=own, choice="keep", digest=own.digest)


def test_agreement_counts_the_same_answers_and_changes_none(world: World) -> None:
    campaign = sealed(world)
    for row, choice in zip(seconds_left(campaign, world.user("ciso").pk), ("keep", "revoke", "keep"), strict=True):
        look(world, "ciso", row, choice)
    assert agreement(campaign, world.user("manager").pk) == Ratio(2, 3)
    assert set(campaign.items.values_list("decision", flat=True)) == {"keep"}
    assert waiting_for_second(world.actor("security_admin")) == []
