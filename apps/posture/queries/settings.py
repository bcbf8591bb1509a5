"""What is set about runs and goals, with the defaults where nothing is."""

from datetime import datetime, timedelta

from apps.posture.models import PillarTarget, Schedule, SeverityDue
from apps.posture.states import Pillar, Severity

DEFAULT_DUE_DAYS: dict[str, int | None] = {
    Severity.CRITICAL: 7,
    Severity.HIGH: 30,
    Severity.MEDIUM: 90,
    Severity.LOW: None,
}
DEFAULT_TARGET = 80


def due_days() -> dict[str, int | None]:
    """Return the days from opening to due per severity, None for no due date; one query."""
    return {**DEFAULT_DUE_DAYS, **dict(SeverityDue.objects.values_list("severity", "days"))}


def targets() -> dict[str, int]:
    """Return the target in per cent per pillar; the empty key is the whole. One query."""
    defaults: dict[str, int] = dict.fromkeys(["", *Pillar.values], DEFAULT_TARGET)
    return {**defaults, **dict(PillarTarget.objects.values_list("pillar", "percent"))}


def schedule() -> Schedule:
    """Return the schedule, unsaved where none was set; one query."""
    return Schedule.objects.filter(pk=1).first() or Schedule()


def next_due(interval_hours: int, now: datetime) -> datetime:
    """Return the first slot after `now`, counted in whole intervals from midnight UTC so that slots never drift."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = int((now - midnight).total_seconds() // 3600)
    return midnight + (hours // interval_hours + 1) * timedelta(hours=interval_hours)
