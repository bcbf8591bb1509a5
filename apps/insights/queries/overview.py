"""The overview: what one published run found, beside where it stood at the beginning of the period; and what is so now.

Query budgets, whatever the size of the inventory: 26 for the overview, which the page keeps until something changes,
and 3 for what is so now, which every request reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.access.queries.metrics import PrivilegedAccess, TimeToAccess, privileged_access, time_to_access
from apps.core.actor import Actor
from apps.core.metrics import METRICS, Metric, Ratio
from apps.core.numbers import percent
from apps.insights.models import Snapshot
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
    """A metric now, its change over the period in points, and its daily values."""

    metric: Metric
    now: Ratio
    change: int | None
    values: Sequence[float | None]


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
    privileged: PrivilegedAccess


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
        privileged=privileged_access(until),
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


def metric_tiles(run: Run | None, since: datetime | None) -> list[MetricTile]:
    """Return the registered metrics but the headline, with daily snapshots of the period; two queries a metric."""
    shown = [metric for metric in METRICS if metric.key != "proven"]
    history: dict[str, list[Ratio]] = {}
    if run is not None and since is not None:
        days = Snapshot.objects.filter(
            dimension="", day__gte=since.date(), day__lte=run.as_of.date(), run_number__lte=run.pk
        )
        for key, part, whole in days.order_by("day").values_list("metric", "part", "whole"):
            history.setdefault(key, []).append(Ratio(part, whole))
    return [_tile(metric, run, history.get(metric.key, [])) for metric in shown]


def _tile(metric: Metric, run: Run | None, history: list[Ratio]) -> MetricTile:
    now = metric.compute(run) if run is not None else Ratio(0, 0)
    first = history[0] if history else None
    change = None
    if first is not None and first.known and now.known and len(history) > 1:
        change = (now.percent or 0) - (first.percent or 0)
    return MetricTile(metric, now, change, [100 * r.numerator / r.denominator for r in history if r.known])
