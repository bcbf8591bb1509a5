"""A request on its way: made, put to the people of a stage, granted, failed. Steps that the commands share."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from apps.access.events import REQUEST_APPROVED, REQUEST_ESCALATED, REQUEST_FAILED
from apps.access.models import AccessRequest, Asked, HeldOperation, PolicyVersion
from apps.access.queries.approvers import Seat
from apps.access.queries.deciding import counted_votes, digest_now, recheck, settled, stage_of, standing
from apps.access.queries.plan import Plan
from apps.access.services.grants import open_for
from apps.access.services.held import prepare, refuse
from apps.access.services.notifying import subject_of, tell_asked, tell_nobody, tell_outcome
from apps.access.states import OPEN_REQUESTS, REQUEST_MACHINE, ApproverRule, HeldState, RequestState
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, NotFound


def locked(request: AccessRequest) -> AccessRequest:
    """Return the request as it is now, its row locked until the transaction ends. Raises NotFound."""
    rows = AccessRequest.objects.select_for_update(of=("self",), no_key=True).select_related(
        "asset__owner", "asset__parent__owner", "requester", "beneficiary", "extends"
    )
    row = rows.filter(pk=request.pk).first()
    if row is None:
        raise NotFound("No such request.")
    return row


def lock_people(*user_ids: UUID) -> dict[UUID, User]:
    """Return users by id, their rows locked: a request made for them follows a deactivation, or is seen by it.

    Called before a request is locked, because a deactivation locks in this order too.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk__in=user_ids).order_by("pk")
    return {user.pk: user for user in rows}


def waiting(request: AccessRequest, now: datetime) -> AccessRequest:
    """Return the request locked. Raises Conflict, saying who decided, when it waits for nothing any more."""
    row = locked(request)
    if row.state not in OPEN_REQUESTS:
        raise Conflict(settled(row, now))
    if now >= row.expires_at:
        raise Conflict("The time to answer this is over.")
    return row


def insert(planned: Plan, now: datetime, *, payload: dict[str, Any] | None, **fields: Any) -> AccessRequest:
    """Write a planned request, with a payload as a held operation: pending, put to nobody yet.

    Raises Conflict when the same is asked for already, Invalid as `held.prepare`.
    """
    version = planned.policy.version_number
    try:
        with transaction.atomic():
            row = AccessRequest.objects.create(
                operation=planned.operation,
                tier=planned.tier,
                route=[stage.frozen for stage in planned.stages],
                policy_version=PolicyVersion.objects.filter(number=version).first() if version else None,
                policy_ids=list(planned.policy.policy_ids),
                asset_label=str(fields["asset"]),
                artifact_digest=fields["asset"].content_digest,
                created_at=now,
                expires_at=now + timedelta(hours=planned.waits_hours),
                **fields,
            )
    except IntegrityError:
        raise Conflict("This was asked for already and waits for an answer.") from None
    if payload is not None:
        prepare(request=row, payload=payload, now=now)
    row.digest = digest_now(row)
    AccessRequest.objects.filter(pk=row.pk).update(digest=row.digest)
    return row


def put_to(*, actor: Actor, request: AccessRequest, seats: Iterable[Seat], why: str, now: datetime) -> list[UUID]:
    """Put the open stage of a request to people who were not asked yet, and tell them; return who is new."""
    known = set(request.asked.filter(stage=request.stage).values_list("user_id", flat=True))
    fresh = [
        Asked(
            request=request,
            stage=request.stage,
            user_id=seat.who.user_id,
            on_behalf_of_id=seat.on_behalf_of.user_id if seat.on_behalf_of else None,
            why=why or seat.why,
            since=now,
        )
        for seat in seats
        if seat.who.user_id not in known
    ]
    Asked.objects.bulk_create(fresh, ignore_conflicts=True)
    new = [row.user_id for row in fresh]
    tell_asked(actor=actor, request=request, to=new, once=f"asked:{request.stage}:{why}:{request.digest[:12]}", now=now)
    return new


def open_stage(*, actor: Actor, request: AccessRequest, number: int, now: datetime) -> None:
    """Open a stage: its clock starts, its people are asked. Who is asked may escalate at once; nobody at all fails it.

    The row is locked by the caller.
    """
    minutes = int(request.route[number - 1]["answer_minutes"])
    changes = {"stage": number, "stage_due_at": now + timedelta(minutes=minutes), "escalated_at": None}
    REQUEST_MACHINE.move(
        AccessRequest.objects.all(),
        pk=request.pk,
        before=RequestState.PENDING,
        after=RequestState.PENDING,
        reminded_at=None,
        **changes,
    )
    for name, value in {**changes, "reminded_at": None}.items():
        setattr(request, name, value)
    seat_stage(actor=actor, request=request, now=now)


