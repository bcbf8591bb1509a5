"""Taking snapshots: one row per metric and day, of the day's last published run."""

from datetime import datetime

from django.db.models import Max

from apps.core.actor import Actor, system
from apps.core.command import Changed, Unchanged, command
from apps.core.decision import refused
from apps.core.errors import NotFound
from apps.core.events import Subject
from apps.core.metrics import METRICS
from apps.insights import events
from apps.insights.models import Snapshot
from apps.posture.models import Run

BATCH = 50


@command(events.SNAPSHOTS_TAKEN)
def take_snapshots(*, actor: Actor, run_number: int, now: datetime) -> Changed | Unchanged:
    """Store every metric as of a published run, replacing what an earlier run of that day left. Raises NotFound."""
    run = Run.objects.published().filter(pk=run_number).first()
    if run is None:
        raise NotFound(f"Run {run_number} is not published.")
    day = run.as_of.date()
    if Snapshot.objects.filter(day=day, run_number__gte=run.pk).exists():
        return Unchanged()
    rows = []
    for metric in METRICS:
        value = metric.compute(run)
        if metric.knows(value):
            row = Snapshot(metric=metric.key, day=day, run_number=run.pk, part=value.numerator, whole=value.denominator)
            rows.append(row)
    Snapshot.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["metric", "dimension", "day"],
        update_fields=["run_number", "part", "whole"],
    )
    details = {"run": run.pk, "day": day.isoformat(), "metrics": [row.metric for row in rows]}
    return Changed(Subject("run", str(run.pk), f"Run {run.pk}"), details, value=len(rows))


def take_due_snapshots() -> int:
    """Take the snapshots of published runs that have none yet, oldest first, at most 50; return how many runs."""
    last = Snapshot.objects.aggregate(last=Max("run_number"))["last"] or 0
    due = list(Run.objects.published().filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
    for number in due:
        take_snapshots(actor=system("snapshots"), run_number=number)
    return len(due)


@command(events.SNAPSHOTS_FORGOTTEN)
def forget_snapshots(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Forget all snapshots, because what they counted was removed. Only the system may, within a larger command."""
    if actor.kind != "system":
        refused("Snapshots are forgotten by the portal itself.").require()
    count, _ = Snapshot.objects.all().delete()
    return Changed(Subject("snapshots", "all", "Metric snapshots"), {"snapshots": count}) if count else Unchanged()
