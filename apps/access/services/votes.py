"""Deciding: approve, refuse, undo. A vote is a row that never changes and binds to the digest its voter was shown."""

from datetime import datetime

from apps.access.events import REQUEST_REBOUND, REQUEST_REFUSED, VOTE_CAST, VOTE_UNDONE
from apps.access.models import AccessRequest, PolicyVersion, Vote
from apps.access.policies.versions import current
from apps.access.queries.deciding import Standing, counted_votes, digest_now, standing
from apps.access.queries.digest import artifact_of
from apps.access.rules.requests import can_decide, can_refuse, can_undo, person_id
from apps.access.services import grants
from apps.access.services.notifying import subject_of, tell_outcome
from apps.access.services.offers import offer_less
from apps.access.services.routing import (
    advance,
    drop_held,
    end,
    locked,
    open_stage,
    still_allowed,
    waiting,
)
from apps.access.states import OPEN_REQUESTS, Choice, RequestState
from apps.core.actor import Actor, system
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid

__all__ = ["approve", "deny", "offer_less", "rebind", "undo"]

CHANGED = "This request changed since you looked at it. Look again, then decide."
BINDER = system("binding of votes")


@command(REQUEST_REBOUND)
def rebind(*, actor: Actor, request: AccessRequest, now: datetime) -> Changed | Unchanged:
    """Bind an open request to what it is about by now: another artifact or policy version voids earlier votes, and the
    route begins anew. Nothing changes where nothing changed; the value is the request."""
    row = locked(request)
    if row.state not in OPEN_REQUESTS:
        return Unchanged(value=row)
    fresh = digest_now(row)
    if fresh == row.digest:
        return Unchanged(value=row)
    before, version = row.digest, current()
    row.digest, row.artifact_digest = fresh, artifact_of(row.asset)
    AccessRequest.objects.filter(pk=row.pk).update(
        digest=fresh,
        artifact_digest=row.artifact_digest,
        policy_version=PolicyVersion.objects.filter(pk=version.pk).first() if version else None,
    )
    if row.stage > 1 and row.state == RequestState.PENDING:
        open_stage(actor=actor, request=row, number=1, now=now)
    elif row.stage > 1:
        row.stage = 1
        AccessRequest.objects.filter(pk=row.pk).update(stage=1)
    return Changed(subject_of(row), {"before": before, "after": fresh}, value=row)


def approve(
    *,
    actor: Actor,
    request: AccessRequest,
    digest: str,
    reason: str = "",
    minutes: int | None = None,
    now: datetime | None = None,
) -> Changed:
    """Approve a request as it was shown (`digest`), for fewer `minutes` if given; the value is the request.

    The last vote of the last stage opens the one grant. Raises Forbidden with why the actor may not, Conflict naming
    who decided first, or when what is decided about is not what was shown, Invalid for more minutes than asked.
    """
    when = {"now": now} if now is not None else {}
    # In a transaction of its own: what changed stays written down although the vote is turned away.
    rebind(actor=BINDER, request=request, **when)
    cast: Changed = _approve(actor=actor, request=request, digest=digest, reason=reason, minutes=minutes, **when)
    return cast


@command(VOTE_CAST)
def _approve(
    *, actor: Actor, request: AccessRequest, digest: str, reason: str, minutes: int | None, now: datetime
) -> Changed:
    row, stands = _before_a_vote(actor, request, now)
    can_decide(actor, row, now, stands).require()
    if row.state == RequestState.NEEDS_INFO:
        raise Conflict("A question is open; it is answered first.")
    _same(row, digest)
    if row.digest != digest:
        raise Conflict(CHANGED)
    if minutes is not None and minutes != row.minutes:
        _shorten(row, minutes, now)
    still_allowed(row, now)
    vote = _vote(actor, row, stands, Choice.APPROVE, reason, now)
    details = _details(vote)
    advance(actor=actor, request=row, now=now)
    return Changed(subject_of(row), details, value=row, after=row.state)


def _before_a_vote(actor: Actor, request: AccessRequest, now: datetime) -> tuple[AccessRequest, Standing]:
    row = waiting(request, now)
    return row, standing(row, now, [actor.user_id] if actor.user_id else [])


