"""When an answer is to be expected, from past requests of the same operation and tier."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.access.models import AccessRequest
from apps.access.states import RequestState

#: Days looked back, and how many answers make a forecast: fewer are told as "no forecast yet".
DAYS = 90
LEAST = 10
_ANSWERED = (RequestState.APPROVED, RequestState.DENIED, RequestState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Eight in ten of `n` like this were answered within `minutes_80`, so an answer is likely by `at`."""

    n: int
    minutes_80: int
    at: datetime


def forecast(operation: str, tier: int, now: datetime) -> Forecast | None:
    """Return the forecast, or None with fewer than ten answers in 90 days. One query.

    What was not answered in time counts with the whole time it waited, so that silence does not look fast.
    """
    since = now - timedelta(days=DAYS)
    rows = AccessRequest.objects.filter(
        operation=operation, tier=tier, created_at__gte=since, stage__gt=0, state__in=_ANSWERED
    )
    took = sorted(end - begun for begun, end in rows.values_list("created_at", "decided_at") if end is not None)
    if len(took) < LEAST:
        return None
    # Nearest rank: the smallest time within which at least eight in ten were answered.
    eighth = took[-(-8 * len(took) // 10) - 1]
    minutes = max(1, -(-int(eighth.total_seconds()) // 60))
    return Forecast(len(took), minutes, now + timedelta(minutes=minutes))
