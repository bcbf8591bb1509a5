"""Less access that would do: a counter-offer that the requester accepts in one step."""

from datetime import datetime
from typing import Any

from apps.access.events import REQUEST_OFFERED
from apps.access.models import AccessRequest, RequestMessage, Vote
from apps.access.queries.deciding import Standing, digest_now, standing
from apps.access.queries.plan import Plan, plan
from apps.access.rules.requests import can_decide, person_id
from apps.access.services.notifying import subject_of, tell, tell_outcome
from apps.access.services.routing import drop_held, end, insert, lock_people, open_stage, waiting
from apps.access.states import REQUEST_MACHINE, Choice, RequestState
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.governance.operations import OPERATIONS

#: Characters that a message keeps.
LONGEST_TEXT = 2000


def is_less(request: AccessRequest, operation: str, minutes: int) -> bool:
    """Return whether an operation and a time give less than the request: another operation that is known to do so, or
    the same for a shorter time."""
    if minutes < 1 or minutes > request.minutes:
        return False
    if operation == request.operation:
        return minutes < request.minutes
    return operation in OPERATIONS[request.operation].less


@command(REQUEST_OFFERED)
def offer_less(
    *,
    actor: Actor,
    request: AccessRequest,
    digest: str,
    operation: str,
    minutes: int,
    reason: str = "",
    now: datetime,
) -> Changed:
    """Refuse a request and offer less instead; the value is the counter-offer, a request that awaits the requester.

    The offer carries the approver's vote for it; accepting (`messages.answer`) sends it on. Raises Forbidden, Conflict
    as `votes.approve`, Invalid for what is not less or could not be granted either.
    """
    lock_people(request.requester_id, request.beneficiary_id)
    row = waiting(request, now)
    stands = standing(row, now, [actor.user_id] if actor.user_id else [])
    can_decide(actor, row, now, stands).require()
    if digest != digest_now(row):
        raise Conflict("This request changed since you looked at it. Look again, then decide.")
    if not is_less(row, operation, minutes):
        raise Invalid("This is not less than what was asked for.", operation="Not less.")
    row.digest = digest
    words = f"{OPERATIONS[operation].verb}, {minutes} min"
    text = f"Would this do instead: {words}? {reason.strip()}".strip()
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"Say it in {LONGEST_TEXT - len(text) + len(reason.strip()):,} characters.")
    vote = _refuse(actor, row, stands, words, reason, now)
    tell_outcome(actor=actor, request=row, what="less was offered", why=row.outcome_reason, now=now)
    offer = _make(actor, row, _plan(row, operation, minutes, now), minutes, now)
    RequestMessage.objects.create(request=offer, author_id=person_id(actor), kind="question", text=text, at=now)
    _carry_vote(actor, offer, vote, now)
    to = [offer.requester_id, offer.beneficiary_id]
    tell("access.request.question", actor=actor, request=offer, to=to, once="offer", now=now)
    details: dict[str, object] = {"operation": operation, "minutes": minutes, "offer": offer.name}
    return Changed(subject_of(row), details, value=offer, after=RequestState.DENIED)


def _refuse(
    actor: Actor, row: AccessRequest, stands: Standing, words: str, reason: str, now: datetime
) -> dict[str, Any]:
    """Refuse the request by a vote; return what the vote for the offer has in common with it."""
    on_behalf_of = stands.on_behalf_of(actor.user_id) if actor.user_id else None
    vote: dict[str, Any] = {
        "voter_id": person_id(actor),
        "on_behalf_of_id": on_behalf_of,
        "strength": actor.strength.value,
        "at": now,
    }
    Vote.objects.create(request=row, stage=row.stage, choice=Choice.DENY, reason=reason, digest=row.digest, **vote)
    end(row, RequestState.DENIED, now, why=f"Offered instead: {words}. {reason.strip()}".strip())
    drop_held(actor=actor, request=row, reason="Less was offered instead.", now=now)
    return vote


def _plan(row: AccessRequest, operation: str, minutes: int, now: datetime) -> Plan:
    planned = plan(
        requester=row.requester,
        beneficiary=row.beneficiary,
        actor=None,
        asset=row.asset,
        operation=operation,
        minutes=minutes,
        start_at=row.start_at,
        now=now,
        extends=row.extends,
        origin=row.origin,
    )
    if not planned.decision or not planned.routed:
        why = planned.decision.reason or "Nobody could approve it."
        raise Invalid(f"This could not be granted either: {why}", operation="Could not be granted either.")
    return planned


def _make(actor: Actor, row: AccessRequest, planned: Plan, minutes: int, now: datetime) -> AccessRequest:
    """Write the offer: put to its first stage where it has one, and waiting for the requester's answer."""
    same_operation = planned.operation == row.operation
    offer = insert(
        planned,
        now,
        payload=None,
        requester=row.requester,
        beneficiary=row.beneficiary,
        asset=row.asset,
        minutes=minutes,
        reason=row.reason,
        ticket=row.ticket,
        start_at=row.start_at,
        origin=row.origin,
        extends=row.extends if same_operation else None,
        counter_to=row,
        bundle=row.bundle,
    )
    if planned.stages:
        open_stage(actor=actor, request=offer, number=1, now=now)
    REQUEST_MACHINE.move(
        AccessRequest.objects.all(),
        pk=offer.pk,
        before=RequestState.PENDING,
        after=RequestState.NEEDS_INFO,
        stage_due_at=None,
    )
    offer.state = RequestState.NEEDS_INFO
    return offer


def _carry_vote(actor: Actor, offer: AccessRequest, vote: dict[str, Any], now: datetime) -> None:
    """Who offers approves the offer, where its first stage is theirs to decide, with the proof that its tier needs."""
    if offer.stage and can_decide(actor, offer, now):
        Vote.objects.create(request=offer, stage=offer.stage, choice=Choice.APPROVE, digest=offer.digest, **vote)
