"""Steps of the reconciler: runs whose worker died go on, and due slots start."""

from django.db import transaction

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Conflict, Invalid
from apps.core.jobs import enqueue
from apps.posture.models import Run, Schedule
from apps.posture.queries.runs import newest_import, open_run
from apps.posture.queries.settings import next_due
from apps.posture.services.lease import DELIVERY, MAX_ATTEMPTS, is_abandoned
from apps.posture.services.runs import TASK, end_cancelled, fail_run, request_run
from apps.posture.states import RunState, Trigger

ACTOR = system("reconciler")


def recover_runs() -> int:
    """Send a task for an open run that nobody works on; end one that was cancelled or has been tried too often."""
    now = clock.now()
    run = open_run()
    if run is None or not is_abandoned(run, now):
        return 0
    if run.cancel_requested_at is not None and run.state != RunState.PUBLISHING:
        end_cancelled(run.pk, now)
        return 1
    if run.attempts >= MAX_ATTEMPTS:
        problem = f"Given up after {run.attempts} attempts without a finished check."
        fail_run(actor=ACTOR, number=run.pk, problem=problem, now=now)
        return 1
    same = Run.objects.filter(pk=run.pk, state=run.state, claimed_by=run.claimed_by, claimed_until=run.claimed_until)
    if not same.update(claimed_by="", claimed_until=now + DELIVERY):
        return 0
    enqueue(TASK, run.pk)
    return 1


def start_due_run() -> int:
    """Start the run of a slot that is due. Slots are unique rows, so that doubles and late wake-ups cost nothing."""
    now = clock.now()
    Schedule.objects.get_or_create(pk=1)
    due = Schedule.objects.get(pk=1)
    if due.paused or (due.next_due_at is not None and due.next_due_at > now):
        return 0
    imported, _ = newest_import()
    if not imported or open_run() is not None:
        return 0
    following = next_due(due.interval_hours, now)
    try:
        with transaction.atomic():
            if not Schedule.objects.filter(pk=1, next_due_at=due.next_due_at).update(next_due_at=following):
                return 0
            request_run(actor=ACTOR, trigger=Trigger.SCHEDULED, slot=due.next_due_at or now, now=now)
    except (Conflict, Invalid):
        return 0
    return 1
