"""A PostgreSQL target: a table, roles that read and write it, and the portal's own role, with names of this run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.conftest import missing

PASSWORD = "hunter2-for-the-portal"


@dataclass
class Target:
    """A database with a table `claims`, readable by `reader` and changeable by `writer`; `prefix` marks our roles."""

    admin: "psycopg.Connection[Any]"
    settings: dict[str, str]
    prefix: str
    reader: str
    writer: str

    def levels(self, number: int) -> set[str]:
        """Return what the grant's role may use now, seen by the server's administrator."""
        rows = self.admin.execute(
            "SELECT pg_get_userbyid(m.roleid)::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
            "WHERE r.rolname = %s AND r.rolcanlogin",
            [f"{self.prefix}{number}"],
        )
        return {row[0] for row in rows.fetchall()}

    def sign_in(self, number: int, password: str) -> "psycopg.Connection[Any]":
        """Sign in as the grant's holder does."""
        return psycopg.connect(
            host=self.settings["host"], port=self.settings["port"], dbname=self.settings["dbname"],
            user=f"{self.prefix}{number}", password=password, connect_timeout=30, autocommit=True,
        )  # fmt: skip

    def verifier(self, number: int) -> str:
        """Return what the server keeps of the role's password; empty without one, or without the role."""
        row = self.admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [f"{self.prefix}{number}"])
        return str((row.fetchone() or [None])[0] or "")


def _roles(target: Target) -> list[str]:
    rows = target.admin.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [target.prefix])
    return [row[0] for row in rows.fetchall()]


def _drop(target: Target, name: str) -> None:
    target.admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [name])
    target.admin.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(name)))
    target.admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@contextmanager
def running() -> Iterator[Target]:
    """Make the target for the block, and remove all of it."""
    url = os.environ.get("ZTPORTAL_TEST_DATABASE_URL", "")
    if not url:
        missing("ZTPORTAL_TEST_DATABASE_URL (a PostgreSQL server)")
    parts, mark = urlsplit(url), f"zt_target_{os.getpid()}"
    reader, writer, portal, database = f"{mark}_read", f"{mark}_write", f"{mark}_portal", f"{mark}_db"
    with psycopg.connect(url, autocommit=True) as first:
        first.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        first.execute(f"CREATE DATABASE {database}")
        with psycopg.connect(url, dbname=database, autocommit=True) as admin:
            settings = {
                "host": parts.hostname or "", "port": str(parts.port or 5432), "dbname": database, "username": portal,
                "sslmode": "disable",
            }  # fmt: skip
            target = Target(admin, settings, f"{mark}_g_", reader, writer)
            admin.execute("CREATE TABLE claims AS SELECT 1 AS id, 'paid' AS outcome")
            for name in (reader, writer):
                admin.execute(f"CREATE ROLE {name}")
            admin.execute(f"GRANT SELECT ON claims TO {reader}; GRANT SELECT, UPDATE ON claims TO {writer}")
            admin.execute(f"CREATE ROLE {portal} LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
            admin.execute(f"GRANT pg_signal_backend TO {portal}")
            admin.execute(f"GRANT {reader}, {writer} TO {portal} WITH ADMIN OPTION")
            try:
                yield target
            finally:
                for name in (*_roles(target), portal, reader, writer):
                    _drop(target, name)
        first.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
