"""Starting, cancelling and failing runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import Subject
from apps.core.jobs import enqueue
from apps.posture import events, rules
from apps.posture.models import CheckVersion, Run, RunTask
from apps.posture.queries.runs import last_published, newest_import, open_run
from apps.posture.services.lease import DELIVERY, is_abandoned
from apps.posture.services.spans import undo_run
from apps.posture.services.versions import ensure_version, spec_of
from apps.posture.spec import CHECKS
from apps.posture.states import OPEN_RUN_STATES, RUN_MACHINE, RunState, Trigger

TASK = "posture.execute_run"


def subject_of(run: Run) -> Subject:
    """Return a run as the subject of an event."""
    return Subject("run", str(run.pk), f"Run {run.pk}")


@command(events.RUN_REQUESTED)
def request_run(
    *,
    actor: Actor,
    trigger: str = Trigger.MANUAL,
    checks: Sequence[str] = (),
    as_of: datetime | None = None,
    slot: datetime | None = None,
    inline: bool = False,
    now: datetime,
) -> Changed:
    """Queue a run of the named checks, or of all, that judges at `as_of` (default: now). The value is the Run.

    An inline run is executed by the caller; else a task is sent. A run whose worker died is failed to make room.
    Raises Forbidden, NotFound for an unknown check, Invalid for a time before the newest import or the last run,
    Conflict while another run is open.
    """
    rules.can_run(actor).require()
    specs = [spec_of(check_id) for check_id in dict.fromkeys(checks)] or list(CHECKS)
    if not specs:
        raise Invalid("No check is registered.")
    moment = as_of or now
    check_moment(moment, now)
    make_room(actor, now)
    run = create_run(actor, moment, now, trigger=trigger, slot=slot)
    add_tasks(run, [ensure_version(actor=actor, check_id=spec.id, now=now).value for spec in specs])
    if not inline:
        enqueue(TASK, run.pk)
    details: dict[str, object] = {
        "run": run.pk,
        "trigger": str(trigger),
        "checks": len(specs),
        "as_of": moment.isoformat(),
    }
    return Changed(subject_of(run), details, value=run, after=RunState.QUEUED)


def check_moment(moment: datetime, now: datetime) -> None:
    """Raise Invalid unless results at `moment` can be true: not in the future, not before what is known."""
    if moment > now:
        raise Invalid("A run cannot judge at a time that has not come.")
    _, imported = newest_import()
    if imported is not None and moment < imported:
        raise Invalid(f"A run cannot judge before the newest import ({imported:%Y-%m-%d %H:%M} UTC).")
    last = last_published()
    if last is not None and moment < last.as_of:
        raise Invalid(f"A run cannot judge before the last run ({last.as_of:%Y-%m-%d %H:%M} UTC).")


def make_room(actor: Actor, now: datetime) -> None:
    """Fail an open run that nobody works on. Raises Conflict when one is open and alive."""
    run = open_run()
    if run is None:
        return
    if not is_abandoned(run, now):
        raise Conflict(f"Run {run.pk} is in progress; two runs at once are impossible.")
    fail_run(actor=actor, number=run.pk, problem="The process that executed it ended.", now=now)


def create_run(actor: Actor, as_of: datetime, now: datetime, **fields: Any) -> Run:
    """Insert a queued run. Raises Conflict when another run was opened meanwhile: a constraint sees to it."""
    try:
        with transaction.atomic():
            return Run.objects.create(
                number=(Run.objects.aggregate(last=Max("number"))["last"] or 0) + 1,
                as_of=as_of,
                requested_at=now,
                requested_by=actor.label,
                requested_by_id=actor.id,
                claimed_until=now + DELIVERY,
                inventory_mark=newest_import()[0],
                **fields,
            )
    except IntegrityError:
        raise Conflict("Another run is in progress; two runs at once are impossible.") from None


def add_tasks(run: Run, versions: Sequence[CheckVersion]) -> None:
    """Give a queued run one task per check."""
    RunTask.objects.bulk_create(RunTask(run=run, check_id=v.check_id, version=v) for v in versions)


@command(events.RUN_CANCELLED)
def cancel_run(*, actor: Actor, number: int, now: datetime) -> Changed | Unchanged:
    """Cancel a run: at once when nobody works on it, else its worker stops before the next check.

    Raises NotFound, Forbidden, Conflict when it has ended meanwhile.
    """
    run = Run.objects.filter(pk=number).first()
    if run is None:
        raise NotFound(f"There is no run {number}.")
    rules.can_cancel(actor, run).require()
    if run.cancel_requested_at is not None:
        return Unchanged(value=run)
    open_now = Run.objects.filter(pk=number, state__in=[RunState.QUEUED, RunState.RUNNING])
    if not open_now.update(cancel_requested_at=now, cancel_requested_by=actor.label):
        raise Conflict(f"Run {number} can no longer be cancelled.")
    if is_abandoned(run, now) or run.state == RunState.QUEUED:
        end_cancelled(number, now)
    return Changed(subject_of(run), {"run": run.pk}, value=run, before=run.state, after=RunState.CANCELLED)


def end_cancelled(number: int, now: datetime) -> None:
    """Undo what a cancelled run wrote and end it, in one transaction."""
    with transaction.atomic():
        RUN_MACHINE.move(
            Run.objects.all(),
            pk=number,
            before=[RunState.QUEUED, RunState.RUNNING],
            after=RunState.CANCELLED,
            finished_at=now,
        )
        undo_run(number)


@command(events.RUN_FAILED)
def fail_run(*, actor: Actor, number: int, problem: str, now: datetime) -> Changed:
    """End a run that cannot be finished and undo what it wrote. Raises Conflict when it has ended."""
    RUN_MACHINE.move(
        Run.objects.all(),
        pk=number,
        before=OPEN_RUN_STATES,
        after=RunState.FAILED,
        finished_at=now,
        problem=problem[:500],
    )
    undo_run(number)
    run = Run.objects.get(pk=number)
    return Changed(subject_of(run), {"run": number, "problem": run.problem}, value=run, after=RunState.FAILED)
