"""Adding a connection and replacing a secret: first a test, then exactly what was tested is saved.

A test that went well yields a proof: settings and secret, encrypted, for one person and a quarter of an hour. Saving
takes the proof and nothing else, so nothing untested can be saved and no secret travels through a page twice.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from apps.connectors.drivers import DRIVERS, Driver, TestResult
from apps.connectors.events import CREATED, SECRET_REPLACED
from apps.connectors.models import Connection
from apps.connectors.rules import can_manage_connections
from apps.connectors.services.health import CHECK_EVERY, SUBJECT
from apps.connectors.services.opening import probe_of
from apps.connectors.services.trying import report, run_test
from apps.connectors.states import HEALTH, Health
from apps.connectors.vault import Secret
from apps.core import clock, sealed
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject

PROOF_FOR = timedelta(minutes=15)
STALE = "The test is too old, or was for something else. Test again."


@dataclass(frozen=True, slots=True)
class Trial:
    """A test and, when it went well, the proof to save with. The proof is opaque and holds the secret encrypted."""

    result: TestResult
    proof: str = ""


def try_new(
    *, actor: Actor, name: str, driver: str, settings: Mapping[str, object], secret: Mapping[str, object]
) -> Trial:
    """Test a new connection. Raises Forbidden and Invalid; a test that failed is a result without a proof."""
    can_manage_connections(actor).require()
    kind, name = driver_named(driver), checked_name(name)
    read, values = kind.read_settings(settings), kind.read_secret(secret)
    content: dict[str, object] = {"purpose": "new", "name": name, "driver": kind.name, "settings": read}
    return _try(actor, kind, read, values, content, name=name)


def try_secret(*, actor: Actor, connection: Connection, secret: Mapping[str, object]) -> Trial:
    """Test a new secret with the stored settings. Raises Forbidden and Invalid as `try_new`."""
    can_manage_connections(actor).require()
    kind = DRIVERS[connection.driver]
    if not kind.secret_fields:
        raise Invalid("This kind of connection has no secret.")
    values = kind.read_secret(secret)
    content: dict[str, object] = {"purpose": str(connection.pk), "generation": connection.generation}
    return _try(actor, kind, connection.settings, values, content, key=str(connection.pk), name=connection.name)


def add(
    *, actor: Actor, name: str, driver: str, settings: Mapping[str, object], secret: Mapping[str, object]
) -> Connection:
    """Test and save in one go; returns the Connection. Raises Invalid with the reason when the test fails."""
    trial = try_new(actor=actor, name=name, driver=driver, settings=settings, secret=secret)
    if not trial.result.ok:
        raise Invalid(trial.result.message)
    made: Connection = create(actor=actor, now=clock.now(), proof=trial.proof).value
    return made


@command(CREATED)
def create(*, actor: Actor, now: datetime, proof: str) -> Changed:
    """Save what was tested; the value is the Connection.

    Raises Forbidden, and Conflict when the proof is too old or another connection has the name.
    """
    can_manage_connections(actor).require()
    tested = opened_proof(actor, now, proof, "new")
    driver = driver_named(tested["driver"])
    settings, secret, key = tested["settings"], Secret(tested["values"]), uuid.uuid4()
    try:
        with transaction.atomic():
            made = Connection.objects.create(
                id=key, name=tested["name"], driver=driver.name, settings=settings,
                sealed=secret.sealed_for(key, driver.anchor(settings)), needs_secret=bool(driver.secret_fields),
                secret_set_at=now if secret else None, state=Health.HEALTHY, last_ok_at=now, created_at=now,
                changed_at=now, next_check_at=now + CHECK_EVERY if driver.watched else None,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict("Another connection has this name.") from None
    details: dict[str, object] = {
        "driver": driver.name, "address": driver.address(settings), "settings": sorted(settings),
    }  # fmt: skip
    return Changed(Subject(SUBJECT, str(key), made.name), details, made, "", Health.HEALTHY)


@command(SECRET_REPLACED)
def replace_secret(*, actor: Actor, now: datetime, connection: Connection, proof: str) -> Changed:
    """Save a secret that was tested against this connection as it still is. Raises Forbidden and Conflict."""
    can_manage_connections(actor).require()
    tested = opened_proof(actor, now, proof, str(connection.pk))
    driver, secret = DRIVERS[connection.driver], Secret(tested["values"])
    rows = Connection.objects.filter(generation=tested["generation"])
    current = rows.filter(pk=connection.pk).first()
    if current is None:
        raise Conflict("This connection was changed meanwhile. Test again.")
    HEALTH.move(
        rows, pk=current.pk, before=current.state, after=Health.HEALTHY,
        sealed=secret.sealed_for(current.pk, driver.anchor(current.settings)), secret_set_at=now, changed_at=now,
        generation=current.generation + 1, last_ok_at=now, last_error="", failures=0, opened_until=None,
        next_check_at=now + CHECK_EVERY,
    )  # fmt: skip
    return Changed(Subject(SUBJECT, str(current.pk), current.name), {}, None, current.state, Health.HEALTHY)


def opened_proof(actor: Actor, now: datetime, proof: str, purpose: str) -> dict[str, Any]:
    """Return what a proof says, when it is this actor's, for this purpose and fresh; raises Conflict otherwise."""
    try:
        said: dict[str, Any] = json.loads(sealed.unseal(proof))
        fresh = datetime.fromisoformat(said["until"]) > now
    except (sealed.Unreadable, ValueError, KeyError, TypeError):
        raise Conflict(STALE) from None
    if not fresh or said["actor"] != actor.id or said["purpose"] != purpose:
        raise Conflict(STALE)
    return said


def driver_named(name: str) -> Driver:
    """Return a registered driver; raises Invalid for any other word."""
    found = DRIVERS.get(name)
    if found is None:
        raise Invalid("There is no such kind of connection.", driver="Choose one of the list.")
    return found


def checked_name(name: str) -> str:
    """Return the name, trimmed; raises Invalid unless it is one line of 1 to 100 visible characters."""
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise Invalid("Give the connection a name.", name="One line of at most 100 visible characters.")
    return name


def _try(
    actor: Actor,
    driver: Driver,
    settings: Mapping[str, str],
    secret: Secret,
    content: dict[str, object],
    *,
    key: str = "",
    name: str = "",
) -> Trial:
    now = clock.now()
    probe = probe_of(driver, settings, secret, now)
    result = run_test(driver, probe)
    report(actor, driver, probe, result, key=key, name=name)
    if not result.ok:
        return Trial(result)
    until = (now + PROOF_FOR).isoformat()
    values = {field.name: secret[field.name] for field in driver.secret_fields}
    return Trial(result, sealed.seal(json.dumps({**content, "values": values, "actor": actor.id, "until": until})))
