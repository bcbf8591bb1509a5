"""One login role per grant on a real PostgreSQL: conformance, sessions that work and then do not, kills in between."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from apps.access.models import Binding, Grant, GrantPassword, Orphan
from apps.access.provisioning import postgresql
from apps.access.provisioning.contract import Work
from apps.access.provisioning.postgresql import PostgresqlProvisioner
from apps.access.provisioning.registry import PROVISIONERS
from apps.access.services.grants import release
from apps.access.services.orphans import scan_due
from apps.access.services.passwords import show_password
from apps.access.services.removing import remove_orphan
from apps.access.states import GrantState, Presence
from apps.audit.models import Details, Entry
from apps.connectors.models import Connection
from apps.connectors.services import add
from apps.core import clock
from apps.core.errors import Conflict, Forbidden
from tests.access.grants import carried, make_holder, make_request, open_grant
from tests.access.provisioners.conformance import Conformance, Rig
from tests.access.provisioners.postgres_target import PASSWORD, Target, running
from tests.cast import Cast
from tests.factories import make_asset

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    """The target, made once."""
    with running() as there:
        yield there


@pytest.fixture
def target(server: Target) -> Iterator[Target]:
    """The target without any role of ours."""
    yield server
    for (name,) in server.admin.execute(
        "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [server.prefix]
    ).fetchall():
        server.admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [name])
        server.admin.execute(f"DROP OWNED BY {name} CASCADE")
        server.admin.execute(f"DROP ROLE {name}")


@pytest.fixture
def connection(target: Target, cast: Cast, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """A tested connection; the registered provisioner uses the marks of this run."""
    settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.1", "::1", "localhost"]
    entries = {name: PROVISIONERS[name] for name in PROVISIONERS.names()}
    monkeypatch.setattr(PROVISIONERS, "_entries", {**entries, "postgresql": PostgresqlProvisioner(target.prefix)})
    return add(
        actor=cast.actor("security_admin"), name="Claims", driver="postgresql", settings=target.settings,
        secret={"password": PASSWORD},
    )  # fmt: skip


def _bind(connection: Connection, target: Target, **fields: Any) -> Binding:
    levels = {"eval.run": target.reader, "endpoint.call": target.writer}
    return Binding.objects.create(
        **{"provisioner": "postgresql", "connection": connection, "levels": levels, "created_at": clock.now(), **fields}
    )


@pytest.fixture
def bound(target: Target, connection: Connection, cast: Cast) -> Grant:
    """A scheduled grant to read."""
    asset = make_asset(name="claims", tier=3, tier_confirmed=True)
    _bind(connection, target, asset=asset)
    return open_grant(make_request(make_holder(cast.users["engineer"]), asset))


@pytest.fixture
def rig(target: Target, connection: Connection, bound: Grant) -> Rig:
    """The target as the conformance suite drives it."""
    number, until = bound.pk, clock.now() + timedelta(hours=1)

    def work(wanted: Presence, **fields: Any) -> Work:
        defaults: dict[str, Any] = {
            "grant": number, "generation": 1, "account": "ada", "resource": "claims", "operation": "eval.run",
            "level": target.reader, "baseline": "", "connection": connection, "expires_at": until,
        }  # fmt: skip
        return Work(wanted=wanted, **{**defaults, **fields})

    @contextmanager
    def broken() -> Iterator[None]:
        target.admin.execute(f"ALTER ROLE {target.settings['username']} NOLOGIN")
        Connection.objects.update(opened_until=None, failures=0)
        yield
        target.admin.execute(f"ALTER ROLE {target.settings['username']} LOGIN")

    return Rig(
        PostgresqlProvisioner(target.prefix), work, lambda: target.levels(number), (target.reader, target.writer),
        lambda level: None, broken, binding=bound.binding, secrets=(PASSWORD,),
    )  # fmt: skip


class TestPostgresql(Conformance):
    """The PostgreSQL provisioner keeps the contract."""


def test_a_session_really_reads_and_then_really_is_refused(bound: Grant, target: Target, cast: Cast) -> None:
    """Given, used with the password shown once, given back: the open session is gone and no other begins."""
    grant = carried(bound)
    assert grant.state == GrantState.ACTIVE
    shown = show_password(actor=cast.actor("engineer"), grant=grant).value
    session = target.sign_in(grant.pk, shown.password)
    assert session.execute("SELECT outcome FROM claims").fetchone() == ("paid",)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("UPDATE claims SET outcome = 'open'")
    release(actor=cast.actor("engineer"), grant=grant)
    grant = carried(grant)
    assert (grant.state, grant.observed) == (GrantState.ENDED, Presence.ABSENT)
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        target.sign_in(grant.pk, shown.password)
    looks = [receipt.evidence for receipt in grant.receipts.filter(worked=True, carried="observe")]
    assert any(look.get("member of") == [target.reader] for look in looks) and looks[-1] == {
        "role": f"{target.prefix}{grant.pk}", "there": False,
    }  # fmt: skip


def test_invariant_11_the_database_ends_it_by_itself(bound: Grant, target: Target) -> None:
    """VALID UNTIL is there from the first instant, and never later than the grant's own end."""
    grant = carried(bound)
    row = target.admin.execute("SELECT rolvaliduntil FROM pg_roles WHERE rolname = %s", [f"{target.prefix}{grant.pk}"])
    until = (row.fetchone() or [None])[0]
    assert until is not None and grant.expires_at is not None
    assert clock.now() < until <= grant.expires_at


