"""Owner and due date of several findings at once: all of them or none."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from apps.core.actor import Actor
from apps.core.command import Unchanged, command
from apps.core.errors import Invalid
from apps.posture import events
from apps.posture.services.findings import assign_owner, set_due

MAX_AT_ONCE = 500


@command(events.FINDING_ASSIGNED)
def work_on_findings(
    *,
    actor: Actor,
    numbers: Sequence[int],
    person_id: UUID | None = None,
    due_on: date | None = None,
    note: str = "",
    now: datetime,
) -> Unchanged:
    """Give findings to a person and/or a due date, each with its own event; nothing is changed where one is refused.

    Raises NotFound, Forbidden, Invalid for more than 500 or nothing to do, Conflict.
    """
    chosen = list(dict.fromkeys(numbers))
    if not chosen or len(chosen) > MAX_AT_ONCE:
        raise Invalid(f"Choose from 1 to {MAX_AT_ONCE} findings.")
    if person_id is None and due_on is None:
        raise Invalid("Choose an owner or a due date.")
    for number in chosen:
        if person_id is not None:
            assign_owner(actor=actor, number=number, person_id=person_id, now=now)
        if due_on is not None:
            set_due(actor=actor, number=number, due_on=due_on, note=note, now=now)
    return Unchanged(value=len(chosen))
