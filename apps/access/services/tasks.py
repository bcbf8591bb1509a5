"""Requests that a program asks for together, as one task with an idempotency key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from apps.access.events import BUNDLE_SUBMITTED, BUNDLE_WITHDRAWN
from apps.access.models import AccessRequest, Bundle
from apps.access.services.held import payload_digest
from apps.access.services.requests import submit, withdraw
from apps.access.states import OPEN_REQUESTS
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Forbidden
from apps.core.events import Subject
from apps.inventory.models import Asset


@dataclass(frozen=True, slots=True)
class Wanted:
    """One access that is asked for."""

    beneficiary: User
    asset: Asset
    operation: str
    minutes: int
    start_at: datetime | None = None
    ticket: str = ""
    payload: Mapping[str, Any] | None = None


def fingerprint_of(wanted: Sequence[Wanted], reason: str) -> str:
    """Return the SHA-256 of what is asked for, over its canonical JSON (RFC 8785). Raises Invalid for no plain JSON."""
    asked = [
        {
            "beneficiary": str(one.beneficiary.pk), "asset": str(one.asset.pk), "operation": one.operation,
            "minutes": one.minutes, "start_at": one.start_at.isoformat() if one.start_at else None,
            "ticket": one.ticket, "payload": dict(one.payload) if one.payload is not None else None,
        }
        for one in wanted
    ]  # fmt: skip
    return payload_digest({"wanted": asked, "reason": reason})


@command(BUNDLE_SUBMITTED)
def submit_together(
    *,
    actor: Actor,
    wanted: Sequence[Wanted],
    reason: str,
    key: str = "",
    fingerprint: str = "",
    origin: str = "authzen",
    now: datetime,
) -> Changed | Unchanged:
    """Ask for all of them or for none; the value is the Bundle, the same one for the same key.

    With a `fingerprint` a repeat has to have the same. Raises as `submit`, and Conflict when the key was used for
    something else.
    """
    if actor.user_id is None:
        raise Forbidden("Only a person or a service account asks for access.")
    earlier = Bundle.objects.filter(requester_id=actor.user_id, idempotency_key=key).first() if key else None
    if earlier is not None:
        return Unchanged(value=_same(earlier, wanted, fingerprint))
    try:
        with transaction.atomic():
            bundle = Bundle.objects.create(
                requester_id=actor.user_id, created_at=now, idempotency_key=key, fingerprint=fingerprint
            )
    except IntegrityError:
        raise Conflict("The same is being asked for just now.") from None
    for one in wanted:
        submit(
            actor=actor, asset=one.asset, operation=one.operation, minutes=one.minutes, reason=reason,
            beneficiary=one.beneficiary, start_at=one.start_at, ticket=one.ticket,
            payload=dict(one.payload) if one.payload is not None else None, origin=origin, bundle=bundle, now=now,
        )  # fmt: skip
    return Changed(Subject("access_bundle", str(bundle.pk)), {"requests": len(wanted)}, value=bundle)


def _same(bundle: Bundle, wanted: Sequence[Wanted], fingerprint: str) -> Bundle:
    # What approvers offered instead belongs to the bundle too, and was not asked for.
    rows = bundle.requests.filter(counter_to__isnull=True)
    asked = {(row.beneficiary_id, row.asset_id, row.operation) for row in rows}
    if bundle.fingerprint != fingerprint or asked != {
        (one.beneficiary.pk, one.asset.pk, one.operation) for one in wanted
    }:
        raise Conflict("This idempotency key was used for another request.")
    return bundle


@command(BUNDLE_WITHDRAWN)
def withdraw_together(*, actor: Actor, bundle: Bundle, now: datetime) -> Changed:
    """Take back what still waits. Raises Conflict where nothing does, and as `withdraw`."""
    waiting = list(AccessRequest.objects.filter(bundle=bundle, state__in=OPEN_REQUESTS))
    if not waiting:
        raise Conflict("This is decided already.")
    for request in waiting:
        withdraw(actor=actor, request=request, now=now)
    return Changed(Subject("access_bundle", str(bundle.pk)), {"requests": len(waiting)}, value=bundle)
