"""A deactivated person: requests end, what they were asked passes on, what they hold goes (invariant 13)."""

from datetime import datetime

from django.db.models import Q

from apps.access.events import LEAVER_REQUESTS
from apps.access.models import AccessRequest, Asked, Delegation
from apps.access.services.grants import end_all_of
from apps.access.services.notifying import tell_outcome
from apps.access.services.routing import drop_held, end, locked, seat_stage
from apps.access.states import EndReason, RequestState
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.events import Subject


def offboard(actor: Actor, user: User, now: datetime) -> None:
    """Take part in a person's deactivation (`accounts.participants`), inside its transaction."""
    end_all_for(actor=actor, user=user, now=now)


@command(LEAVER_REQUESTS)
def end_all_for(*, actor: Actor, user: User, now: datetime) -> Changed | Unchanged:
    """End a leaver's requests and delegations, take them off what they were asked, and end their grants.

    A request left without anybody to approve it escalates, or fails. The value is how many requests ended.
    """
    theirs = AccessRequest.objects.waiting().filter(Q(requester=user) | Q(beneficiary=user)).order_by("pk")
    ended = 0
    for row in theirs:
        fresh = locked(row)
        if fresh.decided_at is not None:
            continue
        why = f"{user.name} was deactivated."
        end(fresh, RequestState.CANCELLED, now, why=why)
        drop_held(actor=actor, request=fresh, reason=why, now=now)
        tell_outcome(actor=actor, request=fresh, what="ended", why=why, now=now)
        ended += 1
    delegations = Delegation.objects.filter(
        Q(delegator=user) | Q(delegate=user), ended_at__isnull=True, until_at__gt=now
    )
    stopped = delegations.update(ended_at=now)
    asked = _pass_on(actor, user, now)
    gone = end_all_of(actor=actor, user=user, reason=EndReason.OFFBOARDED, now=now)
    if not (ended or stopped or asked or gone):
        return Unchanged(value=0)
    details: dict[str, object] = {"requests": ended, "asked": asked, "delegations": stopped, "grants": gone}
    return Changed(Subject("user", str(user.pk), user.name), details, value=ended)


def _pass_on(actor: Actor, user: User, now: datetime) -> int:
    """Take the leaver off open requests; where nobody eligible is left, the stage escalates or the request fails."""
    open_asked = Asked.objects.filter(Q(user=user) | Q(on_behalf_of=user), request__in=AccessRequest.objects.waiting())
    numbers = sorted(set(open_asked.values_list("request_id", flat=True)))
    for number in numbers:
        row = locked(AccessRequest(pk=number))
        if row.decided_at is None:
            row.asked.filter(Q(user=user) | Q(on_behalf_of=user)).delete()
            if row.stage:
                seat_stage(actor=actor, request=row, now=now)
    return len(numbers)
