"""Reaching a target with settings and secret in hand; every address is vetted, every call ends."""

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import certifi
import psycopg

from apps.connectors.drivers import postgresql
from apps.connectors.drivers.base import Driver
from apps.connectors.vault import Secret
from apps.core.outbound import (
    Client,
    Limits,
    OutboundFailed,
    OutboundRefused,
    OutboundTimeout,
    Route,
    parse_url,
    route_to,
)
from apps.core.outbound.streams import shut

Settings = Mapping[str, str]
MOST_ADDRESSES = 3


@contextmanager
def dial_http(
    driver: Driver,
    settings: Settings,
    secret: Secret,
    limits: Limits | None = None,
    before: Callable[[], None] | None = None,
) -> Iterator[Client]:
    """Yield a client of an HTTP product."""
    base = settings.get("base_url") or settings.get("url")
    if not base:
        raise OutboundRefused(f"{driver.title} is not called over HTTP.")
    auth = driver.auth(settings, secret)
    with Client(
        parse_url(base).url, auth=auth, limits=limits, authority=settings.get("ca", ""), before=before
    ) as client:
        yield client


@contextmanager
def dial_postgresql(
    settings: Settings, secret: Secret, limits: Limits | None = None
) -> Iterator["psycopg.Connection[Any]"]:
    """Yield a connection to a PostgreSQL target; see `services.postgresql`."""
    if "dbname" not in settings:
        raise OutboundRefused("This connection is not a PostgreSQL database.")
    limits = limits or Limits()
    route = route_to(postgresql.target(settings), seconds=limits.connect)
    if settings["sslmode"] != "verify-full" and not route.inside:
        raise OutboundRefused("A target outside the allow-list needs TLS with certificate and name checked.")
    with _translated(settings["host"]), _authority(settings) as authority:
        database = psycopg.connect(**_parameters(settings, secret, route, authority, limits))
    with _ending(database, limits.total) as overdue:
        try:
            with database:
                yield database
        except psycopg.OperationalError:
            if overdue.is_set():
                raise OutboundTimeout(f"{settings['host']} did not answer in time.") from None
            if database.broken:
                raise OutboundFailed(f"{settings['host']} broke off.") from None
            raise


def _parameters(settings: Settings, secret: Secret, route: Route, authority: str, limits: Limits) -> dict[str, Any]:
    places = route.addresses[:MOST_ADDRESSES]
    checked = settings["sslmode"] == "verify-full"
    milliseconds = int(limits.total * 1000)
    return {
        "host": ",".join([settings["host"]] * len(places)),
        "hostaddr": ",".join(places),
        "port": settings["port"],
        "dbname": settings["dbname"],
        "user": settings["username"],
        "password": secret["password"],
        "passfile": os.devnull,
        "sslmode": settings["sslmode"],
        "sslrootcert": authority,
        "gssencmode": "disable",
        # A server whose name nobody checked is not told the password in clear.
        "require_auth": "" if checked else "!password",
        "connect_timeout": max(2, int(limits.connect)),
        "application_name": "ztportal",
        "options": f"-c statement_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds}",
    }


@contextmanager
def _authority(settings: Settings) -> Iterator[str]:
    """Yield the file with the CA certificates; libpq takes no text."""
    if not settings.get("ca"):
        yield certifi.where()
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as file:
        file.write(settings["ca"])
        file.flush()
        yield file.name


@contextmanager
def _ending(database: "psycopg.Connection[Any]", seconds: float) -> Iterator[threading.Event]:
    """Break the connection when the block outlives its time: libpq itself waits for an answer without end."""
    overdue, done, guard = threading.Event(), threading.Event(), threading.Lock()

    def end() -> None:
        with guard, suppress(OSError, psycopg.Error):
            if not done.is_set():
                overdue.set()
                shut(database.fileno())

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield overdue
    finally:
        with guard:
            done.set()
        timer.cancel()
        database.close()


@contextmanager
def _translated(host: str) -> Iterator[None]:
    """Turn what libpq says about a failed sign-in into a sentence of our own: its texts name users and addresses."""
    try:
        yield
    except psycopg.errors.ConnectionTimeout:
        raise OutboundTimeout(f"{host} did not answer in time.") from None
    except psycopg.Error as problem:
        raise OutboundFailed(_why(host, str(problem))) from None


def _why(host: str, text: str) -> str:
    for mark, why in (
        ("password authentication failed", "does not accept this role and password"),
        ("no password supplied", "does not accept this role and password"),
        ("role", "does not let this role sign in"),
        ("database", "does not let this role use this database"),
        ("certificate", "has a certificate that is not accepted"),
        ("SSL", "does not offer the encryption asked for"),
        ("authentication", "asks for the password in a way that is not accepted"),
    ):
        if mark in text:
            return f"{host} {why}."
    return f"{host} could not be reached."
