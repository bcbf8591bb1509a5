"""The one exception object about items of reviews: who asks, who signs, what it lets close, and its end."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from apps.audit.models import Entry
from apps.core import clock
from apps.core.errors import Conflict, Forbidden, NotFound
from apps.governance.services.ending import end_due, withdraw
from apps.inventory.models import Asset, Entitlement
from apps.posture.models import Result
from apps.posture.spec import CHECKS
from apps.reviews.models import Campaign, Item, Removal
from apps.reviews.services.reconciling import prove_all, watch
from apps.reviews.states import ItemState
from tests.cast import Cast
from tests.reviews.accepting import asked, fresh, signed
from tests.reviews.world import World, build

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def revoked(world: World, **access: object) -> Item:
    """Return the one item: access of the engineer, revoked by the manager, to be removed by the owner."""
    world.standing(world.people["engineer"], **access)
    campaign = world.opened()
    item = Item.objects.get(campaign=campaign)
    world.decide("manager", item, "revoke")
    world.sign("manager", campaign)
    item.refresh_from_db()
    return item


def state(item: Item) -> tuple[str, str]:
    item.refresh_from_db()
    return item.state, Campaign.objects.get(pk=item.campaign_id).state


def gv_04() -> list[tuple[str, str]]:
    rows = CHECKS["GV-04"].evaluated({}, clock.now())
    return list(rows.order_by("number").values_list("outcome", "reason"))


def test_access_stays_once_somebody_else_signed_and_its_review_closes(world: World) -> None:
    """Asking alone changes nothing; neither the asker, nor who decided, nor the holder signs."""
    item = revoked(world)
    row = asked(world, item)
    assert (row.severity, row.needed, state(item)[0]) == ("medium", 1, ItemState.REMEDIATING)
    for name, why in (("owner", "You asked"), ("manager", "decided about it"), ("engineer", "hold the access"),
                      ("security_admin", "edit the rules"), ("auditor", "CISO signs")):  # fmt: skip
        with pytest.raises(Forbidden, match=why):
            signed(world, row, name)
    assert signed(world, row, "ciso").state == "active"
    prove_all()
    assert state(item) == (ItemState.RISK_ACCEPTED, "closed")
    told = Entry.objects.filter(action="reviews.risk.accepted").get()
    assert (told.subject_id, told.actor_id) == (str(item.pk), str(world.user("ciso").pk))


def test_privileged_access_takes_two_signatures(world: World) -> None:
    """The first lets nothing stay."""
    item = revoked(world, privileged="yes", operation="model.deploy")
    row = asked(world, item, days=5)
    assert (row.severity, row.needed) == ("high", 2)
    signed(world, row, "ciso")
    prove_all()
    assert state(item) == (ItemState.REMEDIATING, "verifying")


@pytest.mark.parametrize("name", ["manager", "engineer", "ciso", "security_admin", "auditor"])
def test_only_who_answers_for_it_asks(world: World, name: str) -> None:
    """The owner of the asset, who removes it by hand here; others are told why, or that there is nothing."""
    with pytest.raises((Forbidden, NotFound)):
        asked(world, revoked(world), by=name)


def test_administrators_ask_where_nobody_else_answers_for_it(world: World) -> None:
    """Whoever removes it, of an asset without an owner; else any of them. What is proven has nothing to accept."""
    Asset.objects.update(owner=None)
    item = revoked(world)
    assert item.removal.owner == world.user("security_admin")
    with pytest.raises(Forbidden, match="Only the owner"):
        asked(world, item, by="second_admin")
    Removal.objects.update(owner=None)
    assert asked(world, item, by="second_admin").state == "asked"
    Item.objects.update(state=ItemState.VERIFIED)
    with pytest.raises(Forbidden, match="still to be removed"):
        asked(world, item, by="security_admin")


def test_what_is_gone_meanwhile_is_not_accepted(world: World) -> None:
    """The seen removal wins: the exception that waits is over, and one more signature changes nothing."""
    item = revoked(world)
    row = asked(world, item)
    Entitlement.objects.update(gone_at=clock.now())
    prove_all()
    assert state(item) == (ItemState.VERIFIED, "closed")
    with pytest.raises((Conflict, Forbidden)):
        signed(world, row, "ciso")
    end_due()
    row.refresh_from_db()
    assert (row.state, row.end_reason, state(item)[0]) == ("ended", "over", ItemState.VERIFIED)


@pytest.mark.parametrize("how", ["date", "check", "withdrawn"])
def test_an_acceptance_that_ended_is_reviewed_again(world: World, how: str) -> None:
    """At its date, with its compensating check, or taken back: a review of that one item, once, while it is there."""
    item = revoked(world)
    row = signed(world, asked(world, item), "ciso")
    prove_all()
    end_due()
    watch()
    assert Campaign.objects.count() == 1 and gv_04() == [("met", "")]
    days = 21 if how == "date" else 0
    if how == "check":
        Result.objects.update(outcome="not_evaluated")
    if how == "withdrawn":
        withdraw(actor=fresh(world, "ciso"), exception=row)
    with clock.shifted(timedelta(days=days, minutes=11)):
        end_due()
        cache.clear()
        assert watch() == 1
        cache.clear()
        assert watch() == 0
        row.refresh_from_db()
        failing = {"date": [("failing", "expired")], "check": [("failing", "not_compensated")], "withdrawn": []}
        assert gv_04() == failing[how]
    micro = Campaign.objects.exclude(pk=item.campaign_id).get()
    again = micro.items.get()
    assert (micro.trigger, micro.state, again.subject_id, again.pile) == ("lapsed", "active", item.subject_id, "close")
    assert "lapsed" in again.reasons and state(item)[0] == ItemState.RISK_ACCEPTED


def test_one_that_waits_for_its_review_does_not_hide_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look opens only so many reviews; the next look goes on with who had none."""
    for name in ("engineer", "owner"):
        world.standing(world.people[name])
    campaign = world.opened()
    items = list(Item.objects.filter(campaign=campaign).order_by("pk"))
    assert len(items) == 2
    for item in items:
        world.decide("manager", item, "revoke")
    world.sign("manager", campaign)
    watch()
    before = Campaign.objects.count()
    Item.objects.filter(pk__in=[item.pk for item in items]).update(state=ItemState.RISK_ACCEPTED)
    monkeypatch.setattr("apps.reviews.services.watching.MOST_AT_ONCE", 1)
    for number in (1, 2, 2):
        cache.clear()
        watch()
        assert Campaign.objects.count() - before == number


def test_access_that_went_after_its_acceptance_asks_for_nothing(world: World) -> None:
    item = revoked(world)
    row = signed(world, asked(world, item), "ciso")
    Entitlement.objects.update(gone_at=clock.now())
    end_due()
    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("ended", "over")
    assert watch() == 0 and gv_04() == []


def test_its_page_offers_it_to_who_may_ask(world: World, client: Client) -> None:
    """The owner sees the review for the sake of the task, asks from its row, and finds the exception there after."""
    item = revoked(world)
    ask_url = f"/exceptions/new?review_item={item.pk}"
    client.force_login(world.user("owner"))
    assert ask_url in client.get(f"/reviews/{item.campaign_id}/overview").content.decode()
    assert client.get(ask_url).status_code == 200
    row = asked(world, item)
    page = client.get(f"/reviews/{item.campaign_id}/overview").content.decode()
    assert row.name in page and ask_url not in page
    client.force_login(world.user("engineer"))
    assert client.get(f"/reviews/{item.campaign_id}/overview").status_code == 404
    assert client.get(ask_url).status_code == 404