def seat_stage(*, actor: Actor, request: AccessRequest, now: datetime) -> int:
    """Put the open stage to those who may decide it; return how many are new.

    Too few are helped by the stage's escalation; still too few, and the request fails: it is never approved for lack
    of an approver.
    """
    need = int(str(stage_of(request)["need"]))
    seats = _free_seats(request, now)
    if not _enough(request, seats, need) and stage_of(request)["escalate_to"] and request.escalated_at is None:
        seats = _escalated(actor=actor, request=request, known=seats, now=now).value
    if not _enough(request, seats, need):
        fail(actor=actor, request=request, now=now)
        return 0
    return len(put_to(actor=actor, request=request, seats=seats, why="", now=now))


@command(REQUEST_ESCALATED)
def _escalated(*, actor: Actor, request: AccessRequest, known: list[Seat], now: datetime) -> Changed:
    """Escalate a stage that too few could decide; the value is who may decide it now."""
    AccessRequest.objects.filter(pk=request.pk).update(escalated_at=now)
    request.escalated_at = now
    seats = _free_seats(request, now)
    before = {seat.who.user_id for seat in known}
    added = [str(seat.who.user_id) for seat in seats if seat.who.user_id not in before]
    return Changed(subject_of(request), {"stage": request.stage, "people": added}, value=seats)


def _free_seats(request: AccessRequest, now: datetime) -> list[Seat]:
    found = standing(request, now)
    return found.bench.seats(found.taken)


def _enough(request: AccessRequest, seats: list[Seat], need: int) -> bool:
    """Whether distinct persons are left for the votes still missing; a delegate adds nobody to the one stood in for."""
    given = sum(1 for vote in counted_votes(request) if vote.stage == request.stage)
    people: list[Seat] = []
    for seat in seats:
        if not any(a.same_as(b) for other in people for a in other.people for b in seat.people):
            people.append(seat)
    return len(people) >= need - given


def advance(*, actor: Actor, request: AccessRequest, now: datetime) -> None:
    """Go on when the open stage has its votes: to the next stage, or to the grant. The row is locked by the caller."""
    need = int(str(stage_of(request).get("need", 0)))
    if sum(1 for vote in counted_votes(request) if vote.stage == request.stage) < need:
        return
    if request.stage < len(request.route):
        open_stage(actor=actor, request=request, number=request.stage + 1, now=now)
        return
    approve_now(actor=actor, request=request, now=now)


def still_allowed(request: AccessRequest, now: datetime) -> None:
    """Raise Conflict when the request would be refused by now: duties, policies, the asset or its people changed."""
    answer = recheck(request, now)
    if not answer.decision:
        raise Conflict(f"This cannot be granted any more: {answer.decision.reason}")


@command(REQUEST_APPROVED)
def approve_now(*, actor: Actor, request: AccessRequest, now: datetime) -> Changed:
    """Approve a request that has all it needs, and open its one grant in the same transaction."""
    end(request, RequestState.APPROVED, now, before=[RequestState.PENDING])
    grant = open_for(actor=actor, request=request, now=now)
    tell_outcome(actor=actor, request=request, what="approved", why="", now=now)
    details: dict[str, object] = {
        "operation": request.operation,
        "asset": request.asset_label,
        "minutes": request.minutes,
        "tier": request.tier,
        "approvers": [str(vote.voter_id) for vote in counted_votes(request)],
    }
    return Changed(subject_of(request), details, value=grant, before=RequestState.PENDING, after=RequestState.APPROVED)


@command(REQUEST_FAILED)
def fail(*, actor: Actor, request: AccessRequest, now: datetime) -> Changed:
    """End a request that nobody may approve; the requester and the security administrators are told."""
    rule = str(stage_of(request).get("rule", "")) or "no route"
    label = ApproverRule(rule).label if rule in ApproverRule.values else "no route for this tier"
    why = f"Nobody is left who may approve this ({label}). The security administrators were told."
    end(request, RequestState.FAILED, now, why=why)
    drop_held(actor=actor, request=request, reason=why, now=now)
    tell_nobody(actor=actor, request=request, why=why, now=now)
    return Changed(
        subject_of(request), {"stage": request.stage, "rule": rule}, value=request, after=RequestState.FAILED
    )


def end(
    request: AccessRequest,
    after: RequestState,
    now: datetime,
    *,
    why: str = "",
    before: Iterable[str] = OPEN_REQUESTS,
) -> None:
    """Move a request to one of its ends. Raises Conflict when it got there before."""
    REQUEST_MACHINE.move(
        AccessRequest.objects.all(),
        pk=request.pk,
        before=before,
        after=after,
        decided_at=now,
        stage_due_at=None,
        outcome_reason=why[:500],
    )
    request.state, request.decided_at, request.stage_due_at = after, now, None
    request.outcome_reason = why[:500]


def drop_held(*, actor: Actor, request: AccessRequest, reason: str, now: datetime) -> None:
    """Refuse the held operation of a request that ends without an approval."""
    held = HeldOperation.objects.filter(request=request, state=HeldState.WAITING).first()
    if held is not None:
        refuse(actor=actor, held=held, reason=reason, now=now)
