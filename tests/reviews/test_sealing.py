"""Stages, escalation, the default, the seal: what nobody answered is never taken for a keep."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache

from apps.accounts.services.people import deactivate_user
from apps.audit.models import Entry
from apps.core import clock
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.core.metrics import Ratio
from apps.reviews.models import Campaign, Decision, Item, Routing, Seat, Series
from apps.reviews.queries import metrics
from apps.reviews.services.campaigns import cancel, save_series, stop_series
from apps.reviews.services.reconciling import move_campaigns, remind
from apps.reviews.services.rerouting import not_mine
from apps.reviews.services.series import following, open_due_series
from apps.reviews.states import ItemState, Routed
from tests.cast import Cast
from tests.factories import make_person
from tests.reviews.world import BY_MANAGER, World, build, peers

SELF_FIRST = [{"reviewer": "self", "days": 3}, {"reviewer": "manager", "days": 14}]


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def fresh(campaign: Campaign) -> Campaign:
    campaign.refresh_from_db()
    return campaign


def test_unanswered_items_go_to_others_and_then_get_the_default(world: World) -> None:
    """Escalated at the due date, defaulted after the grace, never as anybody's answer: high revoked, low as said."""
    peers(world, 4)
    world.standing(world.people["engineer"], privileged="yes")
    campaign = world.opened(default_choice="keep")
    first = Item.objects.order_by("number")[0]
    world.decide("manager", first, "keep")
    with clock.shifted(timedelta(days=14, minutes=1)):
        assert move_campaigns() == 1 and move_campaigns() == 0
    assert fresh(campaign).done_at_due == 1 and campaign.escalated_at is not None
    waiting = Item.objects.filter(state=ItemState.OPEN)
    assert waiting.count() == 4 and not waiting.filter(reviewer=world.user("manager")).exists()
    assert set(waiting.values_list("routed", flat=True)) == {Routed.ESCALATED}
    assert Routing.objects.filter(why=Routed.ESCALATED, before=world.user("manager")).count() == 4
    with clock.shifted(timedelta(days=17, minutes=2)):
        assert move_campaigns() == 1
    assert fresh(campaign).state == "remediating"
    risky = Item.objects.get(privileged="yes")
    assert (risky.decision, risky.defaulted, risky.decided_by) == ("revoke", True, None)
    low = Item.objects.filter(privileged="no", defaulted=True)
    assert set(low.values_list("decision", "state")) == {("keep", ItemState.SEALED)} and low.count() == 3
    assert Decision.objects.filter(defaulted=True, reviewer=None).count() == 4
    now = clock.now() + timedelta(days=30)
    assert (metrics.completion(now), metrics.defaulted(now)) == (Ratio(1, 5), Ratio(4, 5))
    assert metrics.revoked(now) == Ratio(1, 5)


def test_holders_give_input_and_somebody_else_has_the_last_word(world: World) -> None:
    """Self is a stage before the last, and never the last."""
    with pytest.raises(Invalid, match="last stage is somebody else"):
        world.draft(stages=[{"reviewer": "self", "days": 3}])
    world.standing(world.people["engineer"])
    campaign = world.opened(stages=SELF_FIRST)
    item = Item.objects.get()
    assert item.reviewer == world.user("engineer")
    world.decide("engineer", item, "keep")
    world.sign("engineer", campaign)
    item.refresh_from_db()
    assert (item.stage, item.state, item.decision, item.reviewer) == (2, "open", "", world.user("manager"))
    with pytest.raises(Forbidden):
        world.decide("engineer", item, "keep")
    world.decide("manager", item, "revoke")
    world.sign("manager", campaign)
    assert Decision.objects.filter(item=item).count() == 2 and fresh(campaign).state == "remediating"


def test_a_stage_that_is_due_goes_on_without_its_answers(world: World) -> None:
    """An earlier stage never holds up the last."""
    world.standing(world.people["engineer"])
    campaign = world.opened(stages=SELF_FIRST)
    with clock.shifted(timedelta(days=3, minutes=1)):
        assert move_campaigns() == 1
    assert (fresh(campaign).stage, Item.objects.get().reviewer) == (2, world.user("manager"))
    assert campaign.escalated_at is None


