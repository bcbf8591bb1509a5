"""Answers: whose they are, what they bind to, how several are given at once, and what a seal does to late ones."""

from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import Delegation
from apps.accounts.services.people import deactivate_user
from apps.audit.models import Entry
from apps.core import clock
from apps.core.actor import Strength
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.inventory.models import Person
from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.queries.bulk import preview
from apps.reviews.services.bulk import bulk_decide, draw_sample
from apps.reviews.services.deciding import decide, withdraw
from apps.reviews.services.rerouting import not_mine
from apps.reviews.services.sealing import sign
from apps.reviews.states import Choice, ItemState, Pile, Routed
from tests.cast import Cast
from tests.factories import make_person
from tests.reviews.world import World, build, peers


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


@pytest.fixture
def item(world: World) -> Item:
    world.standing(world.people["engineer"])
    return Item.objects.get(campaign=world.opened())


def test_the_latest_answer_counts_and_all_are_kept(world: World, item: Item) -> None:
    """Keep, revoke, taken back, revoke: four rows, and the item shows the last."""
    world.decide("manager", item, "keep")
    world.decide("manager", item, "revoke", note="Moved on")
    withdraw(actor=world.actor("manager"), item=item)
    item.refresh_from_db()
    assert (item.state, item.decision, item.decided_by) == (ItemState.OPEN, "", None)
    after = world.decide("manager", item, "revoke")
    assert (after.state, after.decision, after.decided_by) == (ItemState.DECIDED, "revoke", world.user("manager"))
    choices = list(Decision.objects.order_by("number").values_list("choice", flat=True))
    assert choices == ["keep", "revoke", "withdraw", "revoke"]


def test_only_the_reviewer_decides(world: World, item: Item) -> None:
    """Not the owner, not the CISO, no service account, no token, nobody without a second factor."""
    for name in ("owner", "ciso", "security_admin", "auditor", "engineer", "service", "outsider"):
        with pytest.raises(Forbidden):
            world.decide(name, item, "keep")
    weak = world.cast.actor("manager", Strength.PASSWORD)
    with pytest.raises(Forbidden, match="second factor"):
        decide(actor=weak, item=item, choice="keep", digest=item.digest)
    assert not Decision.objects.exists()
    assert Entry.objects.filter(action="reviews.item.decided.denied").count() == 8


def test_an_answer_binds_to_what_was_shown(world: World, item: Item) -> None:
    """Another digest or no choice is refused."""
    with pytest.raises(Conflict, match="not what was shown"):
        world.decide("manager", item, "keep", digest="0" * 64)
    for choice, less in (("spoon", {}), ("withdraw", {}), ("reduce", {}), ("keep", {"just_in_time": True})):
        with pytest.raises(Invalid):
            world.decide("manager", item, choice, less=less)
    with pytest.raises(Invalid, match="Less than this"):
        world.decide("manager", item, "reduce", less={"operation": "model.deploy"})
    assert world.decide("manager", item, "reduce", less={"just_in_time": True}).decision == "reduce"


def test_delegates_answer_in_both_names_and_inherit_both_conflicts(world: World, item: Item) -> None:
    """While it lasts, for the tiers it covers; nobody decides about themselves through a delegate or as one."""
    now = clock.now()

    def to(name: str, **fields: Any) -> None:
        row = {"from_at": now - timedelta(hours=1), "until_at": now + timedelta(hours=1), "strictest_tier": 2}
        Delegation.objects.create(
            delegator=world.user("manager"), delegate=world.user(name), created_at=now, **{**row, **fields}
        )

    principal = world.user("manager").pk
    with pytest.raises(Forbidden, match="do not decide for"):
        world.decide("owner", item, "keep", on_behalf_of=principal)
    to("owner", strictest_tier=3)
    to("engineer")
    to("outsider", until_at=now - timedelta(minutes=1))
    with pytest.raises(Forbidden, match="hold this access"):
        world.decide("engineer", item, "keep", on_behalf_of=principal)
    with pytest.raises(Forbidden):
        world.decide("outsider", item, "keep", on_behalf_of=principal)
    world.decide("owner", item, "revoke", on_behalf_of=principal)
    made = Decision.objects.get()
    assert (made.reviewer, made.on_behalf_of) == (world.user("owner"), world.user("manager"))
    Item.objects.filter(pk=item.pk).update(state=ItemState.OPEN, decision="")
    sign_refused(world, "engineer")


