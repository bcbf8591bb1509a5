"""The sample's reviews: played through the services that everybody uses, each step at its own moment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from apps.accounts.models import Team, User
from apps.accounts.services.sample import SamplePerson, ensure_sample_users
from apps.core import clock
from apps.core.actor import Role, system
from apps.governance.queries.limits import max_days
from apps.inventory.models import Entitlement, Source
from apps.portal.sample.access import colleagues
from apps.portal.sample.permissions import TEAM_MODELS, users
from apps.portal.sample.reviews import ADMIN, CISO, MANAGER, acceptances, closed_review, open_review
from apps.portal.sample.story import CAST, build_story
from apps.portal.services.review_history import Reviewing
from apps.reviews.models import Campaign, Decision, Item, Seat
from apps.reviews.states import CampaignState, Choice, ItemState, Pile
from tests.factories import make_entitlement, make_identity, make_person, make_source

END, NOW = date(2026, 11, 20), datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
SECOND = next(one.email for one in colleagues() if one.role == "security_admin")
TEAM = "Model Engineering"


def test_every_exception_ends_within_what_its_severity_allows(db: None) -> None:
    """And nobody signs what they asked for; the last one still waits for the CISO."""
    told = acceptances(end=END, now=NOW)
    longest = {"NH-01": max_days()["high"], "MD-01": max_days()["critical"]}
    for one in told:
        assert one.asked.date() < one.ends_on <= one.asked.date() + timedelta(days=longest[one.check])
        assert one.who not in [who for who, _ in one.signed] and all(at > one.asked for _, at in one.signed)
    assert [(one.taken_back is None, CISO in dict(one.signed)) for one in told] == [
        (False, True), (True, True), (True, False),
    ]  # fmt: skip
    assert told[1].ends_on > NOW.date() and told[-1].asked < NOW


def test_who_left_is_in_the_registry_for_a_while_and_then_no_more() -> None:
    people = build_story(7).people
    left = next(one for one in people if one.leaves is not None and one.team in TEAM_MODELS)
    assert left.leaves is not None
    shown = [any(row["username"] == left.email for row in users(people, left.leaves + days)["users"])
             for days in (0, 20, 21)]  # fmt: skip
    assert shown == [True, True, False]


@dataclass
class Played:
    """The moment of the portal, the source of all access, and what is taken away in the story."""

    now: datetime
    source: Source
    gone: Entitlement


@pytest.fixture
def world(db: None) -> Iterator[Played]:
    """The sample's people, six reports of the manager who read one model, and a gateway that may do too much."""
    now = clock.now()
    named = {one.email: one.name for one in (*CAST, *colleagues())}
    roles = {CISO: Role.CISO, ADMIN: Role.SECURITY_ADMIN, SECOND: Role.SECURITY_ADMIN, MANAGER: Role.MANAGER}
    people = [SamplePerson(mail, named[mail], role, TEAM if mail == MANAGER else "", mail == MANAGER)
              for mail, role in roles.items()]  # fmt: skip
    ensure_sample_users(actor=system("sample"), people=people, now=now - timedelta(days=90))
    team, source = Team.objects.get(name=TEAM), make_source(name="registry", is_sample=True)
    persons = {mail: make_person(email=mail, user=User.objects.get(email=mail)) for mail in roles}
    for number in range(6):
        one = make_person(manager=persons[MANAGER], team=team, team_name=TEAM)
        identity = make_identity(source=source, person=one, kind="unknown", email=one.email)
        level = "EDIT" if number == 0 else "READ"
        make_entitlement(identity, operation=level, scope="fraud-scorer", privileged="no")
    other = make_person(team=team, team_name=TEAM)
    make_entitlement(make_identity(source=source, person=other, kind="human"), operation="train.run", privileged="yes")
    gateway = make_identity(source=source, name="svc-claims-llm-gateway", kind="unknown")
    gone = make_entitlement(gateway, operation="model.deploy", scope="*", privileged="yes")
    yield Played(now, source, gone)


def test_the_past_review_closes_on_the_proof_of_a_later_import(world: Played) -> None:
    """Nothing is proven by whoever reports it, and every signature bears the moment of the story."""
    told = closed_review(end=world.now.date(), second=SECOND)
    player = Reviewing(told, open_review(now=world.now), [], world.now - timedelta(days=80))
    player.play_until(told.proven - timedelta(hours=1))
    item = Item.objects.get(campaign__name=told.name, holder_label="svc-claims-llm-gateway")
    assert item.state == ItemState.REMEDIATING and item.removal.done_at == told.reported
    Entitlement.objects.filter(pk=world.gone.pk).update(gone_at=told.proven - timedelta(minutes=30))
    player.play_until(told.proven)
    item.refresh_from_db()
    campaign = Campaign.objects.get(name=told.name)
    assert (item.state, item.asset_label) == (ItemState.VERIFIED, "Everything")
    assert (campaign.state, campaign.closed_at) == (CampaignState.CLOSED, told.proven)
    signed = Seat.objects.filter(campaign=campaign).values_list("signed_at", flat=True)
    assert {at for at in signed if at} <= {at + timedelta(minutes=45) for _, at in told.sittings}
    assert set(campaign.items.exclude(pk=item.pk).values_list("decision", flat=True)) == {Choice.KEEP}


def test_the_quarterly_review_opened_by_itself_and_waits_for_the_manager(world: Played) -> None:
    """The manager answered some of what asks for a close look, one by one; the rest is left to whoever looks."""
    Entitlement.objects.filter(pk=world.gone.pk).delete()
    told = replace(open_review(now=world.now), sittings=((MANAGER, world.now - timedelta(days=2), 1),))
    since = world.now - timedelta(days=20)
    Reviewing(closed_review(end=world.now.date(), second=SECOND), told, [], since).play_until(world.now)
    campaign = Campaign.objects.get()
    assert campaign.created_by is None and campaign.opened_at == told.opens
    assert campaign.state == CampaignState.ACTIVE and campaign.due_at is not None and campaign.due_at > world.now
    assert campaign.series is not None and campaign.series.next_on is not None
    assert campaign.series.next_on > world.now.date()
    mine = campaign.items.filter(reviewer__email=MANAGER)
    assert mine.filter(pile=Pile.USUAL, state=ItemState.OPEN).count() == 5
    answers = list(Decision.objects.values_list("item__pile", "reviewer__email"))
    assert answers == [(Pile.CLOSE, MANAGER)]


def test_one_sheet_is_decided_whole_and_signed(world: Played) -> None:
    told = replace(open_review(now=world.now), sittings=((MANAGER, world.now - timedelta(days=2), None),))
    since = world.now - timedelta(days=20)
    Reviewing(closed_review(end=world.now.date(), second=SECOND), told, [], since).play_until(world.now)
    mine = Item.objects.filter(campaign__name__startswith=told.name, reviewer__email=MANAGER)
    assert mine.count() == 7 and set(mine.values_list("state", flat=True)) == {ItemState.SEALED}
    seat = Seat.objects.get(reviewer__email=MANAGER)
    assert seat.signed_at is not None and seat.signed_at < world.now
