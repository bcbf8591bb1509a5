"""Looking after health: a test by hand, and one every quarter of an hour for connections that nobody uses."""

from uuid import UUID

from apps.connectors.drivers import DRIVERS, TestResult
from apps.connectors.models import Connection
from apps.connectors.rules import can_test
from apps.connectors.services.health import CHECK_EVERY, record_failure, record_success
from apps.connectors.services.opening import probe_of, secret_of
from apps.connectors.services.slots import held
from apps.connectors.services.trying import report, run_test
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.errors import Conflict, NotFound
from apps.core.jobs import enqueue
from apps.core.outbound import OutboundUnavailable

TASK = "connectors.check_health"
MOST_AT_ONCE = 20


def check_health(*, actor: Actor, connection_id: UUID) -> TestResult:
    """Test a stored connection now, also a paused one, and note the result. Raises NotFound and Forbidden."""
    connection = Connection.objects.filter(pk=connection_id).first()
    if connection is None:
        raise NotFound("There is no such connection.")
    can_test(actor, connection).require()
    driver = DRIVERS[connection.driver]
    try:
        with held(connection.pk):
            probe = probe_of(driver, connection.settings, secret_of(connection), clock.now())
            result = run_test(driver, probe)
    except OutboundUnavailable as problem:
        return TestResult(False, problem.reason)
    except Conflict as problem:
        record_failure(connection.pk, problem.reason)
        return TestResult(False, problem.reason)
    if actor.kind != "system":
        report(actor, driver, probe, result, key=str(connection.pk), name=connection.name)
    if result.ok:
        record_success(connection.pk)
    else:
        record_failure(connection.pk, result.message)
    return result


def start_due_checks() -> int:
    """Reconciler step: wake a task for each connection whose health is due; returns how many.

    The next date is set before the task is sent: of several reconcilers one wins, and a lost task costs one check.
    """
    now, started = clock.now(), 0
    for key, due in (
        Connection.objects.due(now).order_by("next_check_at").values_list("pk", "next_check_at")[:MOST_AT_ONCE]
    ):
        if Connection.objects.filter(pk=key, next_check_at=due).update(next_check_at=now + CHECK_EVERY):
            enqueue(TASK, str(key))
            started += 1
    return started


def check_due(connection_id: UUID) -> None:
    """Carry out a check that was due; a connection that is gone or lost its secret meanwhile is left alone."""
    connection = Connection.objects.callable_at(clock.now()).filter(pk=connection_id).first()
    if connection is not None:
        check_health(actor=system("connectors"), connection_id=connection.pk)
