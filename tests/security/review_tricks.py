"""Tricks by which somebody would certify access of their own: an item, and who answers for it though they must not.

Whoever tries is the item's reviewer with a sheet of their own, or stands in for one, as a later change of facts would
leave it: nothing but the rule of independence (governance.md §5, invariant 17) stands in the way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse

from apps.access.models import Delegation, Vote
from apps.accounts.models import ApiToken, User
from apps.core import clock
from apps.core.actor import Role
from apps.inventory.models import Identity, Person
from apps.reviews.models import Item, Seat
from apps.reviews.queries.independence import APPROVED, HOLDS, KEEPS
from tests.access.asking import make_user
from tests.access.grants import make_request, open_grant
from tests.factories import make_identity
from tests.reviews.world import BY_OWNER, World


@dataclass
class Tried:
    """An item, who tries to answer for it, for whom, and the words of the refusal."""

    item: Item
    user: User
    words: str
    principal: User | None = None

    @property
    def whose(self) -> str:
        """Return the query string of the sheet."""
        return f"?for={self.principal.pk}" if self.principal else ""

    def address(self) -> str:
        """Return the page of the item."""
        return reverse("reviews:item", args=[self.item.campaign_id, self.item.pk]) + self.whose


Trick = Callable[[World], Tried]


def put_to(world: World, user: User, **terms: Any) -> Item:
    """Open a review and put its one item to somebody whom assignment passed over."""
    row = Item.objects.get(campaign=world.opened(**terms))
    assert row.reviewer != user, "assignment passes them over"
    Item.objects.filter(pk=row.pk).update(reviewer=user)
    Seat.objects.get_or_create(campaign=row.campaign, stage=1, reviewer=user, defaults={"since": clock.now()})
    row.refresh_from_db()
    return row


def stand_in(world: World, delegator: User, delegate: User) -> None:
    """Let somebody decide for another, now and for every tier."""
    now = clock.now()
    Delegation.objects.create(
        delegator=delegator, delegate=delegate, created_at=now, from_at=now - timedelta(hours=1),
        until_at=now + timedelta(hours=1), strictest_tier=1,
    )  # fmt: skip


def own_access(world: World) -> Tried:
    """By the account of one's own person."""
    world.standing(world.people["manager"])
    return Tried(put_to(world, world.user("manager")), world.user("manager"), HOLDS)


def own_agent(world: World) -> Tried:
    """An agent that acts for one's person."""
    world.standing(world.people["manager"], kind="agent")
    return Tried(put_to(world, world.user("manager")), world.user("manager"), HOLDS)


def own_service_account(world: World) -> Tried:
    """A service account at a source that belongs to one's person."""
    world.standing(world.people["manager"], kind="service")
    return Tried(put_to(world, world.user("manager")), world.user("manager"), HOLDS)


def key_of_a_service_account(world: World) -> Tried:
    """Whoever made its key can act as it."""
    now = clock.now()
    ApiToken.objects.create(
        user=world.user("service"), name="k", prefix="p", digest="0", created_at=now, expires_at=now + timedelta(1),
        created_by=world.user("ciso"),
    )  # fmt: skip
    open_grant(make_request(world.user("service"), world.asset))
    return Tried(put_to(world, world.user("ciso")), world.user("ciso"), KEEPS)


def member_of_a_group(world: World) -> Tried:
    """Through a group one holds it oneself."""
    world.standing(world.people["manager"], how="group", via="group ml-admins › policy Deploy")
    return Tried(put_to(world, world.user("manager")), world.user("manager"), HOLDS)


def owner_who_holds_it(world: World) -> Tried:
    """Owners are asked about their asset, but not about their own access to it."""
    world.standing(world.people["owner"])
    return Tried(put_to(world, world.user("owner"), stages=BY_OWNER), world.user("owner"), HOLDS)


def account_with_ones_address(world: World) -> Tried:
    """An import linked it to nobody, and it bears one's mail."""
    row = world.standing(None)
    Identity.objects.filter(pk=row.identity.pk).update(email=world.user("ciso").email.upper())
    return Tried(put_to(world, world.user("ciso")), world.user("ciso"), HOLDS)


def login_known_from_another_source(world: World) -> Tried:
    """Another account of one's person has the same login."""
    make_identity(person=world.people["ciso"], login="dwhitlock")
    row = world.standing(None)
    Identity.objects.filter(pk=row.identity.pk).update(login="DWhitlock")
    return Tried(put_to(world, world.user("ciso")), world.user("ciso"), HOLDS)


