"""How long an exception may last, by severity."""

from collections.abc import Mapping

from apps.governance.models import ExceptionLimit, RiskException
from apps.governance.states import OPEN_EXCEPTIONS, Severity

DEFAULT_DAYS: dict[str, int] = {
    Severity.CRITICAL: 30,
    Severity.HIGH: 90,
    Severity.MEDIUM: 180,
    Severity.LOW: 365,
}


def max_days() -> dict[str, int]:
    """Return the most days from asking to the end date, by severity; one query."""
    return {**DEFAULT_DAYS, **dict(ExceptionLimit.objects.values_list("severity", "days"))}


def too_long(limits: Mapping[str, int]) -> dict[str, int]:
    """Return how many open exceptions of each severity last longer than these limits would let them; one query."""
    found: dict[str, int] = dict.fromkeys(Severity.values, 0)
    rows = RiskException.objects.filter(state__in=OPEN_EXCEPTIONS).values_list("severity", "asked_at", "ends_on")
    for severity, asked_at, ends_on in rows:
        found[severity] += (ends_on - asked_at.date()).days > limits[severity]
    return found
