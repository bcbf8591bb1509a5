"""Random schedules of four PostgreSQL connections that request, execute and cancel runs at once.

`make race` draws 1,000 schedules beside those of access; `make test` draws 60. Whatever the order: one open run at
most, every run ends in a state of its machine, what was published stays published, and no span of an unpublished run
is left.
"""

import os
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from apps.core import clock
from apps.core.errors import Conflict, DomainError
from apps.posture.models import Result, Run
from apps.posture.services.executing import execute_run
from apps.posture.services.runs import cancel_run, request_run
from apps.posture.states import OPEN_RUN_STATES, RUN_MACHINE, RunState
from tests.posture.conftest import ACTOR

SCHEDULES = int(os.environ.get("ZTPORTAL_RACES", "600")) // 10
CONNECTIONS = 4


def _request() -> None:
    request_run(actor=ACTOR, inline=True, now=clock.now())


def _execute() -> None:
    run = Run.objects.at_work().first()
    if run is not None:
        execute_run(actor=ACTOR, number=run.pk)


def _cancel() -> None:
    run = Run.objects.order_by("-number").first()
    if run is not None:
        cancel_run(actor=ACTOR, number=run.pk)


MOVES: tuple[Callable[[], None], ...] = (_request, _execute, _cancel)


def _race(schedule: list[list[int]]) -> list[BaseException]:
    """Carry out one list of moves per connection, all at once; return what was no refusal."""
    barrier, wrong = threading.Barrier(len(schedule)), []

    def work(moves: list[int]) -> None:
        try:
            barrier.wait(timeout=30)
            for move in moves:
                try:
                    MOVES[move]()
                except (Conflict, DomainError):
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


def _check(published: set[int], schedule: Any) -> set[int]:
    open_runs = Run.objects.filter(state__in=OPEN_RUN_STATES).count()
    assert open_runs <= 1, schedule
    assert set(Run.objects.values_list("state", flat=True)) <= set(RUN_MACHINE.transitions), schedule
    now = set(Run.objects.filter(state=RunState.PUBLISHED).values_list("pk", flat=True))
    assert published <= now, schedule
    if not open_runs:
        assert not Result.objects.exclude(from_run__in=now).exists(), schedule
        assert not Result.objects.filter(to_run__isnull=False).exclude(to_run__in=now).exists(), schedule
    return now


@pytest.mark.race
@pytest.mark.postgres
def test_any_schedule_leaves_runs_whole(postgres: None, checks: object) -> None:
    """The seed of the schedules is fixed, the timing is the machine's."""
    draw = random.Random(7)
    published: set[int] = set()
    for _ in range(SCHEDULES):
        schedule = [[draw.randrange(len(MOVES)) for _ in range(draw.randint(1, 3))] for _ in range(CONNECTIONS)]
        assert _race(schedule) == [], schedule
        published = _check(published, schedule)
    assert published
