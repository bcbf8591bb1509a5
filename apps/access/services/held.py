"""Held operations: the operation itself is approved, held, and run once, exactly as approved."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import rfc8785
from django.db.models import Q

from apps.access.events import (
    HELD_APPROVED,
    HELD_EXPIRED,
    HELD_FAILED,
    HELD_REFUSED,
    HELD_RUN,
    HELD_STARTED,
)
from apps.access.models import AccessRequest, Binding, HeldOperation
from apps.access.provisioning.contract import Order, Provisioner, Report
from apps.access.provisioning.registry import PROVISIONERS
from apps.access.queries.cover import binding_for, resource_of
from apps.access.queries.held import verifies
from apps.access.rules.held import can_hold, can_run
from apps.access.services.leases import LEASE, backoff
from apps.access.services.notifying import tell_held
from apps.access.states import HELD_MACHINE, HeldState, Presence, RequestState
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.governance.operations import verb_of

#: An approval can be taken back for this long, so nothing that cannot be taken back runs before.
UNDO_WINDOW = timedelta(seconds=30)
RUN_WITHIN = timedelta(hours=24)
MAX_LOOKS = 20
BY_HAND = "manual"
ACTOR = system("reconciler")
_NOT_APPROVED = [RequestState.DENIED, RequestState.CANCELLED, RequestState.EXPIRED, RequestState.FAILED]


def subject_of_held(held: HeldOperation) -> Subject:
    """Return the held operation as the audit log names it: by its request."""
    request = held.request
    return Subject(
        "access_request", str(request.pk), f"{request.name}: {verb_of(request.operation)}, {request.asset_label}"
    )


def payload_digest(payload: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the payload's canonical JSON (RFC 8785). Raises Invalid where it is none."""
    try:
        return hashlib.sha256(rfc8785.dumps(dict(payload))).hexdigest()
    except (rfc8785.CanonicalizationError, RecursionError):
        raise Invalid("The payload is not plain JSON.", payload="The payload is not plain JSON.") from None


def prepare(*, request: AccessRequest, payload: Mapping[str, Any], now: datetime) -> HeldOperation:
    """Write the held operation of a new request, in the caller's transaction.

    Raises Invalid for an operation that is not held, a payload that is no JSON object, and an asset whose content is
    not known by digest: nothing could be verified later.
    """
    may = can_hold(request.asset, request.operation)
    if not may:
        raise Invalid(may.reason)
    return HeldOperation.objects.create(
        request=request,
        payload=dict(payload),
        payload_digest=payload_digest(payload),
        artifact_digest=request.artifact_digest or request.asset.content_digest,
    )


@command(HELD_APPROVED)
def hold(*, actor: Actor, held: HeldOperation, now: datetime) -> Changed:
    """Hold the operation of an approved request until the approval can no longer be undone. Raises Conflict."""
    start = max(held.request.start_at or now, now + UNDO_WINDOW)
    HELD_MACHINE.move(
        HeldOperation.objects.filter(request__state=RequestState.APPROVED),
        pk=held.pk,
        before=HeldState.WAITING,
        after=HeldState.HELD,
        due_at=start,
        run_by=start + RUN_WITHIN,
        binding=binding_for(held.request.asset, held.request.operation),
    )
    held.refresh_from_db()
    run_by = (start + RUN_WITHIN).isoformat()
    return _changed(held, HeldState.WAITING, run_by=run_by)


@command(HELD_REFUSED)
def refuse(*, actor: Actor, held: HeldOperation, reason: str, now: datetime) -> Changed | Unchanged:
    """Refuse an operation that has not begun; whether the actor may is the caller's question.

    The value is whether this refused it: one that runs or has run is not stopped.
    """
    before = HeldOperation.objects.values_list("state", flat=True).get(pk=held.pk)
    if not HELD_MACHINE.allows(before, HeldState.REFUSED):
        return Unchanged(value=False)
    ended: dict[str, Any] = {"ended_at": now, "due_at": None, "result": {"refused": reason[:500]}}
    HELD_MACHINE.move(HeldOperation.objects.all(), pk=held.pk, before=before, after=HeldState.REFUSED, **ended)
    held.refresh_from_db()
    if before == HeldState.HELD:
        tell_held(actor=actor, request=held.request, what="not run", why=reason, now=now)
    return _changed(held, before, value=True, reason=reason)


