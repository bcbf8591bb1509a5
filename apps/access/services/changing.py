"""What changes of policies and of routes share: a change is decided once, and from the version it was made for."""

from datetime import datetime
from typing import Any

from apps.access.models import PolicyChange, PolicyVersion, RouteChange, RouteVersion
from apps.access.states import POLICY_CHANGE_MACHINE, PolicyChangeState
from apps.core.actor import Actor
from apps.core.command import Changed
from apps.core.errors import Conflict
from apps.core.events import Subject


def require_newest(based_on: PolicyVersion | RouteVersion, what: str) -> None:
    """Raise Conflict when a newer version than this came into force meanwhile."""
    if type(based_on)._default_manager.filter(number__gt=based_on.number).exists():
        raise Conflict(f"The {what} changed meanwhile; start again from those in force.")


def move(change: PolicyChange | RouteChange, after: PolicyChangeState, actor: Actor, now: datetime) -> None:
    """Decide a change, by compare-and-swap. Raises Conflict when it was decided meanwhile."""
    POLICY_CHANGE_MACHINE.move(
        type(change)._default_manager.all(),
        pk=change.pk,
        before=PolicyChangeState.PROPOSED,
        after=after,
        decided_by_id=actor.user_id,
        decided_at=now,
    )
    change.state = after


def decided(subject: Subject, details: dict[str, object], after: PolicyChangeState, value: Any) -> Changed:
    """Return what a decision about a change tells the audit log."""
    return Changed(subject, details, value=value, before=PolicyChangeState.PROPOSED, after=after)
