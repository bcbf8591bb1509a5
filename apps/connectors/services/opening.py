"""Opening a connection: the only place where a stored secret is read, and it is read for the stored address only."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from apps.connectors.drivers import DRIVERS, Driver, Probe, webhook
from apps.connectors.drivers.dialling import dial_http, dial_postgresql
from apps.connectors.models import Connection
from apps.connectors.services.slots import held
from apps.connectors.vault import Secret, unseal
from apps.core import clock
from apps.core.errors import Conflict
from apps.core.outbound import Client, Limits, OutboundUnavailable


@contextmanager
def http_client(connection: Connection, *, limits: Limits | None = None) -> Iterator[Client]:
    """Yield a client bound to the connection's address and credentials; methods and paths as in `core.outbound.Client`.

    Raises OutboundUnavailable when the connection is off, paused, busy or without its secret (nothing was sent), and
    from its calls OutboundRefused, OutboundFailed or OutboundTimeout. The caller reports with `record_success` or
    `record_failure`. Not to be opened inside a transaction: a call takes up to 30 seconds.
    """
    current, driver, secret = _ready(connection.pk)
    with held(current.pk) as renew, dial_http(driver, current.settings, secret, limits, renew) as client:
        yield client


@contextmanager
def postgresql(connection: Connection, *, limits: Limits | None = None) -> Iterator["psycopg.Connection[Any]"]:
    """Yield a psycopg connection that commits at the end of the block and rolls back when it raises.

    Raises as `http_client`; errors of statements are psycopg's own. The whole block has 30 seconds, or as `limits` say.
    """
    current, _, secret = _ready(connection.pk)
    with held(current.pk), dial_postgresql(current.settings, secret, limits) as database:
        yield database


def signed_message(
    connection: Connection, key: str, now: datetime, body: Mapping[str, object]
) -> tuple[bytes, dict[str, str]]:
    """Return a webhook's message as signed bytes and headers, `key` its idempotency key. Raises OutboundUnavailable."""
    _, _, secret = _ready(connection.pk)
    return webhook.signed(secret, key, now, body)


def probe_of(driver: Driver, settings: Mapping[str, str], secret: Secret, now: datetime) -> Probe:
    """Return what a driver's test is given."""
    return Probe(
        settings,
        secret,
        now,
        http=lambda: dial_http(driver, settings, secret),
        postgresql=lambda: dial_postgresql(settings, secret),
    )


def secret_of(connection: Connection) -> Secret:
    """Return the stored secret. Raises Conflict when it does not open."""
    driver = DRIVERS[connection.driver]
    return unseal(connection.sealed, connection.pk, driver.anchor(connection.settings))


def _ready(key: UUID) -> tuple[Connection, Driver, Secret]:
    """Return the row as it is now, its driver and its secret; what the caller holds may be old."""
    current = Connection.objects.filter(pk=key).first()
    if current is None:
        raise OutboundUnavailable("This connection is no longer there.")
    if not current.enabled:
        raise OutboundUnavailable(f"The connection {current.name} is switched off.")
    if current.needs_secret and not current.has_secret:
        raise OutboundUnavailable(f"The connection {current.name} has no secret.")
    if current.opened_until is not None and clock.now() < current.opened_until:
        raise OutboundUnavailable(f"The connection {current.name} is paused after failures.")
    try:
        return current, DRIVERS[current.driver], secret_of(current)
    except Conflict as problem:
        raise OutboundUnavailable(problem.reason) from None
