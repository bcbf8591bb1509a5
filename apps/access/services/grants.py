"""The life of a grant as people change it: opened by an approval, given back, revoked, undone, taken from a leaver."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from apps.access.events import GRANT_ENDING, GRANT_OPENED
from apps.access.models import AccessRequest, Binding, Grant, HeldOperation
from apps.access.provisioning.registry import PORTAL
from apps.access.queries.cover import binding_for
from apps.access.rules.grants import can_release, can_revoke
from apps.access.services.activation import begin
from apps.access.services.ending import TASK, end_grant, end_if_live
from apps.access.services.held import hold, refuse
from apps.access.services.receipts import subject_of
from apps.access.states import LIVE_GRANTS, EndReason, GrantState, RequestState
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid
from apps.core.jobs import enqueue
from apps.inventory.models import Asset

#: How long after its start a grant may still begin; then it has ended unused.
ACTIVATE_WITHIN = timedelta(hours=24)


def open_for(*, actor: Actor, request: AccessRequest, now: datetime) -> Grant | None:
    """Open the one grant of an approved request, inside the caller's transaction, and let it begin if it may now.

    A request for a held operation has no grant: its operation is held instead, and None returned. Raises Conflict
    when the request is not approved or has its grant already, Invalid when nothing carries the operation.
    """
    held = HeldOperation.objects.filter(request=request).first()
    if held is not None:
        hold(actor=actor, held=held, now=now)
        return None
    grant: Grant = open_grant(actor=actor, request=request, now=now).value
    if grant.start_at <= now and grant.binding.provisioner == PORTAL:
        begin(actor=actor, grant=grant, now=now)
        grant.refresh_from_db()
    else:
        enqueue(TASK, grant.pk)
    return grant


@command(GRANT_OPENED)
def open_grant(*, actor: Actor, request: AccessRequest, now: datetime) -> Changed:
    """Write the grant of an approved request: scheduled, to begin at its start. Raises as `open_for`."""
    state = AccessRequest.objects.values_list("state", flat=True).get(pk=request.pk)
    if state != RequestState.APPROVED:
        raise Conflict("Only an approved request has a grant.")
    start = max(request.start_at or now, now)
    try:
        with transaction.atomic():
            grant = Grant.objects.create(
                request=request,
                holder_id=request.beneficiary_id,
                asset_id=request.asset_id,
                asset_label=request.asset_label,
                operation=request.operation,
                tier=request.tier,
                minutes=request.minutes,
                binding=carrying_binding(request.asset, request.operation, now),
                start_at=start,
                activate_by=start + ACTIVATE_WITHIN,
                due_at=start,
                created_at=now,
            )
    except IntegrityError:
        raise Conflict("This request has its grant already.") from None
    facts: dict[str, object] = {
        "request": request.name,
        "operation": grant.operation,
        "asset": grant.asset_label,
        "minutes": grant.minutes,
        "start_at": start.isoformat(),
        "holder": str(grant.holder_id),
    }
    return Changed(subject_of(grant), facts, value=grant, after=GrantState.SCHEDULED)


def carrying_binding(asset: Asset, operation: str, now: datetime) -> Binding:
    """Return the binding that carries an operation on an asset; the portal's own where no other does."""
    found = binding_for(asset, operation)
    if found is not None:
        return found
    if Binding.objects.filter(asset__isnull=True, asset_kind="", enabled=True).exists():
        raise Invalid("No binding carries this operation on this asset.")
    made, _ = Binding.objects.get_or_create(
        asset=None, asset_kind="", enabled=True, defaults={"provisioner": PORTAL, "created_at": now}
    )
    return made


@command(GRANT_ENDING)
def release(*, actor: Actor, grant: Grant, now: datetime) -> Unchanged:
    """Give access back. Raises Forbidden unless the actor holds it, Conflict when it ended meanwhile."""
    can_release(actor, grant).require()
    scheduled = grant.state == GrantState.SCHEDULED
    reason = EndReason.WITHDRAWN if scheduled else EndReason.RELEASED
    end_grant(actor=actor, grant=grant, reason=reason, now=now)
    return Unchanged(value=grant)


@command(GRANT_ENDING)
def revoke(*, actor: Actor, grant: Grant, reason: str, now: datetime) -> Unchanged:
    """Revoke a grant. Raises Forbidden, Invalid without a reason, Conflict when it ended meanwhile."""
    can_revoke(actor, grant).require()
    if not reason.strip() or len(reason) > 500:
        raise Invalid("Say why, in 1 to 500 characters.", note="Say why.")
    end_grant(actor=actor, grant=grant, reason=EndReason.REVOKED, note=reason.strip(), now=now)
    return Unchanged(value=grant)


def undo(*, actor: Actor, request: AccessRequest, now: datetime) -> bool:
    """Take away at once what an approval gave that is taken back; the caller asked whether it may. Return whether
    anything was taken."""
    held = HeldOperation.objects.filter(request=request).first()
    if held is not None:
        return bool(refuse(actor=actor, held=held, reason="The approval was undone.", now=now).value)
    grant = Grant.objects.filter(request=request, state__in=LIVE_GRANTS).first()
    return grant is not None and end_if_live(
        actor=actor, grant=grant, reason=EndReason.UNDONE, note="The approval was undone.", now=now
    )


def end_all_of(*, actor: Actor, user: User, reason: EndReason, now: datetime, note: str = "") -> int:
    """End every grant a user holds that still lives, in the caller's transaction; return how many."""
    ended = 0
    for grant in Grant.objects.filter(holder=user, state__in=LIVE_GRANTS).select_related("binding").order_by("pk"):
        ended += end_if_live(actor=actor, grant=grant, reason=reason, note=note, now=now)
    return ended


def offboard(actor: Actor, user: User, now: datetime) -> None:
    """Take part in a person's deactivation (`accounts.participants`)."""
    end_all_of(actor=actor, user=user, reason=EndReason.OFFBOARDED, now=now)
