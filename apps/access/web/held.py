"""What one holds and waits for now, as rows of a page: time left, and what may be done about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.access.models import AccessRequest, Grant
from apps.access.queries import mine
from apps.access.queries.emergency import permit_of
from apps.access.rules.grants import can_release
from apps.access.rules.requests import can_extend, can_remind, can_withdraw
from apps.access.states import GRANT_TONES, REQUEST_TONES, GrantState, RequestState
from apps.access.web.words import clock_time, since, span
from apps.core.actor import Actor
from apps.core.decision import Decision


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A grant with the words of its time, and what its holder may do."""

    grant: Grant
    state: str
    tone: str
    left: str
    ends: str
    left_minutes: float
    whole_minutes: float
    extend: Decision
    release: Decision


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A request that waits, with whom it is, and what may be done."""

    request: AccessRequest
    state: str
    tone: str
    waited: str
    remind: Decision
    withdraw: Decision


def held_row(grant: Grant, actor: Actor, now: datetime) -> HeldRow:
    """Return a grant as a row. No query beyond the grant as `queries.mine` fetched it."""
    left, whole, words, ends = 0.0, 0.0, "", ""
    if grant.expires_at is not None and grant.activated_at is not None:
        whole = (grant.expires_at - grant.activated_at).total_seconds() / 60
        left = max(0.0, (grant.expires_at - now).total_seconds() / 60)
        words, ends = span(left), clock_time(grant.expires_at, now)
    elif grant.state == GrantState.SCHEDULED:
        ends = f"starts {clock_time(grant.start_at, now)}" if grant.start_at > now else "starts at once"
    state = GrantState(grant.state)
    return HeldRow(
        grant=grant,
        state=str(state.label),
        tone=GRANT_TONES[state],
        left=words,
        ends=ends,
        left_minutes=left,
        whole_minutes=whole,
        extend=can_extend(actor, grant, now),
        release=can_release(actor, grant),
    )


def waiting_row(request: AccessRequest, actor: Actor, now: datetime) -> WaitingRow:
    """Return a waiting request as a row. No query."""
    state = RequestState(request.state)
    return WaitingRow(
        request=request,
        state=str(state.label),
        tone=REQUEST_TONES[state],
        waited=since(request.created_at, now),
        remind=can_remind(actor, request, now),
        withdraw=can_withdraw(actor, request),
    )


def now_context(actor: Actor, now: datetime) -> dict[str, Any]:
    """Return what "My access now" shows. Three queries."""
    held = [held_row(grant, actor, now) for grant in mine.held_now(actor)[:100]]
    waiting = [waiting_row(request, actor, now) for request in mine.waiting_now(actor, now)[:100]]
    active = sum(1 for row in held if row.grant.state == GrantState.ACTIVE)
    emergency = permit_of(actor.user_id, now) is not None if actor.user_id else False
    return {"held": held, "waiting": waiting, "active_count": active, "may_emergency": emergency, "now": now}
