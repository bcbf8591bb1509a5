"""Connections: tested before they are saved, secrets that go to one address only, health, breaker, slots, rotation."""

import base64
import copy
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from apps.audit.models import Entry
from apps.connectors import queries, services
from apps.connectors.drivers import DRIVERS
from apps.connectors.models import Connection, Slot
from apps.connectors.services import health, slots
from apps.connectors.tasks import check_health
from apps.core import clock
from apps.core.actor import Actor, Strength, system
from apps.core.errors import Conflict, Forbidden, Invalid, NotFound
from apps.core.jobs import RECONCILERS
from apps.core.outbound import OutboundUnavailable
from tests.cast import Cast
from tests.connectors.conftest import SECRET
from tests.connectors.peer import Peer, answer, certificate, peer
from ztportal.configuration import new_credential_key


def fresh(connection: Connection) -> Connection:
    return Connection.objects.get(pk=connection.pk)


def facts(action: str) -> dict[str, Any]:
    """Return the facts of the newest event of a name."""
    entry = Entry.objects.filter(action=action).latest("seq")
    found: dict[str, Any] = json.loads(bytes(entry.details.content))["facts"]
    return found


def events() -> list[str]:
    return list(Entry.objects.order_by("at", "seq").values_list("action", flat=True))


def test_a_connection_is_tested_with_its_secret_and_then_saved(cast: Cast, there: Peer) -> None:
    made = services.add(
        actor=cast.actor("security_admin"), name=" Access hook ", driver="webhook",
        settings={"url": f"{there.url}/hook"}, secret={"signing_secret": SECRET},
    )  # fmt: skip
    head, _, body = there.requests[0].partition(b"\r\n\r\n")
    sent = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    message = sent[b"webhook-id"] + b"." + sent[b"webhook-timestamp"] + b"." + body
    right = base64.b64encode(hmac.new(SECRET.encode(), message, sha256).digest()).decode()
    assert f"webhook-signature: v1,{right}".encode() in head
    assert (made.name, made.state, made.has_secret, fresh(made).last_ok_at is not None) == (
        "Access hook",
        "healthy",
        True,
        True,
    )
    assert events()[-2:] == ["connectors.connection.tested", "connectors.connection.created"]


def test_what_fails_its_test_is_not_saved(cast: Cast, there: Peer) -> None:
    there.handler = answer(b"no " + SECRET.encode(), "401 Unauthorized")
    with pytest.raises(Invalid, match="refused the signature"):
        services.add(
            actor=cast.actor("security_admin"), name="x", driver="webhook", settings={"url": there.url},
            secret={"signing_secret": SECRET},
        )  # fmt: skip
    assert not Connection.objects.exists()


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        ({"url": "https://a.example", "exec": "/bin/sh"}, {"signing_secret": SECRET}),
        ({"url": "https://a.example", "users": [{"user": {"exec": {"command": "sh"}}}]}, {"signing_secret": SECRET}),
        ({"url": "https://a.example", "cmd-path": "sh"}, {"signing_secret": SECRET}),
        ({"url": "https://a.example"}, {"signing_secret": SECRET, "kubeconfig": "x"}),
        ({"url": {"exec": "sh"}}, {"signing_secret": SECRET}),
        ({"url": "https://a.example", "ca": "/etc/passwd"}, {"signing_secret": SECRET}),
        ({"url": "https://u:p@a.example"}, {"signing_secret": SECRET}),
        ({}, {"signing_secret": SECRET}),
        ({"url": "https://a.example"}, {}),
        ({"url": "https://a.example"}, {"signing_secret": "short"}),
    ],
)
def test_case_14_only_declared_fields_are_accepted(cast: Cast, given: dict[str, Any], secret: dict[str, Any]) -> None:
    """Configuration that would run code, or hold anything nobody declared."""
    with pytest.raises(Invalid) as caught:
        services.try_new(actor=cast.actor("security_admin"), name="x", driver="webhook", settings=given, secret=secret)
    assert SECRET not in str(caught.value) + str(caught.value.fields)


@pytest.mark.parametrize("where", ["scheme", "host", "port", "certificates"])
def test_case_13_a_changed_address_erases_the_secret(
    cast: Cast, hook: Connection, there: Peer, where: str, tmp_path: Any
) -> None:
    """Whoever changes the address receives nothing that was entered for the old one."""
    with peer(answer()) as echo:
        changed = {
            "scheme": {"url": there.url.replace("http:", "https:")},
            "host": {"url": f"http://127.0.0.2:{there.port}/hook"},
            "port": {"url": f"{echo.url}/hook"},
            "certificates": {"url": hook.settings["url"], "ca": certificate(tmp_path, "127.0.0.1")[1]},
        }[where]
        done = services.change(actor=cast.actor("security_admin"), connection=hook, name=hook.name, settings=changed)
        assert done.value is True
        after = fresh(hook)
        assert (after.sealed, after.secret_set_at, after.state) == ("", None, "unknown")
        with pytest.raises(OutboundUnavailable, match="no secret"), services.http_client(hook):
            pass
        assert services.start_due_checks() == 0
        assert (echo.requests, there.requests) == ([], [])
    assert facts("connectors.connection.changed")["secret_erased"] is True


