"""Daily snapshots: one row per metric and day, of the day's last published run."""

import pytest

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Forbidden, NotFound
from apps.core.metrics import METRICS
from apps.insights.models import Snapshot
from apps.insights.queries.history import history_of
from apps.insights.services.snapshots import forget_snapshots, take_due_snapshots, take_snapshots
from tests.cast import Cast
from tests.posture.conftest import run_now
from tests.posture.world import make_world

pytestmark = pytest.mark.django_db
ACTOR = system("test")


def test_a_snapshot_holds_what_the_metric_says(cast: Cast) -> None:
    world = make_world(cast)
    assert take_due_snapshots() == 1
    for metric in METRICS:
        value = metric.compute(world.run)
        kept = list(Snapshot.objects.filter(metric=metric.key).values_list("part", "whole"))
        assert kept == ([(value.numerator, value.denominator)] if metric.knows(value) else [])


def test_a_later_run_of_the_day_replaces_and_a_second_call_does_nothing(cast: Cast) -> None:
    make_world(cast)
    take_due_snapshots()
    rows = Snapshot.objects.count()
    second = run_now()
    assert take_due_snapshots() == 1
    assert take_due_snapshots() == 0
    assert Snapshot.objects.count() == rows
    assert set(Snapshot.objects.values_list("run_number", flat=True)) == {second.pk}


def test_an_earlier_run_never_replaces_a_later_one(cast: Cast) -> None:
    world = make_world(cast)
    second = run_now()
    take_snapshots(actor=ACTOR, run_number=second.pk)
    take_snapshots(actor=ACTOR, run_number=world.run.pk)
    assert set(Snapshot.objects.values_list("run_number", flat=True)) == {second.pk}


def test_a_run_that_is_not_published_has_none(cast: Cast) -> None:
    with pytest.raises(NotFound):
        take_snapshots(actor=ACTOR, run_number=99)


def test_only_the_portal_forgets_them(cast: Cast) -> None:
    make_world(cast)
    take_due_snapshots()
    with pytest.raises(Forbidden):
        forget_snapshots(actor=cast.actor("security_admin"), now=clock.now())
    forget_snapshots(actor=ACTOR, now=clock.now())
    assert not Snapshot.objects.exists()


def test_history_is_oldest_first(cast: Cast) -> None:
    world = make_world(cast)
    take_due_snapshots()
    (day,) = history_of("proven")
    assert day["day"] == world.run.as_of.date()
    assert 0 < day["numerator"] <= day["denominator"]
