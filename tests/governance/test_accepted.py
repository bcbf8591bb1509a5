"""Accepted risk in results, totals and scores: it stays in every denominator, is never met, and ends by itself."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from apps.core import clock
from apps.governance.models import RiskException
from apps.governance.services.ending import end_due, withdraw
from apps.posture.models import AssetScore, Finding, Result, Run, RunTotal
from apps.posture.queries.headline import Tally, headline
from apps.posture.queries.runs import last_published
from apps.posture.services.rechecks import recheck_subject
from apps.posture.services.taking_up import take_up_exceptions
from tests.factories import make_asset, make_entitlement, make_identity
from tests.governance.accepting import World
from tests.posture.conftest import run_now

pytestmark = pytest.mark.django_db


def stands(world: World, check: str = "TS-01") -> str:
    """Return what stands about the subject."""
    return Result.objects.get(check_id=check, subject_id=world.subject.pk, to_run__isnull=True).outcome


def test_a_signed_exception_turns_the_result_at_once_and_the_headline_does_not_rise(world: World) -> None:
    before = headline(last_published())
    world.active()
    assert stands(world) == "failing"
    assert take_up_exceptions() == 1
    after = headline(last_published())
    assert stands(world) == "accepted"
    assert after == Tally(met=before.met, failing=before.failing - 1, accepted=1, not_evaluated=before.not_evaluated)
    assert after.applicable == before.applicable and after.ratio == before.ratio
    run = Run.objects.latest("number")
    assert run.trigger == "exception" and run.state == "published" and not run.tasks.exists()
    assert take_up_exceptions() == 0


def test_later_runs_keep_the_accepted_span(world: World) -> None:
    world.active()
    take_up_exceptions()
    span = Result.objects.get(check_id="TS-01", subject_id=world.subject.pk, to_run__isnull=True)
    for _ in range(2):
        run = run_now()
        assert run.written == 0
        assert headline(run).accepted == 1
        task = run.tasks.get(check_id="TS-01")
        assert (task.failing, task.accepted) == (0, 1)
    assert Result.objects.filter(pk=span.pk, to_run__isnull=True).exists()


def test_a_run_takes_up_what_was_signed_before_it(world: World) -> None:
    world.active()
    run = run_now()
    assert stands(world) == "accepted" and headline(run).accepted == 1
    finding = world.finding()
    assert finding.state == "open" and run.opened == 0


def test_new_evidence_keeps_it_accepted_with_the_new_evidence(world: World) -> None:
    world.active()
    run_now()
    type(world.subject).objects.filter(pk=world.subject.pk).update(department="Elsewhere")
    run_now()
    span = Result.objects.get(check_id="TS-01", subject_id=world.subject.pk, to_run__isnull=True)
    assert (span.outcome, span.evidence) == ("accepted", {"seen": "Elsewhere"})


def test_history_keeps_what_was_accepted_when(world: World) -> None:
    first = run_now()
    row = world.active()
    accepted = run_now()
    withdraw(actor=world.actor("owner"), exception=row)
    last = run_now()
    told = [headline(run).accepted for run in (first, accepted, last)]
    assert told == [0, 1, 0]
    spans = Result.objects.filter(check_id="TS-01", subject_id=world.subject.pk)
    assert [spans.at(run.pk).get().outcome for run in (first, accepted, last)] == ["failing", "accepted", "failing"]


def test_a_recheck_of_the_subject_keeps_it_accepted(world: World) -> None:
    world.active()
    run_now()
    changed = recheck_subject(actor=world.actor("security_admin"), check_id="TS-01", subject_id=world.subject.pk)
    assert changed.value.outcome == "accepted"
    assert headline(last_published()).accepted == 1
    assert sum(RunTotal.objects.filter(run=last_published()).values_list("n", flat=True)) == 4


def test_it_ends_when_the_compensating_check_fails_and_the_run_says_failing(world: World) -> None:
    row = world.active()
    run_now()
    world.say(world.subject, ts02="failing")
    run = run_now()
    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("ended", "unmet")
    assert row.end_note == "TS-02 of scripted.subject: failing"
    assert stands(world) == "failing" and headline(run).accepted == 0


@pytest.mark.parametrize("outcome", ["not_evaluated", "not_applicable"])
def test_a_compensating_check_that_is_not_known_to_be_met_does_not_hold(world: World, outcome: str) -> None:
    row = world.active()
    world.say(world.subject, ts02=outcome)
    run_now()
    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("ended", "unmet")


def test_it_ends_with_the_finding_and_does_not_cover_the_next_failure(world: World) -> None:
    row = world.active()
    run_now()
    world.say(world.subject, ts01="met")
    run_now()
    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("ended", "over")
    world.say(world.subject, ts01="failing")
    run_now()
    assert stands(world) == "failing" and world.finding().reopened == 1


def test_it_ends_at_its_date_even_where_nothing_wrote_that_down(world: World) -> None:
    row = world.active(ends_on=world.day(5))
    run_now()
    with clock.shifted(timedelta(days=5)):
        assert RiskException.objects.in_force(clock.now().date()).exists()
        assert take_up_exceptions() == 0
    with clock.shifted(timedelta(days=6)):
        assert not RiskException.objects.in_force(clock.now().date()).exists()
        assert take_up_exceptions() == 1
        assert stands(world) == "failing"
        row.refresh_from_db()
        assert (row.state, row.end_reason) == ("ended", "expired")
        assert end_due() == 0


def test_a_run_of_an_earlier_day_holds_end_dates_against_its_own_day(world: World) -> None:
    """History judged late: what was accepted on that day shows as accepted, whenever the run is made."""
    row = world.active(ends_on=world.day(5))
    with clock.shifted(timedelta(days=6)):
        run_now(as_of=clock.now() - timedelta(days=1))
        row.refresh_from_db()
        assert (stands(world), row.state) == ("accepted", "active")
        run_now()
        row.refresh_from_db()
        assert (stands(world), row.end_reason) == ("failing", "expired")


def test_a_finding_marked_fixed_that_still_fails_opens_again_though_accepted(world: World) -> None:
    world.active()
    run_now()
    Finding.objects.filter(pk=world.finding().pk).update(state="awaiting_proof", fixed_at=clock.now())
    run_now()
    assert world.finding().state == "open"


def test_the_score_of_an_asset_has_it_in_the_denominator(world: World) -> None:
    asset = make_asset(name="scored", tier=1)
    make_entitlement(world.subject, asset=asset)
    world.say(world.other, ts01="failing")
    run_now()
    before = AssetScore.objects.get(asset=asset)
    world.active()
    take_up_exceptions()
    after = AssetScore.objects.get(asset=asset)
    assert (before.met, before.failing, before.accepted) == (1, 1, 0)
    assert (after.met, after.failing, after.accepted) == (1, 0, 1)
    assert after.applicable == before.applicable


def test_what_is_judged_accepted_takes_as_many_statements_for_many_as_for_one(world: World, cast: Any) -> None:
    def counted() -> int:
        with CaptureQueriesContext(connection) as queries:
            run_now()
        return len(queries)

    world.active()
    run_now()
    few = counted()
    source = world.subject.source
    for number in range(40):
        make_identity(source=source, name=f"more-{number}", job_title="failing", email="met")
    run_now()
    findings = Finding.objects.filter(check_id="TS-01", subject_label__startswith="more-")
    for number, finding in enumerate(findings, start=100):
        RiskException.objects.create(
            number=number, kind="finding", key=str(finding.pk), label="x", severity="high", needed=2, state="active",
            covers_check="TS-01", covers_kind="identity", covers_id=finding.subject_id, because="x",
            comp_check="TS-02", comp_kind="identity", comp_id=finding.subject_id, comp_label="x",
            ends_on=world.day(9), asked_by=cast.users["owner"], asked_at=clock.now(), active_at=clock.now(),
        )  # fmt: skip
    many = counted()
    assert headline(last_published()).accepted == 41
    # The first time closes, inserts and recounts; the second time nothing turns.
    assert counted() == few
    assert many - few < 25


class Denominator(TestCase):
    """The property: whatever is accepted, met and applicable stay what they are without it."""

    @settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(["met", "failing", "accepted", "not_evaluated"]), st.integers(0, 50))))
    def test_accepting_never_raises_a_share(self, counts: list[tuple[str, int]]) -> None:
        whole = Tally()
        for outcome, n in counts:
            whole = whole + Tally(**{outcome: n})
        for accepted in range(whole.failing + 1):
            moved = whole + Tally(accepted=accepted) - Tally(failing=accepted)
            assert moved.applicable == whole.applicable
            assert moved.ratio == whole.ratio and moved.ceiling == whole.ceiling and moved.coverage == whole.coverage
