"""PostgreSQL: each grant has a login role of its own, which the database itself ends (`VALID UNTIL`).

The role `ztportal_g_<number>` is a member of the role that the binding names as level, and of nothing else. So access
that the holder has by other roles is never touched, and one grant's end never takes another's (invariant 10). Its
password is sent as a SCRAM verifier, so that no log of the server holds it; the holder sees it once in the portal.
https://www.postgresql.org/docs/current/sql-createrole.html
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from apps.access.models import Binding, Grant
from apps.access.provisioning.contract import CALL_SECONDS, Found, Order, Report, Work
from apps.access.queries.cover import is_carried_elsewhere
from apps.access.services.passwords import forget_password, password_for
from apps.access.states import Presence
from apps.connectors.models import Connection
from apps.connectors.services import postgresql, record_failure, record_success
from apps.core import clock
from apps.core.outbound import Limits, OutboundError, OutboundUnavailable

PREFIX = "ztportal_g_"
#: How long sessions may take to end; they are told again and again.
PATIENCE = 3.0
MOST_SESSIONS = 10
LIMITS = Limits(connect=3.0, total=CALL_SECONDS)
_SECOND = timedelta(seconds=1)

_STATE = """
    SELECT r.rolcanlogin, nullif(r.rolvaliduntil, 'infinity'),
           ARRAY(SELECT pg_get_userbyid(m.roleid)::text FROM pg_auth_members m WHERE m.member = r.oid ORDER BY 1),
           (SELECT count(*) FROM pg_stat_activity s WHERE s.usesysid = r.oid)
    FROM pg_roles r WHERE r.rolname = %s
"""
#: A role that rules over others, or is a member of one that does; `pg_…` are the server's own powers.
_POWERS = """
    WITH RECURSIVE reach AS (
        SELECT oid FROM pg_roles WHERE rolname = %s
        UNION SELECT m.roleid FROM pg_auth_members m JOIN reach ON m.member = reach.oid
    )
    SELECT r.rolname FROM pg_roles r JOIN reach USING (oid)
    WHERE r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls
       OR r.rolname LIKE 'pg\\_%%' OR r.rolname LIKE 'ztportal\\_g\\_%%' OR r.rolname = current_user
    ORDER BY 1 LIMIT 1
"""
#: A role that it may make others members of: they would stay it when the grant is over.
_GIVES = """
    WITH RECURSIVE reach AS (
        SELECT oid FROM pg_roles WHERE rolname = %s
        UNION SELECT m.roleid FROM pg_auth_members m JOIN reach ON m.member = reach.oid
    )
    SELECT pg_get_userbyid(a.roleid)::text FROM pg_auth_members a JOIN reach ON a.member = reach.oid
    WHERE a.admin_option ORDER BY 1 LIMIT 1
"""
_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
_ALL = "SELECT rolname FROM pg_roles WHERE starts_with(rolname::text, %s) ORDER BY rolname"

Database = psycopg.Connection[Any]


class Refused(Exception):
    """The target does not do it, and why in words for people."""


@dataclass(frozen=True, slots=True)
class _Role:
    """What the server shows of a grant's role."""

    signs_in: bool
    until: datetime | None
    levels: tuple[str, ...]
    sessions: int

    @property
    def evidence(self) -> dict[str, object]:
        """Return it for the receipt."""
        until = self.until.isoformat() if self.until else "never"
        return {"signs in": self.signs_in, "until": until, "member of": list(self.levels), "sessions": self.sessions}


