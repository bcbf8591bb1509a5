"""Ending grants: the portal refuses at once, the target is made to follow, and only what was seen gone has ended."""

from datetime import datetime, timedelta

from django.db.models import F

from apps.access.events import GRANT_DRIFTED, GRANT_ENDED, GRANT_ENDING
from apps.access.models import Grant, ManualTask
from apps.access.provisioning.contract import Report
from apps.access.provisioning.registry import PORTAL
from apps.access.queries.live import live_grants
from apps.access.services.receipts import Line, subject_of, write_lines
from apps.access.services.telling import tell
from apps.access.states import GRANT_MACHINE, Carried, EndReason, GrantState, Presence
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command, record
from apps.core.errors import Conflict
from apps.core.jobs import enqueue

TASK = "access.carry"
#: Moves of these states lead to `ending`.
CARRIED = (GrantState.ACTIVATING, GrantState.ACTIVE, GrantState.SUSPENDED)
#: What the holder did not do, and no clock: they are told.
TOLD = (EndReason.REVOKED, EndReason.UNDONE, EndReason.REVIEW, EndReason.SIGNAL)
#: A late call of a worker that was stopped half-way would show by then.
SECOND_LOOK = timedelta(minutes=2)
BATCH = 500
_DECIDED_HERE = {"decided by": "the decision point of the portal", "usable": False}


@command(GRANT_ENDING)
def end_grant(*, actor: Actor, grant: Grant, reason: EndReason, note: str = "", now: datetime) -> Changed:
    """Take a grant away, for whatever reason; whether the actor may is the caller's question.

    A scheduled one has ended with that: nothing was ever given. The portal's own are seen gone in the same transaction.
    Raises Conflict when it has ended or is ending already.
    """
    rows = Grant.objects.all()
    before = Grant.objects.values_list("state", flat=True).get(pk=grant.pk)
    because = {"end_reason": reason, "end_note": note[:500], "desired": Presence.ABSENT}
    if before == GrantState.SCHEDULED:
        gone = {"observed": Presence.ABSENT, "ending_at": now, "ended_at": now, "due_at": None}
        GRANT_MACHINE.move(rows, pk=grant.pk, before=before, after=GrantState.ENDED, **because, **gone)
    else:
        begun = {"generation": F("generation") + 1, "attempts": 0, "ending_at": now, "due_at": now}
        GRANT_MACHINE.move(rows, pk=grant.pk, before=CARRIED, after=GrantState.ENDING, **because, **begun)
        ManualTask.objects.filter(grant=grant).open().update(superseded_at=now)
    grant.refresh_from_db()
    if reason in TOLD:
        facts = {"what": str(EndReason(reason).label).lower(), "why": note}
        once = f"over:{grant.generation}"
        tell("access.grant.over", actor=actor, grant=grant, to=[grant.holder_id], once=once, now=now, **facts)
    if grant.state == GrantState.ENDING:
        if grant.binding.provisioner == PORTAL:
            finish_here(actor=actor, numbers=[grant.pk], now=now)
            grant.refresh_from_db()
        else:
            enqueue(TASK, grant.pk)
    return Changed(
        subject_of(grant), {"reason": reason, "note": note}, value=grant, before=str(before), after=grant.state
    )


@command(GRANT_ENDED)
def finish_here(*, actor: Actor, numbers: list[int], now: datetime) -> Unchanged:
    """End grants of the portal itself: its decision point is the target, and its predicate is the observation.

    Each gets both receipts and its own event. Those the predicate still shows stay as they are.
    """
    still = set(live_grants(now).filter(pk__in=numbers).values_list("pk", flat=True))
    rows = Grant.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(
        pk__in=set(numbers) - still, state=GrantState.ENDING, binding__provisioner=PORTAL
    )
    ending = list(rows.order_by("pk"))
    Grant.objects.filter(pk__in=[grant.pk for grant in ending], state=GrantState.ENDING).update(
        state=GrantState.ENDED,
        observed=Presence.ABSENT,
        observed_at=now,
        ended_at=now,
        due_at=None,
        claimed_until=None,
        attempts=0,
        last_problem="",
    )
    done = Report(True, Presence.ABSENT, evidence=_DECIDED_HERE)
    for grant in ending:
        write_lines(grant, grant.generation, [(Carried.REVOKE, done), (Carried.OBSERVE, done)], now)
        facts: dict[str, object] = {"reason": grant.end_reason, "generation": grant.generation}
        record(GRANT_ENDED, actor=actor, subject=subject_of(grant), details=facts)
    return Unchanged(value=len(ending))


