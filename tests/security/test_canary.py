"""No stranger ever receives what belongs to Model Engineering: in no body, header, count, export or error (P5)."""

import re
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from tests.architecture.routes import ROWS
from tests.security.world import BEACON, CANARY, World, bearer, body, person, strangers

STRANGERS = ("outsider", "other_manager", "teamless", "other_service", "anonymous")
#: Lists, and how each is asked about a hidden value.
ASKED = {
    "/assets": ("q={}-model", "unit={}-unit", "environment={}", "sort={}", "page={}"),
    "/identities": ("q={}-identity", "q={}"),
    "/people": ("q={}-person", "team={}-team"),
    "/findings": ("q={}", "check={}"),
    "/posture/results": ("q={}",),
    "/audit": ("subject={}-asset", "actor={}-user"),
    "/search": ("q={}-model", "q={}-identity", "q={}-source"),
}
API = (
    "assets",
    "identities",
    "sources",
    "checks",
    "runs",
    "results",
    "findings",
    "metrics",
    "audit/events",
    "requests",
    "grants",
    "exceptions",
    "reviews",
    "review-items",
)


def addresses(world: World, names: Collection[str] = ()) -> Iterator[str]:
    """Every address of every route (or of those named) about what is ours, exports too; plain pages as well."""
    for row in ROWS:
        if row.of == "link" or row.name == "account_logout" or (names and row.name not in names):
            continue
        kwargs = dict(world.kwargs[row.of]["ours"] if row.of in world.kwargs else {}, **row.extra)
        if row.of == "service":
            kwargs = {"pk": world.cast.users["service"].pk}
        yield reverse(row.name, kwargs=kwargs)
        for form in ("csv", "json"):
            try:
                yield reverse(row.name, kwargs={**kwargs, "export": form})
            except NoReverseMatch:
                break


def leaks(client: Client, world: World, url: str, verb: str = "get") -> str:
    """Return where the canary showed, else nothing. What the caller typed into the address itself is not a leak."""
    response = getattr(client, verb)(url)
    text = body(response).decode(errors="replace")
    typed = unquote(url)
    if CANARY in typed:
        text = re.sub(rf"{CANARY}[\w.%@-]*", lambda hit: "" if hit[0].rstrip(".") in typed else hit[0], text)
    return f"{verb} {url} ({response.status_code}): …{_around(text)}…" if CANARY in text else ""


def _around(text: str) -> str:
    at = text.index(CANARY)
    return text[max(0, at - 80) : at + 60].replace("\n", " ")


