"""The PostgreSQL connection against a real server, and against one that hangs."""

import os
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from apps.connectors import services
from apps.connectors.drivers import dialling
from apps.connectors.drivers.base import DRIVERS
from apps.connectors.vault import Secret
from apps.core.outbound import Limits, OutboundRefused, OutboundTimeout
from tests.cast import Cast
from tests.conftest import missing
from tests.connectors.peer import Peer, peer

ROLE = f"ztportal_connector_test_{os.getpid()}"


@pytest.fixture
def target() -> Iterator[dict[str, str]]:
    """Settings of a role that may create roles, on the real server."""
    url = os.environ.get("ZTPORTAL_TEST_DATABASE_URL", "")
    if not url:
        missing("ZTPORTAL_TEST_DATABASE_URL")
    parts = urlsplit(url)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"DROP ROLE IF EXISTS {ROLE}")
        admin.execute(f"CREATE ROLE {ROLE} LOGIN CREATEROLE PASSWORD 'hunter2'")
        admin.execute(f"GRANT pg_signal_backend TO {ROLE}")
        yield {
            "host": parts.hostname or "", "port": str(parts.port), "dbname": "postgres", "username": ROLE,
            "sslmode": "disable",
        }  # fmt: skip
        admin.execute(f"DROP ROLE {ROLE}")


@pytest.mark.postgres
def test_a_role_that_may_create_roles_is_saved_and_used(cast: Cast, target: dict[str, str]) -> None:
    made = services.add(
        actor=cast.actor("security_admin"), name="db", driver="postgresql", settings=target,
        secret={"password": "hunter2"},
    )  # fmt: skip
    with services.postgresql(made) as database:
        row = database.execute("SELECT current_user, current_setting('application_name')").fetchone()
    assert row == (ROLE, "ztportal")
    assert database.closed
    with pytest.raises(psycopg.Error), services.postgresql(made) as database:
        database.execute("SELECT no_such_column")


@pytest.mark.postgres
def test_a_role_without_createrole_fails_its_test(cast: Cast, target: dict[str, str]) -> None:
    with psycopg.connect(os.environ["ZTPORTAL_TEST_DATABASE_URL"], autocommit=True) as admin:
        admin.execute(f"ALTER ROLE {ROLE} NOCREATEROLE")
    trial = services.try_new(
        actor=cast.actor("security_admin"), name="db", driver="postgresql", settings=target,
        secret={"password": "hunter2"},
    )  # fmt: skip
    assert not trial.result.ok and "CREATEROLE" in trial.result.message and not trial.proof


def _hang(there: Peer, stream: socket.socket, request: bytes) -> None:
    there.stopped.wait(60)


def test_a_server_that_hangs_is_left() -> None:
    with peer(_hang) as there:
        values = DRIVERS["postgresql"].read_settings(
            {"host": "127.0.0.1", "port": str(there.port), "dbname": "d", "username": "u", "sslmode": "disable"}
        )
        with pytest.raises(OutboundTimeout), dialling.dial_postgresql(values, Secret({"password": "x"}), Limits(2, 2)):
            pass


@pytest.mark.parametrize("change", [{"sslmode": "disable"}, {"sslmode": "require"}, {"host": "127.0.0.1"}])
def test_outside_the_allow_list_only_checked_tls_to_public_addresses(settings: Any, change: dict[str, str]) -> None:
    settings.ZTPORTAL_OUTBOUND_ALLOW = []
    values = {
        "host": "93.184.216.34",
        "port": "5432",
        "dbname": "d",
        "username": "u",
        "sslmode": "verify-full",
        "ca": "",
    }
    with pytest.raises(OutboundRefused), dialling.dial_postgresql({**values, **change}, Secret({"password": "x"})):
        pass


@pytest.mark.parametrize("dbname", ["dbname=x host=10.0.0.1", "postgres://x@10.0.0.1/d", "a'b", "", "a b"])
def test_a_database_name_is_no_connection_string(dbname: str) -> None:
    given = {"host": "db.example", "dbname": dbname, "username": "u"}
    with pytest.raises(Exception, match="not right"):
        DRIVERS["postgresql"].read_settings(given)
