"""The sample's calendar: day numbers of one story told as dates and vendor instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

#: The story is told in days; day 91 is the last export, day 0 the first of thirteen weeks before it.
LAST_DAY = 91

#: When each system writes its weekly export, UTC.
EXPORT_TIMES = {
    "people": time(5, 0),
    "directory": time(5, 20),
    "registry": time(5, 40),
    "permissions": time(5, 50),
    "signing": time(6, 0),
    "cloud": time(4, 30),
    "policies": time(4, 45),
    "sandbox": time(16, 10),
}


@dataclass(frozen=True)
class Timeline:
    """Turns story days into calendar dates, counted back from `end`."""

    end: date

    def on(self, day: int) -> date:
        """The calendar date of a story day; days before 0 lie before the first export."""
        return self.end - timedelta(days=LAST_DAY - day)

    def at(self, day: int, minute: int = 0) -> datetime:
        """The UTC instant `minute` minutes into a story day."""
        return datetime.combine(self.on(day), time(0), tzinfo=UTC) + timedelta(minutes=minute)

    def export_at(self, day: int, system: str) -> datetime:
        """When `system` wrote its export on a story day."""
        return datetime.combine(self.on(day), EXPORT_TIMES[system], tzinfo=UTC)


def latest_end(now: datetime) -> date:
    """The newest `end` whose exports all lie in the past of `now` (an aware instant)."""
    moment = now.astimezone(UTC)
    return moment.date() if moment.time() > EXPORT_TIMES["signing"] else moment.date() - timedelta(days=1)


def graph_time(moment: datetime) -> str:
    """Microsoft Graph's usual form: seconds and `Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def graph_ticks(moment: datetime, ticks: int) -> str:
    """Microsoft Graph's report form: seven decimals and `Z`."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ticks % 10_000_000:07d}Z"


def epoch_ms(moment: datetime) -> int:
    """MLflow's form: whole milliseconds since 1970."""
    return int(moment.timestamp()) * 1000
