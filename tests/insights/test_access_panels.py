"""Panels of access on the overview, and what of it waits for a decision."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from apps.access.models import AccessRequest, Asked
from apps.access.queries.metrics import TimeToAccess, time_to_access
from apps.core import clock
from apps.insights.web.decisions import Waiting, decisions_for
from apps.posture.models import Run
from tests.access.grants import make_request
from tests.access.judged import broken_glass
from tests.cast import Cast
from tests.factories import make_asset
from tests.insights.test_overview import text
from tests.posture.world import World, make_world

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(cast: Cast) -> World:
    """The small organisation, judged."""
    cache.clear()
    return make_world(cast)


def asked(cast: Cast, waited: timedelta, *, route: bool = True, **fields: Any) -> AccessRequest:
    """Return a request decided an hour ago after waiting so long."""
    at = clock.now() - timedelta(hours=1)
    told = {"created_at": at - waited, "decided_at": at, "route": [{"rule": "manager"}] if route else []}
    return make_request(cast.users["engineer"], make_asset(), **{**told, **fields})


def test_time_to_access_counts_each_request_in_one_bar(cast: Cast) -> None:
    """Exactly the limit is within it; refused ones are told beside; none granted is no figure."""
    assert time_to_access(clock.now()) is None
    asked(cast, timedelta(0), route=False)
    for waited in (15 * MINUTE, 16 * MINUTE, 60 * MINUTE, 240 * MINUTE, 241 * MINUTE):
        asked(cast, waited)
    asked(cast, MINUTE, state="denied")
    asked(cast, MINUTE, decided_at=clock.now() - timedelta(days=31))
    bars = (("Automatic", 1), ("Up to 15 min", 1), ("Up to 1 hour", 2), ("Up to 4 hours", 1), ("Longer", 1))
    assert time_to_access(clock.now()) == TimeToAccess(6, bars, 16 * 60, 241 * 60, 1)


def test_the_panels_are_shown_with_their_numbers(cast: Cast, signed_in: SignIn, world: World) -> None:
    """And not without any request."""
    ciso = signed_in("ciso")
    assert "Time to access" not in text(ciso)
    cache.clear()
    asked(cast, 12 * MINUTE)
    Run.objects.update(as_of=clock.now())
    words = text(ciso)
    assert "Time to access 1 request granted, last 30 days" in words
    assert "Up to 15 min 1 100 %" in words and "Half within 12 minutes" in words


def titles(found: list[Waiting]) -> list[str]:
    """Return what waits."""
    return [one.title for one in found]


def test_a_request_waits_for_those_it_is_put_to(cast: Cast) -> None:
    """Not for others, not for who asks; a late one says so."""
    now = clock.now()
    request = make_request(
        cast.users["engineer"], make_asset(), state="pending", stage=1, decided_at=None, stage_due_at=now - MINUTE
    )
    Asked.objects.create(request=request, stage=1, user=cast.users["manager"], why="manager", since=now)
    (waiting,) = decisions_for(cast.actor("manager"), now.date(), now)
    assert (waiting.title, waiting.text) == ("Decide 1 request", "1 past the time to answer.")
    for name in ("engineer", "ciso", "auditor", "outsider"):
        assert "Decide 1 request" not in titles(decisions_for(cast.actor(name), now.date(), now))


def test_an_open_review_waits_for_who_may_review(cast: Cast) -> None:
    """For the CISO and security administrators; not for an auditor, and not for who used it."""
    now = clock.now()
    grant = broken_glass(make_asset(), now - timedelta(hours=3))
    title = "Review 1 use of emergency access"
    for name in ("ciso", "security_admin"):
        assert title in titles(decisions_for(cast.actor(name), now.date(), now))
    for name in ("auditor", "manager", "engineer"):
        assert title not in titles(decisions_for(cast.actor(name), now.date(), now))
    review = grant.break_glass.after_review
    review.holder = cast.users["security_admin"]
    review.save()
    assert title not in titles(decisions_for(cast.actor("security_admin"), now.date(), now))
