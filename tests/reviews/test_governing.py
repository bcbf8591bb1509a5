"""What governs the portal itself is reviewed: each kind is an item, and a revoke of it does something that is seen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from apps.access.models import Delegation, PolicyVersion, RouteVersion
from apps.access.states import ApproverRule
from apps.accounts.models import ApiToken, TeamMembership, User
from apps.connectors.models import Connection
from apps.core import clock
from apps.governance.models import RiskException
from apps.reviews.models import Campaign, Item, Removal
from apps.reviews.services.reconciling import prove_all
from apps.reviews.services.removal import remove_due
from apps.reviews.states import ItemState, Way
from tests.cast import Cast
from tests.reviews.accepting import asked, signed
from tests.reviews.world import World, build

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast: Cast) -> World:
    """The world with one of each: an exception in force, a delegation, a connector account, a key of the service."""
    made, now = build(cast), clock.now()
    made.standing(made.people["engineer"])
    first = made.opened()
    item = Item.objects.get()
    made.decide("manager", item, "revoke")
    made.sign("manager", first)
    signed(made, asked(made, item), "ciso")
    Delegation.objects.create(
        delegator=made.user("manager"), delegate=made.user("engineer"), from_at=now, created_at=now,
        until_at=now + timedelta(days=9),
    )  # fmt: skip
    Connection.objects.create(name="mlflow", driver="mlflow", created_at=now, changed_at=now)
    ApiToken.objects.create(
        user=made.user("service"), name="nightly", prefix="abc", digest="1" * 64, scopes=["read:posture"],
        created_by=made.user("second_admin"), created_at=now, expires_at=now + timedelta(days=90),
    )  # fmt: skip
    return made


def opened(world: World) -> Campaign:
    """Return a review of what governs the portal, and of no access."""
    stages = [{"reviewer": "group", "days": 5, "group": [str(world.user("owner").pk)]}]
    return world.opened(scope={"governance": True, "subjects": ["grant"]}, stages=stages)


def revoked(world: World, kind: str) -> Item:
    """Return the first item of a kind after its revoke was sealed; everything else is kept."""
    campaign = opened(world)
    chosen = Item.objects.filter(campaign=campaign, subject_kind=kind).order_by("number")[0]
    for item in Item.objects.filter(campaign=campaign):
        name = next(name for name, user in world.cast.users.items() if user == item.reviewer)
        world.decide(name, item, "revoke" if item.pk == chosen.pk else "keep")
    for seat in campaign.seats.all():
        world.sign(next(name for name, user in world.cast.users.items() if user == seat.reviewer), campaign)
    chosen.refresh_from_db()
    return chosen


def test_each_is_an_item_that_asks_for_a_close_look(world: World) -> None:
    """Whoever holds it by whichever role is asked nothing about it."""
    campaign = opened(world)
    items = Item.objects.filter(campaign=campaign)
    kinds = {"role", "team_manager", "delegation", "exception", "target", "policy", "route", "api_token"}
    assert set(items.values_list("subject_kind", flat=True)) == kinds
    assert set(items.values_list("pile", flat=True)) == {"close"}
    row, item = RiskException.objects.get(), items.get(subject_kind="exception")
    assert (item.holder_user, item.asset_label, item.origin) == (row.asked_by, row.label, "EX-1")
    assert item.sole_approver == world.user("ciso") and item.reviewer not in (row.asked_by, world.user("ciso"))
    assert item.expires_at is not None and item.expires_at.date() == row.ends_on + timedelta(days=1)
    assert items.get(subject_kind="route").asset_label == "Requests at tier 3"


def without_the_key(world: World) -> bool:
    return not ApiToken.objects.all().usable(clock.now()).exists()


def without_delegation(world: World) -> bool:
    return Delegation.objects.get().ended_at is not None


def without_exception(world: World) -> bool:
    row = RiskException.objects.get()
    return (row.state, row.end_reason) == ("ended", "review") and row.end_note.startswith("CR-")


@pytest.mark.parametrize(
    ("kind", "is_gone"),
    [("api_token", without_the_key), ("delegation", without_delegation), ("exception", without_exception)],
)
def test_the_portal_takes_away_what_is_its_own(world: World, kind: str, is_gone: Callable[[World], bool]) -> None:
    """At once, through the service of the app that owns it, and the item is verified by what the portal then holds."""
    item = revoked(world, kind)
    assert item.removal.way == Way.REGISTERED and not is_gone(world)
    assert remove_due() == 1
    assert is_gone(world)
    prove_all()
    item.refresh_from_db()
    assert item.state == ItemState.VERIFIED


def drop_role(world: World, item: Item) -> None:
    User.groups.through.objects.filter(pk=item.subject_id).delete()


def drop_manager(world: World, item: Item) -> None:
    TeamMembership.objects.filter(pk=item.subject_id).update(manages=False)


def drop_target(world: World, item: Item) -> None:
    Connection.objects.update(enabled=False)


def drop_policy(world: World, item: Item) -> None:
    newest = PolicyVersion.objects.latest("number")
    texts = {slug: text for slug, text in newest.texts.items() if slug != item.asset_label}
    PolicyVersion.objects.create(number=newest.number + 1, texts=texts, digest="1" * 64, in_force_at=clock.now())


def routed(**third: Any) -> None:
    """Bring routes into force in which tier 3 asks as said."""
    newest = RouteVersion.objects.latest("number")
    tiers = {**newest.tiers, "3": {**newest.tiers["3"], **third}}
    RouteVersion.objects.create(number=newest.number + 1, tiers=tiers, in_force_at=clock.now())


def drop_route(world: World, item: Item) -> None:
    stage = {"rule": ApproverRule.CISO, "need": 1, "answer_minutes": 30, "remind_minutes": 15, "escalate_to": "",
             "fallback": ""}  # fmt: skip
    routed(stages=[stage])


@pytest.mark.parametrize(
    ("kind", "drop"),
    [("role", drop_role), ("team_manager", drop_manager), ("target", drop_target), ("policy", drop_policy),
     ("route", drop_route)],
)  # fmt: skip
def test_people_take_away_the_rest_and_it_is_looked_for(
    world: World, kind: str, drop: Callable[[World, Item], None]
) -> None:
    """A task with a due date, for somebody else than who holds it; only its absence proves it."""
    item = revoked(world, kind)
    removal = Removal.objects.get(pk=item.pk)
    assert removal.way == Way.TASK and removal.owner is not None and removal.owner != item.holder_user
    assert removal.due_at > removal.asked_at
    remove_due()
    prove_all()
    item.refresh_from_db()
    assert item.state == ItemState.REMEDIATING
    drop(world, item)
    prove_all()
    item.refresh_from_db()
    assert item.state == ItemState.VERIFIED


def test_another_version_of_the_routes_is_no_proof(world: World) -> None:
    """As long as some tier asks nobody, the automatic approval that was revoked is there."""
    item = revoked(world, "route")
    routed(hours=5)
    prove_all()
    item.refresh_from_db()
    assert item.state == ItemState.REMEDIATING


def test_an_administrator_does_not_remove_their_own_role(world: World) -> None:
    """Another administrator does; with none, the CISO."""
    mine = str(User.groups.through.objects.get(user=world.user("security_admin")).pk)
    world.user("second_admin").groups.clear()
    campaign = opened(world)
    Item.objects.filter(campaign=campaign).exclude(subject_id=mine, subject_kind="role").update(state=ItemState.MOOT)
    item = Item.objects.get(campaign=campaign, subject_id=mine, subject_kind="role")
    name = next(name for name, user in world.cast.users.items() if user == item.reviewer)
    world.decide(name, item, "revoke")
    world.sign(name, campaign)
    assert Removal.objects.get(pk=item.pk).owner == world.user("ciso")
