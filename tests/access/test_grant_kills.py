"""P2, reduced: many grants, a process killed at random points, an outage; nothing overdue after return, no orphan.

`ZTPORTAL_P2=1000/200` runs it with 1,000 grants and 200 kills.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.access.models import Grant, Orphan
from apps.access.queries.rechecks import Recheck
from apps.access.services.orphans import scan_due
from apps.access.services.reconciling import carry_due, end_here, end_unstarted, expire_due
from apps.access.states import GrantState, Presence
from apps.audit.models import Entry
from apps.core import clock
from tests.access.grants import FakeTarget, make_holder, make_request, open_grant, use_fake
from tests.cast import Cast
from tests.factories import make_asset

GRANTS, KILLS = (int(part) for part in os.environ.get("ZTPORTAL_P2", "100/20").split("/"))
STEPS = (expire_due, end_unstarted, end_here, carry_due)
ROUND = timedelta(seconds=5)


class Killed(BaseException):
    """Stands for kill -9: no handler of the product catches it, and open transactions are rolled back."""


class Life:
    """Counts what a process does, statements and calls alike, and ends it at the n-th."""

    def __init__(self) -> None:
        self.left = -1

    def tick(self) -> None:
        """One more boundary passed."""
        self.left -= 1
        if self.left == 0:
            raise Killed

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        """Die before a statement or right after it."""
        self.tick()
        result = execute(sql, params, many, context)
        self.tick()
        return result


@contextmanager
def mortal(life: Life, target: FakeTarget, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Within the block every statement and every call to the target may be the last."""
    with monkeypatch.context() as patched, connection.execute_wrapper(life.statement):
        for name in ("grant", "revoke", "observe"):
            genuine = getattr(target, name)

            def called(work: Any, genuine: Any = genuine) -> Any:
                life.tick()
                answer = genuine(work)
                life.tick()
                return answer

            patched.setattr(target, name, called)
        yield


class World:
    """A clock of its own, a target, and a reconciler that may be killed."""

    def __init__(self, target: FakeTarget, monkeypatch: pytest.MonkeyPatch) -> None:
        self.target, self.monkeypatch, self.life = target, monkeypatch, Life()
        self.passed = timedelta(0)
        self.kills = 0

    def round(self, *, kill_after: int = 0) -> None:
        """One round of the reconciler, five seconds later."""
        self.passed += ROUND
        self.life.left = kill_after or -1
        with clock.shifted(self.passed), mortal(self.life, self.target, self.monkeypatch):
            try:
                for step in STEPS:
                    step()
            except Killed:
                self.kills += 1

    def crash_around(self, draw: random.Random, kills: int) -> None:
        """Rounds that are killed somewhere, until so many were."""
        until = self.kills + kills
        while self.kills < until:
            self.round(kill_after=draw.randint(1, 60) if draw.random() < 0.6 else draw.randint(60, 900))
            if draw.random() < 0.3:
                self.passed += timedelta(seconds=draw.randint(0, 60))


@pytest.mark.slow
@pytest.mark.django_db
def test_p2_nothing_is_overdue_after_return_and_nothing_is_orphaned(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Activation and ending under kills, two minutes in which the target is away, then a minute without either."""
    draw = random.Random(5)
    asset = make_asset(tier=3, tier_confirmed=True)
    target = use_fake(monkeypatch, asset)
    people = [make_holder(cast.users[name]) for name in ("engineer", "owner", "manager", "outsider")]
    monkeypatch.setattr("apps.access.services.activation.recheck", _still_allowed)
    for person in people:
        target.access[(person.email, asset.name)] = {"LIST"}
    for number in range(GRANTS):
        operation = ("eval.run", "endpoint.call", "train.run")[number % 3]
        open_grant(make_request(people[number % len(people)], asset, operation=operation, minutes=30))
    world = World(target, monkeypatch)
    world.crash_around(draw, KILLS // 2)
    while Grant.objects.filter(state__in=[GrantState.SCHEDULED, GrantState.ACTIVATING]).exists():
        world.round()
    assert Grant.objects.filter(state=GrantState.ACTIVE).exists()
    world.passed += timedelta(minutes=30)
    world.crash_around(draw, KILLS - KILLS // 2)
    target.faults = ["fail"] * 100_000
    for _ in range(24):
        world.round()
    target.faults = []
    world.passed += timedelta(minutes=30)
    assert not Grant.objects.filter(state__in=[GrantState.SCHEDULED, GrantState.ACTIVATING]).exists()
    for _ in range(12):
        world.round()
    _is_clean(world, people, asset.name)


def _still_allowed(grant: Grant, now: Any) -> Any:
    return Recheck(True, grant.minutes)


def _is_clean(world: World, people: list[Any], resource: str) -> None:
    assert world.kills >= KILLS
    left = Grant.objects.exclude(state=GrantState.ENDED)
    assert list(left.values_list("pk", "state", "last_problem")) == []
    assert set(map(frozenset, world.target.access.values())) == {frozenset({"LIST"})}
    assert set(world.target.access) == {(person.email, resource) for person in people}
    for grant in Grant.objects.all():
        seen = list(grant.receipts.filter(carried="observe").values_list("observed", flat=True))
        assert seen[-1] == Presence.ABSENT
        if grant.activated_at is not None:
            assert Presence.PRESENT in seen and grant.ended_at >= grant.activated_at
    ended = Entry.objects.filter(action="access.grant.ended").values_list("subject_id", flat=True)
    assert sorted(set(ended)) == sorted(str(number) for number in Grant.objects.values_list("pk", flat=True))
    world.target.access.clear()
    with clock.shifted(world.passed + timedelta(days=2)):
        scan_due()
    assert not Orphan.objects.exists()
