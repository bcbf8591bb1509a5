"""Invariant 17: every trick by which somebody would certify their own access is refused with a reason and an event."""

from datetime import timedelta

import pytest

from apps.access.models import Vote
from apps.accounts.models import ApiToken, User
from apps.audit.models import Entry
from apps.core import clock
from apps.core.errors import Forbidden
from apps.inventory.models import Person
from apps.reviews.models import Item
from apps.reviews.queries.bulk import preview
from apps.reviews.queries.independence import APPROVED, HOLDS, KEEPS
from apps.reviews.services.bulk import bulk_decide
from tests.access.grants import make_request, open_grant
from tests.cast import Cast
from tests.factories import make_identity
from tests.reviews.world import World, build


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def forced(world: World, name: str) -> Item:
    """Put the one item to somebody whom assignment passed over, as a later change of facts would leave it."""
    campaign = world.opened()
    row = Item.objects.get(campaign=campaign)
    assert row.reviewer != world.user(name), "assignment passes them over"
    Item.objects.filter(pk=row.pk).update(reviewer=world.user(name))
    row.refresh_from_db()
    return row


def refused(world: World, name: str, row: Item, words: str) -> None:
    """Keep and revoke are refused alike, and the audit log knows why."""
    for choice in ("keep", "revoke"):
        with pytest.raises(Forbidden, match=words.rstrip(".")):
            world.decide(name, row, choice)
    assert Entry.objects.filter(action="reviews.item.decided.denied").count() == 2


def test_own_access(world: World) -> None:
    """By the account of one's own person."""
    world.standing(world.people["manager"])
    refused(world, "manager", forced(world, "manager"), HOLDS)


def test_own_agent_and_service_account(world: World) -> None:
    """Whatever kind of account it is, the person behind it holds it."""
    world.standing(world.people["manager"], kind="agent")
    refused(world, "manager", forced(world, "manager"), HOLDS)


def test_an_account_that_bears_ones_address_but_no_person(world: World) -> None:
    """An import linked it to nobody."""
    row = world.standing(None, kind="human")
    row.identity.email = world.user("ciso").email.upper()
    row.identity.save()
    refused(world, "ciso", forced(world, "ciso"), HOLDS)


def test_a_login_that_another_identity_of_ones_person_has(world: World) -> None:
    """The same login at another source."""
    make_identity(person=world.people["ciso"], login="dwhitlock")
    row = world.standing(None)
    row.identity.login = "DWhitlock"
    row.identity.save()
    refused(world, "ciso", forced(world, "ciso"), HOLDS)


def test_a_second_sign_in_of_the_same_person(world: World) -> None:
    """A user linked to no person, whose mail is one of the holder's."""
    Person.objects.filter(pk=world.people["ciso"].pk).update(user=None)
    make_identity(person=world.people["engineer"], email=world.user("ciso").email)
    world.standing(world.people["engineer"])
    Person.objects.update(manager=None, team=None)
    refused(world, "ciso", forced(world, "ciso"), HOLDS)


def test_keeper_of_a_service_account(world: World) -> None:
    """Whoever made its key can act as it."""
    now = clock.now()
    ApiToken.objects.create(
        user=world.user("service"), name="k", prefix="p", digest="0", created_at=now, expires_at=now + timedelta(1),
        created_by=world.user("ciso"),
    )  # fmt: skip
    open_grant(make_request(world.user("service"), world.asset))
    refused(world, "ciso", forced(world, "ciso"), KEEPS)


def only_approval(world: World, **vote: User) -> None:
    request = make_request(world.user("engineer"), world.asset)
    now = clock.now()
    Vote.objects.create(
        request=request, stage=1, choice="approve", digest="0" * 64, strength="second_factor", at=now, **vote
    )
    open_grant(request)


def test_own_approval(world: World) -> None:
    """Theirs was the only approval of the grant."""
    only_approval(world, voter=world.user("manager"))
    refused(world, "manager", forced(world, "manager"), APPROVED)


def test_approval_by_a_delegate_counts_for_both(world: World) -> None:
    """Whoever it was given for does not certify it either."""
    only_approval(world, voter=world.user("owner"), on_behalf_of=world.user("manager"))
    refused(world, "manager", forced(world, "manager"), APPROVED)


def test_one_of_two_approvers_may(world: World) -> None:
    """Theirs was not the only approval."""
    request = make_request(world.user("engineer"), world.asset)
    for name in ("manager", "owner"):
        Vote.objects.create(
            request=request, stage=1, voter=world.user(name), choice="approve", digest="0" * 64,
            strength="second_factor", at=clock.now(),
        )  # fmt: skip
    open_grant(request)
    row = Item.objects.get(campaign=world.opened())
    assert world.decide("manager", row, "keep").decision == "keep"


def test_at_once_is_no_way_around(world: World) -> None:
    """One item of one's own among several refuses them all."""
    rows = [world.standing(person, last_used_at=clock.now() - timedelta(days=200))
            for person in (world.people["engineer"], world.people["owner"])]  # fmt: skip
    campaign = world.opened()
    Item.objects.filter(campaign=campaign).update(pile="unneeded")
    make_identity(person=world.people["manager"], login=rows[0].identity.login)
    shown = preview(campaign, world.user("manager").pk, "revoke")
    assert shown.count == 2
    with pytest.raises(Forbidden, match="1 of them"):
        bulk_decide(actor=world.actor("manager"), campaign=campaign, choice="revoke", digest=shown.digest)
    assert not Item.objects.exclude(decision="").exists()


def test_somebody_else_may(world: World) -> None:
    """The same item in other hands is answered."""
    world.standing(world.people["manager"])
    row = Item.objects.get(campaign=world.opened())
    assert row.reviewer == world.user("owner")
    assert world.decide("owner", row, "revoke").decision == "revoke"
