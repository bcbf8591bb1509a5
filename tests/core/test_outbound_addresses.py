"""Every input of reliability.md §2a: which addresses, hosts and ports may be called, and what the allow-list opens."""

import threading

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.core.outbound import Allowed, OutboundFailed, OutboundRefused, OutboundTimeout, Target, parse_url, route_to
from apps.core.outbound.addresses import is_inside, is_public, parse
from tests.connectors.peer import names

NOBODY = Allowed()
PRIVATE = [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "0.1.2.3", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "192.88.99.1", "::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2001:0:4136:e378::1", "2001:db8::1", "fec0::1", "feff::1", "fe80::1", "fc00::1", "fd12::1",
    "ff02::1", "ff0e::1", "100::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("text", PRIVATE)
def test_case_12_an_address_that_is_no_public_host_is_denied(text: str) -> None:
    assert not is_public(parse(text))
    host = f"[{text}]" if ":" in text else text
    with pytest.raises(OutboundRefused, match="not a public address"):
        route_to(parse_url(f"https://{host}/"), allowed=NOBODY)


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_may_be_called(text: str) -> None:
    host = f"[{text}]" if ":" in text else text
    route = route_to(parse_url(f"https://{host}/"), allowed=NOBODY)
    assert route.addresses == (str(parse(text)),) and not route.inside


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "127.1", "127.0.1", "017700000001", "1.2.3.0x4", "0x",
        "example.1", "example.0x7f", "[::1%25eth0]", "[fe80::1%eth0]", "[::1", "::1", "127.0.0.1.", "target.example.",
        "１２７.0.0.1", "127。0。0。1", "target．example", "target｡example", "tärget.example", "ⓔxample.com",
        "%31%32%37.0.0.1", "target.example%2eevil.example", "-target.example", "a..b", ".example", "target .example",
        "target\t.example", "target\n.example", "a" * 64 + ".example", "", "exa_mple*.com", "a,b.example",
    ],
)  # fmt: skip
def test_case_12_a_host_that_readers_could_take_differently_is_refused(host: str) -> None:
    with pytest.raises(OutboundRefused):
        parse_url(f"https://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "https://user@target.example/", "https://user:pass@target.example/", "https://target.example@127.0.0.1/",
        "https://target.example:@127.0.0.1/", "https://target.example\\@127.0.0.1/", "https:/target.example/",
        "https:target.example", "//target.example/", "ftp://target.example/", "file:///etc/passwd", "gopher://t.example/",
        "javascript:alert(1)", "https://target.example/#a", "https://target.example:0/", "https://target.example:65536/",
        "https://target.example:port/", "https://target.example:-1/", " https://target.example/", "https://", "",
        "https://[::1]x:443/", "https://target.example/" + "a" * 2000,
    ],
)  # fmt: skip
def test_case_12_an_address_with_more_than_scheme_host_port_path_is_refused(url: str) -> None:
    with pytest.raises(OutboundRefused):
        parse_url(url)


def test_one_target_has_one_form() -> None:
    forms = ["https://Target.Example/a", "HTTPS://target.example:443/a"]
    assert {parse_url(text).origin for text in forms} == {"https://target.example:443"}
    assert parse_url("https://[2606:4700:0:0::1111]/").authority == "[2606:4700::1111]:443"
    assert parse_url("http://xn--trget-gra.example:8080/a?b=1").url == "http://xn--trget-gra.example:8080/a?b=1"


@pytest.mark.parametrize("found", [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:10.0.0.1"], ["fe80::1%eth0"]])
def test_case_12_a_name_that_leads_inside_is_refused_whole(monkeypatch: pytest.MonkeyPatch, found: list[str]) -> None:
    """A CNAME to a private name ends as such an answer; one bad address among good ones is enough."""
    names(monkeypatch, target_example=[found])
    with pytest.raises(OutboundRefused):
        route_to(parse_url("https://target.example/"), allowed=NOBODY)


def test_a_name_that_nobody_knows_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, empty_example=[[]])
    for host in ("absent.example", "empty.example"):
        with pytest.raises(OutboundFailed):
            route_to(parse_url(f"https://{host}/"), allowed=NOBODY)


def test_a_name_server_that_hangs_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr("apps.core.outbound.route.socket.getaddrinfo", lambda *a, **k: release.wait(60) and [])
    try:
        with pytest.raises(OutboundTimeout):
            route_to(parse_url("https://slow.example/"), seconds=0.05, allowed=NOBODY)
    finally:
        release.set()


@pytest.mark.parametrize("url", ["http://93.184.216.34/", "https://93.184.216.34:22/", "https://93.184.216.34:6379/"])
def test_case_12_a_public_target_needs_tls_and_a_usual_port(url: str) -> None:
    with pytest.raises(OutboundRefused, match="ZTPORTAL_OUTBOUND_ALLOW"):
        route_to(parse_url(url), allowed=NOBODY)
    assert route_to(parse_url(url), allowed=Allowed.parse(["93.184.216.34"])).inside


def test_postgresql_has_its_own_port() -> None:
    assert route_to(Target("postgresql", "93.184.216.34", 5432), allowed=NOBODY).addresses
    for target in (Target("postgresql", "93.184.216.34", 443), Target("https", "93.184.216.34", 5432)):
        with pytest.raises(OutboundRefused):
            route_to(target, allowed=NOBODY)


def test_the_allow_list_opens_what_it_names_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, mlflow_inside=[["10.1.2.3"]], other_inside=[["10.1.2.4"]])
    allowed = Allowed.parse(["mlflow.inside:5000", "10.9.0.0/16", "127.0.0.1:8080", "[fd00::1]:443"])
    for url in ("http://mlflow.inside:5000/", "http://10.9.1.1:1234/", "http://127.0.0.1:8080/", "https://[fd00::1]/"):
        assert route_to(parse_url(url), allowed=allowed).inside
    for url in (
        "http://mlflow.inside:5001/", "https://mlflow.inside/", "http://other.inside:5000/", "http://10.1.2.3:5000/",
        "http://127.0.0.1:8081/", "http://10.8.1.1/", "https://[fd00::2]/",
    ):  # fmt: skip
        with pytest.raises(OutboundRefused):
            route_to(parse_url(url), allowed=allowed)


@pytest.mark.parametrize("address", ["169.254.169.254", "224.0.0.1", "0.0.0.0", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"])
def test_case_12_a_listed_name_still_leads_to_no_metadata_service(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    names(monkeypatch, mlflow_inside=[[address]])
    assert not is_inside(parse(address))
    with pytest.raises(OutboundRefused):
        route_to(parse_url("http://mlflow.inside:5000/"), allowed=Allowed.parse(["mlflow.inside"]))


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "a b", "http://x.example", "x.example:0", "[::1", "*.example", "x:y"])
def test_a_slip_in_the_allow_list_stops_the_start(entry: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="ZTPORTAL_OUTBOUND_ALLOW"):
        Allowed.parse([entry])
