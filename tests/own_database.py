"""A PostgreSQL database of its own for tests that commit: the triggers refuse to empty a shared one.

It is a copy of a template that is migrated once a session; no switch of the product takes the triggers away. The
fixtures `template` and `postgres` of tests/conftest.py hand it out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import environ
import psycopg
from django.db import connections


@contextmanager
def default_is(settings: dict[str, Any]) -> Iterator[None]:
    """Make every thread's default connection one to this database."""
    before, own = connections.settings["default"], connections["default"]
    connections.settings["default"] = settings
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = before
        connections["default"] = own


def run(url: str, *statements: str) -> None:
    """Run statements outside a transaction."""
    with psycopg.connect(url, autocommit=True) as server:
        for statement in statements:
            server.execute(statement)


def database(url: str, name: str) -> dict[str, Any]:
    """Return Django's settings of a database beside the one of the URL."""
    found = {**connections.configure_settings({"default": environ.Env.db_url_config(url)})["default"], "NAME": name}
    found["TEST"] = {**found["TEST"], "MIRROR": None}
    return found
