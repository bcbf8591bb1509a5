"""Tests of settings and secrets: before they are saved, and of what is stored. Never inside a transaction."""

import psycopg

from apps.connectors.drivers import Driver, Probe, TestResult
from apps.connectors.events import TESTED
from apps.connectors.services.health import SUBJECT
from apps.core.actor import Actor
from apps.core.command import record
from apps.core.errors import Conflict
from apps.core.events import Subject
from apps.core.outbound import OutboundError


def run_test(driver: Driver, probe: Probe) -> TestResult:
    """Return what the driver's test showed; every failure is a result with a reason."""
    try:
        return driver.test(probe)
    except OutboundError as problem:
        return TestResult(False, problem.reason)
    except Conflict as problem:
        return TestResult(False, problem.reason)
    except psycopg.Error:
        return TestResult(False, "The database refused the question.")


def report(actor: Actor, driver: Driver, probe: Probe, result: TestResult, *, key: str = "", name: str = "") -> None:
    """Append that somebody tested, what, and what it showed."""
    details: dict[str, object] = {
        "driver": driver.name, "address": driver.address(probe.settings), "ok": result.ok, "result": result.message,
    }  # fmt: skip
    record(TESTED, actor=actor, subject=Subject(SUBJECT, key, name), details=details)
