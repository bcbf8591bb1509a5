"""Beginning grants: asked again at the moment itself, counted from when the target shows the access."""

from datetime import datetime, timedelta

from django.db.models import F

from apps.access.events import GRANT_ACTIVATED, GRANT_ACTIVATING, GRANT_FAILED
from apps.access.models import Grant, ManualTask
from apps.access.provisioning.contract import Report
from apps.access.provisioning.registry import PORTAL
from apps.access.queries.conditions import conditions_now
from apps.access.queries.cover import account_for, resource_of
from apps.access.queries.rechecks import recheck
from apps.access.services.ending import end_grant, end_if_live
from apps.access.services.receipts import Line, problem_of, subject_of, write_lines
from apps.access.services.telling import tell
from apps.access.states import GRANT_MACHINE, LIVE_GRANTS, Carried, EndReason, GrantState, Presence
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict

#: How often a live grant is looked at, and how long one waits before asking again whether a grant may begin.
LOOK_EVERY = timedelta(hours=24)
ASK_AGAIN = timedelta(minutes=5)
_DECIDED_HERE = {"decided by": "the decision point of the portal", "usable": True}


@command(GRANT_ACTIVATING)
def begin(*, actor: Actor, grant: Grant, now: datetime) -> Changed | Unchanged:
    """Let a scheduled grant begin, if everything still allows it; it may become shorter, never longer or wider.

    What does not allow it now is written on the grant and asked again until `activate_by`; then it has ended. The
    portal's own are active with that. Raises Conflict when it is not scheduled any more or its start is yet to come.
    """
    grant.refresh_from_db()
    if grant.state != GrantState.SCHEDULED or now < grant.start_at:
        raise Conflict("This grant does not begin now.")
    if now >= grant.activate_by or not grant.holder.is_active:
        reason = EndReason.NOT_ACTIVATED if grant.holder.is_active else EndReason.OFFBOARDED
        end_grant(actor=actor, grant=grant, reason=reason, now=now)
        return Unchanged(value=grant)
    minutes, account = _allowed(grant, now)
    if not minutes:
        grant.refresh_from_db()
        return Unchanged(value=grant)
    GRANT_MACHINE.move(
        Grant.objects.filter(generation=grant.generation),
        pk=grant.pk,
        before=GrantState.SCHEDULED,
        after=GrantState.ACTIVATING,
        minutes=minutes,
        account=account,
        resource=resource_of(grant.binding, grant.asset),
        desired=Presence.PRESENT,
        conditions=conditions_now(grant),
        generation=F("generation") + 1,
        attempts=0,
        due_at=now,
        claimed_until=None,
        last_problem="",
    )
    grant.refresh_from_db()
    if grant.binding.provisioner == PORTAL:
        done = Report(True, Presence.PRESENT, evidence=_DECIDED_HERE)
        activate(actor=actor, grant=grant, token=None, lines=[(Carried.GRANT, done), (Carried.OBSERVE, done)], now=now)
        grant.refresh_from_db()
    facts: dict[str, object] = {"minutes": grant.minutes, "generation": grant.generation}
    return Changed(subject_of(grant), facts, value=grant, before=GrantState.SCHEDULED, after=grant.state)


def _allowed(grant: Grant, now: datetime) -> tuple[int, str]:
    """Return for how many minutes the grant may begin now and for which account; no minutes where it has to wait."""
    answer = recheck(grant, now)
    account = account_for(grant.binding, grant.holder)
    if answer.allowed and account:
        return min(grant.minutes, answer.minutes), account
    why = answer.reason if not answer.allowed else "The holder's account at the target is not known."
    again = min(now + ASK_AGAIN, grant.activate_by)
    Grant.objects.filter(pk=grant.pk, state=GrantState.SCHEDULED).update(last_problem=why[:500], due_at=again)
    return 0, ""


@command(GRANT_ACTIVATED)
def activate(*, actor: Actor, grant: Grant, token: datetime | None, lines: list[Line], now: datetime) -> Changed:
    """The target shows the access: the clock starts. A grant that this one extends ends with it.

    `token` is the claim under which it was seen. Raises Conflict when that answer came too late.
    """
    if now >= grant.activate_by:
        raise Conflict("This grant was not activated in time.")
    until = now + timedelta(minutes=grant.minutes)
    local = grant.binding.provisioner == PORTAL
    GRANT_MACHINE.move(
        Grant.objects.filter(generation=grant.generation, claimed_until=token)
        if token
        else Grant.objects.filter(generation=grant.generation, claimed_until__isnull=True),
        pk=grant.pk,
        before=GrantState.ACTIVATING,
        after=GrantState.ACTIVE,
        activated_at=now,
        expires_at=until,
        observed=Presence.PRESENT,
        observed_at=now,
        due_at=None if local else min(now + LOOK_EVERY, until),
        claimed_until=None,
        attempts=0,
        last_problem="",
    )
    write_lines(grant, grant.generation, lines, now)
    _supersede(actor=actor, grant=grant, now=now)
    tell("access.grant.active", actor=actor, grant=grant, to=[grant.holder_id], once="active", now=now, until=until)
    facts: dict[str, object] = {
        "expires_at": until.isoformat(),
        "account": grant.account,
        "generation": grant.generation,
    }
    return Changed(subject_of(grant), facts, before=GrantState.ACTIVATING, after=GrantState.ACTIVE)


def _supersede(*, actor: Actor, grant: Grant, now: datetime) -> None:
    extended = grant.request.extends if grant.request else None
    if extended is not None and extended.state in LIVE_GRANTS:
        note = f"Extended by {grant.name}"
        end_if_live(actor=actor, grant=extended, reason=EndReason.SUPERSEDED, note=note, now=now)


@command(GRANT_FAILED)
def give_up(*, actor: Actor, grant: Grant, token: datetime, lines: list[Line], now: datetime) -> Changed:
    """Stop trying to give access; the target is looked at from now on, and what is found is taken away.

    Raises Conflict when somebody else moved the grant.
    """
    problem = problem_of(lines)
    GRANT_MACHINE.move(
        Grant.objects.filter(generation=grant.generation, claimed_until=token),
        pk=grant.pk,
        before=GrantState.ACTIVATING,
        after=GrantState.ACTIVATION_FAILED,
        desired=Presence.ABSENT,
        end_reason=EndReason.FAILED,
        ending_at=now,
        generation=F("generation") + 1,
        attempts=0,
        due_at=now,
        claimed_until=None,
        last_problem=problem,
    )
    ManualTask.objects.filter(grant=grant).open().update(superseded_at=now)
    write_lines(grant, grant.generation, lines, now)
    return Changed(
        subject_of(grant), {"problem": problem}, before=GrantState.ACTIVATING, after=GrantState.ACTIVATION_FAILED
    )
