"""The who-may-do-what matrix: every route × role × verb × {ours, theirs, absent} (reliability.md, P5)."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests.architecture.routes import EVERYONE, ROWS, SEES, Row, Status
from tests.cast import Cast
from tests.security.world import World, bearer, build, person

WHICH = ("ours", "theirs", "absent")
CLOSED_VERBS = ("put", "patch", "delete")
SEEN_AS = {"api_asset": "asset", "api_finding": "finding", "api_result": "result", "api_event": "event",
           "api_exception": "exception", "api_identity": "identity", "api_source": "source", "api_run": "run",
           "api_request": "request", "api_grant": "grant", "asset_operations": "asset",
           "api_review": "review", "api_review_item": "review_item"}  # fmt: skip


@pytest.fixture
def world(cast: Cast) -> World:
    """Both teams' worlds."""
    world = build(cast)
    services = [cast.users[name].pk for name in ("service", "other_service")]
    world.put("service", "pk", *services, world.kwargs["user"]["absent"]["pk"])
    return world


def named(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Walk every route, namespaces and included lists too."""
    for part in (resolver or get_resolver()).url_patterns:
        if isinstance(part, URLResolver):
            yield from named(part, f"{prefix}{part.namespace}:" if part.namespace else prefix)
        else:
            yield f"{prefix}{part.name or part.pattern}", part


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    routes = {name for name, _ in named()}
    rows = {row.name for row in ROWS}
    assert routes - rows == set(), "routes that nobody decided about"
    assert rows - routes == set(), "rows of routes that are gone"


def address(row: Row, world: World, which: str) -> str:
    """Return the address of the row's object."""
    kwargs = world.kwargs[row.of][which] if row.of else {}
    return reverse(row.name, kwargs={**kwargs, **row.extra})


def expected(row: Row, role: str, verb: str, which: str) -> set[int]:
    """Return the statuses that are right."""
    answer: Status | None = row.get if verb == "get" else row.post
    if row.token_only:
        return {401} if role != "service" else {403}
    if answer is None:
        return {401, 405} if row.api and role == "anonymous" else {405, 403} if row.api else {405, 403, 302}
    if row.api and verb == "post" and role == "service":  # its token reads
        return {403}
    if role not in row.who:
        if role == "anonymous":
            return {401} if row.api else {302}
        return {302} if role == "service" and not row.api else {row.refused}
    if which == "absent":
        return {row.absent}
    if row.of:
        ours, theirs = SEES.get(SEEN_AS.get(row.of, row.of), (EVERYONE, EVERYONE))
        if role not in (ours if which == "ours" else theirs):
            return {404}
    by = row.post_by if verb == "post" else row.get_by
    if by is not None and role not in by:
        return {row.refused}
    return statuses(answer)


def statuses(answer: Status | None) -> set[int]:
    """Return a status, or several, as a set."""
    return set() if answer is None else {answer} if isinstance(answer, int) else set(answer)


def ask(client: Client, verb: str, url: str, data: dict[str, Any]) -> Any:
    """Ask, and take back whatever it changed, so that one answer does not depend on another. The API is sent JSON."""
    cookies = copy.deepcopy(client.cookies)
    sent: dict[str, Any] = {"content_type": "application/json"} if "/api/" in url and verb != "get" else {}
    with transaction.atomic():
        response = getattr(client, verb)(url, data, **sent)
        if response.streaming:
            b"".join(response.streaming_content)
        transaction.set_rollback(True)
    client.cookies = cookies
    return response


def clients(world: World, role: str) -> Client:
    """Return the role's client."""
    if role == "anonymous":
        return Client()
    return bearer(world, role) if role == "service" else person(world.cast, role)


def targets(row: Row) -> tuple[str, ...]:
    """Return which objects a row is asked about."""
    return WHICH if row.of else ("ours",)


@pytest.mark.parametrize("role", sorted(EVERYONE))
def test_each_role_gets_what_the_matrix_says(world: World, role: str) -> None:
    wrong = []
    client = clients(world, role)
    for row in ROWS:
        for which in targets(row):
            url = address(row, world, which)
            data = {name: world.forms.get(value, value) for name, value in row.data.items()}
            for verb in ("get", "post"):
                got = ask(client, verb, url, data if verb == "post" else {}).status_code
                right = expected(row, role, verb, which)
                if got not in right:
                    wrong.append(f"{verb} {row.name} {which}: {got}, expected {sorted(right)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ["security_admin", "engineer", "service", "anonymous"])
def test_no_route_knows_another_verb(world: World, role: str) -> None:
    client, wrong = clients(world, role), []
    for row in ROWS:
        for verb in CLOSED_VERBS:
            got = ask(client, verb, address(row, world, "ours"), {}).status_code
            if got not in {401, 403, 404, 405} | ({302} if role in ("anonymous", "service") and not row.api else set()):
                wrong.append(f"{verb} {row.name}: {got}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ["security_admin", "engineer"])
def test_exports_obey_as_their_pages_do(world: World, role: str) -> None:
    client, seen = clients(world, role), 0
    for row in ROWS:
        kwargs = world.kwargs[row.of]["ours"] if row.of else {}
        for form in ("csv", "json"):
            try:
                url = reverse(row.name, kwargs={**kwargs, "export": form})
            except NoReverseMatch:
                continue
            seen += 1
            assert client.get(url).status_code in expected(row, role, "get", "ours"), url
    assert seen >= 10


@pytest.mark.parametrize("name", ["asset-detail", "identity-detail", "finding-detail", "run-detail", "result-detail"])
def test_hidden_and_absent_answer_alike(world: World, name: str) -> None:
    """Byte for byte: who may not see a thing does not learn that it is there."""
    client, of = person(world.cast, "outsider"), "api_" + name.removesuffix("-detail")
    hidden, absent = (client.get(reverse(name, kwargs=world.kwargs[of][which])) for which in ("ours", "absent"))
    assert hidden.status_code == absent.status_code == 404
    assert hidden["Content-Type"] == absent["Content-Type"] == "application/problem+json"
    assert json.loads(hidden.content) == json.loads(absent.content)
