"""What bears on one asset: its own results, those of its versions, and those of the identities that hold it.

The same subjects that `services.scores` adds up, so that the card, the list and n of N never differ.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet

from apps.core.actor import Actor
from apps.inventory.models import Asset, Credential, Entitlement
from apps.posture.models import Finding, Result, Run
from apps.posture.models.result import ResultQuerySet
from apps.posture.queries.headline import Tally
from apps.posture.spec import CHECKS
from apps.posture.states import Outcome, Pillar

PERIOD = timedelta(days=90)
#: What stands between an asset and all met, in this order.
GAPS = (Outcome.FAILING, Outcome.NOT_EVALUATED, Outcome.ACCEPTED)


def subjects_of(asset_id: UUID) -> QuerySet[Any]:
    """Return, as a subquery of ids, the subjects that bear on an asset."""
    own = Asset.objects.filter(Q(pk=asset_id) | Q(parent_id=asset_id, gone_at__isnull=True)).order_by()
    # One IN and no OR over the entitlements: the database then starts from the few assets, by index.
    held = Entitlement.objects.present().filter(asset_id__in=own.values("pk"))
    credentials = Credential.objects.filter(identity_id__in=held.values("identity_id"))
    ids = own.values_list("pk")
    return ids.union(held.order_by().values_list("identity_id"), credentials.order_by().values_list("pk"))


def results_of(asset_id: UUID) -> ResultQuerySet:
    """Return the results that stand now for what bears on an asset."""
    return Result.objects.filter(subject_id__in=subjects_of(asset_id), to_run__isnull=True)


@dataclass(frozen=True, slots=True)
class PillarResults:
    """An asset's results of one pillar."""

    pillar: str
    name: str
    tally: Tally

    @property
    def outcomes(self) -> list[str]:
        """Return one word per applicable result, for glyphs."""
        words = ("met", "accepted", "failing", "not_evaluated")
        return [word for word in words for _ in range(getattr(self.tally, word))]


def by_pillar_of(asset_id: UUID) -> list[PillarResults]:
    """Return an asset's results by pillar, pillars without any left out; one query."""
    counts: dict[str, dict[str, int]] = {}
    rows = results_of(asset_id).values_list("check_id", "outcome").annotate(n=Count("*")).order_by()
    for check_id, outcome, n in rows:
        spec = CHECKS.get(check_id)
        if spec is not None:
            found = counts.setdefault(str(spec.pillar), {})
            found[outcome] = found.get(outcome, 0) + n
    named = [(str(pillar), str(pillar.label)) for pillar in Pillar]
    return [PillarResults(key, name, Tally.of(counts[key])) for key, name in named if key in counts]


@dataclass(slots=True)
class Gap:
    """Why an asset is not fully met: results of one check with the same outcome and reason."""

    check_id: str
    outcome: str
    reason: str
    n: int
    since: datetime | None = None
    due_on: date | None = None
    finding: int | None = None
    owner: str = ""
    owners: int = 0
    label: str = ""


def gaps_of(actor: Actor, asset_id: UUID) -> list[Gap]:
    """Return what stands between an asset and all met, failing first, worst first; four queries."""
    rows = results_of(asset_id).filter(outcome__in=GAPS)
    found = rows.values_list("check_id", "outcome", "reason").annotate(n=Count("*"), run=Min("from_run")).order_by()
    gaps = [(Gap(check_id, outcome, reason, n), run) for check_id, outcome, reason, n, run in found]
    since = dict(Run.objects.filter(pk__in={run for _, run in gaps}).values_list("pk", "as_of"))
    work = _work_on(actor, asset_id)
    for gap, run in gaps:
        gap.since = since.get(run)
        if gap.outcome != Outcome.NOT_EVALUATED and gap.check_id in work:
            gap.due_on, first, last, gap.owner, gap.owners = work[gap.check_id]
            gap.finding = first if first == last else None
    return [gap for gap, _ in sorted(gaps, key=lambda pair: _rank(pair[0]))]


