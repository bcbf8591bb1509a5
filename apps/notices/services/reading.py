"""What a person does with their notices: read them, and choose which come by mail."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from apps.core.actor import Actor
from apps.core.command import Unchanged, command
from apps.core.errors import Invalid
from apps.core.notices import NOTICE_KINDS
from apps.notices.events import READ, TASTES_CHANGED
from apps.notices.models import Notice, Preference
from apps.notices.rules import can_choose


@command(READ)
def mark_read(*, actor: Actor, now: datetime, notice: Notice) -> Unchanged:
    """Mark one of one's own notices as read; a second time changes nothing. A taste, so the log gets no entry."""
    Notice.objects.visible_to(actor).unread().filter(pk=notice.pk).update(read_at=now)
    return Unchanged(value=notice)


@command(READ)
def mark_all_read(*, actor: Actor, now: datetime) -> Unchanged:
    """Mark all of one's own notices as read; the value is how many were not."""
    return Unchanged(value=Notice.objects.visible_to(actor).unread().update(read_at=now))


@command(TASTES_CHANGED)
def choose(*, actor: Actor, now: datetime, by_mail: Mapping[str, bool]) -> Unchanged:
    """Choose for oneself which kinds come by mail. A taste, so the log gets no entry.

    Raises Invalid for a kind that does not exist, Forbidden for one that may not be switched off.
    """
    rows = []
    for key, wanted in by_mail.items():
        kind = NOTICE_KINDS.get(key)
        if kind is None:
            raise Invalid("There is no such kind of notice.")
        can_choose(actor, kind, by_mail=wanted).require()
        rows.append(Preference(user_id=UUID(actor.id), kind=key, by_mail=wanted))
    Preference.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["by_mail"]
    )
    return Unchanged(value=len(rows))
