"""The sample's access: the story is the same every time, and is played through the services that everybody uses."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from apps.access.models import AccessRequest, AfterReview, Grant, Vote
from apps.access.states import AfterReviewState, EndReason, GrantState, RequestState
from apps.accounts.models import User
from apps.accounts.services.sample import SamplePerson, ensure_sample_users
from apps.core import clock
from apps.core.actor import Role, system
from apps.inventory.models import Asset
from apps.notices.models import Notice
from apps.portal.sample.access import (
    GRANTED,
    IGNORED,
    ON_CALL,
    REFUSED,
    REVIEWER,
    WAITING,
    WITHDRAWN,
    Asking,
    Emergency,
    Permit,
    askings,
    colleagues,
    emergencies,
    permits,
)
from apps.portal.sample.story import CAST
from apps.portal.services.access_history import Player, read_old_notices
from apps.portal.services.removal import remove_sample
from tests.cast import Cast
from tests.factories import make_asset, make_person, make_source

END, NOW = date(2026, 11, 20), datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
ASKER, OWNER, MANAGER = "deniz.er@fenwick.example", "priya.raman@fenwick.example", "kofi.mensah@fenwick.example"


def test_the_story_is_the_same_every_time_and_in_order() -> None:
    found = askings(end=END, now=NOW)
    assert found == askings(end=END, now=NOW)
    assert [one.at for one in found] == sorted(one.at for one in found) and found[-1].at < NOW
    assert 45 <= len(found) <= 75
    ends = Counter(one.end for one in found)
    assert set(ends) == {GRANTED, REFUSED, WITHDRAWN, IGNORED, WAITING} and ends[WAITING] == 3
    known = {one.email for one in (*CAST, *colleagues())}
    assert {one.who for one in found} | {one.who for one in emergencies(end=END, now=NOW)} <= known


def test_who_reviews_emergency_access_has_no_part_in_the_permit() -> None:
    (given,) = permits(end=END)
    assert REVIEWER not in (given.proposed_by, given.confirmed_by, given.who)
    assert len({given.proposed_by, given.confirmed_by, given.who}) == 3
    assert [one.who for one in emergencies(end=END, now=NOW) if not one.words] == [ON_CALL]


@pytest.fixture
def today(db: None) -> Iterator[datetime]:
    """The moment of the portal, with the sample's people and two models of three days ago."""
    now = clock.now()
    began = now - timedelta(days=60)
    people = [SamplePerson(m.email, m.name, Role(m.role)) for m in CAST if m.role != "manager"]
    people += [SamplePerson(c.email, c.name, Role(c.role), c.team) for c in colleagues()]
    people.append(SamplePerson(MANAGER, "Kofi Mensah", Role.MANAGER, "Model Engineering", True))
    for person, user, _ in ensure_sample_users(actor=system("sample"), people=people, now=began).value:
        make_person(name=person.name, email=person.email, user=user)
    source = make_source(name="registry", is_sample=True)
    fields = {"tier_confirmed": True, "last_seen_at": now}
    make_asset(name="light", tier=3, **fields)
    make_asset(name="heavy", tier=2, **fields)
    assert source.is_sample
    yield now


def ask(at: datetime, asset: str, operation: str = "eval.run", **fields: object) -> Asking:
    """Return a request of one hour."""
    return replace(Asking(at, ASKER, asset, operation, 60, "Compare"), **fields)  # type: ignore[arg-type]


def state_of(at: datetime) -> str:
    """Return the state of the request made then."""
    return AccessRequest.objects.get(created_at=at).state


