"""Numbers about access: how long people waited for it, and how much of it is privileged."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q

from apps.access.models import AccessRequest, Grant
from apps.access.states import RequestState
from apps.core.facts import Fact
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Entitlement

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
    return TimeToAccess(len(rows), tuple(counts.items()), _at_share(times, 50), _at_share(times, 90), refused)


def _at_share(times: list[int], share: int) -> int:
    """Return the least time within which `share` per cent were decided (nearest rank)."""
    return times[max(0, -(-share * len(times) // 100) - 1)]


@dataclass(frozen=True, slots=True)
class PrivilegedAccess:
    """Privileged access to AI assets at a moment: what sources show without an end, and what is granted for a time.

    `unknown` is access of which no source tells whether it is privileged: it is in neither.
    """

    standing: int
    granted: int
    unknown: int

    @property
    def total(self) -> int:
        """Return how much is known to be privileged."""
        return self.standing + self.granted


def privileged_access(at: datetime) -> PrivilegedAccess:
    """Return the privileged access at a moment, as sources and grants tell it. Two queries."""
    there = Q(first_seen_at__lte=at) & (Q(gone_at__isnull=True) | Q(gone_at__gt=at))
    ai = Entitlement.objects.filter(there, on_ai=Fact.YES)
    shown = ai.aggregate(
        standing=Count("pk", filter=Q(privileged=Fact.YES, expires_at__isnull=True)),
        unknown=Count("pk", filter=Q(privileged=Fact.UNKNOWN)),
    )
    live = Grant.objects.filter(operation__in=PRIVILEGED, activated_at__lte=at, expires_at__gt=at)
    live = live.filter(Q(ending_at__isnull=True) | Q(ending_at__gt=at))
    return PrivilegedAccess(shown["standing"], live.count(), shown["unknown"])
