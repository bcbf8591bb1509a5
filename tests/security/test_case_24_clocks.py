"""Case 24: the clock of the application is wrong by hours; only the database's counts. More in access/test_expiry."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.access.queries.live import live_grants
from apps.core import clock
from tests.access.grants import make_holder, make_request, open_grant
from tests.cast import Cast


@pytest.mark.parametrize("hours", [-2, 2])
def test_case_24_the_clock_of_the_application_counts_for_nothing(
    cast: Cast, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour is an hour of the database, begun when the database says."""
    before, real, wrong = clock.now(), time.time, timedelta(hours=hours)
    monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) + wrong)
    monkeypatch.setattr(time, "time", lambda: real() + wrong.total_seconds())
    assert abs(timezone.now() - before) > timedelta(hours=1)
    grant = open_grant(make_request(make_holder(cast.users["engineer"])))
    assert timedelta(0) <= grant.activated_at - before < timedelta(minutes=5)
    assert grant.expires_at - grant.activated_at == timedelta(hours=1)
    assert live_grants(clock.now()).filter(pk=grant.pk).exists()
    with clock.shifted(timedelta(hours=1)):
        assert not live_grants(clock.now()).filter(pk=grant.pk).exists()