def test_each_ends_as_it_is_told_at_its_own_moment(today: datetime) -> None:
    day = [today - timedelta(days=n) for n in range(6)]
    told = [
        ask(day[5], "light"),
        ask(day[4], "heavy", answers=(7, 0), back_after=20),
        ask(day[3], "heavy", end=REFUSED, answers=(7, 0), words="Not now"),
        ask(day[2], "heavy", end=WITHDRAWN, answers=(5, 0)),
        ask(day[1] - timedelta(hours=1), "heavy", end=IGNORED),
        ask(today - timedelta(minutes=30), "light"),
        ask(today - timedelta(minutes=20), "heavy", end=WAITING),
        ask(today, "unknown"),
    ]
    Player([], told, []).play_until(today)
    assert AccessRequest.objects.count() == 7
    states = [state_of(one.at) for one in told[:7]]
    assert states == ["approved", "approved", "denied", "cancelled", "expired", "approved", "pending"]
    votes = list(Vote.objects.order_by("at").values_list("voter__email", "choice", "at"))
    minutes = timedelta(minutes=7)
    assert votes == [(MANAGER, "approve", day[4] + minutes), (MANAGER, "deny", day[3] + minutes)]
    ends = list(Grant.objects.order_by("number").values_list("state", "end_reason"))
    ended = GrantState.ENDED
    assert ends == [(ended, EndReason.EXPIRED), (ended, EndReason.RELEASED), (GrantState.ACTIVE, "")]
    first = Grant.objects.order_by("number")[0]
    assert first.ended_at is not None and first.expires_at is not None
    assert first.ended_at - first.expires_at == timedelta(seconds=20)
    assert AccessRequest.objects.get(state=RequestState.PENDING).asked.get().user.email == MANAGER


def test_emergency_access_is_reviewed_later_and_the_last_one_waits(today: datetime) -> None:
    proposer = next(one.email for one in colleagues() if one.role == "security_admin")
    given = Permit(today - timedelta(days=9), ON_CALL, proposer, CAST[0].email)
    used = [
        Emergency(today - timedelta(days=5), ON_CALL, "heavy", "model.deploy", 30, "Roll back", False, 7, "As told."),
        Emergency(today - timedelta(minutes=10), ON_CALL, "heavy", "guardrail.change", 30, "Leak"),
    ]
    Player([given], [], used).play_until(today)
    reviews = list(AfterReview.objects.order_by("pk").values_list("state", "reviewer__email"))
    assert reviews == [(AfterReviewState.JUSTIFIED, REVIEWER), (AfterReviewState.OPEN, None)]
    assert list(Grant.objects.order_by("number").values_list("state", flat=True)) == ["ended", "active"]
    read_old_notices(today)
    assert not Notice.objects.unread().filter(created_at__lt=today - timedelta(days=1)).exists()
    assert Notice.objects.unread().exists()


def test_a_rule_that_refuses_stops_one_request_only(today: datetime) -> None:
    """Twice the same is refused as for anybody; what follows is played."""
    at = today - timedelta(hours=3)
    told = [ask(at, "light"), ask(at + timedelta(minutes=5), "light"), ask(at + timedelta(minutes=90), "light")]
    Player([], told, []).play_until(today)
    assert Grant.objects.count() == 2


def test_removing_the_sample_forgets_it_and_keeps_what_own_users_hold(cast: Cast, today: datetime) -> None:
    """An own user's request on a sample model stays, and the model with it, as gone; the rest goes with its users."""
    owner = make_person(name="Jonas Lindqvist", email="jonas@own.example", user=cast.users["engineer"])
    Player([], [ask(today - timedelta(hours=2), "light"), ask(today - timedelta(hours=1), "heavy")], []).play_until(
        today
    )
    mine = Asset.objects.get(name="light")
    own = AccessRequest.objects.create(
        requester=cast.users["engineer"], beneficiary=cast.users["engineer"], asset=mine, asset_label="light",
        operation="eval.run", minutes=60, reason="Own", tier=3, state="approved", digest="0" * 64, created_at=today,
        expires_at=today, decided_at=today,
    )  # fmt: skip
    remove_sample(actor=cast.actor("security_admin"))
    assert list(AccessRequest.objects.all()) == [own] and not Grant.objects.exists()
    mine.refresh_from_db()
    assert mine.gone_at is not None and not Asset.objects.filter(name="heavy").exists()
    assert not User.objects.filter(is_sample=True).exists() and not Notice.objects.exists()
    assert owner.pk
