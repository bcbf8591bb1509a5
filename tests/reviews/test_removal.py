"""Removal and proof: nothing is verified but by what the target or a later import shows (invariant 16)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from apps.access.models import Grant
from apps.connectors.models import Connection
from apps.core import clock
from apps.core.errors import Conflict, Forbidden
from apps.inventory.models import Entitlement
from apps.reviews.models import Campaign, Item, Proof, Removal
from apps.reviews.queries import metrics
from apps.reviews.services import removal as removing
from apps.reviews.services.reconciling import prove_all
from apps.reviews.services.removal import done_by_hand, remove_due
from apps.reviews.states import ItemState, Way
from tests.access.grants import carried, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_coverage
from tests.reviews.world import World, build


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def revoked(world: World) -> Item:
    """Return the one item, revoked and sealed."""
    campaign = world.opened()
    row = Item.objects.get(campaign=campaign)
    name = next(name for name, user in world.cast.users.items() if user == row.reviewer)
    world.decide(name, row, "revoke")
    world.sign(name, campaign)
    row.refresh_from_db()
    return row


def state(row: Item) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, Campaign.objects.get(pk=row.campaign_id).state


def test_a_grant_of_the_portal_ends_and_the_campaign_closes(world: World) -> None:
    """Through access, with the review as the reason; proven by the grant's receipts."""
    grant = open_grant(make_request(world.user("engineer"), world.asset))
    row = revoked(world)
    assert row.state == ItemState.REMEDIATING and row.removal.way == Way.GRANT
    assert remove_due() == 1
    grant.refresh_from_db()
    assert (grant.state, grant.end_reason) == ("ended", "review")
    prove_all()
    assert state(row) == (ItemState.VERIFIED, "closed")
    assert metrics.verified_removal(clock.now() + timedelta(days=1)).denominator == 1


def test_a_grant_is_proven_only_when_its_target_shows_it_no_longer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the target lies the item stays, and the campaign with it."""
    target = use_fake(monkeypatch, world.asset)
    grant = carried(open_grant(make_request(world.user("engineer"), world.asset)))
    row = revoked(world)
    target.faults = ["lie", "", "lie", ""]
    remove_due()
    carried(grant)
    prove_all()
    assert state(row) == (ItemState.REMEDIATING, "verifying")
    carried(grant, within=timedelta(minutes=10))
    carried(grant, within=timedelta(minutes=20))
    assert Grant.objects.get(pk=grant.pk).state == "ended"
    prove_all()
    assert state(row) == (ItemState.VERIFIED, "closed")


def test_imported_access_is_proven_by_the_next_import(world: World) -> None:
    """A task for the asset's owner; a word of theirs proves nothing, a later import does."""
    row_of = world.standing(world.people["engineer"])
    row = revoked(world)
    removal = Removal.objects.get()
    assert (removal.way, removal.owner) == (Way.TASK, world.user("owner"))
    assert world.user("owner").notices.filter(kind="reviews.removal.put").exists()
    for name in ("engineer", "manager", "auditor"):
        with pytest.raises(Forbidden):
            done_by_hand(actor=world.actor(name), removal=removal, proof="Done")
    done_by_hand(actor=world.actor("owner"), removal=removal, proof="Ticket 12")
    prove_all()
    assert state(row) == (ItemState.REMEDIATING, "verifying")
    Entitlement.objects.filter(pk=row_of.pk).update(gone_at=clock.now())
    prove_all()
    assert state(row) == (ItemState.VERIFIED, "closed")
    assert list(Proof.objects.values_list("seen", flat=True)) == ["asked", "done", "absent"]


def test_an_import_that_still_shows_it_fails_the_removal(world: World) -> None:
    """Reported done, seen again by a later import: failed with an alarm; gone later: verified after all."""
    row_of = world.standing(world.people["engineer"])
    row = revoked(world)
    done_by_hand(actor=world.actor("owner"), removal=row.removal, proof="Done")
    make_coverage(row_of.source, "entitlement", observed_at=clock.now() + timedelta(hours=1))
    prove_all()
    assert state(row) == (ItemState.FAILED, "verifying")
    assert world.user("ciso").notices.filter(kind="reviews.removal.overdue").count() == 1
    Entitlement.objects.filter(pk=row_of.pk).update(gone_at=clock.now())
    prove_all()
    assert state(row) == (ItemState.VERIFIED, "closed")


