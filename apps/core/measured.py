"""Readings for monitoring that never fail."""

from collections.abc import Callable

from django.db import DatabaseError


def measured(read: Callable[[], float]) -> Callable[[], float]:
    """Return a reading that is not a number while the database is away: metrics must be told all the same."""

    def reading() -> float:
        try:
            return read()
        except DatabaseError:
            return float("nan")

    return reading
