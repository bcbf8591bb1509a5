"""Chat and webhook: which addresses are taken, what leaves, and that no secret is shown, logged or kept readable."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import apprise
import pytest
from django.test import override_settings

from apps.audit.models import Details, Entry
from apps.connectors.services import rotate_credentials
from apps.core import clock
from apps.core.errors import Forbidden, Invalid
from apps.core.outbound import OutboundRefused
from apps.notices.models import Channel, Delivery
from apps.notices.services import add_channel, send_due, try_channel
from apps.notices.services import chat as chat_module
from apps.notices.services.channels import address_of
from tests.cast import Cast
from tests.notices.kinds import ASKED, SYSTEM, tell

DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"


class Receiver(HTTPServer):
    """A webhook that remembers what came and answers what it is told to."""

    got: list[tuple[dict[str, str], bytes]]
    answers: list[tuple[int, dict[str, str]]]


class Handler(BaseHTTPRequestHandler):
    """Takes a POST."""

    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (204, {})
        self.send_response(status)
        for key, value in {**headers, "content-length": "0"}.items():
            self.send_header(key, value)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook on this machine, which the allow-list lets be called."""
    server = Receiver(("127.0.0.1", 0), Handler)
    server.got, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with override_settings(ZTPORTAL_OUTBOUND_ALLOW=[f"127.0.0.1:{server.server_port}"]):
        yield server
    server.shutdown()
    thread.join(timeout=30)
    server.server_close()


def hook(cast: Cast, server: Receiver) -> tuple[Channel, str]:
    """Add the webhook; return it with its secret."""
    address = f"http://127.0.0.1:{server.server_port}/in?token=hunter2"
    return add_channel(
        actor=cast.actor("security_admin"), name="SIEM", medium="webhook", address=address, kinds=[ASKED.key]
    ).value  # type: ignore[no-any-return]


def test_a_webhook_is_signed_and_carries_one_key_at_every_try(cast: Cast, receiver: Receiver) -> None:
    _, secret = hook(cast, receiver)
    receiver.answers = [(503, {"retry-after": "120"}), (500, {}), (204, {})]
    tell([], cast.users["engineer"], why="retrain")
    assert send_due(actor=SYSTEM) == 1
    row = Delivery.objects.get()
    assert row.state == "waiting" and row.problem == "The webhook answered 503."
    assert 100 < (row.due_at - clock.now()).total_seconds() <= 120, "Retry-After is honoured"
    for _ in range(2):
        Delivery.objects.update(due_at=clock.now())
        send_due(actor=SYSTEM)
    row.refresh_from_db()
    assert row.state == "sent" and row.attempts == 3 and len(receiver.got) == 3
    assert {head["idempotency-key"] for head, _ in receiver.got} == {str(row.pk)}
    assert len({body for _, body in receiver.got}) == 1
    for head, body in receiver.got:
        stamp, mac = (part.split("=")[1] for part in head["ztportal-signature"].split(","))
        expected = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert mac == expected and abs(int(stamp) - clock.now().timestamp()) < 300
    document = json.loads(receiver.got[0][1])
    assert document["title"] == "Approve? Jonas, deploy credit-risk-scorer, 4 h"
    assert document["link"] == "http://localhost:8000/posture" and document["lines"] == ["Reason: retrain"]


@pytest.mark.parametrize("answer", [(302, {"location": "http://127.0.0.1:1/"}), (410, {})])
def test_a_redirect_and_a_hook_that_is_gone_are_given_up_at_once(cast: Cast, receiver: Receiver, answer: Any) -> None:
    hook(cast, receiver)
    receiver.answers = [answer]
    tell([], cast.users["engineer"])
    send_due(actor=SYSTEM)
    assert Delivery.objects.get().state == "dead" and len(receiver.got) == 1