def _same(row: AccessRequest, digest: str) -> None:
    """Raise Conflict unless what was shown is what would be shown now."""
    if digest != digest_now(row):
        raise Conflict(CHANGED)


def _shorten(row: AccessRequest, minutes: int, now: datetime) -> None:
    """Narrow the time before the first vote; afterwards it would void what others approved."""
    if not 1 <= minutes < row.minutes:
        raise Invalid("Only a shorter time can be approved.", minutes="Only a shorter time can be approved.")
    if counted_votes(row):
        raise Conflict("Somebody approved it as it is; refuse it, or offer less instead.")
    row.minutes = minutes
    row.digest = digest_now(row)
    AccessRequest.objects.filter(pk=row.pk).update(minutes=minutes, digest=row.digest)


def _vote(
    actor: Actor, row: AccessRequest, stands: Standing, choice: Choice, reason: str, now: datetime, stage: int = 0
) -> Vote:
    if len(reason) > 2000:
        raise Invalid("A reason has at most 2,000 characters.")
    voter = person_id(actor)
    return Vote.objects.create(
        request=row,
        stage=stage or row.stage,
        voter_id=voter,
        on_behalf_of_id=stands.on_behalf_of(voter),
        choice=choice,
        reason=reason.strip(),
        digest=row.digest,
        strength=actor.strength.value,
        at=now,
    )


def _details(vote: Vote) -> dict[str, object]:
    return {
        "choice": str(vote.choice),
        "stage": vote.stage,
        "digest": vote.digest,
        "on_behalf_of": str(vote.on_behalf_of_id or ""),
        "reason": vote.reason,
    }


@command(REQUEST_REFUSED)
def deny(*, actor: Actor, request: AccessRequest, digest: str, reason: str, now: datetime) -> Changed:
    """Refuse a request; one refusal decides, whatever was approved before. The value is the request.

    Raises Forbidden, Conflict naming who decided first or when it changed since it was shown, Invalid without reason.
    """
    row, stands = _before_a_vote(actor, request, now)
    can_refuse(actor, row, now, stands).require()
    _same(row, digest)
    if not reason.strip():
        raise Invalid("Say why you refuse.", reason="Say why you refuse.")
    row.digest = digest
    _vote(actor, row, stands, Choice.DENY, reason, now)
    before = row.state
    end(row, RequestState.DENIED, now, why=reason.strip())
    drop_held(actor=actor, request=row, reason="The request was refused.", now=now)
    tell_outcome(actor=actor, request=row, what="refused", why=reason.strip(), now=now)
    return Changed(subject_of(row), {"reason": reason}, value=row, before=before, after=RequestState.DENIED)


@command(VOTE_UNDONE)
def undo(*, actor: Actor, request: AccessRequest, now: datetime) -> Changed:
    """Take one's approval back within 30 seconds: access it gave is removed at once. The value is the request.

    Raises Forbidden, Conflict when a later stage has voted on it since.
    """
    row = locked(request)
    last = Vote.objects.filter(request=row, voter_id=actor.user_id).order_by("-pk").first()
    can_undo(actor, row, last, now).require()
    assert last is not None
    removed = False
    if row.state == RequestState.APPROVED:
        removed = grants.undo(actor=actor, request=row, now=now)
        AccessRequest.objects.filter(pk=row.pk).update(outcome_reason=f"{actor.label} took the approval back.")
    elif any(vote.stage > last.stage for vote in counted_votes(row)):
        raise Conflict("The next stage approved it since; refuse it or revoke the grant instead.")
    Vote.objects.create(
        request=row,
        stage=last.stage,
        voter_id=last.voter_id,
        on_behalf_of_id=last.on_behalf_of_id,
        choice=Choice.WITHDRAW,
        digest=last.digest,
        strength=actor.strength.value,
        at=now,
    )
    if row.state == RequestState.PENDING and row.stage > last.stage:
        open_stage(actor=actor, request=row, number=last.stage, now=now)
    row.refresh_from_db()
    return Changed(subject_of(row), {"stage": last.stage, "removed": removed}, value=row, after=row.state)
