"""Re-checking one subject: a small run of its own, judged and published at once."""

from datetime import datetime
from uuid import UUID

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, NotFound
from apps.core.events import Subject
from apps.core.subjects import SUBJECTS
from apps.posture import events, rules
from apps.posture.models import CheckVersion, Result, Run, RunTask
from apps.posture.queries.runs import last_published
from apps.posture.services.executing import execute_task
from apps.posture.services.lease import claim, new_worker
from apps.posture.services.publishing import publish_run
from apps.posture.services.runs import add_tasks, check_moment, create_run, make_room
from apps.posture.services.versions import spec_of
from apps.posture.states import RUN_MACHINE, RunState, TaskState, Trigger


@command(events.SUBJECT_RECHECKED)
def recheck_subject(*, actor: Actor, check_id: str, subject_id: UUID, now: datetime) -> Changed:
    """Judge one subject again with the version of the last run; the value is its new Result, or None if it is gone.

    Raises Forbidden, NotFound when the actor does not see the subject, Conflict before the first run, while another
    run is open, or when the check was not part of the last run.
    """
    rules.can_recheck(actor).require()
    spec = spec_of(check_id)
    kind = SUBJECTS.get(spec.subject_kind)
    if kind is None or not kind.visible(actor).filter(pk=subject_id).exists():
        raise NotFound("There is no such subject.")
    was = _result(check_id, subject_id)
    run = _small_run(actor, check_id, spec.subject_kind, subject_id, now)
    worker = new_worker()
    claim(run.pk, worker, now)
    execute_task(run, RunTask.objects.get(run=run), worker)
    RUN_MACHINE.move(
        Run.objects.filter(claimed_by=worker), pk=run.pk, before=RunState.RUNNING, after=RunState.PUBLISHING
    )
    publish_run(actor=actor, number=run.pk, worker=worker, now=now)
    failed = RunTask.objects.filter(run=run, state=TaskState.ERROR).first()
    if failed is not None:
        raise Conflict("The check itself failed; the subject stays as it was.")
    result = _result(check_id, subject_id)
    details: dict[str, object] = {
        "run": run.pk,
        "check": check_id,
        "before": was.outcome if was else "",
        "after": result.outcome if result else "",
    }
    label = result.subject_label if result else was.subject_label if was else ""
    return Changed(Subject(spec.subject_kind, str(subject_id), label), details, value=result)


def _small_run(actor: Actor, check_id: str, subject_kind: str, subject_id: UUID, now: datetime) -> Run:
    """Queue a run of one check and one subject, with the version that the last run judged with."""
    before = last_published()
    if before is None:
        raise Conflict("Nothing is evaluated yet; start a run first.")
    version = CheckVersion.objects.filter(pk__in=before.totals.filter(check_id=check_id).values("version")).first()
    if version is None:
        raise Conflict(f"{check_id} was not part of the last run; start a run first.")
    check_moment(now, now)
    make_room(actor, now)
    fields = {"trigger": Trigger.RECHECK, "subject_kind": str(subject_kind), "subject_id": subject_id}
    run = create_run(actor, now, now, **fields)
    add_tasks(run, [version])
    return run


def _result(check_id: str, subject_id: UUID) -> Result | None:
    return Result.objects.filter(check_id=check_id, subject_id=subject_id, to_run__isnull=True).first()
