"""Publishing a run: rollups, findings and asset scores become visible in one transaction, the audit event last."""

from collections import Counter
from datetime import datetime

from django.db.models import Sum

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.events import Subject
from apps.core.jobs import enqueue
from apps.posture import events
from apps.posture.models import Result, Run, RunTask, RunTotal
from apps.posture.queries.runs import last_published, newest_import
from apps.posture.queries.trends import late_of_open
from apps.posture.services.accepting import accepted_now, note_accepted, settle, with_accepted
from apps.posture.services.lifecycle import move_findings
from apps.posture.services.rollups import keep_furthest
from apps.posture.services.scores import rebuild_scores
from apps.posture.services.spans import make_room_to_sort, refresh_statistics
from apps.posture.services.tiers import mark_tier_one
from apps.posture.spec import CHECKS
from apps.posture.states import RUN_MACHINE, FindingChange, Outcome, RunState

#: The task that counts what the pillar pages tell by place, so that the first to look does not wait for it.
PLACES = "posture.count_places"


@command(events.RUN_PUBLISHED)
def publish_run(*, actor: Actor, number: int, worker: str, now: datetime) -> Changed:
    """Make the results of a run visible. The value is the Run. Raises Conflict when the worker lost its lease."""
    make_room_to_sort()
    run = Run.objects.get(pk=number)
    before = last_published()
    specs = [CHECKS[task.check_id] for task in run.tasks.all() if task.check_id in CHECKS]
    written = run.tasks.aggregate(n=Sum("written"))["n"] or 0
    refresh_statistics(Result, written)
    moved = move_findings(run, specs)
    turned = settle(run, now)
    write_totals(run, before)
    mark, _ = newest_import()
    if written or turned or moved.total() or before is None or before.inventory_mark != mark:
        counted = {spec.id for spec in specs if run.judges} or {spec.id for spec in CHECKS}
        rebuild_scores(run, afterwards=lambda: mark_tier_one(run, counted, before))
    keep_furthest(run)
    RUN_MACHINE.move(
        Run.objects.filter(claimed_by=worker),
        pk=number,
        before=RunState.PUBLISHING,
        after=RunState.PUBLISHED,
        finished_at=now,
        claimed_until=None,
        # A re-check has seen one subject only: what was imported since the last whole run is still to be seen.
        inventory_mark=before.inventory_mark if before is not None and (run.partial or not run.judges) else mark,
        written=written + turned,
        opened=moved[FindingChange.OPENED],
        reopened=moved[FindingChange.REOPENED],
        open_findings={severity: list(pair) for severity, pair in late_of_open(run.as_of.date()).items()},
        resolved=moved[FindingChange.RESOLVED] + moved[FindingChange.NOT_APPLICABLE] + moved[FindingChange.GONE],
    )
    run.refresh_from_db()
    enqueue(PLACES, number)
    details = _details(run)
    return Changed(
        Subject("run", str(number), f"Run {number}"), details, run, before=RunState.PUBLISHING, after=RunState.PUBLISHED
    )


def write_totals(run: Run, before: Run | None) -> None:
    """Write the rollup: counted for the checks of this run, carried over from the run before for the others."""
    tasks = {task.check_id: task for task in run.tasks.all()}
    carried = [total for total in before.totals.all() if total.check_id in CHECKS] if before is not None else []
    versions = {task.check_id: task.version_id for task in tasks.values()}
    if not run.judges:
        versions |= {total.check_id: total.version_id for total in carried}
    totals = [_copy(run, total) for total in carried if total.check_id not in versions]
    accepted = accepted_now(versions)
    note_accepted(run, accepted)
    for check_id, version in versions.items():
        counts = _counted(run, check_id, tasks.get(check_id), carried)
        counts = with_accepted(counts, accepted.get(check_id, Counter()))
        spec = CHECKS[check_id]
        totals += [
            RunTotal(
                run=run,
                check_id=check_id,
                version_id=version,
                pillar=spec.pillar,
                subject_kind=spec.subject_kind,
                severity=spec.severity,
                outcome=outcome,
                reason=reason,
                n=n,
            )
            for (outcome, reason), n in counts.items()
            if n
        ]
    known = {(total.check_id, total.outcome, total.reason): total.tier1 for total in carried}
    for total in totals:
        total.tier1 = known.get((total.check_id, total.outcome, total.reason))
    RunTotal.objects.bulk_create(totals)


def _counted(run: Run, check_id: str, task: RunTask | None, carried: list[RunTotal]) -> Counter[tuple[str, str]]:
    """Return what a check found; `with_accepted` tells which of the failures are accepted."""
    if task is None:
        return Counter({(total.outcome, total.reason): total.n for total in carried if total.check_id == check_id})
    counts = Counter({(outcome, reason): n for outcome, reason, n in task.by_reason})
    return _adjusted(run, check_id, counts, carried) if run.partial else counts


def _copy(run: Run, total: RunTotal) -> RunTotal:
    fields = ("check_id", "version_id", "pillar", "subject_kind", "severity", "outcome", "reason", "n", "tier1")
    return RunTotal(run=run, **{field: getattr(total, field) for field in fields})


def _adjusted(
    run: Run, check_id: str, counts: Counter[tuple[str, str]], carried: list[RunTotal]
) -> Counter[tuple[str, str]]:
    """Return the totals of the run before, less what the one subject was, plus what it is now."""
    adjusted = Counter({(t.outcome, t.reason): t.n for t in carried if t.check_id == check_id})
    was = Result.objects.at(run.pk - 1).filter(check_id=check_id, subject_id__in=[run.subject_id]).first()
    if was is not None:
        adjusted[(was.outcome, was.reason)] -= 1
    adjusted.update(counts)
    return adjusted


def _details(run: Run) -> dict[str, object]:
    by_outcome = dict(run.totals.values_list("outcome").annotate(total=Sum("n")).order_by())
    return {
        "run": run.pk,
        "as_of": run.as_of.isoformat(),
        "checks": run.tasks.count(),
        "met": by_outcome.get(Outcome.MET, 0),
        "applicable": sum(n for outcome, n in by_outcome.items() if outcome != Outcome.NOT_APPLICABLE),
        "opened": run.opened,
        "reopened": run.reopened,
        "resolved": run.resolved,
    }
