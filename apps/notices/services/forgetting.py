"""Retention: what was read, and what was sent, is kept for 90 days."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.events import Subject
from apps.notices.events import FORGOTTEN
from apps.notices.models import Delivery, Notice
from apps.notices.states import DELIVERY

KEEP = timedelta(days=90)
AT_ONCE = 5000


@command(FORGOTTEN)
def forget(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Remove notices read, and messages sent or dropped, more than 90 days ago; the value is how many, at most 10,000.

    Unread notices and messages that were given up stay: nobody has dealt with them yet.
    """
    notices = Notice.objects.filter(read_at__lt=now - KEEP, created_at__lt=now - KEEP)
    messages = Delivery.objects.filter(state__in=sorted(DELIVERY.terminal), ended_at__lt=now - KEEP)
    old = {"notices": _removed(notices), "messages": _removed(messages)}
    if not sum(old.values()):
        return Unchanged(value=0)
    return Changed(Subject("notices", "old", "Old notices"), dict(old), value=sum(old.values()))


def _removed(rows: QuerySet[Any]) -> int:
    ids = list(rows.order_by().values_list("pk", flat=True)[:AT_ONCE])
    removed: int = rows.filter(pk__in=ids).delete()[0]
    return removed
