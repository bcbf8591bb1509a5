"""The client against peers that lie, hang, drip and swell: vetted address, kept name, no redirect, an end to all."""

import gzip
import socket
import tracemalloc
from pathlib import Path
from typing import Any

import httpcore
import pytest

from apps.core.outbound import Client, Limits, OutboundError, OutboundFailed, OutboundRefused, OutboundTimeout
from apps.core.outbound.streams import Deadline, VettedNetwork
from tests.connectors.peer import Peer, answer, certificate, names, peer

SOON = Limits(connect=5, total=0.5, body=100_000)


@pytest.fixture(autouse=True)
def inside(settings: Any) -> None:
    settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.1"]


def failure(kind: type[OutboundError], url: str, match: str | None = None, **options: Any) -> str:
    """Call an address that must fail in this way, and return the reason."""
    with Client(url, **options) as client, pytest.raises(kind, match=match) as caught:
        client.get("")
    return caught.value.reason


def test_a_call_arrives_with_its_name_path_and_body() -> None:
    with (
        peer(answer(b'{"a": 1}', "200 OK", "X-Kept: yes")) as there,
        Client(there.url + "/base/", auth=("u", "p")) as client,
    ):
        got = client.post("api/x", json={"b": 2}, params={"c": "d e"})
    assert (got.status_code, got.json(), got.headers["x-kept"]) == (200, {"a": 1}, "yes")
    head = there.requests[0]
    assert head.startswith((b"POST /base/api/x?c=d+e HTTP/1.1", b"POST /base/api/x?c=d%20e HTTP/1.1"))
    assert f"host: 127.0.0.1:{there.port}".encode() in head.lower() and b"basic dtpw" in head.lower()
    assert head.endswith(b'{"b":2}')


def test_the_certificate_and_the_name_asked_for_are_the_targets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context, authority = certificate(tmp_path, "target.example")
    names(monkeypatch, target_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    with peer(answer(), context) as there:
        with Client(f"https://target.example:{there.port}", authority=authority) as client:
            assert client.get("").status_code == 200
        assert there.names == ["target.example"]
        assert f"host: target.example:{there.port}".encode() in there.requests[0].lower()
        for host, ca in (("target.example", ""), ("other.example", authority)):
            failure(OutboundFailed, f"https://{host}:{there.port}", "certificate", authority=ca)
    assert len(there.requests) == 1


def test_case_12_a_name_is_resolved_once_and_only_what_was_vetted_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rebinding: the first answer is public, the second (TTL 0) is the loopback."""
    asked = names(monkeypatch, target_example=[["93.184.216.34"], ["127.0.0.1"]])
    connected: list[str] = []
    genuine = httpcore.SyncBackend.connect_tcp

    def connect(self: Any, host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        connected.append(host)
        return genuine(self, "127.0.0.1", there.port, *args, **kwargs)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    close = answer(b"{}", "200 OK", "Connection: close")
    monkeypatch.setattr("apps.core.outbound.route.PUBLIC_PORTS", {"http": frozenset({80})})
    with peer(close) as there, Client("http://target.example") as client:
        assert [client.get("").status_code for _ in range(3)] == [200, 200, 200]
    assert asked == ["target.example"]
    assert connected == ["93.184.216.34"] * 3


def test_case_12_nothing_is_connected_to_that_was_not_vetted() -> None:
    deadline = Deadline()
    deadline.start(5)
    with pytest.raises(OutboundRefused):
        VettedNetwork(deadline).connect_tcp("127.0.0.1", 80)
    with pytest.raises(OutboundRefused):
        VettedNetwork(deadline).connect_unix_socket("/tmp/x")


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Again", "308 Moved"])
def test_case_12_a_redirect_is_refused(status: str) -> None:
    with peer(answer(b"", status, "Location: http://169.254.169.254/latest/meta-data/")) as there:
        failure(OutboundRefused, there.url, "redirect")
    assert len(there.requests) == 1


def test_case_12_no_proxy_of_the_environment_sees_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(answer()) as proxy, peer(answer()) as there:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        with Client(there.url) as client:
            assert client.get("x").status_code == 200
    assert (len(there.requests), proxy.requests) == (1, [])


@pytest.mark.parametrize("path", ["//other.example/x", "http://other.example/x", "@other.example/", "x\\..\\y", "a b"])
def test_case_12_a_path_never_leads_to_another_system(path: str) -> None:
    with peer(answer()) as there, Client(there.url) as client:
        try:
            client.get(path)
        except OutboundRefused:
            return
    assert f"host: 127.0.0.1:{there.port}".encode() in there.requests[0].lower()


def _drip(there: Peer, stream: socket.socket, request: bytes) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while not there.stopped.wait(0.02):
        stream.sendall(b"x")


def _drip_head(there: Peer, stream: socket.socket, request: bytes) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\n")
    while not there.stopped.wait(0.02):
        stream.sendall(b"a: b\r\n")


def _hang(there: Peer, stream: socket.socket, request: bytes) -> None:
    there.stopped.wait(60)


@pytest.mark.parametrize("handler", [_drip, _drip_head, _hang])
def test_case_12_a_peer_that_never_ends_is_left(handler: Any) -> None:
    with peer(handler) as there:
        failure(OutboundTimeout, there.url, limits=SOON)


def _endless(there: Peer, stream: socket.socket, request: bytes) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    while not there.stopped.is_set():
        stream.sendall(b"x" * 65536)


def test_case_12_an_answer_of_ten_gigabytes_is_left_at_the_cap() -> None:
    with peer(_endless) as there:
        failure(OutboundRefused, there.url, "larger than 100,000", limits=Limits(body=100_000))


def test_case_12_a_gzip_bomb_is_left_at_the_cap_without_the_memory() -> None:
    bomb = gzip.compress(b"\0" * 200_000_000)
    with peer(answer(bomb, "200 OK", "Content-Encoding: gzip")) as there:
        tracemalloc.start()
        try:
            failure(OutboundRefused, there.url, "larger than 5,000,000")
            assert tracemalloc.get_traced_memory()[1] < 60_000_000
        finally:
            tracemalloc.stop()


def test_an_answer_in_gzip_is_read_and_a_broken_one_is_a_failure() -> None:
    packed = gzip.compress(b'{"a": 1}')
    with peer(answer(packed, "200 OK", "Content-Encoding: gzip")) as there, Client(there.url) as client:
        assert client.get("").json() == {"a": 1}
    for broken in (packed[:-6], b"not gzip at all"):
        with peer(answer(broken, "200 OK", "Content-Encoding: gzip")) as there:
            failure(OutboundFailed, there.url)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "deflate"])
def test_a_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    with peer(answer(b"x", "200 OK", f"Content-Encoding: {coding}")) as there:
        failure(OutboundRefused, there.url)


def test_what_is_no_http_and_what_is_not_there_are_failures_without_quotes() -> None:
    def junk(there: Peer, stream: socket.socket, request: bytes) -> None:
        stream.sendall(b"hunter2 is not HTTP\r\n\r\n")

    with peer(junk) as there:
        assert "hunter2" not in failure(OutboundFailed, there.url)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        failure(OutboundFailed, f"http://127.0.0.1:{closed.getsockname()[1]}", "could not be reached")


def test_a_client_shows_no_credentials() -> None:
    with Client("http://127.0.0.1:9", auth=("u", "hunter2"), headers={"authorization": "hunter2"}) as client:
        assert "hunter2" not in repr(client) + str(vars(client))