def test_a_removal_that_is_late_fails(world: World) -> None:
    """At its due date, and the campaign waits."""
    world.standing(world.people["engineer"])
    row = revoked(world)
    with clock.shifted(timedelta(days=7, minutes=1)):
        prove_all()
        prove_all()
    assert state(row) == (ItemState.FAILED, "verifying")
    with pytest.raises(DatabaseError, match="not proven"), transaction.atomic():
        Campaign.objects.update(state="closed")


def test_access_that_vanishes_is_moot(world: World) -> None:
    """What is open goes out of the review; with nothing left it ends by itself."""
    row_of = world.standing(world.people["engineer"])
    campaign = world.opened()
    world.standing(world.people["owner"])
    Entitlement.objects.filter(pk=row_of.pk).update(gone_at=clock.now())
    prove_all()
    row = Item.objects.get()
    assert row.state == ItemState.MOOT
    with pytest.raises(Conflict):
        world.decide("manager", row, "keep")
    assert Item.objects.filter(campaign=campaign).count() == 1


def test_settings_of_the_portal_are_taken_away_by_hand_and_seen(world: World) -> None:
    """A connector account: an administrator switches it off, and the portal sees that."""
    now = clock.now()
    target = Connection.objects.create(name="t", driver="webhook", created_at=now, changed_at=now)
    campaign = world.opened(scope={"governance": True, "subjects": ["grant"]}, stages=[{"reviewer": "group", "days": 5,
                            "group": [str(world.user("owner").pk)]}])  # fmt: skip
    for row in Item.objects.filter(campaign=campaign):
        name = next(name for name, user in world.cast.users.items() if user == row.reviewer)
        world.decide(name, row, "revoke" if row.subject_kind == "target" else "keep")
    for seat in campaign.seats.all():
        world.sign(next(name for name, user in world.cast.users.items() if user == seat.reviewer), campaign)
    removal = Removal.objects.get()
    assert removal.owner in (world.user("security_admin"), world.user("second_admin"))
    Connection.objects.filter(pk=target.pk).update(enabled=False)
    prove_all()
    assert state(removal.item) == (ItemState.VERIFIED, "closed")


def test_what_could_not_be_ended_and_stands_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A grant that changed state in the same moment refuses to end: that is no sign of its end."""
    grant = open_grant(make_request(world.user("engineer"), world.asset))
    row = revoked(world)

    def refuse(**_: object) -> None:
        raise Conflict("It changed meanwhile.")

    with monkeypatch.context() as patched:
        patched.setattr(removing, "end_here", refuse)
        assert remove_due() == 1
    row.removal.refresh_from_db()
    assert (row.removal.last_problem, row.removal.next_at is None) == ("It changed meanwhile.", False)
    with clock.shifted(timedelta(hours=1)):
        assert remove_due() == 1
        grant.refresh_from_db()
        assert grant.end_reason == "review"


def test_a_try_that_came_too_late_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first was taken over by another worker while it was tried; the second is tried in the same round."""
    for name in ("engineer", "outsider"):
        open_grant(make_request(world.user(name), world.asset))
    campaign = world.opened()
    for row in Item.objects.filter(campaign=campaign):
        name = next(name for name, user in world.cast.users.items() if user == row.reviewer)
        world.decide(name, row, "revoke")
    for seat in campaign.seats.all():
        world.sign(next(name for name, user in world.cast.users.items() if user == seat.reviewer), campaign)
    first = Removal.objects.order_by("pk")[0]
    real = removing.end_here

    def taken_over(**given: Any) -> object:
        if given["removal"].pk == first.pk:
            Removal.objects.filter(pk=first.pk).update(claimed_until=clock.now() + timedelta(hours=1))
        return real(**given)

    monkeypatch.setattr(removing, "end_here", taken_over)
    assert remove_due() == 1
    assert list(Grant.objects.order_by("pk").values_list("end_reason", flat=True)).count("review") == 1
