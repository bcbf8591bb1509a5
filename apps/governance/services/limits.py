"""Setting how long an exception may last, by severity."""

from collections.abc import Mapping
from datetime import datetime

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Invalid
from apps.core.events import Subject
from apps.governance.events import LIMITS_CHANGED
from apps.governance.models import ExceptionLimit
from apps.governance.queries.limits import max_days, too_long
from apps.governance.rules.exceptions import can_set_limits
from apps.governance.states import Severity

SETTINGS = Subject("exception_limits", "1", "Longest exceptions")
MOST = 730


@command(LIMITS_CHANGED)
def set_limits(*, actor: Actor, days: Mapping[str, int], now: datetime) -> Changed | Unchanged:
    """Set the most days per severity, for what is asked for from now on; the value is all limits.

    Open exceptions keep the end date that was signed. Raises Forbidden, Invalid for days out of bounds or more for a
    worse severity than for a milder one.
    """
    can_set_limits(actor).require()
    before = max_days()
    after = {**before, **days}
    why = f"Give a number of days from 1 to {MOST}."
    wrong = {severity: why for severity, n in days.items() if not 1 <= n <= MOST}
    if wrong or set(days) - set(Severity.values):
        raise Invalid(why, **wrong)
    order = [after[severity] for severity in Severity.values]
    if order != sorted(order):
        raise Invalid("A worse severity may not be accepted for longer than a milder one.")
    changed = {severity: n for severity, n in days.items() if before[severity] != n}
    if not changed:
        return Unchanged(value=before)
    for severity, n in changed.items():
        ExceptionLimit.objects.update_or_create(severity=severity, defaults={"days": n})
    details: dict[str, object] = {
        "before": _words(before), "after": _words(after), "too_long": sum(too_long(after).values()),
    }  # fmt: skip
    return Changed(SETTINGS, details, value=after)


def _words(limits: Mapping[str, int]) -> str:
    return ", ".join(f"{severity} {limits[severity]}" for severity in Severity.values)
