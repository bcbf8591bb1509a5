"""Proven posture over time: one point a week, gaps where no run was, markers where a check changed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Sum

from apps.posture.models import CheckVersion, Finding, Run, RunTotal
from apps.posture.queries.headline import Tally
from apps.posture.states import FindingState, Severity

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Point:
    """A week by its last day, and what its last run found; no run is a gap, never a zero."""

    week: date
    run: int | None
    tally: Tally | None


@dataclass(frozen=True, slots=True)
class Marker:
    """A change of a check that makes earlier and later points differ for reasons other than posture."""

    at: datetime
    check_id: str
    number: int
    note: str


def _weeks(until: datetime, weeks: int) -> list[datetime]:
    return [until - WEEK * back for back in range(weeks - 1, -1, -1)]


def _last_runs(until: datetime, weeks: int) -> dict[datetime, int]:
    """Return for each week's end the last run published within that week; one query."""
    ends = _weeks(until, weeks)
    runs = Run.objects.published().filter(as_of__lte=until, as_of__gt=ends[0] - WEEK)
    found: dict[datetime, int] = {}
    for number, as_of in runs.order_by("number").values_list("number", "as_of"):
        back = (until - as_of) // WEEK
        found[until - WEEK * back] = number
    return found


def trend(until: datetime, weeks: int = 13, *, pillar: str = "", check_id: str = "") -> list[Point]:
    """Return weekly points up to `until`, of all or of one pillar or check; two queries."""
    runs = _last_runs(until, weeks)
    totals = RunTotal.objects.filter(run__in=runs.values())
    if pillar:
        totals = totals.filter(pillar=pillar)
    if check_id:
        totals = totals.filter(check_id=check_id)
    counts: dict[int, dict[str, int]] = {}
    for number, outcome, n in totals.values_list("run", "outcome").annotate(total=Sum("n")).order_by():
        counts.setdefault(number, {})[outcome] = n
    return [_point(end, runs.get(end), counts) for end in _weeks(until, weeks)]


def _point(end: datetime, run: int | None, counts: dict[int, dict[str, int]]) -> Point:
    tally = None if run is None else Tally.of(counts.get(run, {}))
    return Point(end.date(), run, None if tally is None or tally.empty else tally)


def version_markers(until: datetime, weeks: int = 13, *, check_id: str = "") -> list[Marker]:
    """Return the changes of checks in the same weeks, first versions left out; one query."""
    versions = CheckVersion.objects.filter(number__gt=1, created_at__lte=until, created_at__gt=until - WEEK * weeks)
    if check_id:
        versions = versions.filter(check_id=check_id)
    return [Marker(v.created_at, v.check_id, v.number, v.note) for v in versions.order_by("created_at")]


@dataclass(frozen=True, slots=True)
class OpenFindings:
    """Findings by severity as (past due, open) after the last run of a week; None where no run was."""

    week: date
    counts: dict[str, tuple[int, int]] | None


def open_findings_by_week(until: datetime, weeks: int = 13) -> list[OpenFindings]:
    """Return weekly counts of open findings by severity; two queries."""
    runs = _last_runs(until, weeks)
    kept = dict(Run.objects.filter(pk__in=runs.values()).values_list("pk", "open_findings"))
    return [OpenFindings(end.date(), _pairs(kept.get(runs.get(end, 0)))) for end in _weeks(until, weeks)]


def _pairs(kept: dict[str, list[int]] | None) -> dict[str, tuple[int, int]] | None:
    if kept is None:
        return None
    return {str(s): (kept.get(s, [0, 0])[0], kept.get(s, [0, 0])[1]) for s in Severity.values}


def late_of_open(today: date) -> dict[str, tuple[int, int]]:
    """Return (past due, open) findings by severity; two queries."""
    unresolved = Finding.objects.exclude(state=FindingState.RESOLVED)
    late = dict(unresolved.filter(due_on__lt=today).values_list("severity").annotate(n=Count("*")).order_by())
    every = dict(unresolved.values_list("severity").annotate(n=Count("*")).order_by())
    return {str(s): (late.get(s, 0), every.get(s, 0)) for s in Severity.values}
