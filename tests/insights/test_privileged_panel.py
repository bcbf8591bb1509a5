"""The panel of privileged access: two lines by week, from snapshots, and what is said without them."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client

from apps.access.models import Grant
from apps.core import clock
from apps.core.metrics import METRICS
from apps.insights.models import Snapshot
from apps.insights.queries.overview import metric_tiles, privileged_by_week
from apps.insights.services.snapshots import take_due_snapshots
from apps.posture.queries.trends import trend
from tests.access.holding import holder, privileged
from tests.access.judged import given
from tests.cast import Cast
from tests.factories import make_asset
from tests.insights.test_overview import text
from tests.posture.conftest import run_now
from tests.posture.world import make_world

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Client]
WEEK = timedelta(days=7)
SOON = "Not enough history yet"


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def two_weeks(cast: Cast) -> None:
    """A week with one standing holder, then one with two, and with a grant for a time."""
    make_world(cast)
    privileged(holder())
    run_now()
    take_due_snapshots()


def later() -> None:
    """What happened in the second week."""
    privileged(holder())
    given(make_asset(), clock.now() - timedelta(days=1), operation="train.run", state="ended", observed="absent")
    run_now()


def test_lines_come_from_snapshots(cast: Cast, signed_in: SignIn) -> None:
    """In figure, caption and table; the newest run is shown before its snapshot is taken, and the same after."""
    two_weeks(cast)
    assert SOON in text(signed_in("ciso"))
    with clock.shifted(WEEK):
        later()
        for snapshot in (False, True):
            if snapshot:
                assert take_due_snapshots() == 1
            words = text(signed_in("ciso"))
            assert "1 standing, 0 just-in-time" in words and "2 standing, 1 just-in-time" in words
            assert "Week Standing Just-in-time" in words and SOON not in words


def test_a_week_without_a_snapshot_is_a_gap(cast: Cast) -> None:
    """As before the portal counted it; never a zero."""
    two_weeks(cast)
    Snapshot.objects.filter(metric="standing_privileged").delete()
    with clock.shifted(WEEK):
        later()
        take_due_snapshots()
        at = clock.now()
        *_, before, now = privileged_by_week(trend(at, 4), None)
    assert (before.standing, before.granted) == (None, 0)
    assert (now.standing, now.granted) == (2, 1)


def test_the_past_is_not_counted_again(cast: Cast) -> None:
    """A snapshot stays what it was, whatever became of the rows."""
    two_weeks(cast)
    kept = list(Snapshot.objects.values_list("metric", "part", "whole"))
    with clock.shifted(WEEK):
        later()
        Grant.objects.update(activated_at=clock.now() - 30 * WEEK, expires_at=clock.now() - 29 * WEEK)
        take_due_snapshots()
    first = Snapshot.objects.order_by("run_number").first()
    assert first is not None
    assert list(Snapshot.objects.filter(day=first.day).values_list("metric", "part", "whole")) == kept


def test_the_tile_counts_and_tells_the_change_in_accounts(cast: Cast, signed_in: SignIn) -> None:
    """Not in points; beside what it is a part of."""
    two_weeks(cast)
    with clock.shifted(WEEK):
        privileged(holder(), expires_at=clock.now() + WEEK)
        privileged(holder())
        run = run_now()
        take_due_snapshots()
        tile = next(t for t in metric_tiles(run, run.as_of - 2 * WEEK) if t.metric.key == "standing_privileged")
        assert (tile.change, list(tile.values)) == (1, [1.0, 2.0])
        assert "Standing privileged access 2 of 3 accounts with privileged access" in text(signed_in("ciso"))


def test_definitions_are_shown_with_their_words(signed_in: SignIn) -> None:
    """Every number, how it is counted, and its target in its own unit."""
    words = text(signed_in("auditor"), "/help/metrics")
    for metric in METRICS:
        assert metric.title in words and metric.denominator in words and metric.how in words
    assert METRICS["residual_access"].target_text() == "0 min" and METRICS["mfa_coverage"].target_text() == "100 %"
