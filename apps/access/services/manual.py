"""Work by hand: a task for each thing that is to be done, and its confirmation with proof by somebody uninvolved."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from apps.access.events import TASK_DONE
from apps.access.models import Grant, HeldOperation, ManualTask
from apps.access.queries.grants import confirmers_of
from apps.access.rules.grants import can_confirm_task
from apps.access.services.receipts import subject_of
from apps.access.services.telling import tell_task
from apps.access.states import TaskKind
from apps.core.actor import Actor, system
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.core.jobs import enqueue

ACTOR = system("reconciler")
#: By when a person is to have done it: taking away is more urgent than giving.
DUE = {TaskKind.GIVE: timedelta(hours=4), TaskKind.TAKE: timedelta(hours=1), TaskKind.RUN: timedelta(hours=4)}


def task_for(grant_number: int, generation: int, kind: TaskKind, instructions: str, now: datetime) -> ManualTask:
    """Return the task of this generation, made and told once however often it is asked for."""
    return _put(instructions, now, kind, {"grant_id": grant_number, "generation": generation, "kind": kind})


def task_for_held(held_number: int, instructions: str, now: datetime) -> ManualTask:
    """Return the task to run a held operation by hand, made and told once."""
    return _put(instructions, now, TaskKind.RUN, {"held_id": held_number})


def _put(instructions: str, now: datetime, kind: TaskKind, key: dict[str, Any]) -> ManualTask:
    """Return the task of this key; a new one is told, in the same transaction, to those who may confirm it."""
    made = {"kind": kind, "instructions": instructions[:1000], "created_at": now, "due_at": now + DUE[kind]}
    with transaction.atomic():
        task, new = ManualTask.objects.get_or_create(**key, defaults=made)
        if new:
            tell_task(task, actor=ACTOR, to=confirmers_of(task), now=now)
    return task


@command(TASK_DONE)
def confirm_task(*, actor: Actor, task: ManualTask, proof: str, now: datetime) -> Changed:
    """Confirm that a task was done, with what proves it; the grant goes on at once.

    Raises Forbidden for the holder, the requester and whoever has no part in it, Invalid without proof, Conflict when
    it was confirmed or superseded meanwhile.
    """
    can_confirm_task(actor, task).require()
    if not proof.strip() or len(proof) > 2000:
        raise Invalid("Say what proves it, in 1 to 2000 characters.", proof="Say what proves it.")
    fresh = ManualTask.objects.filter(pk=task.pk).open()
    if not fresh.update(done_at=now, done_by_id=actor.user_id, proof=proof.strip()):
        raise Conflict("This task is done or no longer needed.")
    task.refresh_from_db()
    if task.grant_id:
        Grant.objects.filter(pk=task.grant_id, due_at__isnull=False).update(due_at=now)
        enqueue("access.carry", task.grant_id)
    if task.held_id:
        HeldOperation.objects.filter(pk=task.held_id, due_at__isnull=False).update(due_at=now)
    facts: dict[str, object] = {
        "kind": task.kind,
        "grant": task.grant_id or 0,
        "held": task.held_id or 0,
        "proof": task.proof,
    }
    subject = subject_of(task.grant) if task.grant else Subject("held_operation", str(task.held_id))
    return Changed(subject, facts, value=task, before="open", after="done")