@command(HELD_STARTED)
def start(*, actor: Actor, held: HeldOperation, now: datetime) -> Changed | Unchanged:
    """Begin an operation, under a lease, if the artifact still is what was approved; else refuse it.

    Raises Forbidden, Conflict when it is not held any more or somebody else began it.
    """
    can_run(actor, held, now).require()
    verdict = verifies(held)
    if not verdict or payload_digest(held.payload) != held.payload_digest:
        reason = verdict.reason or "The payload is not the one that was approved."
        refuse(actor=actor, held=held, reason=reason, now=now)
        return Unchanged(value=held)
    HELD_MACHINE.move(
        HeldOperation.objects.filter(run_by__gt=now, due_at__lte=now),
        pk=held.pk,
        before=HeldState.HELD,
        after=HeldState.RUNNING,
        started_at=now,
        claimed_until=now + LEASE,
        due_at=now + LEASE,
        attempts=1,
    )
    held.refresh_from_db()
    return _changed(held, HeldState.HELD, value=held, payload_digest=held.payload_digest)


def run(*, actor: Actor, held: HeldOperation) -> HeldOperation:
    """Run a held operation now: begin it, have it executed once, and keep what came of it.

    The transaction that begins it is over before the target is called. Raises as `start`.
    """
    start(actor=actor, held=held)
    held.refresh_from_db()
    if held.state == HeldState.RUNNING:
        carrier, order = _order(held)
        _settle(held, _call(carrier.execute, order))
        held.refresh_from_db()
    return held


def look(held: HeldOperation, now: datetime) -> None:
    """Look what came of an operation that was begun; it is executed again only if the target says it never was."""
    taken = HeldOperation.objects.filter(
        Q(claimed_until__isnull=True) | Q(claimed_until__lte=now),
        pk=held.pk,
        state=HeldState.RUNNING,
        due_at__lte=now,
        attempts=held.attempts,
    ).update(claimed_until=now + LEASE, attempts=held.attempts + 1)
    if not taken:
        return
    held.refresh_from_db()
    carrier, order = _order(held)
    report = _call(carrier.executed, order)
    if report.worked and report.observed == Presence.ABSENT and report.retry_after is None:
        report = _call(carrier.execute, order)
    _settle(held, report)


def carrier_for(binding: Binding | None) -> Provisioner:
    """Return what runs a held operation: the binding's own provisioner if it runs operations, else a person by hand."""
    carrier = PROVISIONERS.get(binding.provisioner) if binding else None
    return carrier if carrier is not None and carrier.executes else PROVISIONERS[BY_HAND]


def _order(held: HeldOperation) -> tuple[Provisioner, Order]:
    binding = held.binding
    carrier = carrier_for(binding)
    order = Order(
        key=f"held:{held.pk}",
        operation=held.request.operation,
        resource=resource_of(binding, held.request.asset) if binding else held.request.asset_label,
        payload=held.payload,
        payload_digest=held.payload_digest,
        artifact_digest=held.artifact_digest,
        held=held.pk,
        connection=binding.connection if binding else None,
        settings=binding.settings if binding else {},
    )
    return carrier, order


def _call(what: Any, order: Order) -> Report:
    try:
        report = what(order)
    except Exception as problem:
        return Report(False, evidence={"problem": f"{type(problem).__name__}: {problem}"[:300]})
    return report if isinstance(report, Report) else Report(False, evidence={"problem": "No report came back."})


