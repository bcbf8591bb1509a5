"""What people do to findings. Nobody sets one resolved: that takes a run."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import Subject
from apps.inventory.models import Person
from apps.inventory.states import PersonStatus
from apps.posture import events, rules
from apps.posture.models import Finding, FindingEvent
from apps.posture.states import FINDING_MACHINE, FindingChange, FindingState

MAX_NOTE = 500


def _seen(actor: Actor, number: int) -> Finding:
    """Return a finding the actor may see. Raises NotFound."""
    rows = Finding.objects.visible_to(actor).select_related("owner", "asset__owner")
    finding = rows.filter(pk=number).first()
    if finding is None:
        raise NotFound(f"There is no finding F-{number}.")
    return finding


def _note(finding: Finding, change: str, actor: Actor, now: datetime, note: str) -> None:
    FindingEvent.objects.create(finding=finding, at=now, change=change, actor=actor.label, note=note[:MAX_NOTE])


def _subject(finding: Finding) -> Subject:
    return Subject("finding", str(finding.pk), finding.name)


def _unresolved(finding: Finding, **changes: Any) -> None:
    """Change an unresolved finding. Raises Conflict when it was resolved meanwhile."""
    if not Finding.objects.unresolved().filter(pk=finding.pk).update(**changes):
        raise Conflict(f"{finding.name} is resolved.")


@command(events.FINDING_ASSIGNED)
def assign_owner(*, actor: Actor, number: int, person_id: UUID | None, now: datetime) -> Changed | Unchanged:
    """Give a finding to a person, or to nobody. Raises NotFound, Forbidden, Invalid for someone who left, Conflict."""
    finding = _seen(actor, number)
    rules.can_work_on(actor, finding).require()
    if finding.owner_id == person_id:
        return Unchanged(value=finding)
    person = None
    if person_id is not None:
        person = Person.objects.filter(pk=person_id).first()
        if person is None:
            raise Invalid("There is no such person.", owner="There is no such person.")
        if person.status == PersonStatus.LEFT:
            raise Invalid(f"{person.name} has left.", owner=f"{person.name} has left.")
    _unresolved(finding, owner=person)
    before = finding.owner.name if finding.owner else ""
    after = person.name if person else ""
    _note(finding, FindingChange.ASSIGNED, actor, now, f"{before or 'nobody'} → {after or 'nobody'}")
    finding.owner = person
    return Changed(_subject(finding), {"finding": finding.pk, "before": before, "after": after}, value=finding)


@command(events.FINDING_DUE_CHANGED)
def set_due(*, actor: Actor, number: int, due_on: date | None, note: str = "", now: datetime) -> Changed | Unchanged:
    """Change or remove the due date; a later one needs a reason.

    Raises NotFound, Forbidden, Invalid for a past day or without the reason, Conflict when it was resolved meanwhile.
    """
    finding = _seen(actor, number)
    rules.can_work_on(actor, finding).require()
    if finding.due_on == due_on:
        return Unchanged(value=finding)
    if due_on is not None and due_on < now.date():
        raise Invalid("The due date has passed.", due_on="Choose today or a later day.")
    later = due_on is None or (finding.due_on is not None and due_on > finding.due_on)
    if later and not note.strip():
        raise Invalid("A later due date needs a reason.", note="Say why it takes longer.")
    _unresolved(finding, due_on=due_on)
    before, after = (str(day) if day else "none" for day in (finding.due_on, due_on))
    _note(finding, FindingChange.DUE_CHANGED, actor, now, f"{before} → {after} {note.strip()}".strip())
    finding.due_on = due_on
    details: dict[str, object] = {"finding": finding.pk, "before": before, "after": after, "note": note[:MAX_NOTE]}
    return Changed(_subject(finding), details, value=finding)


@command(events.FINDING_MARKED_FIXED)
def mark_fixed(*, actor: Actor, number: int, note: str = "", now: datetime) -> Changed:
    """Say that a finding is fixed: it awaits proof until the next run. Raises NotFound, Forbidden, Conflict."""
    finding = _seen(actor, number)
    rules.can_mark_fixed(actor, finding).require()
    FINDING_MACHINE.move(
        Finding.objects.all(),
        pk=finding.pk,
        before=FindingState.OPEN,
        after=FindingState.AWAITING_PROOF,
        fixed_at=now,
    )
    _note(finding, FindingChange.MARKED_FIXED, actor, now, note.strip())
    finding.state, finding.fixed_at = FindingState.AWAITING_PROOF, now
    return Changed(
        _subject(finding),
        {"finding": finding.pk, "note": note[:MAX_NOTE]},
        value=finding,
        before=FindingState.OPEN,
        after=FindingState.AWAITING_PROOF,
    )