class PostgresqlProvisioner:
    """One login role for each grant; its end is the database's own, and ours."""

    key = "postgresql"
    title = "PostgreSQL"
    native_expiry = True
    executes = False
    levels: tuple[str, ...] = ()

    def __init__(self, prefix: str = PREFIX) -> None:
        self.prefix = prefix

    def grant(self, work: Work) -> Report:
        """Make the grant's role, or put it right: its password, its end, and one membership."""
        return _answer(_grant, work, self._role(work.grant))

    def revoke(self, work: Work) -> Report:
        """Shut the role, end its sessions, then drop it; one that owns something stays, shut and without membership."""
        return _answer(_revoke, work, self._role(work.grant))

    def observe(self, work: Work) -> Report:
        """Look at the role, its end, its memberships and its sessions."""
        return _answer(_observe, work, self._role(work.grant))

    def scan(self, binding: Binding) -> list[Found]:
        """Return the roles with our mark that can be used; another binding's at the same server are its own."""
        mark = re.compile(re.escape(self.prefix) + r"(\d{1,18})")
        with _open(binding.connection) as database:
            names = [str(row[0]) for row in database.execute(_ALL, [self.prefix]).fetchall()]
            shown = [(name, _look(database, name)) for name in names if mark.fullmatch(name)]
        place = str(binding.connection.settings.get("dbname", "")) if binding.connection else ""
        usable = [(name, role) for name, role in shown if role and (role.signs_in or role.levels or role.sessions)]
        return [
            Found(name, place, ",".join(role.levels)[:100], number)
            for name, role in usable
            if not is_carried_elsewhere(binding, number := int(name.removeprefix(self.prefix)))
        ]

    def _role(self, number: int) -> str:
        return f"{self.prefix}{number}"

    def execute(self, order: Order) -> Report:
        """Return a refusal: no operation is run in databases."""
        return Report(False, evidence={"problem": "Nothing is run in databases.", "refused": True})

    executed = execute


def address_of(grant: Grant) -> dict[str, str]:
    """Return where and as whom the holder signs in: host, port, dbname and user, without the password."""
    settings = grant.binding.connection.settings if grant.binding.connection else {}
    places = {name: str(settings.get(name, "")) for name in ("host", "port", "dbname")}
    return {**places, "user": f"{PREFIX}{grant.pk}"}


def _answer(call: Callable[[Work, str], Report], work: Work, name: str) -> Report:
    try:
        return call(work, name)
    except Refused as problem:
        return Report(False, Presence.UNKNOWN, evidence={"problem": str(problem)})


def _grant(work: Work, name: str) -> Report:
    if work.expires_at is None:
        raise Refused("A role without an end is not made.")
    until = work.expires_at
    with _open(work.connection) as database:
        _refuse_powers(database, work.level)
        there = _look(database, name)
        password = password_for(work.grant, work.generation, clock.now(), fresh=there is None)
        _put(database, name, until, password, known=there is not None)
        _leave(database, name, [level for level in (there.levels if there else ()) if level != work.level])
        _run(database, "GRANT {} TO {}", sql.Identifier(work.level), sql.Identifier(name))
    return Report(True, evidence={"role": name, "member of": work.level, "until": until.isoformat()})


def _revoke(work: Work, name: str) -> Report:
    with _open(work.connection) as database:
        there = _look(database, name)
        if there is None:
            forget_password(work.grant)
            return Report(True, evidence={"role": name, "dropped": "it was not there"})
        _run(database, "ALTER ROLE {} NOLOGIN PASSWORD NULL", sql.Identifier(name))
        _leave(database, name, there.levels)
        # Nobody can come back before those who are there are sent away.
        database.commit()
        if not _end_sessions(database, name):
            raise Refused("Sessions of the role do not end.")
        dropped = _drop(database, name)
    forget_password(work.grant)
    return Report(True, evidence={"role": name, "sessions ended": there.sessions, "dropped": dropped})


