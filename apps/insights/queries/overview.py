"""The overview: what one published run found, beside where it stood at the beginning of the period; and what is so now.

Query budgets, whatever the size of the inventory: 39 for the overview, which the page keeps until something changes,
and 3 for what is so now, which every request reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from apps.access.queries.kpis import JUST_IN_TIME, STANDING
from apps.access.queries.metrics import TimeToAccess, time_to_access
from apps.core.actor import Actor
from apps.core.metrics import METRICS, PERCENT, Metric, Ratio
from apps.core.numbers import percent
from apps.governance.queries.exceptions import EndSpan, by_end_date
from apps.insights.models import Snapshot
from apps.insights.queries.history import of_runs
from apps.insights.queries.sentence import Piece, sentence
from apps.inventory.queries.sources import stale_sources
from apps.posture.models import AssetScore, FurthestAsset, Run
from apps.posture.queries.assets import furthest_after
from apps.posture.queries.headline import Tally, by_pillar, headline
from apps.posture.queries.runs import Progress, last_published, open_run, progress
from apps.posture.queries.settings import due_days, targets
from apps.posture.queries.stages import PillarStage, stages
from apps.posture.queries.trends import Marker, OpenFindings, Point, open_findings_by_week, trend, version_markers
from apps.posture.states import Pillar
from apps.reviews.queries.metrics import REVIEW_METRICS
from apps.reviews.queries.running import OpenReviews, open_reviews

#: Periods of the overview: key → (label, weeks, span in words).
PERIODS: Mapping[str, tuple[str, int, str]] = {
    "30d": ("30 d", 5, "30 days"),
    "90d": ("90 d", 13, "90 days"),
    "12m": ("12 m", 52, "12 months"),
}


@dataclass(frozen=True, slots=True)
class PillarRow:
    """A pillar: its tally, its target, the change in points, and its stage."""

    key: str
    name: str
    url: str
    tally: Tally
    target: int
    change: int | None
    stage: PillarStage | None

    @property
    def to_go(self) -> int:
        """Return how many more results must be proven to reach the target."""
        return results_to_go(self.tally, self.target)


@dataclass(frozen=True, slots=True)
class MetricTile:
    """A metric now, its change over the period (points for a share, else its unit), and its daily values."""

    metric: Metric
    now: Ratio
    change: int | None
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class PrivilegedWeek:
    """A week by its last day: accounts with standing privileged access, and people who were granted it for a time.

    None where no snapshot tells it: before the portal counted it, and in a week without a run.
    """

    week: date
    run: int | None
    standing: int | None
    granted: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """What the overview shows of a run, the same for all who may see it; `run` is None in an empty portal."""

    run: Run | None
    span: str
    weeks: int
    tally: Tally
    before: Tally | None
    since: datetime | None
    target: int
    pieces: list[Piece]
    points: list[Point]
    markers: list[Marker]
    findings: list[OpenFindings]
    pillars: list[PillarRow]
    metrics: list[MetricTile]
    tier_one: Sequence[FurthestAsset | AssetScore]
    tier_one_total: int
    due: Mapping[str, int | None]
    time_to_access: TimeToAccess | None
    privileged: list[PrivilegedWeek]
    accepted: list[EndSpan]
    reviewed: list[tuple[Metric, Ratio]]
    reviews: OpenReviews | None


@dataclass(frozen=True, slots=True)
class Moment:
    """What is so at this moment: how many sources there are, which are stale, and how far a run at work is."""

    sources: int
    stale: list[str]
    progress: Progress | None


def moment(at: datetime) -> Moment:
    """Return what is so at `at`; two queries, three while a run is at work."""
    stale, sources = stale_sources(at)
    waiting = open_run()
    return Moment(sources, stale, progress(waiting) if waiting else None)


def results_to_go(tally: Tally, target: int) -> int:
    """Return how many more met results the target asks for; 0 when it is reached."""
    return max(0, -(-target * tally.applicable // 100) - tally.met)


def overview(actor: Actor, *, at: datetime, period: str = "90d", pillar_url: Mapping[str, str]) -> Overview:
    """Return the overview as of the last run published at or before `at`."""
    _, weeks, span = PERIODS[period]
    run = last_published(at)
    until = run.as_of if run else at
    points = trend(until, weeks)
    before_run, before, since = _beginning(points, run)
    goals = targets()
    tally, pillars = headline(run), by_pillar(run)
    then = by_pillar(before_run) if before_run else {}
    steps = stages(run)
    rows = [_pillar_row(key, found, then.get(key), goals, steps, pillar_url) for key, found in pillars.items()]
    names = {row.key: row.name for row in rows}
    pieces = sentence(tally, before, span=span, target=goals[""], pillars=pillars, names=names, urls=dict(pillar_url))
    tier_one, tier_one_total = furthest_after(actor, run)
    return Overview(
        run=run,
        span=span,
        weeks=weeks,
        tally=tally,
        before=before,
        since=since,
        target=goals[""],
        pieces=pieces,
        points=points,
        markers=version_markers(until, weeks),
        findings=open_findings_by_week(until, weeks),
        pillars=rows,
        metrics=metric_tiles(run, since),
        tier_one=tier_one,
        tier_one_total=tier_one_total,
        due=due_days(),
        time_to_access=time_to_access(until),
        privileged=privileged_by_week(points, run),
        accepted=by_end_date(until),
        reviewed=[(metric, metric.compute(run)) for metric in REVIEW_METRICS] if run else [],
        reviews=open_reviews(run) if run else None,
    )


def _beginning(points: Sequence[Point], run: Run | None) -> tuple[Run | None, Tally | None, datetime | None]:
    """Return the first run of the period with a figure, unless it is the current one."""
    first = next((point for point in points if point.tally is not None and point.run is not None), None)
    if first is None or first.run is None or run is None or first.run == run.pk:
        return None, None, None
    begun = Run.objects.get(pk=first.run)
    return begun, first.tally, begun.as_of


def _pillar_row(
    key: str,
    tally: Tally,
    before: Tally | None,
    goals: Mapping[str, int],
    steps: Mapping[str, PillarStage],
    urls: Mapping[str, str],
) -> PillarRow:
    change = None
    if before is not None and before.applicable and tally.applicable:
        change = (percent(tally.met, tally.applicable) or 0) - (percent(before.met, before.applicable) or 0)
    return PillarRow(key, str(Pillar(key).label), urls[key], tally, goals[key], change, steps.get(key))


def privileged_by_week(points: Sequence[Point], run: Run | None) -> list[PrivilegedWeek]:
    """Return privileged access at the end of each week, from the snapshots of its last run; one query.

    Only of the run that is shown the numbers are calculated, four queries, as long as it has no snapshot yet.
    """
    kept = of_runs((STANDING.key, JUST_IN_TIME.key), (point.run for point in points if point.run is not None))
    for metric in (STANDING, JUST_IN_TIME):
        if run is not None and (metric.key, run.pk) not in kept:
            value = metric.compute(run)
            kept |= {(metric.key, run.pk): value} if metric.knows(value) else {}

    def part(metric: Metric, point: Point) -> int | None:
        value = None if point.run is None else kept.get((metric.key, point.run))
        return None if value is None else value.numerator

    return [PrivilegedWeek(p.week, p.run, part(STANDING, p), part(JUST_IN_TIME, p)) for p in points]


def metric_tiles(run: Run | None, since: datetime | None) -> list[MetricTile]:
    """Return the metrics with a tile, with daily snapshots of the period; two queries a metric."""
    history: dict[str, list[Ratio]] = {}
    if run is not None and since is not None:
        days = Snapshot.objects.filter(
            dimension="", day__gte=since.date(), day__lte=run.as_of.date(), run_number__lte=run.pk
        )
        for key, part, whole in days.order_by("day").values_list("metric", "part", "whole"):
            history.setdefault(key, []).append(Ratio(part, whole))
    return [_tile(metric, run, history.get(metric.key, [])) for metric in METRICS if metric.tile]


def _tile(metric: Metric, run: Run | None, history: list[Ratio]) -> MetricTile:
    now = metric.compute(run) if run is not None else Ratio(0, 0, told=False)
    known = [value for value in history if metric.knows(value)]
    change = None
    if len(known) > 1 and metric.knows(now):
        change = _change(metric, known[0], now)
    return MetricTile(metric, now, change, [metric.level(value) for value in known])


def _change(metric: Metric, before: Ratio, now: Ratio) -> int:
    if metric.unit == PERCENT:
        return (now.percent or 0) - (before.percent or 0)
    return now.numerator - before.numerator