def _settle(held: HeldOperation, report: Report) -> None:
    """Keep the outcome: run, refused by the target, or not known yet, which is looked at again."""
    refused = not report.worked and report.evidence.get("refused")
    try:
        if report.observed == Presence.PRESENT:
            mark_run(actor=ACTOR, held=held, report=report)
        elif refused or (held.attempts >= MAX_LOOKS and not report.waits):
            mark_failed(actor=ACTOR, held=held, report=report)
        else:
            again = clock.now() + backoff(held.attempts, report.retry_after)
            mine = HeldOperation.objects.filter(pk=held.pk, state=HeldState.RUNNING, claimed_until=held.claimed_until)
            waited = {"attempts": 1} if report.waits else {}
            mine.update(claimed_until=None, due_at=again, **waited)
    except Conflict:
        return


@command(HELD_RUN)
def mark_run(*, actor: Actor, held: HeldOperation, report: Report, now: datetime) -> Changed:
    """The target says it was run. Raises Conflict when somebody else settled it."""
    _end(held, HeldState.DONE, report, now)
    tell_held(actor=actor, request=held.request, what="run as approved", why="", now=now)
    return _changed(held, HeldState.RUNNING, payload_digest=held.payload_digest, result=held.result)


@command(HELD_FAILED)
def mark_failed(*, actor: Actor, held: HeldOperation, report: Report, now: datetime) -> Changed:
    """The target refused it, or nobody can tell what came of it. Raises Conflict when somebody else settled it."""
    _end(held, HeldState.FAILED, report, now)
    problem = str(report.evidence.get("problem") or "What came of it is not known: look at the target.")
    tell_held(actor=actor, request=held.request, what="failed", why=problem, now=now)
    return _changed(held, HeldState.RUNNING, problem=problem)


def _end(held: HeldOperation, state: HeldState, report: Report, now: datetime) -> None:
    mine = HeldOperation.objects.filter(claimed_until=held.claimed_until)
    result = dict(report.evidence)
    HELD_MACHINE.move(
        mine, pk=held.pk, before=HeldState.RUNNING, after=state, ended_at=now, due_at=None, claimed_until=None,
        result=result,
    )  # fmt: skip
    held.refresh_from_db()


@command(HELD_EXPIRED)
def expire(*, actor: Actor, held: HeldOperation, now: datetime) -> Changed:
    """End an operation that was approved and not run in time. Raises Conflict."""
    late = HeldOperation.objects.filter(run_by__lte=now)
    HELD_MACHINE.move(late, pk=held.pk, before=HeldState.HELD, after=HeldState.EXPIRED, ended_at=now, due_at=None)
    held.refresh_from_db()
    tell_held(
        actor=actor, request=held.request, what="not run in time", why="Ask again if it is still wanted.", now=now
    )
    return _changed(held, HeldState.HELD)


def run_due() -> int:
    """Run what is due, look at what was begun, end what is too late or was not approved; return how many."""
    now, moved = clock.now(), 0
    rows = HeldOperation.objects.select_related("request__asset", "binding").order_by("pk")
    for held in rows.filter(state=HeldState.WAITING, request__state__in=_NOT_APPROVED)[:100]:
        refuse(actor=ACTOR, held=held, reason="The request was not approved.", now=now)
        moved += 1
    for held in rows.filter(due_at__lte=now, state__in=[HeldState.HELD, HeldState.RUNNING])[:100]:
        try:
            if held.state == HeldState.RUNNING:
                look(held, now)
            elif held.run_by is not None and held.run_by <= now:
                expire(actor=ACTOR, held=held, now=now)
            else:
                run(actor=ACTOR, held=held)
        except Conflict:
            continue
        moved += 1
    return moved


def _changed(held: HeldOperation, before: str, *, value: Any = None, **facts: object) -> Changed:
    return Changed(
        subject_of_held(held),
        {"operation": held.request.operation, **facts},
        value=held if value is None else value,
        before=before,
        after=held.state,
    )