@command(GRANT_ENDING)
def expire_batch(*, actor: Actor, now: datetime) -> Unchanged:
    """End up to 500 grants whose time is over, in one transaction; the value is how many. Each has its own event.

    They were unusable already: this only carries it to the targets.
    """
    rows = Grant.objects.select_for_update(of=("self",), no_key=True, skip_locked=True).filter(
        state__in=[GrantState.ACTIVE, GrantState.SUSPENDED], expires_at__lte=now
    )
    over = list(rows.select_related("binding").order_by("expires_at")[:BATCH])
    Grant.objects.filter(pk__in=[grant.pk for grant in over]).update(
        state=GrantState.ENDING,
        desired=Presence.ABSENT,
        end_reason=EndReason.EXPIRED,
        generation=F("generation") + 1,
        attempts=0,
        ending_at=now,
        due_at=now,
    )
    ManualTask.objects.filter(grant__in=over).open().update(superseded_at=now)
    here = [grant.pk for grant in over if grant.binding.provisioner == PORTAL]
    for grant in over:
        if grant.binding.provisioner != PORTAL:
            record(GRANT_ENDING, actor=actor, subject=subject_of(grant), details={"reason": EndReason.EXPIRED})
            enqueue(TASK, grant.pk)
    if here:
        finish_here(actor=actor, numbers=here, now=now)
    return Unchanged(value=len(over))


@command(GRANT_ENDED)
def mark_ended(*, actor: Actor, grant: Grant, token: datetime, lines: list[Line], now: datetime) -> Changed:
    """The target was seen without the access: now it has ended. Raises Conflict when the answer came too late."""
    fenced = Grant.objects.filter(generation=grant.generation, claimed_until=token)
    GRANT_MACHINE.move(
        fenced,
        pk=grant.pk,
        before=GrantState.ENDING,
        after=GrantState.ENDED,
        observed=Presence.ABSENT,
        observed_at=now,
        ended_at=now,
        due_at=now + SECOND_LOOK,
        claimed_until=None,
        attempts=0,
        last_problem="",
    )
    write_lines(grant, grant.generation, lines, now)
    return Changed(
        subject_of(grant),
        {"reason": grant.end_reason, "generation": grant.generation},
        before=GrantState.ENDING,
        after=GrantState.ENDED,
    )


@command(GRANT_DRIFTED)
def mark_drifted(*, actor: Actor, grant: Grant, token: datetime, lines: list[Line], now: datetime) -> Changed:
    """Access that had been seen gone, or could not be given, was seen at the target: take it away (again)."""
    fenced = Grant.objects.filter(generation=grant.generation, claimed_until=token)
    reason = grant.end_reason or EndReason.FAILED
    GRANT_MACHINE.move(
        fenced,
        pk=grant.pk,
        before=[GrantState.ENDED, GrantState.ACTIVATION_FAILED],
        after=GrantState.ENDING,
        observed=Presence.PRESENT,
        observed_at=now,
        desired=Presence.ABSENT,
        end_reason=reason,
        generation=F("generation") + 1,
        attempts=0,
        ending_at=now,
        ended_at=None,
        alarmed_at=None,
        due_at=now,
        claimed_until=None,
    )
    write_lines(grant, grant.generation, lines, now)
    enqueue(TASK, grant.pk)
    level = next((report.level for _, report in reversed(lines) if report.level), "")
    return Changed(subject_of(grant), {"level": level}, before=grant.state, after=GrantState.ENDING)


def end_if_live(*, actor: Actor, grant: Grant, reason: EndReason, note: str, now: datetime) -> bool:
    """End a grant unless somebody else has; return whether this did."""
    try:
        end_grant(actor=actor, grant=grant, reason=reason, note=note, now=now)
    except Conflict:
        return False
    return True