@pytest.mark.parametrize("name", STRANGERS)
def test_no_route_gives_a_stranger_the_canary(world: World, name: str) -> None:
    client = strangers(world)[name]
    found = [leak for url in addresses(world) for verb in ("get", "post") if (leak := leaks(client, world, url, verb))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", STRANGERS)
def test_no_query_gives_a_stranger_the_canary(world: World, name: str) -> None:
    """Search and filters answer about a hidden value exactly as about one that is nowhere."""
    client, wrong = strangers(world)[name], []
    for page, query in ((page, query) for page, queries in ASKED.items() for query in queries):
        hidden, absent = (client.get(f"{page}?{query.format(text)}") for text in (CANARY, CANARY[::-1]))
        if leak := leaks(client, world, f"{page}?{query.format(CANARY)}"):
            wrong.append(leak)
        if facts(hidden) != facts(absent):
            wrong.append(f"{page}?{query}: {facts(hidden)} is not {facts(absent)}")
    assert not wrong, "\n".join(wrong)


def facts(response: Any) -> tuple[int, Any, int]:
    """Return what an answer tells: status, the total, and how many links it has."""
    total = response.context.get("total", response.context.get("count")) if response.context else None
    return response.status_code, total, response.content.count(b"href=")


@pytest.mark.parametrize("name", STRANGERS)
def test_the_api_gives_a_stranger_no_canary(world: World, name: str) -> None:
    """Lists page by page, details, filters by hidden ids and names, made-up cursors, unknown parameters."""
    client, found = strangers(world)[name], []
    ids = [next(iter(values["ours"].values())) for kind, values in world.kwargs.items() if kind.startswith("api_")]
    for collection in API:
        base = f"/api/v1/{collection}"
        queries = ["", "?page_size=1", "?cursor=Y25yeQ%3D%3D", f"?name={CANARY}", f"?{CANARY}=1", f"?format={CANARY}"]
        queries += [f"?{field}={key}" for field in ("asset", "source", "subject_id") for key in ids]
        urls = [base + query for query in queries] + [f"{base}/{key}" for key in [*ids, CANARY, f"{CANARY}%00"]]
        found += [leak for url in urls if (leak := leaks(client, world, url))]
        found += [leak for url in pages(client, f"{base}?page_size=1") if (leak := leaks(client, world, url))]
    assert not found, "\n".join(found)


def pages(client: Client, url: str) -> Iterator[str]:
    """Follow the cursor to the end."""
    for _ in range(50):
        answer = client.get(url)
        following = answer.json().get("next") if answer.status_code == 200 and isinstance(answer.json(), dict) else None
        if not following:
            return
        yield (url := following)


def test_the_canary_is_where_it_may_be(world: World) -> None:
    """The tests above could not fail if nothing showed it: overseers and the team itself do receive it."""
    admin, owner, service = person(world.cast, "security_admin"), person(world.cast, "owner"), bearer(world, "service")
    shown = {url for url in addresses(world) if CANARY.encode() in body(admin.get(url))}
    assert len(shown) > 45, sorted(shown)
    asset = world.kwargs["asset"]["ours"]
    for url in (f"/assets/{asset['kind']}/{asset['slug']}", "/assets", "/identities.csv", "/findings.json", "/audit"):
        assert CANARY.encode() in body(owner.get(url)), url
    assert CANARY in service.get("/api/v1/assets").content.decode()
    assert CANARY not in service.get("/api/v1/identities").content.decode(), "a token is no manager"


def test_strangers_do_see_their_own(world: World) -> None:
    """An outsider who sees nothing at all would prove nothing."""
    for url in ("/assets", "/assets.csv", "/identities", "/findings", "/api/v1/assets", "/api/v1/findings", "/audit"):
        assert BEACON.encode() in body(person(world.cast, "outsider").get(url)), url
    assert BEACON.encode() in body(bearer(world, "other_service").get("/api/v1/assets"))
    assert BEACON.encode() in body(person(world.cast, "other_manager").get("/people"))


@pytest.mark.parametrize("name", STRANGERS)
def test_unrouted_addresses_say_nothing(world: World, name: str) -> None:
    client = strangers(world)[name]
    slug = world.kwargs["asset"]["ours"]["slug"]
    for url in (
        f"/assets/dataset/{slug}",
        f"/assets/model/{slug}/nonsense",
        f"/assets/model/{slug.upper()}",
        f"/x/{CANARY}",
    ):
        response = client.get(url)
        assert response.status_code in (302, 404)
        assert CANARY not in response.content.decode().replace(slug, "").replace(slug.upper(), "").replace(
            f"/x/{CANARY}", ""
        )


#: A list, its parameter, and what is named by it.
NAMED = (
    ("/findings", "asset", "api_asset", "pk"),
    ("/findings", "owner", "person", "key"),
    ("/findings", "subject", "api_identity", "pk"),
    ("/findings", "source", "source", "key"),
    ("/posture/results", "asset", "api_asset", "pk"),
    ("/posture/results", "subject", "api_identity", "pk"),
    ("/assets", "source", "source", "key"),
    ("/identities", "source", "source", "key"),
)


@pytest.mark.parametrize("name", STRANGERS[:3])
def test_a_hidden_id_answers_as_an_absent_one(world: World, name: str) -> None:
    client = strangers(world)[name]
    for page, parameter, kind, key in NAMED:
        hidden, absent = (client.get(page, {parameter: world.kwargs[kind][which][key]}) for which in ("ours", "absent"))
        assert facts(hidden) == facts(absent), (page, parameter)
        assert CANARY.encode() not in hidden.content, (page, parameter)