def test_the_server_keeps_a_verifier_of_the_password_shown(bound: Grant, target: Target, cast: Cast) -> None:
    """SCRAM-SHA-256 (RFC 5802 §3): the server's StoredKey follows from what the holder saw; it never saw that."""
    grant = carried(bound)
    password = show_password(actor=cast.actor("engineer"), grant=grant).value.password
    scheme, rounds, keys = target.verifier(grant.pk).split("$")
    count, salt = rounds.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(count))
    stored = hashlib.sha256(hmac.new(salted, b"Client Key", "sha256").digest()).digest()
    assert (scheme, keys.split(":")[0]) == ("SCRAM-SHA-256", base64.b64encode(stored).decode())
    kept = str(list(GrantPassword.objects.values())) + str(list(grant.receipts.values("evidence")))
    assert password not in kept + str([*Entry.objects.values(), *Details.objects.values()])


def test_who_sees_the_password_and_how_often(bound: Grant, target: Target, cast: Cast) -> None:
    """The holder, once, while the grant is usable; no role sees another's."""
    with pytest.raises(Forbidden):
        show_password(actor=cast.actor("engineer"), grant=bound)
    grant = carried(bound)
    for name in ("security_admin", "ciso", "manager", "owner", "auditor", "service", "outsider"):
        with pytest.raises(Forbidden):
            show_password(actor=cast.actor(name), grant=grant)
    assert len(show_password(actor=cast.actor("engineer"), grant=grant).value.password) >= 32
    with pytest.raises(Conflict):
        show_password(actor=cast.actor("engineer"), grant=grant)
    with clock.shifted(timedelta(hours=2)), pytest.raises(Forbidden):
        show_password(actor=cast.actor("engineer"), grant=grant)


def test_invariant_10_one_end_takes_no_other_grants_access(bound: Grant, target: Target, cast: Cast) -> None:
    """Two grants of one person on one asset are two roles; what the person has otherwise is neither."""
    first = carried(bound)
    other = make_request(cast.users["engineer"], bound.asset, operation="endpoint.call")
    second = carried(open_grant(other))
    assert second.state == GrantState.ACTIVE, second.last_problem
    release(actor=cast.actor("engineer"), grant=first)
    assert carried(first).state == GrantState.ENDED
    assert (target.levels(first.pk), target.levels(second.pk)) == (set(), {target.writer})


