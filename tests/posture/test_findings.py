"""Findings: opened with an owner and a due date, worked on by people, resolved by runs only."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F, Q

from apps.core import clock
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.inventory.models import Asset, Identity
from apps.posture.models import Finding, FindingEvent
from apps.posture.outcomes import failing, judge
from apps.posture.queries.findings import FindingFilters, finding_detail, finding_list
from apps.posture.services.findings import assign_owner, mark_fixed, set_due
from apps.posture.services.goals import set_due_days
from apps.posture.services.rechecks import recheck_subject
from tests.factories import make_asset, make_identity, make_person
from tests.posture.conftest import ACTOR, run_now
from tests.posture.scripted import TS_01, scripted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("checks")]


def only() -> Finding:
    """Return the one finding."""
    return Finding.objects.get()


def timeline() -> list[str]:
    """Return the changes of the one finding, oldest first."""
    return list(FindingEvent.objects.order_by("pk").values_list("change", flat=True))


def test_due_dates_follow_severity() -> None:
    """Critical 7 days, high 30, and what an admin sets."""
    make_identity(job_title="failing", email="failing")
    run = run_now()
    due = dict(Finding.objects.values_list("severity", "due_on"))
    assert due["critical"] == run.as_of.date() + timedelta(days=7)
    assert due["high"] == run.as_of.date() + timedelta(days=30)
    set_due_days(actor=ACTOR, days={"high": None}, now=clock.now())
    make_identity(job_title="failing", email="met")
    run_now()
    assert Finding.objects.order_by("-number")[0].due_on is None


def test_marked_fixed_awaits_proof_and_the_next_run_decides() -> None:
    """Still failing: open again. Met: resolved. Failing later: reopened with a new due date."""
    identity = make_identity(job_title="failing", email="met")
    run_now()
    mark_fixed(actor=ACTOR, number=only().pk, note="Token sent", now=clock.now())
    assert only().state == "awaiting_proof"
    run_now()
    assert only().state == "open"
    mark_fixed(actor=ACTOR, number=only().pk, now=clock.now())
    Identity.objects.filter(pk=identity.pk).update(job_title="met")
    run_now()
    assert only().state == "resolved"
    Identity.objects.filter(pk=identity.pk).update(job_title="failing", name="Renamed")
    run = run_now()
    found = only()
    assert (found.state, found.reopened, found.opened_run, found.subject_label) == ("open", 1, run.pk, "Renamed")
    assert timeline() == ["opened", "marked_fixed", "still_failing", "marked_fixed", "resolved", "reopened"]


def test_what_is_no_longer_evaluated_stays_open() -> None:
    """Unknown is not met; a subject that is gone resolves it, and says so."""
    identity = make_identity(job_title="failing", email="met")
    run_now()
    Identity.objects.filter(pk=identity.pk).update(job_title="not_evaluated")
    run_now()
    assert only().state == "open"
    Identity.objects.filter(pk=identity.pk).update(gone_at=clock.now())
    run_now()
    assert (only().state, timeline()) == ("resolved", ["opened", "gone"])


def test_nobody_resolves_by_hand() -> None:
    """A resolved finding takes no owner, no due date and no second fix."""
    identity = make_identity(job_title="failing", email="met")
    run_now()
    Identity.objects.filter(pk=identity.pk).update(job_title="met")
    recheck_subject(actor=ACTOR, check_id="TS-01", subject_id=identity.pk, now=clock.now())
    number = only().pk
    assert only().state == "resolved"
    with pytest.raises(Forbidden):
        mark_fixed(actor=ACTOR, number=number, now=clock.now())
    with pytest.raises(Conflict):
        assign_owner(actor=ACTOR, number=number, person_id=make_person().pk, now=clock.now())
    with pytest.raises(Conflict):
        set_due(actor=ACTOR, number=number, due_on=None, note="later", now=clock.now())


def test_owner_and_due_date() -> None:
    """A later date needs a reason; who left owns nothing."""
    make_identity(job_title="failing", email="met")
    run_now()
    number, today = only().pk, clock.now().date()
    with pytest.raises(Invalid):
        assign_owner(actor=ACTOR, number=number, person_id=make_person(status="left").pk, now=clock.now())
    assign_owner(actor=ACTOR, number=number, person_id=make_person(name="Jonas").pk, now=clock.now())
    with pytest.raises(Invalid):
        set_due(actor=ACTOR, number=number, due_on=today - timedelta(days=1), now=clock.now())
    with pytest.raises(Invalid):
        set_due(actor=ACTOR, number=number, due_on=today + timedelta(days=99), now=clock.now())
    set_due(actor=ACTOR, number=number, due_on=today + timedelta(days=99), note="Vendor", now=clock.now())
    assert only().due_on == today + timedelta(days=99)
    assert FindingEvent.objects.order_by("-pk")[0].note.endswith("Vendor")
    assert timeline() == ["opened", "assigned", "due_changed"]


def test_a_finding_on_an_asset_starts_with_the_assets_owner(checks: Callable[..., None]) -> None:
    """And is found by the asset's tier."""
    spec = scripted(
        "TS-05",
        lambda subjects, params, now: judge(
            subjects, [failing(Q(pk__isnull=False), "bad")], evidence={}, label=F("name")
        ),
        subject_kind="asset",
        subjects=lambda: Asset.objects.present(),
    )
    checks(spec)
    owner = make_person()
    make_asset(owner=owner, tier=1)
    make_asset(tier=2)
    run_now()
    first = finding_list(ACTOR, FindingFilters(tier="1"), clock.now().date())
    assert [found.owner for found in first] == [owner]
    assert finding_list(ACTOR, FindingFilters(owner="none"), clock.now().date()).count() == 1


def test_filters_of_the_list() -> None:
    """Severity, pillar, check, state, late, source, search; an impossible one is refused."""
    identity = make_identity(job_title="failing", email="failing", name="Ada")
    make_identity(job_title="failing", email="met", name="Ben")
    run_now()
    today = clock.now().date()
    Finding.objects.filter(check_id="TS-02").update(due_on=today - timedelta(days=1))

    def count(**filters: str) -> int:
        return finding_list(ACTOR, FindingFilters(**filters), today).count()

    assert count() == 3
    assert count(severity="critical") == count(pillar="governance") == count(check="TS-02") == count(late="yes") == 1
    assert count(late="no") == count(severity="high") == 2
    assert count(source=str(identity.source_id)) == 2
    assert count(q="ada") == 2 and count(state="resolved") == 0
    order = [found.severity for found in finding_list(ACTOR, FindingFilters(), today)]
    assert order == ["critical", "high", "high"]
    for wrong in ({"severity": "worst"}, {"tier": "9"}, {"owner": "x"}, {"source": "1"}):
        with pytest.raises(Invalid):
            count(**wrong)


def test_the_page_shows_what_is_seen_now(django_assert_max_num_queries: Callable[..., object]) -> None:
    """Evidence of the span, and the check evaluated for this subject at this moment."""
    identity = make_identity(job_title="failing", email="met", department="a")
    run_now()
    Identity.objects.filter(pk=identity.pk).update(job_title="met", department="b")
    with django_assert_max_num_queries(8):  # type: ignore[attr-defined]
        detail = finding_detail(ACTOR, only().pk, clock.now())
    assert detail.result is not None and detail.result.evidence == {"seen": "a"}
    assert (detail.seen.outcome, detail.seen.evidence) == ("met", {"seen": "b"})
    assert (detail.spec, detail.siblings) == (TS_01, 0)