def sign_refused(world: World, name: str) -> None:
    with pytest.raises((Forbidden, Conflict)):
        sign(actor=world.actor(name), campaign=Campaign.objects.get())


def test_not_mine_names_somebody_who_may(world: World, item: Item) -> None:
    """The right person gets it and is told; not the holder, not oneself, not from somebody else's sheet."""
    for name in ("engineer", "manager", "service"):
        with pytest.raises(Forbidden):
            not_mine(actor=world.actor("manager"), item=item, to=world.user(name))
    with pytest.raises(Forbidden):
        not_mine(actor=world.actor("owner"), item=item, to=world.user("ciso"))
    moved = not_mine(actor=world.actor("manager"), item=item, to=world.user("owner"), note="Priya's").value
    assert (moved.reviewer, moved.routed) == (world.user("owner"), Routed.NOT_MINE)
    with pytest.raises(Forbidden):
        world.decide("manager", item, "keep")
    assert world.decide("owner", moved, "keep").decision == "keep"
    assert world.user("owner").notices.filter(kind="reviews.items.given").exists()


def test_risky_items_are_never_decided_at_once(world: World) -> None:
    """A bulk keep or revoke has no way to *Look closely*."""
    world.standing(world.people["engineer"], privileged="yes")
    campaign = world.opened()
    for choice in ("keep", "revoke"):
        assert preview(campaign, world.user("manager").pk, choice).count == 0
    for choice in ("reduce", "abstain"):
        with pytest.raises(Invalid):
            bulk_decide(actor=world.actor("manager"), campaign=campaign, choice=choice, digest="0" * 64)


def test_bulk_revoke_is_over_exactly_the_previewed_set(world: World) -> None:
    """One event for all; a set that changed since is refused."""
    rows = peers(world, 6, last_used_at=clock.now() - timedelta(days=200))
    campaign, manager = world.opened(), world.user("manager")
    shown = preview(campaign, manager.pk, "revoke")
    assert shown.count == len(rows)
    world.decide("manager", shown.items[0], "keep")
    with pytest.raises(Conflict, match="another one"):
        bulk_decide(actor=world.actor("manager"), campaign=campaign, choice="revoke", digest=shown.digest)
    again = preview(campaign, manager.pk, "revoke")
    events = Entry.objects.count()
    bulk = bulk_decide(actor=world.actor("manager"), campaign=campaign, choice="revoke", digest=again.digest).value
    assert (bulk.count, Entry.objects.count() - events) == (5, 1)
    assert Item.objects.filter(decision="revoke", decided_by=manager).count() == 5
    assert Decision.objects.filter(bulk=bulk, choice="revoke", reviewer=manager).count() == 5


def test_bulk_keep_wants_its_random_items_first(world: World) -> None:
    """Five, drawn by a recorded seed; one found wrong moves ten similar ones to *Look closely*."""
    peers(world, 20)
    campaign, manager = world.opened(), world.user("manager")
    actor = world.actor("manager")
    shown = preview(campaign, manager.pk, "keep")
    assert shown.count == 20
    with pytest.raises(Conflict, match="random items first"):
        bulk_decide(actor=actor, campaign=campaign, choice="keep", digest=shown.digest)
    sample = draw_sample(actor=actor, campaign=campaign, seed="s1").value
    assert draw_sample(actor=actor, campaign=campaign, seed="s2").value.items == sample.items
    assert (len(sample.items), sample.drawn_from, sample.seed) == (5, 20, "s1")
    for number, choice in zip(sample.items, ("keep", "keep", "revoke", "keep", "keep"), strict=True):
        world.decide("manager", Item.objects.get(pk=number), choice)
    assert Item.objects.filter(pile=Pile.CLOSE).count() == 10
    rest = preview(campaign, manager.pk, "keep")
    bulk_decide(actor=actor, campaign=campaign, choice="keep", digest=rest.digest)
    assert (rest.count, Item.objects.filter(state=ItemState.OPEN, pile=Pile.CLOSE).count()) == (5, 10)


