"""Erasing what an entry tells about a person, without touching the entry."""

from datetime import datetime

from apps.audit import canonical
from apps.audit.events import DETAILS_ERASED
from apps.audit.models import Details, Entry
from apps.audit.rules import may_erase_details
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import Subject

MAX_REASON = 500


@command(DETAILS_ERASED)
def erase_details(*, actor: Actor, log: str, seq: int, reason: str, now: datetime | None = None) -> Changed:
    """Erase details and salt of an event: names, address, free text. Its entry, leaf and proofs stay as they are.

    Raises NotFound when there is no such event, Invalid without a reason, Forbidden, and Conflict when they are gone.
    """
    found = Entry.objects.visible_to(actor).filter(log=log, seq=seq).first()
    if found is None:
        raise NotFound("There is no such event.")
    may_erase_details(actor).require()
    if not reason.strip() or len(reason) > MAX_REASON:
        raise Invalid(f"Say why in up to {MAX_REASON} characters.")
    if now is None:
        raise TypeError("a command has a time")
    still_there = Details.objects.filter(entry=found, content__isnull=False)
    if not still_there.update(content=None, salt=None, actor_label="", subject_label="", erased_at=now):
        raise Conflict("The details of this event were erased before.")
    subject = Subject("audit.event", f"{log}/{seq}", f"Event {seq} of the {log} log")
    return Changed(subject, {"reason": reason.strip()}, after=canonical.instant(now))
