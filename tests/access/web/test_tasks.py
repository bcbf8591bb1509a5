"""The page of work by hand asks the database the same few questions, however many tasks there are."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access.models import ManualTask
from apps.access.states import TaskKind
from apps.core import clock
from tests.access.asking import World
from tests.access.grants import make_request, open_grant
from tests.access.web.conftest import SignIn
from tests.factories import make_asset

pytestmark = pytest.mark.django_db


def _queries(client: Any) -> int:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get("/approvals/tasks").status_code == 200
    return len(asked)


def _task(world: World) -> None:
    now, asset = clock.now(), make_asset(tier=3, tier_confirmed=True, owner=world.user("owner").person)
    grant = open_grant(make_request(world.user("engineer"), asset))
    ManualTask.objects.create(
        grant=grant, generation=1, kind=TaskKind.TAKE, instructions="Take it", created_at=now, due_at=now
    )


def test_more_tasks_ask_no_more(fresh: SignIn, world: World) -> None:
    client = fresh("security_admin")
    _task(world)
    client.get("/approvals/tasks")
    few = _queries(client)
    for _ in range(4):
        _task(world)
    assert _queries(client) <= few
