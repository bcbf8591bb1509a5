"""Numbers about access: how long people waited for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import DurationField, ExpressionWrapper, F

from apps.access.models import AccessRequest
from apps.access.states import RequestState
from apps.governance.operations import OPERATIONS

#: The bars of the time to access: words, and up to how long; the first is what the portal decided by itself.
BARS: tuple[tuple[str, timedelta], ...] = (
    ("Up to 15 min", timedelta(minutes=15)),
    ("Up to 1 hour", timedelta(hours=1)),
    ("Up to 4 hours", timedelta(hours=4)),
    ("Longer", timedelta.max),
)
AUTOMATIC = "Automatic"
PERIOD_DAYS = 30
PRIVILEGED = tuple(sorted(key for key, operation in OPERATIONS.items() if operation.privileged))


@dataclass(frozen=True, slots=True)
class TimeToAccess:
    """Requests granted in a period: how many of them in each bar, median and ninth decile in seconds, and refusals."""

    granted: int
    bars: tuple[tuple[str, int], ...]
    median: int
    ninth: int
    refused: int

    @property
    def automatic(self) -> int:
        """Return how many the portal granted by itself."""
        return self.bars[0][1]


def time_to_access(until: datetime, days: int = PERIOD_DAYS) -> TimeToAccess | None:
    """Return what became of requests decided in the days before `until`; None where none was granted. Two queries.

    The time is from the request to the decision. Automatic is a request that no stage was asked about.
    """
    decided = AccessRequest.objects.filter(decided_at__gt=until - timedelta(days=days), decided_at__lte=until)
    waited = ExpressionWrapper(F("decided_at") - F("created_at"), output_field=DurationField())
    granted = decided.filter(state=RequestState.APPROVED).annotate(waited=waited).order_by("waited")
    rows = list(granted.values_list("waited", "route"))
    if not rows:
        return None
    counts = {AUTOMATIC: 0, **{words: 0 for words, _ in BARS}}
    for took, route in rows:
        counts[next(words for words, most in BARS if took <= most) if route else AUTOMATIC] += 1
    times = [int(took.total_seconds()) for took, _ in rows]
    refused = decided.filter(state=RequestState.DENIED).count()
    return TimeToAccess(len(rows), tuple(counts.items()), at_share(times, 50), at_share(times, 90), refused)


def at_share(times: list[int], share: int) -> int:
    """Return the least time within which `share` per cent were decided (nearest rank)."""
    return times[max(0, -(-share * len(times) // 100) - 1)]
