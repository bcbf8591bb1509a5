"""Forgetting all runs and what they found: used when the sample organisation, which they judged, is removed."""

from datetime import datetime

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.decision import refused
from apps.core.errors import Conflict
from apps.core.events import Subject
from apps.posture import events
from apps.posture.models import AssetScore, Finding, FindingEvent, Result, Run, RunTask, RunTotal
from apps.posture.queries.runs import open_run


@command(events.RUNS_FORGOTTEN)
def forget_runs(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Delete every run, result, finding and score. Check versions and settings stay.

    Only the system may, within a larger command. Raises Conflict while a run is at work.
    """
    if actor.kind != "system":
        refused("Runs are forgotten by the portal itself.").require()
    if open_run() is not None:
        raise Conflict("A run is at work; cancel it or wait for its end.")
    runs = Run.objects.count()
    if not runs:
        return Unchanged(value=0)
    for model in (FindingEvent, Finding, AssetScore, Result, RunTotal, RunTask, Run):
        model.objects.all().delete()
    return Changed(Subject("runs", "all", "All runs"), {"runs": runs}, value=runs)