def _observe(work: Work, name: str) -> Report:
    with _open(work.connection) as database:
        there = _look(database, name)
    if there is None:
        present = False
    elif work.wanted == Presence.PRESENT:
        present = there.signs_in and work.level in there.levels and _ends_in_time(there.until, work)
    else:
        present = there.signs_in or bool(there.levels) or there.sessions > 0
    if work.wanted == Presence.ABSENT and not present:
        forget_password(work.grant)
    seen = Presence.PRESENT if present else Presence.ABSENT
    if there is None:
        return Report(True, seen, evidence={"role": name, "there": False})
    # The role is the grant's own: whatever it shows, nothing was there before.
    level = "" if work.baseline is None else ",".join(there.levels)
    return Report(True, seen, level, {"role": name, **there.evidence})


@contextmanager
def _open(connection: Connection | None) -> Iterator[Database]:
    """Yield the database; tell the connection how it went. Raises Refused with a sentence of our own."""
    if connection is None:
        raise Refused("This binding has no connection.")
    try:
        with postgresql(connection, limits=LIMITS) as database:
            yield database
    except OutboundUnavailable as problem:
        raise Refused(str(problem)) from None
    except OutboundError as problem:
        record_failure(connection.pk, str(problem))
        raise Refused(str(problem)) from None
    except psycopg.Error as problem:
        raise Refused(f"PostgreSQL says: {(problem.diag.message_primary or 'it failed')[:200]}.") from None
    record_success(connection.pk)


def _look(database: Database, name: str) -> _Role | None:
    row = database.execute(_STATE, [name]).fetchone()
    return _Role(bool(row[0]), row[1], tuple(row[2]), int(row[3])) if row else None


def _refuse_powers(database: Database, level: str) -> None:
    """Refuse a level that is not there, or through which a holder could give themselves more."""
    if database.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [level]).fetchone() is None:
        raise Refused(f"The database has no role {level}.")
    power = database.execute(_POWERS, [level]).fetchone()
    if power is not None:
        raise Refused(f"The role {level} is not given out: it reaches {power[0]}, which rules over more than data.")
    given = database.execute(_GIVES, [level]).fetchone()
    if given is not None:
        raise Refused(f"The role {level} is not given out: it may give {given[0]} to others (ADMIN OPTION).")


def _put(database: Database, name: str, until: datetime, password: str | None, *, known: bool) -> None:
    """Make the role, or change it; without a password it keeps the one its holder has."""
    words = "ALTER ROLE {} LOGIN VALID UNTIL {}" if known else (
        "CREATE ROLE {} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT LOGIN VALID UNTIL {}"
    )  # fmt: skip
    parts: list[sql.Composable] = [sql.Identifier(name), sql.Literal(until.isoformat())]
    if password is not None:
        words += " PASSWORD {}"
        verifier = database.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
        parts.append(sql.Literal(verifier.decode()))
    _run(database, f"{words} CONNECTION LIMIT {MOST_SESSIONS}", *parts)


def _leave(database: Database, name: str, levels: tuple[str, ...] | list[str]) -> None:
    for level in levels:
        _run(database, "REVOKE {} FROM {}", sql.Identifier(level), sql.Identifier(name))


def _end_sessions(database: Database, name: str) -> bool:
    """End the role's sessions; return whether none is left."""
    limit = time.monotonic() + PATIENCE
    while database.execute(_SESSIONS, [name]).fetchall():
        # Statistics are a snapshot of the transaction.
        database.commit()
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    database.commit()
    return True


def _drop(database: Database, name: str) -> str:
    """Drop the role; one that owns something stays shut, because what it owns is not ours to delete."""
    try:
        _run(database, "DROP ROLE {}", sql.Identifier(name))
        database.commit()
    except psycopg.errors.DependentObjectsStillExist:
        database.rollback()
        return "no: it owns something; it cannot sign in and is a member of nothing"
    return "yes"


def _ends_in_time(until: datetime | None, work: Work) -> bool:
    """Return whether the server ends it, no later than the grant does."""
    if until is None or until <= clock.now():
        return False
    return work.expires_at is None or until <= work.expires_at + _SECOND


def _run(database: Database, words: str, *parts: sql.Composable) -> None:
    database.execute(sql.SQL(words).format(*parts))