def test_what_came_after_the_draw_is_drawn_from_too(world: World) -> None:
    """Six usual items are handed to a reviewer who has sampled three: nobody keeps at once what nobody looked at."""
    peers(world, 3)
    for person in [make_person(manager=world.people["owner"]) for _ in range(6)]:
        world.standing(person, operation="read")
    campaign, manager, actor = world.opened(), world.user("manager"), world.actor("manager")
    Item.objects.update(pile=Pile.USUAL)
    first = draw_sample(actor=actor, campaign=campaign).value
    for number in first.items:
        world.decide("manager", Item.objects.get(pk=number), "keep")
    handed = Item.objects.filter(campaign=campaign, reviewer=world.user("owner"))
    assert (len(first.items), handed.count()) == (3, 6)
    for item in handed:
        not_mine(actor=world.actor("owner"), item=item, to=manager)
    with pytest.raises(Conflict, match="random items first"):
        bulk_decide(actor=actor, campaign=campaign, choice="keep", digest=preview(campaign, manager.pk, "keep").digest)
    second = draw_sample(actor=actor, campaign=campaign).value
    assert (second.drawn_from, len(second.items)) == (6, 5)
    for number in second.items:
        world.decide("manager", Item.objects.get(pk=number), "keep")
    rest = preview(campaign, manager.pk, "keep")
    assert bulk_decide(actor=actor, campaign=campaign, choice="keep", digest=rest.digest).value.sample == second


def test_what_a_leaver_left_after_the_draw_is_drawn_from_too(world: World) -> None:
    """Items come without being handed over: their reviewer was deactivated, and the next in line gets them."""
    peers(world, 3)
    reports = [make_person(manager=world.people["owner"]) for _ in range(6)]
    for person in reports:
        world.standing(person, operation="read")
    campaign, manager, actor = world.opened(), world.user("manager"), world.actor("manager")
    Item.objects.update(pile=Pile.USUAL)
    for number in draw_sample(actor=actor, campaign=campaign).value.items:
        world.decide("manager", Item.objects.get(pk=number), "keep")
    Person.objects.filter(pk__in=[person.pk for person in reports]).update(manager=world.people["manager"])
    deactivate_user(actor=world.actor("security_admin"), user=world.user("owner"))
    shown = preview(campaign, manager.pk, "keep")
    assert shown.count == 6
    with pytest.raises(Conflict, match="random items first"):
        bulk_decide(actor=actor, campaign=campaign, choice="keep", digest=shown.digest)
    assert draw_sample(actor=actor, campaign=campaign).value.drawn_from == 6


def test_a_sheet_is_signed_when_nothing_is_left_and_then_stays(world: World, item: Item) -> None:
    """Its answers are sealed: a late one is refused, also by the database."""
    campaign = item.campaign
    with pytest.raises(Conflict, match="left to decide"):
        world.sign("manager", campaign)
    world.decide("manager", item, "keep")
    world.sign("manager", campaign)
    item.refresh_from_db()
    campaign.refresh_from_db()
    assert (item.state, campaign.state) == (ItemState.SEALED, "remediating")
    with pytest.raises(Conflict):
        world.decide("manager", item, "revoke")
    with pytest.raises(Conflict):
        world.sign("manager", campaign)


def test_what_a_reviewer_cannot_say_goes_to_others(world: World, item: Item) -> None:
    """It is no answer that keeps: the next in line gets it."""
    world.decide("manager", item, Choice.ABSTAIN)
    world.sign("manager", item.campaign)
    item.refresh_from_db()
    assert (item.state, item.decision, item.routed) == (ItemState.OPEN, "", Routed.ABSTAINED)
    assert item.reviewer not in (None, world.user("manager"), world.user("engineer"))