def test_a_changed_path_keeps_the_secret_and_is_tested_first(cast: Cast, hook: Connection, there: Peer) -> None:
    change = {"actor": cast.actor("security_admin"), "connection": hook, "name": "New name"}
    services.change(**change, settings={"url": f"{there.url}/other"})
    assert there.requests[0].startswith(b"POST /other") and fresh(hook).has_secret
    there.handler = answer(b"", "500 No")
    with pytest.raises(Invalid, match="Not saved"):
        services.change(**{**change, "connection": fresh(hook)}, settings={"url": f"{there.url}/third"})
    assert (fresh(hook).settings["url"], fresh(hook).name) == (f"{there.url}/other", "New name")


def test_a_row_changed_behind_the_portals_back_does_not_open(hook: Connection, there: Peer, cast: Cast) -> None:
    Connection.objects.filter(pk=hook.pk).update(settings={"url": f"http://127.0.0.3:{there.port}", "ca": ""})
    other = services.add(
        actor=cast.actor("security_admin"), name="other", driver="webhook", settings={"url": there.url},
        secret={"signing_secret": SECRET},
    )  # fmt: skip
    for row in (hook, other):
        Connection.objects.filter(pk=other.pk).update(sealed=hook.sealed)
        with pytest.raises(OutboundUnavailable, match="another address"), services.http_client(row):
            pass


def test_a_proof_serves_one_person_one_purpose_and_a_quarter_of_an_hour(
    cast: Cast, hook: Connection, there: Peer
) -> None:
    admin, now = cast.actor("security_admin"), clock.now()
    new = {"name": "n", "driver": "webhook", "settings": {"url": there.url}, "secret": {"signing_secret": SECRET}}
    proof = services.try_new(actor=admin, **new).proof
    assert proof and SECRET not in proof
    second = cast.actor("second_admin")
    late = now + timedelta(minutes=16)
    for actor, at, text in ((second, now, proof), (admin, late, proof), (admin, now, hook.sealed), (admin, now, "x")):
        with pytest.raises(Conflict, match="Test again"):
            services.create(actor=actor, now=at, proof=text)
    with pytest.raises(Conflict):
        services.replace_secret(actor=admin, now=now, connection=hook, proof=proof)
    replacing = services.try_secret(actor=admin, connection=hook, secret={"signing_secret": "n" * 30}).proof
    services.change(actor=admin, connection=hook, name="renamed", settings=hook.settings)
    with pytest.raises(Conflict, match="changed meanwhile"):
        services.replace_secret(actor=admin, now=now, connection=hook, proof=replacing)
    again = services.try_secret(actor=admin, connection=fresh(hook), secret={"signing_secret": "n" * 30}).proof
    before = fresh(hook).sealed
    services.replace_secret(actor=admin, now=now, connection=hook, proof=again)
    assert fresh(hook).sealed != before
    assert services.create(actor=admin, now=now, proof=proof).value.name == "n"
    with pytest.raises(Conflict, match="name"):
        services.create(actor=admin, now=now, proof=proof)


COMMANDS: dict[str, Callable[[Actor, Connection], Any]] = {
    "try_new": lambda a, c: services.try_new(actor=a, name="n", driver="manual", settings={}, secret={}),
    "create": lambda a, c: services.create(actor=a, proof=""),
    "try_secret": lambda a, c: services.try_secret(actor=a, connection=c, secret={"signing_secret": SECRET}),
    "replace_secret": lambda a, c: services.replace_secret(actor=a, connection=c, proof=""),
    "change": lambda a, c: services.change(actor=a, connection=c, name="n", settings=c.settings),
    "disable": lambda a, c: services.disable(actor=a, connection=c),
    "enable": lambda a, c: services.enable(actor=a, connection=c),
    "delete": lambda a, c: services.delete(actor=a, connection=c),
    "check_health": lambda a, c: services.check_health(actor=a, connection_id=c.pk),
    "rotate": lambda a, c: services.rotate_credentials(actor=a),
}


@pytest.mark.parametrize("act", COMMANDS.values(), ids=COMMANDS)
def test_only_a_security_admin_with_a_second_factor_changes_connections(
    cast: Cast, hook: Connection, there: Peer, act: Callable[[Actor, Connection], Any]
) -> None:
    others = [cast.actor(name) for name in ("ciso", "manager", "engineer", "auditor", "service", "outsider")]
    for actor in [*others, cast.actor("security_admin", Strength.PASSWORD), cast.actor("second_admin", Strength.TOKEN)]:
        with pytest.raises(Forbidden):
            act(actor, hook)
    assert there.requests == []
    for actor in (cast.actor("second_admin"), system("command line")):
        try:
            act(actor, hook)
        except (Conflict, NotFound):
            pass  # allowed, but the second one comes too late or without a proof
        except Forbidden as refusal:
            assert "already" in refusal.reason


