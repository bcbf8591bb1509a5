"""Reads about connections."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from apps.connectors.drivers import DRIVERS, Driver
from apps.connectors.models import Connection
from apps.core.actor import Actor
from apps.core.errors import NotFound


@dataclass(frozen=True, slots=True)
class Shown:
    """A connection as people read it: its driver, and its settings as (label, value). No secret."""

    connection: Connection
    driver: Driver
    pairs: tuple[tuple[str, str], ...]


def connections(actor: Actor) -> QuerySet[Connection]:
    """Return the connections that this actor may see, by name."""
    return Connection.objects.visible_to(actor).order_by("name")


def find(actor: Actor, key: UUID) -> Connection:
    """Return one visible connection; raises NotFound. One query."""
    found = connections(actor).filter(pk=key).first()
    if found is None:
        raise NotFound("There is no such connection.")
    return found


def driver_of(connection: Connection) -> Driver:
    """Return the connection's driver: its title, permissions and whether the target ends access by itself."""
    return DRIVERS[connection.driver]


def driver_named(name: str) -> Driver | None:
    """Return what the product of that name declares; None where there is none."""
    return DRIVERS.get(name)


def same_server(connection: Connection) -> QuerySet[Connection]:
    """Return the connections that lead to the server of this one, it among them, whoever signs in there."""
    driver = driver_named(connection.driver)
    alike = {f"settings__{name}": connection.settings.get(name) for name in (driver.server if driver else ())}
    if not alike:
        return Connection.objects.filter(pk=connection.pk)
    return Connection.objects.filter(driver=connection.driver, **alike)


def shown(connection: Connection) -> Shown:
    """Return a connection as people read it. No query."""
    driver = driver_of(connection)
    pairs = [(field.label, _value(field.kind, connection.settings.get(field.name, ""))) for field in driver.fields]
    return Shown(connection, driver, tuple((label, value) for label, value in pairs if value))


def is_available(connection: Connection, now: datetime) -> bool:
    """Return whether calls may be made now: switched on, with its secret, and not paused after failures. One query.

    It asks the database, so that what another process learned a moment ago counts.
    """
    return Connection.objects.callable_at(now).filter(pk=connection.pk).exists()


def _value(kind: str, value: str) -> str:
    return "given" if kind == "pem" and value else value
