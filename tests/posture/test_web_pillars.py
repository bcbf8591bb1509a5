"""A pillar's page names stale sources and changed denominators, as the overview does (ux.md §7, rules 2 and 6)."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from apps.core import clock
from apps.inventory.models import Source
from apps.posture.models import Run
from apps.posture.queries.headline import Tally
from apps.posture.queries.scope import scope_change
from apps.posture.queries.trends import Point
from tests.cast import Cast
from tests.factories import make_identity, make_source
from tests.posture.conftest import run_now
from tests.posture.world import World, make_world

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]


@pytest.fixture
def world(cast: Cast) -> World:
    """The small organisation, judged."""
    cache.clear()
    return make_world(cast)


def notes(client: Client) -> list[str]:
    """The words written into the chart of the pillar Identity."""
    content = client.get("/posture/identity").content.decode()
    found = re.search(r'<script[^>]*id="trend"[^>]*>(.*?)</script>', content, re.DOTALL)
    assert found
    annotations = json.loads(found[1])["layout"]["annotations"]
    return [one["text"] for one in annotations if one.get("name") == "note"]


def asof(client: Client, **query: str) -> str:
    """The line under the heading."""
    content = client.get("/posture/identity", query).content.decode()
    found = re.search(r'<p class="asof">(.*?)</p>', content, re.DOTALL)
    assert found
    return re.sub(r"<[^>]*>", "", found[1])


def test_it_names_the_sources_that_are_stale(signed_in: SignIn, world: World) -> None:
    ciso = signed_in("ciso")
    assert "stale" not in asof(ciso)
    Source.objects.filter(pk=world.source.pk).update(observed_at=clock.now() - timedelta(days=7, minutes=1))
    make_source(name="never read", observed_at=None)
    make_source(name="retired", observed_at=clock.now() - timedelta(days=99), retired_at=clock.now())
    in_use = Source.objects.filter(retired_at__isnull=True, observed_at__isnull=False).count()
    said = asof(ciso)
    assert f"of {in_use} source" in said and "entra" in said
    assert "never read" not in said and "retired" not in said
    assert "entra" in client_overview(ciso)


def client_overview(client: Client) -> str:
    """The same line of the overview."""
    found = re.search(r'<p class="asof">(.*?)</p>', client.get("/posture").content.decode(), re.DOTALL)
    assert found
    return found[1]


def test_it_marks_a_denominator_that_changed(signed_in: SignIn, world: World) -> None:
    ciso = signed_in("ciso")
    assert notes(ciso) == []
    Run.objects.filter(pk=world.run.pk).update(as_of=world.run.as_of - timedelta(days=8))
    common = {"source": world.source, "mfa_known": "yes", "password_sign_in": "yes"}
    for _ in range(5):
        make_identity(**common)
    run_now()
    cache.clear()
    (said,) = notes(ciso)
    assert re.search(r"\d+ more\b", said.replace("<br>", " "))


def points(*wholes: int | None) -> list[Point]:
    """Weeks with so many applicable results; None is a week without a run."""
    tallies = [None if n is None else Tally.of({"met": n}) for n in wholes]
    return [Point(date(2026, 9, 4) + timedelta(weeks=i), i, tally) for i, tally in enumerate(tallies)]


@pytest.mark.parametrize(
    ("wholes", "said"),
    [
        ((1000, 1020), None),
        ((1000, 1021), (1, "21 more results apply")),
        ((1000, None, 979), (2, "21 fewer results apply")),
        ((1000, 1100, 2200), (2, "1,100 more results apply")),
        ((None, 1000), None),
        ((), None),
    ],
)
def test_more_than_two_per_cent_is_a_change_and_the_largest_is_told(wholes: Any, said: Any) -> None:
    expected = said and (date(2026, 9, 4) + timedelta(weeks=said[0]), said[1])
    assert scope_change(points(*wholes)) == expected


@pytest.mark.parametrize("path", ["/posture", "/posture/identity"])
def test_a_day_before_the_first_run_says_when_that_was(signed_in: SignIn, world: World, path: str) -> None:
    shown = signed_in("ciso").get(path, {"as_of": "2020-01-01"}).content.decode()
    assert "Nothing was evaluated by then" in shown and "The first run judged as of" in shown
    assert "Nothing evaluated yet" not in shown and "Connect a source" not in shown and "Back to today" in shown


@pytest.mark.parametrize("path", ["/posture", "/posture/identity"])
def test_an_empty_portal_says_that_nothing_is_evaluated_on_any_day(signed_in: SignIn, path: str) -> None:
    cache.clear()
    assert "Nothing evaluated yet" in signed_in("ciso").get(path, {"as_of": "2020-01-01"}).content.decode()