def test_no_secret_is_readable_in_the_database_or_the_log(cast: Cast, receiver: Receiver) -> None:
    channel, secret = hook(cast, receiver)
    row = Channel.objects.values().get(pk=channel.pk)
    told = json.dumps([row, list(Entry.objects.values()), list(Details.objects.values())], default=str)
    assert "hunter2" not in told and secret not in told
    assert address_of(channel)[1] == secret
    assert rotate_credentials(actor=SYSTEM).value == (1, [])
    channel.refresh_from_db()
    assert address_of(channel)[1] == secret and channel.sealed != row["sealed"]


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.org/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/",
        "https://u:p@x.example/",
        "ftp://x",
        "",
    ],
)
def test_a_webhook_inside_or_without_tls_is_refused(cast: Cast, address: str) -> None:
    with pytest.raises(Invalid):
        add_channel(actor=cast.actor("security_admin"), name="x", medium="webhook", address=address, kinds=[])
    assert not Channel.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "json://10.0.0.1/", "jsons://evil.example/", "file:///etc/passwd", "mmost://chat.example/token", "syslog://",
        "mailtos://u:p@mail.example", "workflow://host.example/a/b?template=/etc/passwd", f"{DISCORD}?verify=no",
        f"{DISCORD}%3Fverify=no", "mmosts://127.0.0.1/tok", "mmosts://169.254.169.254/tok", "mmosts://0x7f.1/tok",
        "mmosts://[::1]/tok", "rockets://u:p@localhost@10.0.0.1/room", "discord://", "slack:", "", "DISCORD://a/b",
        "discord://1/2 3", "discord://1/2\n3",
    ],
)  # fmt: skip
def test_a_chat_address_that_is_not_of_the_list_or_leads_inside_is_refused(
    cast: Cast, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Invalid):
        add_channel(actor=cast.actor("security_admin"), name="x", medium="chat", address=address, kinds=[])
    assert not Channel.objects.exists()


def test_only_security_admins_add_channels(cast: Cast) -> None:
    for name in ("ciso", "auditor", "manager", "engineer", "service"):
        with pytest.raises(Forbidden):
            add_channel(actor=cast.actor(name), name="x", medium="chat", address=DISCORD, kinds=[])


def test_a_chat_message_calls_nobody_and_links_here(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[dict[str, Any]] = []
    monkeypatch.setattr(apprise.NotifyBase, "notify", lambda self, **words: said.append(words) or True)
    channel, secret = add_channel(
        actor=cast.actor("security_admin"), name="Room", medium="chat", address=DISCORD, kinds=[ASKED.key]
    ).value
    assert secret == "" and channel.place == "discord.com"
    tell([], cast.users["engineer"], who="@everyone <!channel>", why="[x](https://evil.example) `*_")
    try_channel(actor=cast.actor("security_admin"), channel=channel)
    assert send_due(actor=SYSTEM) == 2
    first = said[0]
    assert first["title"].startswith("Approve? ＠everyone ‹!channel›")
    assert "@" not in first["body"] and "](" not in first["body"] and "evil.example" not in first["body"]
    assert first["body"].endswith("Open in the portal: http://localhost:8000/posture")
    assert said[1]["title"] == "Test message: this channel works"


def test_a_room_whose_host_turned_inward_is_given_up(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_module, "route_to", lambda target: None)
    add_channel(
        actor=cast.actor("security_admin"), name="Room", medium="chat", address="mmosts://chat.example.org/abcdefgh12345678abcdefgh12",
        kinds=[ASKED.key],
    )  # fmt: skip
    monkeypatch.setattr(apprise.NotifyBase, "notify", lambda self, **words: pytest.fail("sent"))

    def inside(target: Any) -> None:
        raise OutboundRefused("chat.example.org is not a public address.")

    monkeypatch.setattr(chat_module, "route_to", inside)
    tell([], cast.users["engineer"])
    send_due(actor=SYSTEM)
    assert Delivery.objects.get().state == "dead" and "not a public address" in Delivery.objects.get().problem


def test_a_service_that_refuses_is_asked_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise.NotifyBase, "notify", lambda self, **words: False)
    add_channel(actor=cast.actor("security_admin"), name="Room", medium="chat", address=DISCORD, kinds=[ASKED.key])
    tell([], cast.users["engineer"])
    send_due(actor=SYSTEM)
    assert Delivery.objects.get().state == "waiting" and Delivery.objects.get().attempts == 1