def test_a_connection_switched_off_makes_no_call(cast: Cast, hook: Connection, there: Peer) -> None:
    admin = cast.actor("security_admin")
    services.disable(actor=admin, connection=hook)
    assert not queries.is_available(hook, clock.now())
    with pytest.raises(OutboundUnavailable, match="switched off"), services.http_client(hook):
        pass
    with pytest.raises(Forbidden, match="already"):
        services.disable(actor=admin, connection=fresh(hook))
    services.enable(actor=admin, connection=fresh(hook))
    assert queries.is_available(hook, clock.now())
    services.delete(actor=admin, connection=hook)
    assert not Connection.objects.exists() and not Slot.objects.exists()


def test_the_breaker_rests_after_five_failures_and_never_longer_than_half_a_minute(hook: Connection) -> None:
    now = clock.now()
    for _ in range(4):
        services.record_failure(hook.pk, "No answer.", now=now)
    assert queries.is_available(hook, now)
    rests = []
    for _ in range(6):
        services.record_failure(hook.pk, "No answer.", now=now)
        rests.append((fresh(hook).opened_until - now).seconds)  # type: ignore[operator]
    assert rests == [5, 10, 20, 30, 30, 30]
    assert not queries.is_available(hook, now + timedelta(seconds=29))
    assert queries.is_available(hook, now + timedelta(seconds=30))
    with pytest.raises(OutboundUnavailable, match="paused"), services.http_client(hook):
        pass
    services.record_success(hook.pk, now=now)
    after = fresh(hook)
    assert (after.state, after.failures, after.opened_until, after.last_error) == ("healthy", 0, None, "")
    turned = Entry.objects.filter(action="connectors.connection.health_changed")
    assert turned.count() == 2 and facts("connectors.connection.health_changed") == {"problem": ""}


def test_two_calls_at_once_and_a_killed_holder_frees_its_place(hook: Connection) -> None:
    with services.http_client(hook) as one, services.http_client(hook):
        assert one.get("x").status_code == 200
        with pytest.raises(OutboundUnavailable), slots.held(hook.pk, wait=0):
            pass
        with clock.shifted(slots.LEASE), slots.held(hook.pk, wait=0):
            pass
    with slots.held(hook.pk, wait=0):
        assert Slot.objects.filter(claimed_until__isnull=False).count() == 1
    assert not Slot.objects.filter(claimed_until__isnull=False).exists()


def test_health_is_looked_at_when_it_is_due_and_once(hook: Connection, there: Peer, monkeypatch: Any) -> None:
    sent: list[tuple[str, ...]] = []
    monkeypatch.setattr("apps.connectors.services.checking.enqueue", lambda *words: sent.append(words))
    step = RECONCILERS["connectors.start_due_checks"]
    assert step() == 0
    with clock.shifted(health.CHECK_EVERY + timedelta(seconds=1)):
        assert (step(), step()) == (1, 0)
        there.handler = answer(b"", "503 Later")
        check_health(*sent[0][1:])
        assert (fresh(hook).state, fresh(hook).last_error) == ("failing", "The receiver answered with status 503.")
        there.handler = answer()
        check_health(str(hook.pk))
        assert fresh(hook).state == "healthy"
    assert sent == [("connectors.check_health", str(hook.pk))]


def test_secrets_are_encrypted_anew_and_the_old_key_can_go(hook: Connection, settings: Any) -> None:
    old, new = settings.CREDENTIAL_KEYS, new_credential_key()
    with override_settings(CREDENTIAL_KEYS=[new]):
        with pytest.raises(CommandError, match="Access hook"):
            call_command("rotate_credentials", stdout=StringIO())
        with pytest.raises(OutboundUnavailable, match="cannot be read"), services.http_client(hook):
            pass
    with override_settings(CREDENTIAL_KEYS=[new, *old]):
        out = StringIO()
        call_command("rotate_credentials", stdout=out)
        assert "Encrypted anew: 1" in out.getvalue()
    with override_settings(CREDENTIAL_KEYS=[new]), services.http_client(hook) as client:
        assert client.get("").status_code == 200
    assert facts("connectors.credentials.rotated") == {"rotated": 1, "failed": 0}


def test_no_secret_in_the_row_the_log_or_the_audit(cast: Cast, hook: Connection, caplog: Any) -> None:
    services.check_health(actor=cast.actor("security_admin"), connection_id=hook.pk)
    row = json.dumps(Connection.objects.filter(pk=hook.pk).values("name", "settings", "sealed", "last_error")[0])
    told = "".join(str(bytes(e.body)) + str(bytes(e.details.content)) for e in Entry.objects.select_related("details"))
    assert "connectors.connection.tested" in told
    secret = DRIVERS["webhook"].read_secret({"signing_secret": SECRET})
    assert SECRET not in row + told + caplog.text + repr(secret) + str(secret) + f"{hook!r}"
    for way in (json.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            way(secret)
