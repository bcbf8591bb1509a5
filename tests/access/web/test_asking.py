"""Asking on the page: the form, its panel, and what comes of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.access.models import AccessRequest, Grant
from apps.access.states import GrantState, RequestState
from apps.access.web.words import PHRASES, clock_time, minutes_of, span
from apps.core import clock
from apps.governance.operations import OPERATIONS
from tests.access.asking import TIER_2, TIER_3, World

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
HOSTILE = "<script>alert(1)</script>\u202egnp"


def wish(world: World, **fields: Any) -> dict[str, Any]:
    """Return a filled form."""
    given = {"asset": f"{world.asset.kind}/{world.asset.slug}", "do": TIER_2, "for": "1h", "why": "Release", **fields}
    return {name: value for name, value in given.items() if value is not None}


def test_nobody_asks_without_signing_in(client: Client, world: World) -> None:
    for url in ("/access", "/access.csv", "/access/new", "/access/REQ-1", "/access/G-1"):
        assert client.get(url).status_code == 302, url


def test_a_link_fills_the_form_and_says_who_decides(signed_in: SignIn, world: World) -> None:
    page = signed_in("engineer").get("/access/new", wish(world)).content.decode()
    assert "Request 1 h to read the weights" in page
    assert "Priya Raman" in page
    assert "No forecast yet" in page


def test_an_automatic_route_says_so(signed_in: SignIn, world: World) -> None:
    page = signed_in("engineer").get("/access/new", wish(world, do=TIER_3)).content.decode()
    assert "Granted without an approval." in page


def test_what_is_refused_is_shown_with_reason_and_remedy(signed_in: SignIn, world: World) -> None:
    world.ask("engineer")
    page = signed_in("engineer").get("/access/new", wish(world)).content.decode()
    assert "This was asked for already" in page
    assert "Remind who decides, or withdraw it." in page


def test_htmx_gets_the_panel_alone_and_caches_keep_them_apart(signed_in: SignIn, world: World) -> None:
    client = signed_in("engineer")
    part = client.get("/access/new", wish(world), headers={"HX-Request": "true", "HX-Target": "next"})
    assert "HX-Request" in part.headers["Vary"]
    assert "<html" not in part.content.decode()
    assert 'id="send"' in part.content.decode()
    found = client.get("/access/new", {"q": "churn"}, headers={"HX-Request": "true", "HX-Target": "found"})
    assert "churn-gbm" in found.content.decode()


def test_strangers_find_nothing_of_another_team(signed_in: SignIn, world: World) -> None:
    client = signed_in("outsider")
    assert "churn-gbm" not in client.get("/access/new", {"q": "churn"}).content.decode()
    assert client.get("/access/new", wish(world)).status_code == 404
    assert client.post("/access/new", wish(world)).status_code == 404
    assert not AccessRequest.objects.exists()


def test_asking_leads_to_the_page_of_the_request(signed_in: SignIn, world: World) -> None:
    client = signed_in("engineer")
    answer = client.post("/access/new", wish(world, why="Release, see RISK-2291", step="send"))
    row = AccessRequest.objects.get()
    assert answer.headers["Location"] == f"/access/REQ-{row.pk}"
    assert (row.state, row.minutes, row.ticket) == (RequestState.PENDING, 60, "RISK-2291")
    page = client.get(f"/access/REQ-{row.pk}").content.decode()
    assert "With owner of the asset" in page


def test_the_lightest_tier_is_granted_at_once(signed_in: SignIn, world: World) -> None:
    client = signed_in("engineer")
    client.post("/access/new", wish(world, do=TIER_3))
    grant = Grant.objects.get()
    assert grant.state == GrantState.ACTIVE
    page = client.get("/access").content.decode()
    assert "Run evaluations" in page
    assert f'action="/access/G-{grant.pk}"' in page


@pytest.mark.parametrize(
    ("missing", "said"), [("why", "Say why"), ("do", "Choose what you want to do"), ("asset", "Choose what you need")]
)
def test_what_is_missing_is_said_and_the_rest_kept(signed_in: SignIn, world: World, missing: str, said: str) -> None:
    answer = signed_in("engineer").post("/access/new", wish(world, **{missing: None}))
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert not AccessRequest.objects.exists()


def test_a_bad_start_is_said(signed_in: SignIn, world: World) -> None:
    answer = signed_in("engineer").post("/access/new", wish(world, start="at", at="tomorrow"))
    assert answer.status_code == 400
    assert "Write the start as a date and a time" in answer.content.decode()


def test_looking_without_scripts_leads_to_the_address(signed_in: SignIn, world: World) -> None:
    answer = signed_in("engineer").post("/access/new", wish(world, step="look"))
    assert answer.headers["Location"].startswith("/access/new?asset=model%2F")
    assert not AccessRequest.objects.exists()


def test_hostile_words_do_nothing(signed_in: SignIn, world: World) -> None:
    request = world.ask("engineer", reason=HOSTILE)
    client = signed_in("engineer")
    for url in (f"/access/REQ-{request.pk}", "/access", "/access/new?q=" + HOSTILE):
        page = client.get(url).content.decode()
        assert "<script>alert(1)" not in page
    assert "\u202e" not in client.get(f"/access/REQ-{request.pk}").content.decode()


def test_every_operation_has_half_a_sentence() -> None:
    assert set(PHRASES) == set(OPERATIONS)


def test_words_of_time() -> None:
    assert [span(n) for n in (0.4, 45, 60, 90, 240, 1440, 2880)] == [
        "0 min", "45 min", "1 h", "1 h 30 min", "4 h", "24 h", "2 days",
    ]  # fmt: skip
    assert [minutes_of(text) for text in ("4h", "30m", "90", "1d", "1 h 30 min", "2 days", "")] == [
        240, 30, 90, 1440, 90, 2880, None,
    ]  # fmt: skip
    assert [minutes_of(text) for text in ("x", "-5", "9999999", "h", "²h", "4h4h")] == [None] * 6
    assert all(minutes_of(span(n)) == n for n in (1, 45, 60, 90, 240, 1440, 2880))
    now = clock.now()
    assert clock_time(now, now) == f"{now:%H:%M}"