def test_invariant_9_a_kill_at_any_statement_leaves_nothing_behind(
    bound: Grant, target: Target, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever statement was the last before the power went, the next try ends what was begun."""
    fate, genuine = {"ran": 0, "dies at": 0, "step": 0}, postgresql._run

    def dying(*words: Any) -> None:
        fate["ran"] += 1
        genuine(*words)
        if fate["ran"] == fate["dies at"]:
            raise SystemExit("killed")

    def carry(grant: Grant, dies_at: int) -> Grant:
        fate.update({"ran": 0, "dies at": dies_at, "step": fate["step"] + 1})
        with suppress(SystemExit):
            carried(grant, within=timedelta(minutes=fate["step"]))
        grant.refresh_from_db()
        return grant

    monkeypatch.setattr(postgresql, "_run", dying)
    for dies_at in (1, 2):
        assert carry(bound, dies_at).state == GrantState.ACTIVATING and target.levels(bound.pk) == set()
    grant = carry(bound, 99)
    assert grant.state == GrantState.ACTIVE and target.levels(grant.pk) == {target.reader}
    release(actor=cast.actor("engineer"), grant=grant)
    for dies_at in (1, 2, 3, 99):
        carry(grant, dies_at)
    assert grant.state == GrantState.ENDED
    assert (target.levels(grant.pk), target.verifier(grant.pk)) == (set(), "")
    assert not GrantPassword.objects.exclude(sealed="").exists()


def test_a_role_that_owns_something_stays_shut(bound: Grant, target: Target, cast: Cast) -> None:
    """What the holder made is not ours to delete: the role cannot sign in and is a member of nothing."""
    grant = carried(bound)
    target.admin.execute(f"CREATE TABLE notes_of_{grant.pk} (); ALTER TABLE notes_of_{grant.pk} OWNER TO "
                         f"{target.prefix}{grant.pk}")  # fmt: skip
    release(actor=cast.actor("engineer"), grant=grant)
    assert carried(grant).state == GrantState.ENDED
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        target.sign_in(grant.pk, "")


def test_lost_roles_come_back_and_changed_ones_are_put_right(bound: Grant, target: Target, cast: Cast) -> None:
    """Drift both ways while the grant lives: dropped by hand, and freed of its end by hand."""
    grant = carried(bound)
    show_password(actor=cast.actor("engineer"), grant=grant)
    name = f"{target.prefix}{grant.pk}"
    for change in (f"DROP ROLE {name}", f"ALTER ROLE {name} VALID UNTIL 'infinity'"):
        target.admin.execute(change)
        Grant.objects.filter(pk=grant.pk).update(due_at=clock.now())
        grant = carried(grant)
        assert grant.state == GrantState.ACTIVE and target.levels(grant.pk) == {target.reader}
    row = target.admin.execute("SELECT rolvaliduntil FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    assert row is not None and grant.expires_at is not None and row[0] <= grant.expires_at
    assert show_password(actor=cast.actor("engineer"), grant=grant).value.password


@pytest.mark.parametrize("level", ["pg_execute_server_program", "postgres", "no_such_role", "portal"])
def test_powers_are_not_given_out(level: str, bound: Grant, target: Target) -> None:
    """A binding that names a ruling role gives nothing, and says why; nor does one that reaches it by membership."""
    name = target.settings["username"] if level == "portal" else level
    Binding.objects.filter(pk=bound.binding_id).update(levels={"eval.run": name})
    grant = carried(bound)
    assert grant.state == GrantState.ACTIVATING and name in grant.last_problem
    assert target.verifier(grant.pk) == ""


def test_a_role_that_may_give_others_out_is_no_level(bound: Grant, target: Target) -> None:
    """With the ADMIN OPTION a holder would make somebody a member who stays one when the grant is over."""
    level = f"{target.prefix.removesuffix('_g_')}_gives"
    target.admin.execute(f"CREATE ROLE {level}; GRANT {target.reader} TO {level} WITH ADMIN OPTION")
    try:
        target.admin.execute(f"GRANT {level} TO {target.settings['username']} WITH ADMIN OPTION")
        Binding.objects.filter(pk=bound.binding_id).update(levels={"eval.run": level})
        grant = carried(bound)
        assert grant.state == GrantState.ACTIVATING and target.reader in grant.last_problem
    finally:
        target.admin.execute(f"DROP OWNED BY {level}; DROP ROLE {level}")


def test_roles_that_no_grant_explains_are_listed_and_removed(bound: Grant, target: Target, cast: Cast) -> None:
    """Our mark and no grant: an orphan; a live grant's role is none, nor a shut one. Removing takes that one only."""
    carried(bound)
    target.admin.execute(f"CREATE ROLE {target.prefix}991 LOGIN; GRANT {target.writer} TO {target.prefix}991")
    target.admin.execute(f"CREATE ROLE {target.prefix}992; CREATE ROLE {target.prefix}x LOGIN")
    scan_due()
    orphan = Orphan.objects.get()
    assert (orphan.account, orphan.level) == (f"{target.prefix}991", target.writer)
    assert remove_orphan(actor=cast.actor("security_admin"), orphan=orphan)
    assert (target.levels(991), target.levels(bound.pk)) == (set(), {target.reader})


def test_the_page_shows_the_password_once(bound: Grant, target: Target, signed_in: Any) -> None:
    """To its holder, by a POST, never to be kept by a browser; then it is gone."""
    grant = carried(bound)
    page, holder = f"/access/G-{grant.pk}/secret", signed_in("engineer")
    before = holder.get(page)
    assert "Show the password" in before.content.decode() and target.settings["dbname"] in before.content.decode()
    assert "Sign-in and password" in holder.get(f"/access/G-{grant.pk}").content.decode()
    shown = holder.post(page)
    assert (shown.status_code, shown["Cache-Control"]) == (200, "private, no-store")
    assert "not shown again" in shown.content.decode()
    assert holder.post(page).status_code == 409 and "Show the password" not in holder.get(page).content.decode()
    assert signed_in("security_admin").post(page).status_code == 403
    assert "Only its holder" in signed_in("security_admin").get(page).content.decode()
    assert signed_in("outsider").get(page).status_code == 404
