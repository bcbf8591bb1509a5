"""Changing, switching off and on, and deleting a connection."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError, RestrictedError

from apps.connectors.drivers import DRIVERS, Driver
from apps.connectors.events import CHANGED, DELETED, DISABLED, ENABLED
from apps.connectors.models import Connection
from apps.connectors.rules import can_disable, can_enable, can_manage_connections
from apps.connectors.services.creating import checked_name, replace_secret
from apps.connectors.services.health import SUBJECT
from apps.connectors.services.opening import probe_of, secret_of
from apps.connectors.services.trying import run_test
from apps.connectors.states import HEALTH, Health
from apps.core import clock
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import Subject

__all__ = ["change", "delete", "disable", "enable", "erases_secret", "replace_secret"]


def change(*, actor: Actor, connection: Connection, name: str, settings: Mapping[str, object]) -> Changed | Unchanged:
    """Change name and settings. The value says whether the secret was erased.

    A changed scheme, host, port or way of checking the target erases the secret: it was entered for the old one
    (reliability.md §2, case 13). Other changed settings are tested with the stored secret first. Raises Forbidden,
    Invalid (also when the test fails) and Conflict.
    """
    can_manage_connections(actor).require()
    driver, name = DRIVERS[connection.driver], checked_name(name)
    read = driver.read_settings(settings)
    current = Connection.objects.filter(pk=connection.pk).first()
    if current is None:
        raise NotFound("There is no such connection.")
    keeps = driver.anchor(read) == driver.anchor(current.settings)
    if keeps and read != current.settings and current.has_secret:
        result = run_test(driver, probe_of(driver, read, secret_of(current), clock.now()))
        if not result.ok:
            raise Invalid(f"Not saved, because the test failed: {result.message}")
    return _save(actor=actor, now=clock.now(), connection=current, name=name, settings=read)


def erases_secret(driver: Driver, connection: Connection, settings: Mapping[str, str]) -> bool:
    """Return whether these settings are for another address, so that the stored secret must not go there."""
    return driver.anchor(settings) != driver.anchor(connection.settings)


@command(CHANGED)
def _save(
    *, actor: Actor, now: datetime, connection: Connection, name: str, settings: dict[str, str]
) -> Changed | Unchanged:
    can_manage_connections(actor).require()
    driver = DRIVERS[connection.driver]
    fields = sorted(key for key in settings if settings[key] != connection.settings.get(key))
    fields += ["name"] if name != connection.name else []
    if not fields:
        return Unchanged(False)
    erased = erases_secret(driver, connection, settings)
    values: dict[str, object] = {"name": name, "settings": settings, "changed_at": now}
    after = connection.state
    if erased:
        after = Health.UNKNOWN
        values |= {"sealed": "", "secret_set_at": None, "failures": 0, "opened_until": None, "last_error": ""}
    rows = Connection.objects.filter(generation=connection.generation)
    try:
        with transaction.atomic():
            HEALTH.move(
                rows, pk=connection.pk, before=connection.state, after=after, generation=F("generation") + 1, **values
            )
    except IntegrityError:
        raise Conflict("Another connection has this name.") from None
    details: dict[str, object] = {
        "fields": fields, "address": driver.address(settings), "secret_erased": erased and connection.has_secret,
    }  # fmt: skip
    subject = Subject(SUBJECT, str(connection.pk), name)
    return Changed(subject, details, erased and connection.has_secret, connection.state, after)


@command(DISABLED)
def disable(*, actor: Actor, now: datetime, connection: Connection) -> Changed:
    """Switch off: no call is made until it is switched on again. Raises Forbidden and Conflict."""
    can_disable(actor, connection).require()
    return _switch(connection, now, on=False)


@command(ENABLED)
def enable(*, actor: Actor, now: datetime, connection: Connection) -> Changed:
    """Switch on. Raises Forbidden and Conflict."""
    can_enable(actor, connection).require()
    return _switch(connection, now, on=True)


@command(DELETED)
def delete(*, actor: Actor, now: datetime, connection: Connection) -> Changed:
    """Delete a connection, with its secret. Raises Forbidden, NotFound, and Conflict while something uses it."""
    can_manage_connections(actor).require()
    driver = DRIVERS[connection.driver]
    details: dict[str, object] = {"driver": driver.name, "address": driver.address(connection.settings)}
    try:
        with transaction.atomic():
            count, _ = Connection.objects.filter(pk=connection.pk).delete()
    except (ProtectedError, RestrictedError, IntegrityError):
        raise Conflict("This connection is in use. Switch it off instead.") from None
    if not count:
        raise NotFound("There is no such connection.")
    return Changed(Subject(SUBJECT, str(connection.pk), connection.name), details)


def _switch(connection: Connection, now: datetime, *, on: bool) -> Changed:
    due = now if on and DRIVERS[connection.driver].watched else None
    values = {"enabled": on, "changed_at": now, "next_check_at": due}
    if not Connection.objects.filter(pk=connection.pk, enabled=not on).update(**values, generation=F("generation") + 1):
        raise Conflict("This connection was switched meanwhile.")
    words = ("on", "off")
    return Changed(Subject(SUBJECT, str(connection.pk), connection.name), {}, None, words[on], words[not on])
