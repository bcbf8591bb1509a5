"""Executing a run: check by check under a lease, each in one transaction, then publication."""

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from apps.core import clock
from apps.core.actor import Actor
from apps.core.errors import Conflict
from apps.core.jobs import enqueue
from apps.core.sql import Columns
from apps.posture.models import Result, Run, RunTask
from apps.posture.services.lease import claim, new_worker, release, renew
from apps.posture.services.publishing import publish_run
from apps.posture.services.runs import TASK, end_cancelled
from apps.posture.services.spans import ERRORED, ERRORED_SPANS, JUDGED, write_spans
from apps.posture.spec import CHECKS, CheckSpec
from apps.posture.states import JUDGED_OUTCOMES, RUN_MACHINE, TASK_MACHINE, RunState, TaskState

log = logging.getLogger(__name__)
#: A worker's task gives the run back after this many seconds and sends the next, well under the task time limit.
SLICE = 150.0
Judgement = Callable[[Run, RunTask, CheckSpec], tuple[QuerySet[Any], Columns]]


def execute_run(*, actor: Actor, number: int, seconds: float | None = None) -> Run:
    """Claim the run, judge its waiting checks, publish it, and return it as it then stands.

    With `seconds` the run is given back and re-sent when they are used up between two checks. Raises Conflict when
    another worker holds the run, or takes it away in the middle. Any other error gives the run back and is raised.
    """
    worker = new_worker()
    run = claim(number, worker, clock.now())
    stop_at = None if seconds is None else time.monotonic() + seconds
    try:
        while _go_on(run):
            task = run.tasks.filter(state=TaskState.WAITING).order_by("check_id").first()
            if task is None:
                return _publish(actor, run, worker)
            if stop_at is not None and time.monotonic() > stop_at:
                release(number, worker, clock.now())
                enqueue(TASK, number)
                break
            execute_task(run, task, worker)
    except Exception:
        release(number, worker, clock.now())
        raise
    return Run.objects.get(pk=number)


def _go_on(run: Run) -> bool:
    """Return whether the run may go on; a run that someone cancelled is ended here."""
    if not Run.objects.filter(pk=run.pk, cancel_requested_at__isnull=False).exists():
        return True
    end_cancelled(run.pk, clock.now())
    return False


def _publish(actor: Actor, run: Run, worker: str) -> Run:
    now = clock.now()
    renew(run.pk, worker, now)
    RUN_MACHINE.move(
        Run.objects.filter(claimed_by=worker, cancel_requested_at__isnull=True),
        pk=run.pk,
        before=RunState.RUNNING,
        after=RunState.PUBLISHING,
    )
    published: Run = publish_run(actor=actor, number=run.pk, worker=worker, now=clock.now()).value
    return published


def execute_task(run: Run, task: RunTask, worker: str) -> None:
    """Judge one check in one transaction. An error of the check leaves its subjects not evaluated; the run goes on.

    Raises Conflict when the lease is lost, and the database's own error when the database is away.
    """
    started = clock.now()
    renew(run.pk, worker, started)
    judgements = (_judged, _errored, _errored_spans)
    problem = ""
    for judgement in judgements:
        try:
            return _write(run, task, worker, started, judgement, problem)
        except Conflict:
            raise
        except Exception as error:
            clock.now()
            log.exception("check failed", extra={"check": task.check_id, "run": run.pk})
            problem = problem or f"{type(error).__name__}: {error}"[:500]
    raise RuntimeError(f"{task.check_id} could not even be recorded as failed: {problem}")


def _judged(run: Run, task: RunTask, spec: CheckSpec) -> tuple[QuerySet[Any], Columns]:
    return spec.evaluated(task.version.params, run.as_of, subject_id=run.subject_id), JUDGED


def _errored(run: Run, task: RunTask, spec: CheckSpec) -> tuple[QuerySet[Any], Columns]:
    subjects = spec.subjects()
    return (subjects.filter(pk=run.subject_id) if run.subject_id else subjects), ERRORED


def _errored_spans(run: Run, task: RunTask, spec: CheckSpec) -> tuple[QuerySet[Any], Columns]:
    spans = Result.objects.filter(check_id=spec.id, from_run__lt=run.pk).at(run.pk - 1)
    return (spans.filter(subject_id=run.subject_id) if run.subject_id else spans), ERRORED_SPANS


def _write(run: Run, task: RunTask, worker: str, started: datetime, judgement: Judgement, problem: str) -> None:
    spec = CHECKS[task.check_id]
    with transaction.atomic():
        judged, columns = judgement(run, task, spec)
        written = write_spans(task, spec.subject_kind, judged, columns, subject_id=run.subject_id)
        now = clock.now()
        TASK_MACHINE.move(
            RunTask.objects.all(),
            pk=task.pk,
            before=TaskState.WAITING,
            after=TaskState.ERROR if problem else TaskState.DONE,
            started_at=started,
            finished_at=now,
            error=problem,
            written=written.spans,
            by_reason=[[outcome, reason, n] for (outcome, reason), n in sorted(written.counts.items())],
            **{str(outcome): written.of(outcome) for outcome in JUDGED_OUTCOMES},
        )
        renew(run.pk, worker, now, finished_task=True)
