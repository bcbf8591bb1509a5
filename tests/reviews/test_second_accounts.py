"""Sign-ins that nobody linked to their person: no second account certifies, looks twice at or accepts one's own."""

from datetime import timedelta

import pytest

from apps.access.models import Delegation
from apps.accounts.models import ApiToken, User
from apps.core import clock
from apps.core.actor import Role
from apps.core.errors import Forbidden
from apps.inventory.models import Person
from apps.reviews.models import Campaign, Item, Seat
from apps.reviews.queries.independence import APPROVED, HOLDS, KEEPS, conflict_of
from apps.reviews.queries.seconding import seconds_left
from apps.reviews.services.sealing import sign
from apps.reviews.services.seats import seat_reviewers
from apps.reviews.services.seconding import second
from tests.access.asking import make_user
from tests.access.grants import make_request, open_grant
from tests.cast import Cast
from tests.factories import make_identity
from tests.reviews.accepting import asked, signed
from tests.reviews.test_independence import forced, only_approval, refused
from tests.reviews.world import World, build, peers

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(cast: Cast) -> World:
    return build(cast)


def unlinked(world: World, name: str) -> User:
    """Return another sign-in of a member, known only by an account at a source."""
    other = make_user("Second", Role.MANAGER)
    Person.objects.filter(user=other).delete()
    make_identity(person=world.people[name], email=other.email.upper())
    return other


def test_approved_by_another_account_of_theirs(world: World) -> None:
    """The account that approved is the unlinked one; one's own is asked to certify."""
    only_approval(world, voter=unlinked(world, "manager"))
    refused(world, "manager", forced(world, "manager"), APPROVED)


def test_approved_in_the_name_of_another_account_of_theirs(world: World) -> None:
    only_approval(world, voter=world.user("owner"), on_behalf_of=unlinked(world, "manager"))
    refused(world, "manager", forced(world, "manager"), APPROVED)


def test_a_second_account_of_whom_it_was_approved_for(world: World) -> None:
    """The other way round: the principal approved, and the unlinked account would certify."""
    only_approval(world, voter=world.user("owner"), on_behalf_of=world.user("manager"))
    other = unlinked(world, "manager")
    assert conflict_of(Item.objects.get(campaign=world.opened()), [other.pk]) == APPROVED


@pytest.mark.parametrize("maker", ["second", "linked"])
def test_a_key_made_by_another_account_of_theirs(world: World, maker: str) -> None:
    """Whichever of both accounts made the key, neither certifies what the key can do."""
    now, other = clock.now(), unlinked(world, "ciso")
    ApiToken.objects.create(
        user=world.user("service"), name="k", prefix="p", digest="0", created_at=now, expires_at=now + timedelta(1),
        created_by=other if maker == "second" else world.user("ciso"),
    )  # fmt: skip
    open_grant(make_request(world.user("service"), world.asset))
    row = Item.objects.get(campaign=world.opened())
    for user in (world.user("ciso"), other):
        assert row.reviewer != user and conflict_of(row, [user.pk]) == KEEPS
    assert conflict_of(row, [world.user("security_admin").pk]) == ""


def test_a_holder_whose_mail_is_that_of_ones_person(world: World) -> None:
    """No account of a source bears it: the person's own mail is enough."""
    other = make_user("Second", Role.ENGINEER)
    Person.objects.filter(user=other).delete()
    Person.objects.filter(pk=world.people["ciso"].pk).update(email=other.email.upper())
    open_grant(make_request(other, world.asset))
    refused(world, "ciso", forced(world, "ciso"), HOLDS)


def test_nobody_looks_twice_at_what_was_answered_in_their_name(world: World) -> None:
    """A delegate answered and signed; the answers are the reviewer's too."""
    peers(world, 4, operation="model.deploy", privileged="yes")
    campaign, ciso, now = world.opened(), world.user("ciso"), clock.now()
    Item.objects.update(reviewer=ciso)
    seat_reviewers(campaign, now)
    Seat.objects.exclude(reviewer=ciso).delete()
    Delegation.objects.create(
        delegator=ciso, delegate=world.user("outsider"), created_at=now, from_at=now - timedelta(hours=1),
        until_at=now + timedelta(hours=1), strictest_tier=1,
    )  # fmt: skip
    for row in Item.objects.filter(campaign=campaign):
        world.decide("outsider", row, "keep", on_behalf_of=ciso.pk)
    sign(actor=world.actor("outsider"), campaign=campaign, on_behalf_of=ciso.pk)
    campaign = Campaign.objects.get(pk=campaign.pk)
    assert seconds_left(campaign, ciso.pk) == []
    row = seconds_left(campaign, world.user("security_admin").pk)[0]
    with pytest.raises(Forbidden, match="You answered this"):
        second(actor=world.actor("ciso"), item=row, choice="keep", digest=row.digest)


def test_who_holds_it_by_an_account_of_no_person_does_not_sign_that_it_stays(world: World) -> None:
    """The account bears the CISO's mail, and nothing else says whose it is."""
    row = world.standing(None)
    row.identity.email = world.user("ciso").email.upper()
    row.identity.save()
    campaign = world.opened()
    item = Item.objects.get(campaign=campaign)
    assert item.holder_user is None and item.reviewer is not None
    name = next(key for key, user in world.cast.users.items() if user == item.reviewer)
    world.decide(name, item, "revoke")
    world.sign(name, campaign)
    item.refresh_from_db()
    with pytest.raises(Forbidden, match="hold the access"):
        signed(world, asked(world, item), "ciso")
