"""Asking: submit, withdraw, remind, extend."""

from datetime import UTC, datetime
from typing import Any

from apps.access.events import REQUEST_REMINDED, REQUEST_SUBMITTED, REQUEST_WITHDRAWN
from apps.access.models import AccessRequest, Bundle, Grant
from apps.access.queries.plan import Plan, plan
from apps.access.rules.requests import can_extend, can_remind, can_request, can_withdraw, person_id
from apps.access.services.due import escalate_due, expire_due, remind_due
from apps.access.services.notifying import subject_of, tell_asked
from apps.access.services.routing import approve_now, drop_held, end, fail, insert, lock_people, open_stage, waiting
from apps.access.states import RequestState
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Forbidden, Invalid, NotFound
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset

__all__ = ["escalate_due", "expire_due", "extend", "remind", "remind_due", "submit", "withdraw"]

LONGEST_REASON = 2000
#: Where a request may come from.
ORIGINS = ("page", "api", "authzen")


@command(REQUEST_SUBMITTED)
def submit(
    *,
    actor: Actor,
    asset: Asset,
    operation: str,
    minutes: int,
    reason: str,
    beneficiary: User | None = None,
    start_at: datetime | None = None,
    ticket: str = "",
    origin: str = "page",
    extends: Grant | None = None,
    payload: dict[str, Any] | None = None,
    bundle: Bundle | None = None,
    now: datetime,
) -> Changed:
    """Ask for an operation on an asset; the value is the AccessRequest.

    Tier 3 is approved and granted in the same transaction; a request that nobody may approve has failed when this
    returns. Raises Forbidden with what the plan says against it, Invalid for what is badly written, Conflict when the
    same was asked for meanwhile.
    """
    _check(reason, ticket, origin, operation)
    requester, wanted = _people(actor, beneficiary)
    can_request(actor, wanted).require()
    _same_access(actor, extends, asset, operation, wanted, now)
    common: dict[str, Any] = {
        "requester": requester,
        "beneficiary": wanted,
        "asset": _as_it_is(asset),
        "minutes": minutes,
        "start_at": start_at.astimezone(UTC) if start_at else None,
        "extends": extends,
    }
    planned = plan(actor=actor, operation=operation, origin=origin, now=now, **common)
    _allowed(planned)
    texts = {"reason": reason.strip(), "ticket": ticket.strip(), "origin": origin}
    row = insert(planned, now, payload=payload, bundle=bundle, **texts, **common)
    _set_off(actor, row, planned, now)
    return Changed(subject_of(row), _details(row), value=row, after=row.state)


def _allowed(planned: Plan) -> None:
    """Raise Forbidden with the reason of the plan and what would help."""
    if not planned.decision:
        raise Forbidden(planned.decision.reason, remedy=planned.remedy)


def _as_it_is(asset: Asset) -> Asset:
    """Return the asset read anew: what the caller holds may be old, and the digest is over what is true now."""
    return Asset.objects.select_related("owner", "parent__owner").get(pk=asset.pk)


def _same_access(
    actor: Actor, extends: Grant | None, asset: Asset, operation: str, beneficiary: User, now: datetime
) -> None:
    """Refuse to extend what is not the actor's, or by something else than it."""
    if extends is None:
        return
    can_extend(actor, extends, now).require()
    if (extends.asset_id, extends.operation, extends.holder_id) != (asset.pk, operation, beneficiary.pk):
        raise Invalid("An extension is for the same access.", operation="Not the same access.")


def _set_off(actor: Actor, row: AccessRequest, planned: Plan, now: datetime) -> None:
    """Grant at once, put it to its first stage, or fail for want of approvers."""
    if not planned.routed:
        short = next((stage.position for stage in planned.stages if len(stage.people) < stage.need), 0)
        row.stage = short or len(planned.stages)
        AccessRequest.objects.filter(pk=row.pk).update(stage=row.stage)
        fail(actor=actor, request=row, now=now)
    elif planned.automatic:
        approve_now(actor=actor, request=row, now=now)
    else:
        open_stage(actor=actor, request=row, number=1, now=now)


def _people(actor: Actor, beneficiary: User | None) -> tuple[User, User]:
    """Return requester and beneficiary, their rows locked: two requests for one person follow each other, and
    none slips past a deactivation."""
    asker = person_id(actor)
    wanted = beneficiary.pk if beneficiary else asker
    found = lock_people(asker, wanted)
    if len(found) < len({asker, wanted}):
        raise NotFound("No such person.")
    return found[asker], found[wanted]


def _check(reason: str, ticket: str, origin: str, operation: str) -> None:
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid("Say why, in 1 to 2,000 characters.", reason="Say why, in 1 to 2,000 characters.")
    if len(ticket) > 60:
        raise Invalid("A ticket id has at most 60 characters.", ticket="At most 60 characters.")
    if origin not in ORIGINS:
        raise Invalid("Unknown origin.", origin="Unknown.")
    if operation not in OPERATIONS:
        raise Invalid("There is no such operation.", operation="Unknown.")


def _details(row: AccessRequest) -> dict[str, object]:
    return {
        "operation": row.operation,
        "asset": row.asset_label,
        "minutes": row.minutes,
        "tier": row.tier,
        "beneficiary": str(row.beneficiary_id),
        "reason": row.reason,
        "digest": row.digest,
        "origin": row.origin,
        "policies": list(row.policy_ids),
    }


@command(REQUEST_SUBMITTED)
def extend(*, actor: Actor, grant: Grant, minutes: int, reason: str, now: datetime) -> Unchanged:
    """Ask for more time: a new request that takes the grant's place when it is granted (invariant 7); the value is it.

    Raises Forbidden unless the actor holds the active grant, and as `submit`.
    """
    made = submit(
        actor=actor,
        asset=grant.asset,
        operation=grant.operation,
        minutes=minutes,
        reason=reason,
        extends=grant,
        now=now,
    )
    return Unchanged(value=made.value)


@command(REQUEST_WITHDRAWN)
def withdraw(*, actor: Actor, request: AccessRequest, reason: str = "", now: datetime) -> Changed:
    """Take a request back. Raises Forbidden, Conflict with who decided when it is too late."""
    row = waiting(request, now)
    can_withdraw(actor, row).require()
    before = row.state
    end(row, RequestState.CANCELLED, now, why=f"{actor.label} withdrew this. {reason.strip()}".strip())
    drop_held(actor=actor, request=row, reason="The request was withdrawn.", now=now)
    return Changed(subject_of(row), {"reason": reason}, value=row, before=before, after=RequestState.CANCELLED)


@command(REQUEST_REMINDED)
def remind(*, actor: Actor, request: AccessRequest, now: datetime) -> Changed:
    """Remind those who are asked, once in 15 minutes. Raises Forbidden, Conflict."""
    row = waiting(request, now)
    can_remind(actor, row, now).require()
    moved = AccessRequest.objects.filter(pk=row.pk, reminded_at=row.reminded_at, state=RequestState.PENDING)
    if not moved.update(reminded_at=now):
        raise Conflict("They were reminded just now.")
    row.reminded_at = now
    to = list(row.asked.filter(stage=row.stage).values_list("user_id", flat=True))
    tell_asked(actor=actor, request=row, to=to, once=f"reminded:{now.isoformat()}", now=now)
    return Changed(subject_of(row), {"stage": row.stage, "people": [str(pk) for pk in to]}, value=row)
