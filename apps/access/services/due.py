"""What is due for requests: time to answer over, stages late, approvers to be reminded, assets gone. Safe to run in
several copies: each step is a conditional UPDATE, and whoever loses it does nothing."""

from datetime import datetime, timedelta

from django.db.models import Q

from apps.access.events import REQUEST_ESCALATED, REQUEST_REMINDED, REQUEST_WITHDRAWN, REQUESTS_EXPIRED
from apps.access.models import AccessRequest
from apps.access.queries.deciding import stage_of, standing
from apps.access.services.notifying import subject_of, tell_asked, tell_outcome
from apps.access.services.routing import drop_held, end, locked, put_to
from apps.access.states import RequestState
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict
from apps.core.events import Subject
from apps.core.numbers import plural

#: How many are taken in one round; the next round takes the rest.
TAKEN = 500
REQUESTS = Subject("access_requests", "due", "Access requests")


@command(REQUESTS_EXPIRED)
def expire_due(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Write down which requests were not answered in time; nobody could decide them since. The value is how many."""
    due = AccessRequest.objects.waiting().filter(expires_at__lte=now).order_by("pk")
    rows = list(due.select_related("requester", "beneficiary")[:TAKEN])
    moved = [row for row in rows if _ended(row, RequestState.EXPIRED, _unanswered(row), now)]
    for row in moved:
        drop_held(actor=actor, request=row, reason="The request was not answered in time.", now=now)
        tell_outcome(actor=actor, request=row, what="not answered in time", why=row.outcome_reason, now=now)
    if not moved:
        return Unchanged(value=0)
    return Changed(REQUESTS, {"requests": [row.name for row in moved]}, value=len(moved))


def _unanswered(row: AccessRequest) -> str:
    hours = plural(round((row.expires_at - row.created_at).total_seconds() / 3600), "hour")
    if row.state == RequestState.NEEDS_INFO:
        return f"The answer that was asked for did not come within {hours} of the request."
    return f"It was not decided within {hours}."


def _ended(row: AccessRequest, after: RequestState, why: str, now: datetime) -> bool:
    """End a request unless somebody decided it meanwhile; return whether this did."""
    try:
        end(row, after, now, why=why)
    except Conflict:
        return False
    return True


def escalate_due(*, actor: Actor, now: datetime) -> int:
    """Put late stages to the people of their escalation too; it adds approvers and never lowers how many are needed.

    Return how many stages escalated.
    """
    late = AccessRequest.objects.filter(
        state=RequestState.PENDING, stage_due_at__lte=now, expires_at__gt=now, escalated_at__isnull=True
    )
    numbers = list(late.order_by("stage_due_at").values_list("pk", flat=True)[:TAKEN])
    return sum(escalate(actor=actor, number=number, now=now).value for number in numbers)


@command(REQUEST_ESCALATED)
def escalate(*, actor: Actor, number: int, now: datetime) -> Changed | Unchanged:
    """Escalate one late stage, once. The value is 1 when this did it."""
    late = AccessRequest.objects.filter(
        pk=number, state=RequestState.PENDING, stage_due_at__lte=now, escalated_at__isnull=True
    )
    if not late.update(escalated_at=now):
        return Unchanged(value=0)
    row = locked(AccessRequest(pk=number))
    if not stage_of(row).get("escalate_to"):
        return Unchanged(value=0)
    stands = standing(row, now)
    people = stands.bench.seats(stands.taken)
    added = put_to(actor=actor, request=row, seats=people, why="escalation", now=now)
    return Changed(subject_of(row), {"stage": row.stage, "people": [str(pk) for pk in added]}, value=1)


def remind_due(*, actor: Actor, now: datetime) -> int:
    """Remind the approvers of each stage once by itself, when its reminder time has come. Return how many stages."""
    open_stages = AccessRequest.objects.filter(
        Q(reminded_at__isnull=True), state=RequestState.PENDING, stage_due_at__isnull=False, expires_at__gt=now
    )
    due = [row for row in open_stages.order_by("stage_due_at")[:TAKEN] if _reminder_at(row) <= now]
    return sum(remind_asked(actor=actor, number=row.pk, now=now).value for row in due)


def _reminder_at(row: AccessRequest) -> datetime:
    stage = stage_of(row)
    waited = int(str(stage.get("answer_minutes", 0))) - int(str(stage.get("remind_minutes", 0)))
    due = row.stage_due_at or row.expires_at
    return due - timedelta(minutes=waited)


@command(REQUEST_REMINDED)
def remind_asked(*, actor: Actor, number: int, now: datetime) -> Changed | Unchanged:
    """Remind who is asked about one request, unless somebody was before. The value is 1 when this did it."""
    first = AccessRequest.objects.filter(pk=number, state=RequestState.PENDING, reminded_at__isnull=True)
    if not first.update(reminded_at=now):
        return Unchanged(value=0)
    row = locked(AccessRequest(pk=number))
    to = list(row.asked.filter(stage=row.stage).values_list("user_id", flat=True))
    tell_asked(actor=actor, request=row, to=to, once=f"reminded:{row.stage}", now=now)
    return Changed(subject_of(row), {"stage": row.stage, "people": [str(pk) for pk in to]}, value=1)


@command(REQUEST_WITHDRAWN)
def resolve_gone(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """End requests for assets that no source shows any more: an asset of the same name that comes later is another
    one. The value is how many."""
    due = AccessRequest.objects.waiting().filter(asset__gone_at__isnull=False).order_by("pk")
    moved = []
    for row in due.select_related("requester", "beneficiary")[:TAKEN]:
        why = f"{row.asset_label} is gone: no source shows it any more."
        if _ended(row, RequestState.CANCELLED, why, now):
            moved.append(row)
            drop_held(actor=actor, request=row, reason=why, now=now)
            tell_outcome(actor=actor, request=row, what="ended", why=why, now=now)
    if not moved:
        return Unchanged(value=0)
    reason = f"assets are gone: {', '.join(row.name for row in moved)}"
    return Changed(REQUESTS, {"reason": reason}, value=len(moved))
