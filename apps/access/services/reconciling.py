"""Steps of the reconciler: what is due for grants is found in the database and done, whoever else runs beside."""

import logging
import threading
import time
from collections import defaultdict, deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q

from apps.access.events import GRANT_OVERDUE, GRANTS_WARNED
from apps.access.models import Grant
from apps.access.provisioning.registry import PORTAL
from apps.access.queries.grants import overdue
from apps.access.services.carrying import carry
from apps.access.services.ending import BATCH, end_if_live, expire_batch, finish_here
from apps.access.services.leases import LONGEST_REVOKING, backoff
from apps.access.services.receipts import subject_of
from apps.access.services.telling import admins, tell
from apps.access.states import EndReason, GrantState
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import Changed, Unchanged, command
from apps.core.events import Subject
from apps.core.notices import Fact

log = logging.getLogger(__name__)
ACTOR = system("reconciler")
#: One target gets two calls at a time; a round waits this long for all, and the rest goes on beside the next one.
AT_ONCE, WORKERS, ROUND_SECONDS, TAKEN = 2, 8, 10.0, 400
WARN_BEFORE, WORTH_A_WARNING = timedelta(minutes=15), 30


def expire_due() -> int:
    """End all grants whose time is over, 500 a transaction; return how many."""
    ended = 0
    while True:
        batch: int = expire_batch(actor=ACTOR).value
        ended += batch
        if batch < BATCH:
            return ended


def end_here() -> int:
    """End grants of the portal itself that were left ending, for example by a crash between two releases."""
    rows = Grant.objects.filter(state=GrantState.ENDING, binding__provisioner=PORTAL)
    numbers = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    return finish_here(actor=ACTOR, numbers=numbers).value if numbers else 0


def end_unstarted() -> int:
    """End grants that did not begin in time, and those of people who were deactivated; return how many."""
    now, ended = clock.now(), 0
    late = Grant.objects.filter(state__in=[GrantState.SCHEDULED, GrantState.ACTIVATING], activate_by__lte=now)
    for grant in late.select_related("binding")[:BATCH]:
        ended += end_if_live(actor=ACTOR, grant=grant, reason=EndReason.NOT_ACTIVATED, note="", now=now)
    living = [GrantState.SCHEDULED, GrantState.ACTIVATING, GrantState.ACTIVE, GrantState.SUSPENDED]
    left = Grant.objects.filter(state__in=living, holder__is_active=False)
    for grant in left.select_related("binding")[:BATCH]:
        ended += end_if_live(actor=ACTOR, grant=grant, reason=EndReason.OFFBOARDED, note="", now=now)
    return ended


def carry_due() -> int:
    """Carry what is due to the targets, several targets at a time; return how many were carried in this round.

    A target that hangs holds up two workers of its own, never another target; what is not done when the round is over
    goes on beside the next one, under its lease.
    """
    queues = _due_by_target()
    if connection.in_atomic_block:
        # Other threads would not see what this transaction has written.
        return sum(_carry(number) for queue in queues.values() for number in queue)
    end = time.monotonic() + ROUND_SECONDS
    futures: list[Future[int]] = []
    for queue in queues.values():
        futures += [_pool().submit(_drain, queue, end) for _ in range(min(AT_ONCE, len(queue)))]
    done, _ = wait(futures, timeout=ROUND_SECONDS)
    return sum(future.result() for future in done)


def _due_by_target() -> dict[int, deque[int]]:
    now = clock.now()
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=now)
    rows = Grant.objects.filter(free, due_at__lte=now).annotate(
        ends=ExpressionWrapper(Q(state=GrantState.ENDING), BooleanField())
    )
    queues: dict[int, deque[int]] = defaultdict(deque)
    # What is to be taken away goes first, and in the order in which it became due.
    for number, binding in rows.order_by("-ends", "due_at").values_list("pk", "binding_id")[:TAKEN]:
        queues[binding].append(number)
    return queues


def _carry(number: int) -> bool:
    """Carry one grant; one that cannot be carried at all is put off and never stops the others."""
    try:
        return carry(number)
    except Exception:
        log.exception("grant could not be carried", extra={"grant": number})
        rows = Grant.objects.filter(pk=number, due_at__isnull=False)
        for attempts in rows.values_list("attempts", flat=True):
            rows.update(due_at=clock.now() + backoff(attempts + 1, longest=LONGEST_REVOKING))
        return False


def _drain(queue: deque[int], end: float) -> int:
    carried, busy = 0, []
    try:
        while time.monotonic() < end:
            try:
                number = queue.popleft()
            except IndexError:
                break
            if _carry(number):
                carried += 1
            else:
                busy.append(number)
        # The other worker had the same account in hand: it is through with it by now, or its lease tells when.
        for number in busy:
            if time.monotonic() < end:
                carried += _carry(number)
    finally:
        connection.close()
    return carried


_lock = threading.Lock()
_pools: list[ThreadPoolExecutor] = []


def _pool() -> ThreadPoolExecutor:
    with _lock:
        if not _pools:
            _pools.append(ThreadPoolExecutor(WORKERS, thread_name_prefix="carry"))
        return _pools[0]


def alarm_overdue() -> int:
    """Tell once of every grant that ought to be gone for more than a minute and is not; return how many."""
    now = clock.now()
    rows = overdue(now).filter(alarmed_at__isnull=True).select_related("holder").order_by("ending_at")[:BATCH]
    return sum(bool(alarm(actor=ACTOR, grant=grant, now=now).value) for grant in rows)


@command(GRANT_OVERDUE)
def alarm(*, actor: Actor, grant: Grant, now: datetime) -> Changed | Unchanged:
    """Tell the security administrators that access is not seen gone; once for each ending."""
    if not overdue(now).filter(pk=grant.pk, alarmed_at__isnull=True).update(alarmed_at=now):
        return Unchanged(value=False)
    since = grant.ending_at or now
    problem = grant.last_problem or "The target was not reached yet."
    facts: dict[str, Fact] = {"since": since, "problem": problem}
    once = f"overdue:{grant.generation}"
    tell("access.grant.overdue", actor=actor, grant=grant, to=admins(), once=once, now=now, **facts)
    return Changed(subject_of(grant), {"since": since.isoformat(), "problem": problem}, value=True)


@command(GRANTS_WARNED)
def warn_batch(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Tell the holders of grants that end within 15 minutes, once each; the value is how many.

    Who had less than half an hour in all is not told: they know.
    """
    soon = Grant.objects.filter(
        state=GrantState.ACTIVE, warned_at__isnull=True, expires_at__gt=now, expires_at__lte=now + WARN_BEFORE
    ).filter(minutes__gt=WORTH_A_WARNING)
    rows = list(soon.select_related("holder").order_by("expires_at")[:BATCH])
    for grant in rows:
        until = grant.expires_at or now
        tell(
            "access.grant.ends_soon", actor=actor, grant=grant, to=[grant.holder_id], once="soon", now=now, until=until
        )
    Grant.objects.filter(pk__in=[grant.pk for grant in rows], warned_at__isnull=True).update(warned_at=now)
    if not rows:
        return Unchanged(value=0)
    return Changed(Subject("grants", "warned"), {"grants": len(rows)}, value=len(rows))


def warn_due() -> int:
    """Tell holders 15 minutes before the end; return how many."""
    return int(warn_batch(actor=ACTOR).value)
