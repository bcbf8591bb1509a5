"""The forms in which vendors write a time (formats.md §2, "Times"), all to an aware instant in UTC."""

import re
from datetime import UTC, date, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Before this a number of milliseconds could be seconds: 10^11 ms is 1973, 10^11 s is the year 5138.
FIRST_MS = 100_000_000_000
#: What some tools write for "never": Microsoft Graph, Google Workspace, PowerShell.
NEVER = frozenset({"0001-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z", "0001-01-01T00:00:00"})
_POWERSHELL = re.compile(r"^/?\\?/?Date\((-?\d{1,15})(?:[+-]\d{4})?\)\\?/?$")
_NUMBER = re.compile(r"^-?\d{1,16}(\.\d+)?$")


def instant(value: object) -> datetime | None:
    """Return the instant; None for nothing (None, blank). Without a zone it is UTC.

    Takes ISO 8601 with `T` or a space, `Z` or an offset and any number of decimals, a date, epoch seconds or
    milliseconds as number or digits, and `/Date(ms)/`. Raises ValueError for anything else.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, bool):
        raise ValueError("not a time")
    if isinstance(value, int | float):
        return _epoch(float(value))
    if not isinstance(value, str):
        raise ValueError("not a time")
    text = value.strip()
    if not text:
        return None
    if _NUMBER.match(text) and len(text.split(".")[0]) > 8:
        return _epoch(float(text))
    if found := _POWERSHELL.match(text):
        return _epoch(int(found[1]) / 1000)
    try:
        return _utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ValueError("not a time") from None


def day(value: str) -> date | None:
    """Return the day of a date or time, None for blank; day-first and month-first numbers are not guessed at.

    Raises ValueError for anything but ISO 8601.
    """
    text = value.strip()
    if not text:
        return None
    found = instant(text)
    return None if found is None else date.fromisoformat(text[:10]) if "-" in text[:10] else found.date()


def _utc(value: datetime) -> datetime:
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ValueError("not a time") from None


def _epoch(number: float) -> datetime:
    try:
        return EPOCH + timedelta(milliseconds=number if abs(number) >= FIRST_MS else number * 1000)
    except (OverflowError, ValueError):
        raise ValueError("not a time") from None
