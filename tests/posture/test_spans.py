"""Results as spans: history reads as each run saw it, and a run writes only what changed."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.inventory.models import Identity
from apps.posture.models import Result, Run, RunTask
from tests.factories import make_identity, make_source
from tests.posture.conftest import run_now
from tests.posture.scripted import BROKEN, TS_01, TS_02

pytestmark = pytest.mark.django_db
OUTCOMES = st.sampled_from(["met", "failing", "not_evaluated", "not_applicable", None])
HISTORIES = st.lists(st.tuples(OUTCOMES, OUTCOMES, OUTCOMES), min_size=1, max_size=6)


def test_a_run_with_nothing_changed_writes_no_row(checks: Callable[..., None]) -> None:
    """The second run reuses every span."""
    source = make_source()
    for outcome in ("met", "failing", "not_evaluated", "not_applicable"):
        make_identity(source=source, job_title=outcome, email="failing")
    first, rows = run_now(), set(Result.objects.values_list("pk", flat=True))
    second = run_now()
    assert (first.written, second.written) == (8, 0)
    assert set(Result.objects.values_list("pk", flat=True)) == rows
    assert (second.opened, second.reopened, second.resolved) == (0, 0, 0)


def test_evidence_opens_a_new_span_only_where_it_fails(checks: Callable[..., None]) -> None:
    """Evidence of what is met may change without a write."""
    source = make_source()
    failing = make_identity(source=source, job_title="failing", email="met", department="a")
    make_identity(source=source, job_title="met", email="met", department="a")
    run_now()
    Identity.objects.update(department="b")
    assert run_now().written == 2
    assert Result.objects.get(to_run__isnull=True, subject_id=failing.pk, check_id="TS-01").evidence == {"seen": "b"}


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(history=HISTORIES)
def test_every_run_reads_as_it_saw(history: list[tuple[str | None, ...]], checks: Callable[..., None]) -> None:
    """Random outcome histories; None is a subject that is gone in that run."""
    checks(TS_01)
    source = make_source()
    rows = [make_identity(source=source) for _ in range(3)]
    saw: dict[int, dict[object, str]] = {}
    for outcomes in history:
        for row, outcome in zip(rows, outcomes, strict=True):
            changes = {"job_title": outcome or "", "gone_at": None if outcome else source.observed_at}
            Identity.objects.filter(pk=row.pk).update(**changes)
        run = run_now()
        pairs = zip(rows, outcomes, strict=True)
        saw[run.pk] = {row.pk: outcome for row, outcome in pairs if outcome}
    mine = [row.pk for row in rows]
    for number, expected in saw.items():
        spans = Result.objects.at(number).filter(subject_id__in=mine)
        assert dict(spans.values_list("subject_id", "outcome")) == expected


def test_an_error_in_a_check_leaves_its_subjects_not_evaluated(checks: Callable[..., None]) -> None:
    """The other checks count; findings of the broken one neither open nor resolve."""
    source = make_source()
    make_identity(source=source, job_title="failing", email="failing")
    run_now()
    checks(TS_01, BROKEN.__class__(**{**_fields(BROKEN), "id": "TS-02"}))
    run = run_now()
    task = RunTask.objects.get(run=run, check_id="TS-02")
    assert run.state == "published"
    assert (task.state, task.not_evaluated, task.error) == ("error", 1, "LookupError: this check is broken")
    spans = Result.objects.at(run.pk).values_list("check_id", "outcome", "reason")
    assert sorted(spans) == [("TS-01", "failing", ""), ("TS-02", "not_evaluated", "error")]
    assert run.resolved == 0
    checks(TS_01, TS_02)
    assert run_now().opened == 0


def _fields(spec: object) -> dict[str, object]:
    return {name: getattr(spec, name) for name in spec.__dataclass_fields__}  # type: ignore[attr-defined]


def test_unpublished_results_are_invisible(checks: Callable[..., None]) -> None:
    """Readers see the last published run, whatever a run at work has written."""
    row = make_identity(job_title="met", email="met")
    first = run_now()
    assert list(Result.objects.at(first.pk).filter(subject_id=row.pk).values_list("outcome", flat=True)) == ["met"] * 2
    assert Run.objects.published().count() == 1