def _work_on(actor: Actor, asset_id: UUID) -> dict[str, tuple[Any, ...]]:
    rows = Finding.objects.visible_to(actor).unresolved().filter(subject_id__in=subjects_of(asset_id))
    told = rows.values("check_id").annotate(
        due=Min("due_on"),
        first=Min("number"),
        last=Max("number"),
        owner_name=Min("owner__name"),
        owners=Count("owner", distinct=True),
    )
    return {
        row["check_id"]: (row["due"], row["first"], row["last"], row["owner_name"] or "", row["owners"])
        for row in told.order_by()
    }


def _rank(gap: Gap) -> tuple[Any, ...]:
    order = {"critical": 0, "high": 1, "medium": 2, "low": 3}
    spec = CHECKS.get(gap.check_id)
    return (
        GAPS.index(Outcome(gap.outcome)),
        order.get(str(spec.severity) if spec else "", 9),
        gap.due_on or date.max,
        -gap.n,
    )


@dataclass(frozen=True, slots=True)
class Day:
    """How many results were met on a day, and how many applied."""

    on: date
    met: int
    applicable: int


def history_of(asset_id: UUID, now: datetime) -> list[Day]:
    """Return the days of the last 90 on which an asset's results changed, with the first and the last; four queries.

    The subjects are those that bear on it today.
    """
    runs = dict(Run.objects.published().order_by("number").values_list("number", "as_of"))
    changes: dict[int, list[int]] = {}
    spans = Result.objects.filter(subject_id__in=subjects_of(asset_id)).exclude(outcome=Outcome.NOT_APPLICABLE)
    # Open and closed spans apart: each has its own index over the subject.
    for field_name, sign, is_open in (("from_run", 1, True), ("from_run", 1, False), ("to_run", -1, False)):
        rows = spans.filter(to_run__isnull=is_open).values_list(field_name, "outcome")
        for run, outcome, n in rows.annotate(n=Count("*")).order_by():
            found = changes.setdefault(run, [0, 0])
            found[0] += sign * n if outcome == Outcome.MET else 0
            found[1] += sign * n
    return _days(changes, runs, now)


def _days(changes: dict[int, list[int]], runs: dict[int, datetime], now: datetime) -> list[Day]:
    met = whole = 0
    days: dict[date, Day] = {}
    before: Day | None = None
    start = (now - PERIOD).date()
    for run in sorted(set(changes) | set(runs)):
        change = changes.get(run, [0, 0])
        met, whole = met + change[0], whole + change[1]
        if run not in runs or whole == 0:
            continue
        day = runs[run].date()
        if day < start:
            before = Day(start, met, whole)
        elif change != [0, 0] or not days:
            days[day] = Day(day, met, whole)
    last = max((at for at in runs.values()), default=None)
    if before is not None:
        days.setdefault(start, before)
    if days and last is not None:
        days.setdefault(last.date(), Day(last.date(), met, whole))
    return [days[day] for day in sorted(days)]


@dataclass(frozen=True, slots=True)
class Change:
    """A result that changed: when, of which check and subject, from what to what."""

    at: datetime
    check_id: str
    subject_label: str
    before: str
    after: str
    reason: str


def changes_of(actor: Actor, asset_id: UUID, *, limit: int = 40) -> list[Change]:
    """Return the newest changes of results about an asset and its versions that the actor may see; three queries."""
    own = Asset.objects.filter(Q(pk=asset_id) | Q(parent_id=asset_id)).values("pk")
    spans = Result.objects.visible_to(actor).filter(subject_id__in=own)
    newest = list(spans.order_by("-from_run", "check_id")[: limit * 4])
    ended = {
        (span.check_id, span.subject_id, span.to_run): span
        for span in spans.filter(to_run__in={s.from_run for s in newest})
    }
    runs = dict(Run.objects.filter(pk__in={span.from_run for span in newest}).values_list("pk", "as_of"))
    found = []
    for span in newest:
        was = ended.get((span.check_id, span.subject_id, span.from_run))
        if was is not None and was.outcome != span.outcome and span.from_run in runs:
            found.append(
                Change(runs[span.from_run], span.check_id, span.subject_label, was.outcome, span.outcome, span.reason)
            )
    return found[:limit]
