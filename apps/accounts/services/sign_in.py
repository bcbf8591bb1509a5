"""What the sign-in library did, written to the audit log. Called by receivers and the adapter, one call each."""

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core.cache import cache

from apps.accounts import events
from apps.accounts.models import User
from apps.accounts.services.sessions import drop_sessions, subject_of
from apps.core.actor import Actor
from apps.core.command import record
from apps.core.events import Subject

UNKNOWN = Subject("user", "", "unknown account")
#: A locked account is written down once in this time, not once per attempt.
LOCK_NOTED_SECONDS = 300


def signed_in(*, actor: Actor, user: User, method: str) -> None:
    """Record a completed sign-in."""
    record(events.SIGNED_IN, actor=actor, subject=subject_of(user), details={"method": method})


def sign_in_failed(*, actor: Actor, user: User | None, step: str) -> None:
    """Record a failed step; what was typed is never kept, for people type passwords into the wrong field."""
    subject = subject_of(user) if user is not None else UNKNOWN
    record(events.SIGN_IN_FAILED, actor=actor, subject=subject, details={"step": step})


def sign_in_locked(*, actor: Actor, user: User | None, step: str) -> None:
    """Record, once per lock, that attempts are refused."""
    whom = str(user.pk) if user is not None else actor.origin
    if not cache.add(f"accounts.locked.{whom}", "noted", timeout=LOCK_NOTED_SECONDS):
        return
    subject = subject_of(user) if user is not None else UNKNOWN
    record(events.SIGN_IN_LOCKED, actor=actor, subject=subject, details={"step": step})


def stepped_up(*, actor: Actor, user: User, method: str, old_key: str, new_key: str) -> None:
    """Record that the person proved themselves again; the list of sessions follows the new session key."""
    UserSession.objects.filter(user=user, session_key=old_key).update(session_key=new_key)
    record(events.STEPPED_UP, actor=actor, subject=subject_of(user), details={"method": method})


def factor_added(*, actor: Actor, user: User, factor: Authenticator) -> None:
    """Record a new second factor."""
    record(events.FACTOR_ADDED, actor=actor, subject=subject_of(user), details={"factor": factor.type})


def factor_removed(*, actor: Actor, user: User, factor: Authenticator, session_key: str) -> None:
    """Record a removed second factor; every session but `session_key` ends, for the factor may have proven it."""
    drop_sessions(user, spare=session_key)
    record(events.FACTOR_REMOVED, actor=actor, subject=subject_of(user), details={"factor": factor.type})


def factor_reset(*, actor: Actor, user: User, factor: Authenticator) -> None:
    """Record that recovery codes were renewed."""
    record(events.FACTOR_RESET, actor=actor, subject=subject_of(user), details={"factor": factor.type})


def password_changed(*, actor: Actor, user: User) -> None:
    """Record a changed password."""
    record(events.PASSWORD_CHANGED, actor=actor, subject=subject_of(user))
