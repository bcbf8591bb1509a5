"""Two runs at once are impossible on PostgreSQL, however the requests are timed."""

import threading

import pytest
from django.db import connections

from apps.core import clock
from apps.core.errors import Conflict
from apps.posture.models import CheckVersion, Run, RunTask
from apps.posture.services.executing import execute_run
from apps.posture.services.runs import request_run
from tests.posture.conftest import ACTOR


@pytest.mark.postgres
def test_of_eight_requests_at_once_one_run_starts(postgres: None, checks: object) -> None:
    """The others are told so; no version of a check is doubled."""
    barrier, answers = threading.Barrier(8), []

    def ask() -> None:
        try:
            barrier.wait(timeout=20)
            answers.append(request_run(actor=ACTOR, inline=True, now=clock.now()).value.pk)
        except Conflict:
            answers.append(None)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == 8
    assert sorted(answer for answer in answers if answer) == [1]
    assert Run.objects.count() == 1 and RunTask.objects.count() == 2 and CheckVersion.objects.count() == 2


@pytest.mark.postgres
def test_of_four_workers_one_executes(postgres: None, checks: object) -> None:
    """A task that was delivered several times does no harm."""
    number = request_run(actor=ACTOR, inline=True, now=clock.now()).value.pk
    barrier, answers = threading.Barrier(4), []

    def work() -> None:
        try:
            barrier.wait(timeout=20)
            answers.append(execute_run(actor=ACTOR, number=number).state)
        except Conflict:
            answers.append("refused")
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(answers) == ["published", "refused", "refused", "refused"]
