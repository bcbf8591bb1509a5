"""Events between campaigns: each opens a review of one item, once; and how carefully somebody reviews."""

from datetime import timedelta

import pytest

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Conflict, Forbidden
from apps.core.metrics import Ratio
from apps.inventory.models import Asset, Entitlement, Person
from apps.reviews.models import Campaign, Item
from apps.reviews.queries.quality import quality_of, second_sample
from apps.reviews.services.reconciling import prove_all
from apps.reviews.services.seconding import second
from apps.reviews.services.watching import look
from apps.reviews.states import Reason, Trigger
from tests.cast import Cast
from tests.factories import make_coverage
from tests.reviews.world import World, build

ACTOR = system("reconciler")


@pytest.fixture
def world(cast: Cast) -> World:
    found = build(cast)
    look(actor=ACTOR, now=clock.now())
    return found


def opened(*triggers: str) -> None:
    """Look once: exactly these reviews of one item open, and a second look opens none."""
    before = set(Campaign.objects.values_list("pk", flat=True))
    look(actor=ACTOR, now=clock.now())
    new = Campaign.objects.exclude(pk__in=before)
    assert sorted(new.values_list("trigger", flat=True)) == sorted(triggers)
    assert all(row.state == "active" and row.items_count == 1 for row in new)
    look(actor=ACTOR, now=clock.now())
    assert Campaign.objects.count() == len(before) + len(triggers)


def test_the_first_look_is_no_change(world: World) -> None:
    """Nor is access by itself."""
    world.standing(world.people["engineer"])
    opened()


def test_a_mover_is_reviewed(world: World) -> None:
    """Whoever changed team; the item says so."""
    world.standing(world.people["engineer"])
    world.standing(world.people["owner"])
    Person.objects.filter(pk=world.people["engineer"].pk).update(team_name="Claims")
    opened(Trigger.MOVER)
    item = Item.objects.get()
    assert Reason.MOVER in item.reason_list and item.reviewer == world.user("owner")


def test_a_new_owner_reviews_what_they_took_over(world: World) -> None:
    """Each access on the asset is an item of its own review."""
    world.standing(world.people["engineer"])
    Asset.objects.filter(pk=world.asset.pk).update(owner=world.people["ciso"])
    opened(Trigger.OWNER)
    assert Item.objects.get().reviewer == world.user("ciso")


def test_new_personal_data_is_reviewed(world: World) -> None:
    """An asset that was classified so since; less of it asks for nothing."""
    world.standing(world.people["engineer"])
    Asset.objects.filter(pk=world.asset.pk).update(classification="internal")
    opened()
    Asset.objects.filter(pk=world.asset.pk).update(classification="personal data")
    opened(Trigger.DATA)


def test_idle_privileged_access_is_reviewed(world: World) -> None:
    """30 days unused and privileged; not unprivileged, not used, not of unknown use."""
    idle = clock.now() - timedelta(days=31)
    world.standing(world.people["engineer"], privileged="yes", last_used_at=idle)
    world.standing(world.people["engineer"], privileged="no", last_used_at=idle)
    world.standing(world.people["engineer"], privileged="yes")
    world.standing(world.people["engineer"], privileged="yes", last_used_at=None)
    opened(Trigger.IDLE)


def test_access_that_comes_back_is_reviewed_again(world: World) -> None:
    """Verified gone, and shown by an import made after that: one item, to look at closely."""
    row = world.standing(world.people["engineer"])
    campaign = world.opened()
    world.decide("manager", Item.objects.get(), "revoke")
    world.sign("manager", campaign)
    Entitlement.objects.filter(pk=row.pk).update(gone_at=clock.now())
    prove_all()
    assert Item.objects.get().state == "verified"
    Entitlement.objects.filter(pk=row.pk).update(gone_at=None)
    opened()
    make_coverage(row.source, "entitlement", observed_at=clock.now() + timedelta(minutes=1))
    opened(Trigger.RETURNED)
    again = Item.objects.order_by("-number")[0]
    assert Reason.RETURNED in again.reason_list and again.pile == "close"
    world.decide("owner", again, "keep")
    world.sign("owner", again.campaign)
    prove_all()
    opened()


def test_quality_is_time_share_and_agreement(world: World) -> None:
    """Pauses and answers at once are no time on risky rows; a second reviewer's answers are compared."""
    for number in range(4):
        world.standing(world.people["engineer"], privileged="yes", operation=f"op.{number}")
    campaign = world.opened()
    rows = list(Item.objects.order_by("number"))
    for row, seconds in zip(rows, (0, 20, 60, 4000), strict=True):
        with clock.shifted(timedelta(seconds=seconds)):
            world.decide("manager", row, "keep")
    found = quality_of(campaign, world.user("manager").pk)
    assert (found.answers, found.risky_timed, found.bulk) == (4, 2, Ratio(0, 4))
    assert found.seconds is not None and 25 <= found.seconds <= 35
    world.sign("manager", campaign)
    campaign.refresh_from_db()
    sample = list(second_sample(campaign))
    assert len(sample) == 3
    for row, choice in zip(sample[:2], ("keep", "revoke"), strict=True):
        second(actor=world.actor("ciso"), item=row, choice=choice, digest=row.digest)
    assert quality_of(campaign, world.user("manager").pk).agreement == Ratio(1, 2)
    sample[0].refresh_from_db()
    assert sample[0].decision == "keep" and sample[0].decided_by == world.user("manager")


def test_who_gives_a_second_answer(world: World) -> None:
    """CISO or administrator who did not answer it and does not hold it, once, for what is in the sample."""
    world.standing(world.people["ciso"], privileged="yes")
    world.opened()
    row = Item.objects.get()
    name = next(name for name, user in world.cast.users.items() if user == row.reviewer)
    with pytest.raises(Conflict):
        second(actor=world.actor("security_admin"), item=row, choice="keep", digest=row.digest)
    world.decide(name, row, "keep")
    world.sign(name, row.campaign)
    for wrong in ("ciso", "manager", "auditor", name):
        with pytest.raises(Forbidden):
            second(actor=world.actor(wrong), item=row, choice="keep", digest=row.digest)
    second(actor=world.actor("second_admin"), item=row, choice="keep", digest=row.digest)
    with pytest.raises(Conflict, match="already"):
        second(actor=world.actor("security_admin"), item=row, choice="keep", digest=row.digest)
