"""Database time, the only clock of the portal."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db import connection

_shift = timedelta(0)

_STATEMENTS = {
    "postgresql": "SELECT statement_timestamp()",
    "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')",
}


def now() -> datetime:
    """Return database time (aware, UTC). Read it once per command and pass it down."""
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENTS[connection.vendor])
        (value,) = cursor.fetchone()
    if isinstance(value, str):
        value = datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value.astimezone(UTC) + _shift


@contextmanager
def shifted(delta: timedelta) -> Iterator[None]:
    """Shift database time within the block; for tests only."""
    global _shift
    before, _shift = _shift, _shift + delta
    try:
        yield
    finally:
        _shift = before