def mail_known_from_another_source(world: World) -> Tried:
    """Another account of one's person has the same mail, which is not that of one's sign-in."""
    make_identity(person=world.people["ciso"], email="dana@cloud.example")
    row = world.standing(None)
    Identity.objects.filter(pk=row.identity.pk).update(email="Dana@cloud.example")
    return Tried(put_to(world, world.user("ciso")), world.user("ciso"), HOLDS)


def login_that_is_ones_mail(world: World) -> Tried:
    """Some sources sign people in by their mail."""
    row = world.standing(None)
    Identity.objects.filter(pk=row.identity.pk).update(login=world.user("ciso").email.upper())
    return Tried(put_to(world, world.user("ciso")), world.user("ciso"), HOLDS)


def own_grant_without_a_person(world: World) -> Tried:
    """A grant of one's own sign-in, which is linked to nobody."""
    other = make_user("J Alone", Role.MANAGER, linked=False)
    open_grant(make_request(other, world.asset))
    row = put_to(world, other)
    # Its mail changed since, so that the sign-in alone tells.
    other.email = "alone@fenwick.example"
    other.save()
    return Tried(row, other, HOLDS)


def second_account(world: World) -> Tried:
    """A sign-in linked to no person, whose mail is one of the holder's."""
    other = make_user("J Second", Role.MANAGER, linked=False)
    make_identity(person=world.people["engineer"], email=other.email)
    world.standing(world.people["engineer"])
    return Tried(put_to(world, other), other, HOLDS)


def second_account_that_is_the_holders_mail(world: World) -> Tried:
    """The mail of the holder's person itself."""
    other = make_user("J Second", Role.MANAGER, linked=False)
    Person.objects.filter(pk=world.people["engineer"].pk).update(email=other.email.upper())
    world.standing(world.people["engineer"])
    return Tried(put_to(world, other), other, HOLDS)


def approved(world: World, **vote: Any) -> None:
    request = make_request(world.user("engineer"), world.asset)
    Vote.objects.create(
        request=request, stage=1, choice="approve", digest="0" * 64, strength="second_factor", at=clock.now(), **vote
    )
    open_grant(request)


def own_approval(world: World) -> Tried:
    """Theirs was the only approval of the grant."""
    approved(world, voter=world.user("manager"))
    return Tried(put_to(world, world.user("manager")), world.user("manager"), APPROVED)


def approval_given_for_one(world: World) -> Tried:
    """A delegate approved in one's name."""
    approved(world, voter=world.user("owner"), on_behalf_of=world.user("manager"))
    return Tried(put_to(world, world.user("manager")), world.user("manager"), APPROVED)


def approval_given_as_a_delegate(world: World) -> Tried:
    """One approved in somebody else's name."""
    approved(world, voter=world.user("owner"), on_behalf_of=world.user("manager"))
    return Tried(put_to(world, world.user("owner")), world.user("owner"), APPROVED)


def second_account_of_the_approver(world: World) -> Tried:
    """The only approver under another sign-in."""
    other = make_user("K Second", Role.MANAGER, linked=False)
    make_identity(person=world.people["manager"], email=other.email)
    approved(world, voter=world.user("manager"))
    return Tried(put_to(world, other), other, APPROVED)


def delegate_who_holds_it(world: World) -> Tried:
    """The holder stands in for the reviewer."""
    world.standing(world.people["engineer"])
    row = Item.objects.get(campaign=world.opened())
    stand_in(world, world.user("manager"), world.user("engineer"))
    return Tried(row, world.user("engineer"), HOLDS, world.user("manager"))


def delegate_of_a_holder(world: World) -> Tried:
    """Whoever stands in inherits the conflict of the one they stand in for."""
    world.standing(world.people["manager"])
    row = put_to(world, world.user("manager"))
    stand_in(world, world.user("manager"), world.user("outsider"))
    return Tried(row, world.user("outsider"), HOLDS, world.user("manager"))


TRICKS: list[Trick] = [
    own_access, own_agent, own_service_account, key_of_a_service_account, member_of_a_group, owner_who_holds_it,
    account_with_ones_address, login_known_from_another_source, mail_known_from_another_source,
    login_that_is_ones_mail, own_grant_without_a_person, second_account,
    second_account_that_is_the_holders_mail, own_approval, approval_given_for_one, approval_given_as_a_delegate,
    second_account_of_the_approver, delegate_who_holds_it, delegate_of_a_holder,
]  # fmt: skip
