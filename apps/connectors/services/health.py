"""What uses and tests of a connection showed, and the breaker: it rests after failures in a row.

The longest rest is shorter than a revocation may be overdue (60 s after a target is back; reliability.md, P2).
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from apps.connectors.events import HEALTH_CHANGED
from apps.connectors.models import Connection
from apps.connectors.states import HEALTH, Health
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import Changed, Unchanged, command
from apps.core.events import Subject
from apps.core.text import display

SUBJECT = "connection"
TRIPS_AT = 5
REST = (timedelta(seconds=5), timedelta(seconds=10), timedelta(seconds=20), timedelta(seconds=30))
CHECK_EVERY = timedelta(minutes=15)
ANY = (Health.UNKNOWN, Health.HEALTHY, Health.FAILING)


def record_success(connection_id: UUID, *, now: datetime | None = None) -> None:
    """Note that the target did what was asked: the connection is healthy and its breaker closed."""
    note_health(actor=system("connectors"), now=now or clock.now(), connection_id=connection_id, problem="")


def record_failure(connection_id: UUID, problem: str = "No answer.", *, now: datetime | None = None) -> None:
    """Note that a call failed; `problem` is a sentence of the portal's own, never a target's answer."""
    problem = problem or "No answer."
    note_health(actor=system("connectors"), now=now or clock.now(), connection_id=connection_id, problem=problem)


@command(HEALTH_CHANGED)
def note_health(*, actor: Actor, now: datetime, connection_id: UUID, problem: str) -> Changed | Unchanged:
    """Move health to what was seen; an event only when it turned. Nothing happens for a connection that is gone."""
    before = Connection.objects.filter(pk=connection_id).values_list("state", "name", "failures").first()
    if before is None:
        return Unchanged()
    state, name, failures = before
    rows = Connection.objects.all()
    if problem:
        HEALTH.move(
            rows, pk=connection_id, before=ANY, after=Health.FAILING, last_failed_at=now,
            last_error=display(problem)[:300], failures=F("failures") + 1, opened_until=rest_until(failures + 1, now),
            next_check_at=now + CHECK_EVERY,
        )  # fmt: skip
    else:
        HEALTH.move(
            rows, pk=connection_id, before=ANY, after=Health.HEALTHY, last_ok_at=now, last_error="", failures=0,
            opened_until=None, next_check_at=now + CHECK_EVERY,
        )  # fmt: skip
    after = Health.FAILING if problem else Health.HEALTHY
    if state == after:
        return Unchanged()
    details: dict[str, object] = {"problem": display(problem)[:300]}
    return Changed(Subject(SUBJECT, str(connection_id), name), details, None, state, after)


def rest_until(failures: int, now: datetime) -> datetime | None:
    """Return until when a connection rests after so many failures in a row; None before the breaker trips."""
    if failures < TRIPS_AT:
        return None
    return now + REST[min(failures - TRIPS_AT, len(REST) - 1)]
