"""What pillar pages tell by place is counted before anybody asks."""

from typing import Any

import pytest
from django.core.cache import cache

from apps.posture.queries import where
from apps.posture.services.publishing import PLACES
from apps.posture.tasks import count_places
from tests.factories import make_identity
from tests.posture.conftest import run_now

pytestmark = pytest.mark.django_db


def test_after_the_task_a_pillar_asks_the_database_for_no_counts(
    django_assert_num_queries: Any, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("celery.app.base.Celery.send_task", lambda self, name, args=None, **more: sent.append(name))
    make_identity(department="Claims")
    with django_capture_on_commit_callbacks(execute=True):
        run = run_now()
    assert PLACES in sent
    cache.clear()
    count_places(run.pk)
    with django_assert_num_queries(0):
        assert where.where(run, "identity")


def test_a_run_that_is_not_there_is_left_alone() -> None:
    count_places(999_999)
