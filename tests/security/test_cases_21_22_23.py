"""Cases 21 to 23: redirects stay here, size is bounded, and no parameter reaches the database undeclared."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.posture.models import Finding
from tests.architecture.routes import ROWS
from tests.factories import make_asset
from tests.security.test_canary import addresses
from tests.security.world import World, person

SignedIn = Callable[[str], Client]
MEGABYTE = 1_000_000
EVIL = (
    "//evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https://evil.example/",
    "///evil.example",
    "\\\\evil",
    "javascript:alert(1)",
    "http://testserver@evil.example/",
    "/%09/evil.example",
    "//evil.example/%2f..",
    "data:text/html,x",
)
INJECTED = (
    "_connector=OR%201=1--",
    "_negated=True",
    "pk__in=1",
    "owner__user__password__startswith=a",
    "name__regex=(a%2B)%2B$",
    "id__gt=0",
    "team=1",
    "team__name=x",
    "raw__icontains=a",
    "state__isnull=",
    "order_by=password",
    "fields=raw",
)
API = ("assets", "identities", "sources", "runs", "results", "findings", "audit/events")


def leads_away(location: str) -> bool:
    """Return whether a browser would leave this host for the address."""
    plain = location.replace("\\", "/").strip()
    host = plain.removeprefix("http://testserver") if plain.startswith("http://testserver/") else plain
    return not host.startswith(("/", "?")) or host.startswith("//")


@pytest.mark.parametrize("target", EVIL)
def test_no_redirect_leads_away(world: World, target: str) -> None:
    """Every route, with the target in every parameter that libraries and forms read, by link and by form."""
    client = person(world.cast, "security_admin")
    names = ("next", "redirect", "url", "return_to", "continue", "back")
    for url in addresses(
        world,
        {
            "portal:theme",
            "portal:landing",
            "portal:search",
            "account_login",
            "account_reauthenticate",
            "mfa_reauthenticate",
            "mfa_index",
            "accounts:shortcuts",
            "accounts:sessions",
            "account_set_password",
        },
    ):
        for response in (client.get(url, dict.fromkeys(names, target)), client.post(url, dict.fromkeys(names, target))):
            if response.status_code in (301, 302, 303, 307):
                assert not leads_away(response["Location"]), (url, response["Location"])
    anonymous = Client().get("/assets", {"next": target})
    assert anonymous["Location"].startswith("/account/login?next=/assets")


def test_the_host_header_sends_nobody_away(db: None) -> None:
    """A foreign host is refused before anything answers."""
    assert Client(SERVER_NAME="evil.example").get("/account/login").status_code == 400


HUGE_FORMS = {
    "/findings/F-{finding}/fixed": "note",
    "/findings/F-{finding}/due": "note",
    "/setup/people/{user}/roles": "reason",
    "/audit/privileged/{event}/erase": "reason",
    "/setup/teams": "name",
    "/setup/services": "name",
    "/setup/people/new": "name",
    "/account/tokens": "name",
    "/setup/keys": "text",
    "/setup/checks/NH-01": "days",
}


@pytest.mark.parametrize("path", sorted(HUGE_FORMS))
def test_a_megabyte_is_refused_at_once(world: World, path: str) -> None:
    """400, and quickly: validators see the length first (Teleport 8.3.14)."""
    ids = {kind: next(iter(reversed(values["ours"].values()))) for kind, values in world.kwargs.items()}
    url = path.format(finding=ids["finding"], user=ids["user"], event=world.kwargs["event"]["ours"]["seq"])
    client = person(world.cast, "security_admin")
    posted = {
        HUGE_FORMS[path]: "a" * MEGABYTE,
        "due_on": "2027-01-01",
        "role": "auditor",
        "slug": "x",
        "scopes": "read:posture",
        "days": "3",
        "email": "a@fenwick.example",
        "action": "save",
    }
    posted[HUGE_FORMS[path]] = "a" * MEGABYTE
    started = time.process_time()
    answer = client.post(url, posted)
    assert time.process_time() - started < 1
    assert answer.status_code == 400, answer.status_code
    assert len(answer.content) < 3 * MEGABYTE
    assert not Finding.objects.filter(events__note__startswith="aaaa").exists()


@pytest.mark.parametrize("size", [MEGABYTE, 3 * MEGABYTE])
def test_a_sign_in_of_a_megabyte_costs_nothing(db: None, size: int) -> None:
    started = time.process_time()
    answer = Client().post("/account/login", {"login": "a@fenwick.example", "password": "a" * size})
    assert answer.status_code in (200, 400)
    assert time.process_time() - started < 1


def test_too_many_fields_are_refused(db: None) -> None:
    assert Client().post("/account/login", {f"f{n}": "1" for n in range(1_001)}).status_code == 400


@pytest.mark.parametrize(
    "text", ["a" * 6_000, "%00", "%ff%fe", "(a%2B)%2B$", "%F0%9F%92%A9", "%E2%80%AE", "%ED%A0%80", "\\", "%25", "_"]
)
def test_strange_searches_are_answered(world: World, text: str) -> None:
    """No list falls over: 200, or 400 with a reason."""
    client = person(world.cast, "auditor")
    for page in (
        "/search",
        "/assets",
        "/identities",
        "/people",
        "/findings",
        "/posture/results",
        "/audit",
        "/setup/people",
    ):
        started = time.process_time()
        assert client.get(f"{page}?q={text}&subject={text}&sort={text}&page={text}").status_code in (200, 302, 400), (
            page
        )
        assert time.process_time() - started < 2, page


def test_pages_are_capped(signed_in: SignedIn) -> None:
    """200 rows at most by API, 50 on a page, whatever is asked for."""
    for number in range(205):
        make_asset(name=f"asset {number:03}")
    client = signed_in("auditor")
    for asked, given in (("1000000", 200), ("201", 200), ("0", 50), ("-1", 50), ("x", 50), ("3", 3)):
        assert len(client.get(f"/api/v1/assets?page_size={asked}").json()["results"]) == given, asked
    page = client.get("/assets?per_page=100000&page_size=100000&limit=100000")
    assert len(page.context["rows"]) == 50
    assert client.get("/assets?page=99999999999999999999").status_code == 200


@pytest.mark.parametrize("query", INJECTED)
def test_an_unknown_parameter_is_400(world: World, query: str) -> None:
    """By API the unknown parameter is named; on pages it changes nothing (CVE-2025-64459)."""
    client = person(world.cast, "auditor")
    for collection in API:
        answer = client.get(f"/api/v1/{collection}?{query}")
        assert answer.status_code == 400, collection
        assert answer["Content-Type"] == "application/problem+json"
        assert query.split("=")[0] in answer.json()["errors"]
    for page in ("/assets", "/identities", "/people"):
        if query.split("=")[0] not in ("team",):
            assert client.get(f"{page}?{query}").context["total"] == client.get(page).context["total"], page


@pytest.mark.parametrize("path", ["checks", "checks/ID-01", "metrics", "assets/{asset}", "findings/{finding}"])
def test_details_take_no_parameters_either(world: World, path: str) -> None:
    asset, finding = world.kwargs["api_asset"]["ours"]["pk"], world.kwargs["api_finding"]["ours"]["pk"]
    answer = person(world.cast, "auditor").get(f"/api/v1/{path.format(asset=asset, finding=finding)}?_connector=OR")
    assert answer.status_code == 400


def test_no_route_answers_500(world: World) -> None:
    """Odd query values on every route, as an administrator; the test client raises what a page does not handle."""
    client = person(world.cast, "security_admin")
    odd: dict[str, Any] = {
        "page": "x",
        "as_of": "2026-99-99",
        "tier": "9" * 30,
        "source": "x",
        "check": "'",
        "kind": "x",
        "sort": "x",
        "run": "9" * 30,
        "due": "x",
        "owner": "x",
        "since": "x",
        "problem": "x",
        "q": "\u0000",
    }
    for url in addresses(world):
        for name, value in odd.items():
            assert client.get(url, {name: value}).status_code < 500, (url, name)
        assert client.get(url, odd).status_code < 500, url


def test_every_route_was_asked(world: World) -> None:
    """The list of addresses above leaves out only what ends the session or uses a link up."""
    asked = {row.name for row in ROWS if list(addresses(world, {row.name}))}
    assert {row.name for row in ROWS} - asked == {"account_logout", "accounts:link"}
    assert reverse("account_logout") not in set(addresses(world))
