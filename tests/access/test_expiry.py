"""P1: expired is unusable to the microsecond with nothing running; and exact durations over DST and leap days."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from apps.access.models import Grant
from apps.access.queries.live import live_grants
from apps.access.services import reconciling
from apps.access.services.activation import activate
from apps.access.services.reconciling import alarm_overdue, end_unstarted, expire_due, warn_due
from apps.access.states import EndReason, GrantState
from apps.audit.models import Entry
from apps.core import clock
from apps.notices.models import Notice
from tests.access.grants import ACTOR, carried, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = pytest.mark.django_db
TICK = timedelta(microseconds=1)


@pytest.fixture
def grant(cast: Cast) -> Grant:
    """An hour of the portal's own."""
    return open_grant(make_request(make_holder(cast.users["engineer"])))


def test_p1_one_microsecond_before_expiry_it_is_usable_and_at_expiry_not(
    grant: Grant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker, no reconciler, no broker: only the database compares; the row says active throughout."""
    monkeypatch.setattr(reconciling, "expire_batch", None)
    end = grant.expires_at
    answers = [live_grants(end + shift).filter(pk=grant.pk).exists() for shift in (-TICK, timedelta(0), TICK)]
    assert answers == [True, False, False]
    begin = grant.activated_at
    assert [live_grants(begin + shift).exists() for shift in (-TICK, timedelta(0))] == [False, True]
    with clock.shifted(timedelta(minutes=59)):
        assert live_grants(clock.now()).filter(pk=grant.pk).exists()
    with clock.shifted(timedelta(minutes=61)):
        assert not live_grants(clock.now()).filter(pk=grant.pk).exists()
    assert Grant.objects.get(pk=grant.pk).state == GrantState.ACTIVE


@pytest.mark.parametrize("state", [state for state in GrantState if state != GrantState.ACTIVE])
def test_no_other_state_is_usable(grant: Grant, state: GrantState) -> None:
    """Whatever else the row says."""
    Grant.objects.filter(pk=grant.pk).update(state=state, observed="absent")
    assert not live_grants(clock.now()).exists()


def test_a_deactivated_holder_has_nothing(grant: Grant) -> None:
    """P9: at the next question, before anything has run; then the row follows."""
    grant.holder.is_active = False
    grant.holder.save()
    assert not live_grants(clock.now()).exists()
    assert end_unstarted() == 1
    assert Grant.objects.get(pk=grant.pk).end_reason == EndReason.OFFBOARDED


@pytest.mark.parametrize(
    "begins",
    [
        datetime(2026, 10, 24, 18, 0, tzinfo=UTC),  # 20:00 in Berlin, the night the clocks go back
        datetime(2027, 3, 27, 19, 0, tzinfo=UTC),  # 20:00 in Berlin, the night they go forward
        datetime(2028, 2, 28, 19, 0, tzinfo=UTC),  # into a leap day
        datetime(2027, 2, 28, 19, 0, tzinfo=UTC),  # past a leap day that is none
        datetime(2026, 12, 31, 19, 0, tzinfo=UTC),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
def test_case_24_twelve_hours_are_twelve_hours(begins: datetime, zone: str, cast: Cast) -> None:
    """Added in UTC, whatever zone a reader has; two instants an hour apart never compare equal."""
    grant = open_grant(make_request(make_holder(cast.users["engineer"])))
    Grant.objects.filter(pk=grant.pk).update(
        state=GrantState.ACTIVATING,
        activated_at=None,
        expires_at=None,
        activate_by=begins + timedelta(days=1),
        minutes=12 * 60,
    )
    grant.refresh_from_db()
    with timezone.override(ZoneInfo(zone)):
        activate(actor=ACTOR, grant=grant, token=None, lines=[], now=begins)
        grant.refresh_from_db()
    assert (grant.expires_at - grant.activated_at).total_seconds() == 12 * 3600
    assert grant.expires_at == begins + timedelta(hours=12)
    live = [live_grants(begins + timedelta(hours=12) + shift).exists() for shift in (-TICK, timedelta(0))]
    assert live == [True, False]


def test_expiry_of_many_is_set_based_and_each_has_its_event(cast: Cast, django_assert_max_num_queries: Any) -> None:
    """Twenty cost what two cost, but for their own receipts and audit rows."""
    holder = make_holder(cast.users["engineer"])
    for _ in range(20):
        open_grant(make_request(holder, make_asset(tier=3, tier_confirmed=True)))
    with clock.shifted(timedelta(hours=2)), django_assert_max_num_queries(20 + 60):
        assert expire_due() == 20
    assert set(Grant.objects.values_list("state", "end_reason")) == {(GrantState.ENDED, EndReason.EXPIRED)}
    assert Entry.objects.filter(action="access.grant.ended").count() == 20
    assert expire_due() == 0


def test_the_holder_is_told_fifteen_minutes_before_and_once(grant: Grant) -> None:
    """Whoever had less than half an hour in all knows without."""
    for minutes, told in ((40, 0), (46, 1), (50, 1)):
        with clock.shifted(timedelta(minutes=minutes)):
            warn_due()
            assert Notice.objects.filter(user=grant.holder, kind="access.grant.ends_soon").count() == told


def test_an_ending_that_is_overdue_is_told_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a minute: the security administrators and the log; and nobody gives up."""
    asset = make_asset(tier=3, tier_confirmed=True)
    target = use_fake(monkeypatch, asset)
    grant = carried(open_grant(make_request(make_holder(cast.users["engineer"]), asset)))
    with clock.shifted(timedelta(minutes=60)):
        expire_due()
    for minutes in range(60, 120, 5):
        target.faults = ["fail"] * 3
        carried(grant, within=timedelta(minutes=minutes))
        with clock.shifted(timedelta(minutes=minutes)):
            alarm_overdue()
    assert Entry.objects.filter(action="access.grant.overdue").count() == 1
    told = Notice.objects.filter(kind="access.grant.overdue")
    assert {notice.user_id for notice in told} == {cast.users[name].pk for name in ("security_admin", "second_admin")}
    target.faults = []
    assert carried(grant, within=timedelta(minutes=121)).state == GrantState.ENDED
