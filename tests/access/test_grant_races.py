"""Random schedules of four PostgreSQL connections: carry, expire, release, revoke, suspend, resume, leave.

`make race` draws 10,000 schedules, half of them here; `make test` draws 30. Whatever the order: every grant ends
once, for one reason, what has ended stays ended, the target shows nothing, and each step is in receipts and log
exactly once.
"""

import os
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.db.models import F

from apps.access.models import Grant, Receipt
from apps.access.services import suspension
from apps.access.services.carrying import carry
from apps.access.services.grants import end_all_of, release, revoke
from apps.access.services.reconciling import alarm_overdue, expire_due
from apps.access.states import Carried, EndReason, GrantState
from apps.audit.models import Entry
from apps.core import clock
from apps.core.errors import Conflict, Forbidden
from apps.inventory.models import Asset
from tests.access.grants import ACTOR, FakeTarget, make_holder, make_request, open_grant, use_fake
from tests.audit.conftest import postgres, template
from tests.cast import Cast, assemble
from tests.factories import make_asset

__all__ = ["postgres", "template"]
SCHEDULES = int(os.environ.get("ZTPORTAL_RACES", "60")) // 2
CONNECTIONS = 4


class Race:
    """One grant at a time, and what may happen to it."""

    def __init__(self, cast: Cast, asset: Asset, target: FakeTarget) -> None:
        self.cast, self.asset, self.target = cast, asset, target
        self.holder = make_holder(cast.users["engineer"])
        self.number = 0
        self.moves: tuple[Callable[[], Any], ...] = (
            self.carry, self.carry, self.expire, self.release, self.revoke, self.suspend, self.resume, self.leave,
        )  # fmt: skip

    def grant(self) -> Grant:
        """Return the grant as this connection sees it."""
        return Grant.objects.select_related("asset", "holder", "binding").get(pk=self.number)

    def begin(self) -> None:
        """Give a fresh grant, sometimes active already."""
        self.number = open_grant(make_request(self.holder, self.asset)).pk

    def carry(self) -> None:
        """Carry it."""
        carry(self.number)

    def expire(self) -> None:
        """Let its time be over, and say so."""
        Grant.objects.filter(pk=self.number, state__in=[GrantState.ACTIVE, GrantState.SUSPENDED]).update(
            expires_at=F("activated_at") + timedelta(microseconds=1)
        )
        expire_due()

    def release(self) -> None:
        """Give it back."""
        release(actor=self.cast.actor("engineer"), grant=self.grant())

    def revoke(self) -> None:
        """Revoke it."""
        revoke(actor=self.cast.actor("ciso"), grant=self.grant(), reason="No longer needed")

    def suspend(self) -> None:
        """Let it rest."""
        suspension.suspend(actor=ACTOR, grant=self.grant())

    def resume(self) -> None:
        """Let it go on."""
        suspension.resume(actor=ACTOR, grant=self.grant())

    def leave(self) -> None:
        """End all of the holder's."""
        end_all_of(actor=ACTOR, user=self.holder, reason=EndReason.OFFBOARDED, now=clock.now())


def _run(race: Race, schedule: list[list[int]]) -> list[BaseException]:
    """Carry out one list of moves per connection, all at once; return what was no refusal."""
    barrier, wrong = threading.Barrier(len(schedule)), []

    def work(moves: list[int]) -> None:
        try:
            barrier.wait(timeout=60)
            for move in moves:
                try:
                    race.moves[move]()
                except (Conflict, Forbidden):
                    continue
        except BaseException as problem:
            wrong.append(problem)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=work, args=(moves,)) for moves in schedule]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return wrong


def _finish(race: Race) -> Grant:
    """End what still lives and carry it until nothing is due."""
    with suppress(Conflict, Forbidden):
        race.revoke()
    for _ in range(10):
        Grant.objects.filter(pk=race.number, due_at__isnull=False).update(due_at=clock.now(), claimed_until=None)
        if race.grant().state == GrantState.ENDED:
            break
        carry(race.number)
    return race.grant()


@pytest.mark.race
@pytest.mark.postgres
def test_any_schedule_ends_a_grant_once_and_wholly(postgres: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seed of the schedules is fixed, the timing is the machine's."""
    cast = assemble()
    asset = make_asset(tier=3, tier_confirmed=True)
    race = Race(cast, asset, use_fake(monkeypatch, asset))
    whims = random.Random(3)
    monkeypatch.setattr(suspension, "broken", lambda grant: ["A condition is broken."] if whims.random() < 0.5 else [])
    draw = random.Random(11)
    for _ in range(SCHEDULES):
        race.begin()
        if draw.random() < 0.7:
            race.carry()
        schedule = [[draw.randrange(len(race.moves)) for _ in range(draw.randint(1, 4))] for _ in range(CONNECTIONS)]
        assert _run(race, schedule) == [], schedule
        before = race.grant()
        grant = _finish(race)
        assert grant.state == GrantState.ENDED and grant.end_reason, schedule
        if before.state in (GrantState.ENDING, GrantState.ENDED):
            assert (before.end_reason, before.ending_at) == (grant.end_reason, grant.ending_at), schedule
        assert not race.target.access.get((grant.account, asset.name)), schedule
        log = list(Entry.objects.filter(subject_id=str(grant.pk)).values_list("action", flat=True))
        told = {action: log.count(action) for action in log if not action.endswith(".denied")}
        ended = told.get("access.grant.ended", 0) + (not grant.account)
        assert (told["access.grant.opened"], told["access.grant.ending"], ended) == (1, 1, 1), (schedule, told)
        assert told.get("access.grant.activated", 0) == (grant.activated_at is not None), (schedule, told)
        if grant.activated_at is not None:
            last = Receipt.objects.filter(grant=grant, carried=Carried.OBSERVE).last()
            assert last is not None and last.observed == "absent", schedule
    assert alarm_overdue() == 0 and Grant.objects.count() == SCHEDULES
