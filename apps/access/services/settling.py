"""What an answer of a target means for its grant."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from apps.access.events import GRANT_REPAIRED
from apps.access.models import Grant
from apps.access.services.activation import LOOK_EVERY, activate, give_up
from apps.access.services.ending import end_grant, mark_drifted, mark_ended
from apps.access.services.leases import LONGEST_REVOKING, LONGEST_WAIT, backoff
from apps.access.services.receipts import Line, problem_of, seen, subject_of, write_lines
from apps.access.states import Carried, EndReason, GrantState, Presence
from apps.core import clock
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict

#: Tries to give access before it is given up; to take it away there is no last one.
MAX_TRIES = 5
#: How long an ended grant is looked at, once a day.
WATCHED = timedelta(days=30)


def settle(*, actor: Actor, grant: Grant, token: datetime, lines: list[Line]) -> None:
    """Keep what was done and seen, and move the grant by what was seen last; a late answer moves nothing."""
    try:
        _settle(actor, grant, token, lines, seen(lines))
    except Conflict:
        _late(grant, lines)


def _settle(actor: Actor, grant: Grant, token: datetime, lines: list[Line], shown: Presence) -> None:
    now = clock.now()
    if grant.state == GrantState.ACTIVATING:
        _given(actor, grant, token, lines, shown, now)
    elif grant.state == GrantState.ENDING and shown == Presence.ABSENT:
        mark_ended(actor=actor, grant=grant, token=token, lines=lines, now=now)
    elif grant.state in (GrantState.ENDED, GrantState.ACTIVATION_FAILED) and shown == Presence.PRESENT:
        mark_drifted(actor=actor, grant=grant, token=token, lines=lines, now=now)
    elif shown == grant.desired:
        repaired = grant.state == GrantState.ACTIVE and any(carried == Carried.GRANT for carried, _ in lines)
        if repaired:
            mark_repaired(actor=actor, grant=grant, token=token, lines=lines, now=now)
        else:
            _looked(grant, token, lines, shown, now)
    else:
        _again(grant, token, lines, shown, now)


def _given(actor: Actor, grant: Grant, token: datetime, lines: list[Line], shown: Presence, now: datetime) -> None:
    waits = any(report.waits for _, report in lines)
    if now >= grant.activate_by:
        with transaction.atomic():
            _again(grant, token, lines, shown, now)
            end_grant(actor=actor, grant=grant, reason=EndReason.NOT_ACTIVATED, now=now)
    elif shown == Presence.PRESENT:
        activate(actor=actor, grant=grant, token=token, lines=lines, now=now)
    elif grant.attempts >= MAX_TRIES and not waits:
        give_up(actor=actor, grant=grant, token=token, lines=lines, now=now)
    else:
        _again(grant, token, lines, shown, now)


def _mine(grant: Grant, token: datetime) -> QuerySet[Grant]:
    return Grant.objects.filter(pk=grant.pk, state=grant.state, generation=grant.generation, claimed_until=token)


def _looked(grant: Grant, token: datetime, lines: list[Line], shown: Presence, now: datetime) -> None:
    """It is as it should be: look again tomorrow; an ended grant for a month, one that lives until its time is over."""
    again: datetime | None = now + LOOK_EVERY
    if grant.state in (GrantState.ENDED, GrantState.ACTIVATION_FAILED):
        since = grant.ended_at or grant.ending_at or now
        again = again if now - since < WATCHED else None
    with transaction.atomic():
        moved = _mine(grant, token).update(
            observed=shown, observed_at=now, due_at=again, claimed_until=None, attempts=0, last_problem=""
        )
        if not moved:
            raise Conflict("The grant has moved on.")
        write_lines(grant, grant.generation, lines, now)


def _again(grant: Grant, token: datetime, lines: list[Line], shown: Presence, now: datetime) -> None:
    """It is not yet as it should be: keep why, and when it is tried again. Waiting for a target is no failed try."""
    waits = next((report.retry_after for _, report in reversed(lines) if report.waits), None)
    asked = next((report.retry_after for _, report in reversed(lines) if report.retry_after is not None), None)
    hurry = grant.state == GrantState.ENDING
    wait = backoff(grant.attempts, asked, longest=LONGEST_REVOKING if hurry else LONGEST_WAIT)
    attempts = {"attempts": 0} if waits is not None else {}
    # What was seen gone stays so until it is seen again: not to have looked says nothing.
    kept = grant.state == GrantState.ENDED or shown == Presence.UNKNOWN
    with transaction.atomic():
        moved = _mine(grant, token).update(
            observed=grant.observed if grant.state == GrantState.ENDED else shown,
            observed_at=grant.observed_at if kept else now,
            due_at=now + wait,
            claimed_until=None,
            last_problem=problem_of(lines),
            **attempts,
        )
        if not moved:
            raise Conflict("The grant has moved on.")
        write_lines(grant, grant.generation, lines, now)


@command(GRANT_REPAIRED)
def mark_repaired(*, actor: Actor, grant: Grant, token: datetime, lines: list[Line], now: datetime) -> Changed:
    """A live grant that the target had lost, or that was resumed, is there again. Raises Conflict when too late."""
    _looked(grant, token, lines, Presence.PRESENT, now)
    return Changed(subject_of(grant), {"generation": grant.generation}, before=grant.state, after=grant.state)


def _late(grant: Grant, lines: list[Line]) -> None:
    """The grant moved on while the target was called: keep the answer as evidence and have somebody look at once."""
    with transaction.atomic():
        now = clock.now()
        write_lines(grant, grant.generation, lines, now)
        rows = Grant.objects.filter(pk=grant.pk).exclude(binding__provisioner="portal")
        rows.exclude(state=GrantState.SCHEDULED).exclude(due_at__lte=now).update(due_at=now)