def test_a_leaver_is_replaced_in_the_same_transaction(world: World) -> None:
    """Deactivation re-routes what is open and what is answered but not signed (invariant 13)."""
    peers(world, 3)
    campaign = world.opened()
    first = Item.objects.order_by("number")[0]
    world.decide("manager", first, "revoke")
    deactivate_user(actor=world.actor("security_admin"), user=world.user("manager"))
    assert not Item.objects.filter(reviewer=world.user("manager")).exists()
    assert set(Item.objects.values_list("reviewer", flat=True)) == {world.user("owner").pk}
    first.refresh_from_db()
    assert (first.state, first.decision, first.decided_by) == ("decided", "revoke", world.user("manager"))
    assert Routing.objects.filter(why=Routed.LEFT, before=world.user("manager")).count() == 3
    assert not Seat.objects.filter(reviewer=world.user("manager")).exists()
    assert world.user("owner").notices.filter(kind="reviews.items.given").exists()
    assert Entry.objects.filter(action="reviews.items.rerouted").count() == 1
    assert fresh(campaign).state == "active"


def test_reviewers_are_told_at_start_before_and_on_the_day(world: World) -> None:
    """Once each, with what is left; who has answered everything is told nothing more."""
    world.standing(world.people["engineer"])
    world.opened()
    told = world.user("manager").notices
    for days, kind in ((0, "start"), (11.5, "soon"), (13.5, "due")):
        cache.delete("reviews:remind")
        with clock.shifted(timedelta(days=days)):
            remind()
        assert told.filter(kind=f"reviews.sheet.{kind}").count() == 1, kind
    assert told.count() == 3


def test_cancelling_leaves_answers_without_effect(world: World) -> None:
    """Before anything is sealed; afterwards it is too late."""
    world.standing(world.people["engineer"])
    campaign = world.opened()
    world.decide("manager", Item.objects.get(), "revoke")
    with pytest.raises(Forbidden):
        cancel(actor=world.actor("manager"), campaign=campaign, reason="No")
    cancel(actor=world.actor("ciso"), campaign=campaign, reason="Wrong scope")
    assert fresh(campaign).state == "cancelled" and Item.objects.get().state == "decided"
    with pytest.raises(Conflict):
        world.sign("manager", campaign)
    with pytest.raises(Conflict):
        cancel(actor=world.actor("ciso"), campaign=campaign, reason="Again")


def test_what_is_signed_is_not_cancelled_though_the_signer_was_given_more(world: World) -> None:
    """Their sheet is open again, and what they signed is being removed."""
    world.standing(world.people["engineer"])
    world.standing(make_person(manager=world.people["owner"]))
    campaign = world.opened()
    signed, other = (Item.objects.get(reviewer=world.user(name)) for name in ("manager", "owner"))
    world.decide("manager", signed, "revoke")
    world.sign("manager", campaign)
    not_mine(actor=world.actor("owner"), item=other, to=world.user("manager"))
    assert not Seat.objects.filter(signed_at__isnull=False, reviewer=world.user("manager")).exists()
    signed.refresh_from_db()
    assert signed.state == ItemState.REMEDIATING
    with pytest.raises(Conflict, match="signed already"):
        cancel(actor=world.actor("ciso"), campaign=campaign, reason="Wrong scope")
    assert fresh(campaign).state == "active"


def test_recurring_reviews_open_by_themselves(world: World) -> None:
    """On their day, once, and the next is a period later; one that cannot open is told and tried next time."""
    world.standing(world.people["engineer"])
    today = clock.now().date()
    terms = {"name": "Quarterly", "scope": {}, "stages": BY_MANAGER, "frequency": "quarterly"}
    row = save_series(actor=world.actor("ciso"), first_on=today, **terms).value
    assert open_due_series() == 1 and open_due_series() == 0
    campaign = Campaign.objects.get()
    row.refresh_from_db()
    assert (campaign.state, campaign.series, campaign.created_by) == ("active", row, None)
    assert row.next_on == following(today, "quarterly", today.day)
    Series.objects.filter(pk=row.pk).update(next_on=today)
    assert open_due_series() == 0
    row.refresh_from_db()
    assert "not over" in row.problem and world.user("ciso").notices.filter(kind="reviews.series.failed").exists()
    stop_series(actor=world.actor("security_admin"), series=row)
    assert Series.objects.get().next_on is None
    for name in ("manager", "engineer", "auditor"):
        with pytest.raises(Forbidden):
            save_series(actor=world.actor(name), **terms)


def test_days_of_recurrence() -> None:
    """The end of a month stays its end."""
    assert following(date(2027, 1, 31), "monthly", 31) == date(2027, 2, 28)
    assert following(date(2027, 2, 28), "monthly", 31) == date(2027, 3, 31)
    assert following(date(2026, 11, 30), "half_yearly", 30) == date(2027, 5, 30)
    assert following(date(2028, 2, 29), "yearly", 29) == date(2029, 2, 28)
