"""Schedule, targets and due days."""

from collections.abc import Mapping
from datetime import datetime

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Invalid
from apps.core.events import Subject
from apps.posture import events, rules
from apps.posture.models import PillarTarget, Schedule, SeverityDue
from apps.posture.queries.settings import due_days, next_due, schedule, targets
from apps.posture.states import Pillar, Severity

SETTINGS = Subject("posture_settings", "1", "Posture settings")
MAX_HOURS = 168
MAX_DAYS = 730


@command(events.SCHEDULE_CHANGED)
def set_schedule(*, actor: Actor, interval_hours: int, paused: bool = False, now: datetime) -> Changed | Unchanged:
    """Run every so many hours, or not at all; next at the next whole interval. Raises Forbidden, Invalid."""
    rules.can_tune(actor).require()
    if not 1 <= interval_hours <= MAX_HOURS:
        reason = f"Give a number of hours from 1 to {MAX_HOURS}."
        raise Invalid(reason, interval_hours=reason)
    before = schedule()
    if (before.interval_hours, before.paused) == (interval_hours, paused):
        return Unchanged(value=before)
    row, _ = Schedule.objects.update_or_create(
        pk=1,
        defaults={
            "interval_hours": interval_hours,
            "paused": paused,
            "next_due_at": None if paused else next_due(interval_hours, now),
        },
    )
    details: dict[str, object] = {"interval_hours": interval_hours, "paused": paused, "before": before.interval_hours}
    return Changed(SETTINGS, details, value=row)


@command(events.TARGETS_CHANGED)
def set_targets(*, actor: Actor, percents: Mapping[str, int], now: datetime) -> Changed | Unchanged:
    """Set targets in per cent by pillar; the empty pillar is the whole. Raises Forbidden, Invalid."""
    rules.can_tune(actor).require()
    wrong = {pillar: "Give a per cent from 0 to 100." for pillar, n in percents.items() if not 0 <= n <= 100}
    unknown = set(percents) - {"", *Pillar.values}
    if wrong or unknown:
        raise Invalid("A target is a per cent from 0 to 100 of a known pillar.", **wrong)
    before = targets()
    changed = {pillar: percent for pillar, percent in percents.items() if before[pillar] != percent}
    if not changed:
        return Unchanged(value=before)
    for pillar, percent in changed.items():
        PillarTarget.objects.update_or_create(pillar=pillar, defaults={"percent": percent})
    old = {pillar: before[pillar] for pillar in changed}
    return Changed(SETTINGS, {"before": _words(old), "after": _words(changed)}, value={**before, **changed})


@command(events.DUE_DAYS_CHANGED)
def set_due_days(*, actor: Actor, days: Mapping[str, int | None], now: datetime) -> Changed | Unchanged:
    """Set the days from opening to due by severity, None for none; findings that are open keep theirs.

    Raises Forbidden, Invalid.
    """
    rules.can_tune(actor).require()
    reason = f"Give a number of days from 1 to {MAX_DAYS}, or none."
    wrong = {severity: reason for severity, n in days.items() if n is not None and not 1 <= n <= MAX_DAYS}
    if wrong or set(days) - set(Severity.values):
        raise Invalid(reason, **wrong)
    before = due_days()
    changed = {severity: n for severity, n in days.items() if before[severity] != n}
    if not changed:
        return Unchanged(value=before)
    for severity, n in changed.items():
        SeverityDue.objects.update_or_create(severity=severity, defaults={"days": n})
    old = {severity: before[severity] for severity in changed}
    return Changed(SETTINGS, {"before": _words(old), "after": _words(changed)}, value={**before, **changed})


def _words(values: Mapping[str, int | None]) -> str:
    return ", ".join(f"{name or 'all'} {'none' if n is None else n}" for name, n in values.items())
