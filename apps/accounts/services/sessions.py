"""Ending sessions."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from apps.accounts.events import SESSIONS_ENDED
from apps.accounts.models import User
from apps.accounts.rules import can_end_sessions
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.events import Subject

#: How coarsely the last use of a session is kept.
SEEN_STEP = timedelta(minutes=5)


def subject_of(user: User) -> Subject:
    """Return a user as the subject of an event."""
    return Subject("user", str(user.pk), user.name or user.email)


@command(SESSIONS_ENDED)
def end_sessions(
    *, actor: Actor, now: datetime, user: User, only: Iterable[int] | None = None, spare: str = ""
) -> Changed | Unchanged:
    """End the user's sessions: all, or those whose ids are in `only`; the session key `spare` stays.

    The value is how many ended. Raises Forbidden for anyone but the user and a security admin.
    """
    can_end_sessions(actor, user).require()
    ended = drop_sessions(user, only=only, spare=spare)
    return Changed(subject_of(user), {"sessions": ended}, value=ended) if ended else Unchanged(value=0)


def touch_session(*, user: User, session_key: str, ip: str, user_agent: str, now: datetime) -> None:
    """Remember, at most every five minutes, that a session was used; in between a page view writes nothing.

    A session that is not listed yet is listed, so that none escapes being ended.
    """
    last = UserSession.objects.filter(session_key=session_key).values_list("last_seen_at", flat=True).first()
    if last is not None and now - last < SEEN_STEP:
        return
    seen = {"last_seen_at": now}
    listed = {**seen, "user": user, "ip": ip, "user_agent": user_agent[:200]}
    UserSession.objects.update_or_create(session_key=session_key, defaults=seen, create_defaults=listed)


def drop_sessions(user: User, *, only: Iterable[int] | None = None, spare: str = "") -> int:
    """Delete sessions within a command's transaction and return how many there were."""
    rows = UserSession.objects.filter(user=user).exclude(session_key=spare)
    if only is not None:
        rows = rows.filter(pk__in=list(only))
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(pk__in=keys).delete()
    rows.delete()
    return len(keys)
