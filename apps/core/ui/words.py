"""Words for change, time and the three-valued facts, so that every page says the same thing the same way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from apps.core.numbers import grouped, plural
from apps.core.registry import Registry

SOON_DAYS = 3
#: What says the operations of access in plain words: the app that keeps their catalogue.
VERBS: Registry[Callable[[str], str]] = Registry("words of operations")


def verb_text(operation: str) -> str:
    """`Read data` for `data.read`; a source's own word, which no catalogue has, stays as it is."""
    said = (say(operation) for say in VERBS)
    return next((words for words in said if words != operation), operation)


@dataclass(frozen=True)
class Delta:
    """A change in words with its direction; `tone` is good, bad or empty."""

    arrow: str
    spoken: str
    text: str
    tone: str


def delta_view(change: float | None, *, better: str = "", unit: str = "", span: str = "") -> Delta:
    """`▲ 7 points since 28 Aug`. `better` is up, down or empty; a change of None means no earlier value."""
    tail = f" {span}" if span else ""
    if change is None:
        return Delta("", "", "no earlier value", "")
    if change == 0:
        return Delta("", "", f"no change{tail}", "")
    direction = "up" if change > 0 else "down"
    noun = unit[:-1] if unit.endswith("s") and abs(change) == 1 else unit
    text = f"{grouped(abs(change))}{' ' + noun if noun else ''}{tail}"
    tone = "" if better not in ("up", "down") else "good" if better == direction else "bad"
    return Delta("▲" if change > 0 else "▼", direction, text, tone)


@dataclass(frozen=True)
class Due:
    """A due date in words; `tone` is bad when late, soon within three days, otherwise empty."""

    text: str
    tone: str


def due_view(due: date | datetime | None, today: date | datetime | None) -> Due:
    """`19 days late`, `due today`, `in 12 days`; without a due date `no due date`."""
    if due is None or today is None:
        return Due("no due date", "")
    days = (_as_date(due) - _as_date(today)).days
    if days < 0:
        return Due(f"{plural(-days, 'day')} late", "bad")
    if days == 0:
        return Due("due today", "soon")
    return Due(f"in {plural(days, 'day')}", "soon" if days <= SOON_DAYS else "")


def _as_date(value: date | datetime) -> date:
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).date() if value.tzinfo else value.date()


def instant_text(value: datetime | None, missing: str = "unknown") -> str:
    """`20 Nov 2026, 06:12 UTC`; the given word for a missing time ("never" and "unknown" are different facts)."""
    if value is None:
        return missing
    moment = value.astimezone(UTC) if value.tzinfo else value
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def day_text(value: date | datetime | None, missing: str = "unknown") -> str:
    """`20 Nov 2026`."""
    if value is None:
        return missing
    day = _as_date(value)
    return f"{day.day} {day:%b %Y}"


def short_day(value: date | datetime | None, missing: str = "–") -> str:
    """`20 Nov`, for chart axes and tables that name the year elsewhere."""
    if value is None:
        return missing
    day = _as_date(value)
    return f"{day.day} {day:%b}"


def three_valued(value: object) -> str:
    """`Yes`, `No` or `Unknown`, from True/False/None or from an enum of yes, no, unknown."""
    key = str(getattr(value, "value", value)).lower()
    return {"true": "Yes", "yes": "Yes", "false": "No", "no": "No"}.get(key, "Unknown")
