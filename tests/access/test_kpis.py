"""The metrics of access: numerator, denominator, and what of them is not known."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from apps.access.models import AccessRequest, AfterReview, Binding, Grant
from apps.access.queries.kpis import ACCESS_METRICS
from apps.accounts.models import User
from apps.core import clock
from apps.core.metrics import METRICS, Ratio
from apps.posture.models import Run
from tests.access.grants import make_request
from tests.access.holding import holder, privileged
from tests.access.judged import broken_glass, given, someone
from tests.factories import make_asset, make_entitlement, make_person
from tests.posture.conftest import run_now

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def value(key: str, run: Run | None = None) -> Ratio:
    """Return a metric as of a run."""
    return METRICS[key].compute(run)


def decided(waited: timedelta, *, ago: timedelta = DAY, **fields: Any) -> AccessRequest:
    """Return a request that somebody approved that long ago."""
    at = clock.now() - ago
    told = {"created_at": at - waited, "decided_at": at, "route": [{"rule": "manager"}], "state": "approved"}
    return make_request(someone(), make_asset(), **{**told, **fields})


def live(user: User, operation: str, asset: Any, **fields: Any) -> Grant:
    """Return a grant that is live for some hours."""
    begun = clock.now() - 5 * MINUTE
    return given(asset, begun, holder=user, operation=operation, expires_at=begun + timedelta(hours=4), **fields)


def test_without_a_run_nothing_is_known() -> None:
    """Not even a zero."""
    for metric in ACCESS_METRICS:
        assert not metric.knows(metric.compute(None)), metric.key
        assert metric.text(metric.compute(None)) == "–"


def test_each_says_what_it_counts() -> None:
    """On the page of definitions, in words."""
    for metric in ACCESS_METRICS:
        assert metric.how.endswith(".") and metric.numerator and metric.denominator
        assert metric.better == "down" or metric.target is None


def test_after_a_run_counts_are_zero_and_times_are_not_known() -> None:
    """Nothing was granted: that is a zero. Nobody waited: that is no time."""
    run = run_now()
    known = {metric.key for metric in ACCESS_METRICS if metric.knows(metric.compute(run))}
    assert known == {"privileged_just_in_time", "duty_conflicts", "emergency_reviews_open"}
    assert METRICS["duty_conflicts"].text(value("duty_conflicts", run)) == "0"


def test_standing_access_counts_accounts_and_who_is_not_known_is_in_the_whole() -> None:
    """One account with two permissions is one; the list behind it shows it."""
    for access in ({"privileged": "yes"}, {"privileged": "unknown"}, {"expires_at": clock.now() + DAY}):
        identity = holder()
        privileged(identity, **access)
        privileged(identity, **access)
    run = run_now()
    assert value("standing_privileged", run) == Ratio(1, 3)
    metric = METRICS["standing_privileged"]
    assert metric.url is not None and "check=ID-06" in metric.url(run) and f"run={run.pk}" in metric.url(run)
    assert (metric.text(Ratio(1, 3)), metric.target_text()) == ("1", "0")


def test_unused_access_is_a_share_of_accounts() -> None:
    """Who used the account may have used its access: not in the numerator, in the denominator."""
    for used in (1, 91):
        make_entitlement(holder(use_state="used", last_used_at=clock.now() - used * DAY))
    assert value("unused_access", run_now()) == Ratio(1, 2)


def test_just_in_time_counts_people_of_the_week() -> None:
    """Who held several grants is one; eight days ago is another week; suspended or given back early counts."""
    user, other, at = someone(), someone(), clock.now()
    for days in (1, 2):
        given(make_asset(), at - days * DAY, operation="train.run", holder=user, state="ended", observed="absent")
    given(make_asset(), at - 8 * DAY, operation="train.run", holder=other, state="ended", observed="absent")
    given(make_asset(), at - DAY, operation="eval.run", holder=other, state="ended", observed="absent")
    assert value("privileged_just_in_time", run_now()) == Ratio(1, 2)
    Grant.objects.filter(holder=user).update(ending_at=at - 9 * DAY)
    assert value("privileged_just_in_time", run_now()) == Ratio(0, 1)


def test_time_to_decision_is_of_what_people_decided() -> None:
    """Refusals count; what the portal decided, what nobody answered, and what is older does not. Rounded up."""
    for waited in (2 * MINUTE, 10 * MINUTE, 30 * MINUTE + timedelta(seconds=1)):
        decided(waited)
    decided(20 * MINUTE, state="denied")
    decided(timedelta(0), route=[])
    decided(DAY, state="expired")
    decided(DAY, ago=31 * DAY)
    run = run_now()
    assert (value("decision_median", run), value("decision_p90", run)) == (Ratio(10, 4), Ratio(31, 4))
    assert METRICS["decision_p90"].text(Ratio(31, 4)) == "31 min"
    assert value("approved_automatically", run) == Ratio(1, 4)


def test_residual_access_is_counted_until_it_is_seen_gone() -> None:
    """At a target; of the portal itself nothing is left at the very end. What is live has no end yet."""
    at = clock.now()
    target = Binding.objects.create(provisioner="manual", asset_kind="endpoint", created_at=at)
    ends = at - 2 * DAY
    over = {"expires_at": ends, "state": "ended", "observed": "absent", "binding": target}
    given(make_asset(), ends - MINUTE, ending_at=ends, ended_at=ends + 90 * timedelta(seconds=1), **over)
    here = given(make_asset(), ends - MINUTE, expires_at=ends, ending_at=ends, ended_at=ends + MINUTE, state="ended",
                 observed="absent")  # fmt: skip
    assert here.binding.provisioner == "portal"
    live(someone(), "eval.run", make_asset(), binding=target)
    assert value("residual_access", run_now()) == Ratio(2, 2)
    given(make_asset(), ends - MINUTE, **{**over, "state": "ending", "ending_at": ends, "observed": "present"})
    hours = value("residual_access", run_now())
    assert hours.denominator == 3 and 2 * 24 * 60 <= hours.numerator - 2 <= 2 * 24 * 60 + 2


def test_given_back_early_ends_when_it_is_given_back() -> None:
    """Not at the end it had been given for."""
    grant = live(someone(), "eval.run", make_asset())
    Grant.objects.filter(pk=grant.pk).update(
        state="ended", observed="absent", ending_at=clock.now() - MINUTE, ended_at=clock.now()
    )
    assert value("residual_access", run_now()).denominator == 1


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        (("train.run", "model.validate"), Ratio(2, 2)),
        (("train.run", "eval.run"), Ratio(0, 2)),
        (("model.sign", "model.deploy"), Ratio(2, 2)),
        (("train.run",), Ratio(0, 1)),
    ],
)
def test_duty_conflicts_among_live_grants(operations: tuple[str, ...], expected: Ratio) -> None:
    """Of one holder towards one asset; both halves of a pair count."""
    asset, user = make_asset(), someone()
    for operation in operations:
        live(user, operation, asset)
    assert value("duty_conflicts", run_now()) == expected


def test_duties_of_two_people_two_assets_or_another_time_do_not_conflict() -> None:
    """And of what sources show, what is there now does."""
    asset, user = make_asset(), someone()
    live(user, "train.run", asset)
    live(someone(), "model.validate", asset)
    live(user, "model.validate", make_asset())
    given(asset, clock.now() - 3 * DAY, holder=user, operation="model.sign", state="ended", observed="absent")
    assert value("duty_conflicts", run_now()) == Ratio(0, 3)
    identity = holder(person=make_person(user=user))
    entitlement = make_entitlement(identity, asset=asset, operation="model.validate", first_seen_at=clock.now() + DAY)
    assert value("duty_conflicts", run_now()) == Ratio(0, 3), "first seen later than the run"
    type(entitlement).objects.update(first_seen_at=clock.now() - DAY)
    assert value("duty_conflicts", run_now()) == Ratio(1, 3)
    type(entitlement).objects.update(gone_at=clock.now() - MINUTE)
    assert value("duty_conflicts", run_now()) == Ratio(0, 3)


def test_open_reviews_are_those_of_the_moment() -> None:
    """Old uses count only while they are open; a later review does not change an earlier run."""
    at = clock.now()
    for days, state in ((1, "open"), (2, "justified"), (100, "open"), (200, "unjustified")):
        used = broken_glass(make_asset(), at - days * DAY, state=state)
        if state != "open":
            AfterReview.objects.filter(break_glass__grant=used).update(decided_at=at - days * DAY + MINUTE)
    run = run_now()
    assert value("emergency_reviews_open", run) == Ratio(2, 3)
    AfterReview.objects.filter(state="open").update(state="justified", decided_at=clock.now() + MINUTE)
    assert value("emergency_reviews_open", run) == Ratio(2, 3)


def test_monitoring_is_told_of_overdue_revocations(client: Client) -> None:
    """Of grants past the alarm; one that has been ending for less is in time, and one that is gone is none."""
    at = clock.now()
    ending = {"state": "ending", "expires_at": at - DAY}
    given(make_asset(), at - 2 * DAY, **ending, ending_at=at - timedelta(seconds=61))
    given(make_asset(), at - 2 * DAY, **ending, ending_at=at - timedelta(seconds=30))
    given(make_asset(), at - 2 * DAY, **{**ending, "state": "ended"}, observed="absent", ending_at=at - DAY)
    assert "ztportal_grants_overdue 1.0" in client.get("/metrics").content.decode()
    Grant.objects.filter(state="ending").update(state="ended", observed="absent")
    assert "ztportal_grants_overdue 0.0" in client.get("/metrics").content.decode()
