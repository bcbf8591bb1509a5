"""Changes of what is judged: a share moves with its denominator, so a chart says where that changed."""

from collections.abc import Sequence
from datetime import date

from apps.core.numbers import grouped
from apps.posture.queries.trends import Point


def scope_change(points: Sequence[Point]) -> tuple[date, str] | None:
    """Return the week whose denominator changed most, by more than 2 %, and the change in words; None without one."""
    known = [(point.week, point.tally.applicable) for point in points if point.tally and point.tally.applicable]
    found = []
    for (_, old), (week, new) in zip(known, known[1:], strict=False):
        if abs(new - old) * 50 > old:
            found.append((abs(new - old) / old, week, new - old))
    if not found:
        return None
    _, week, change = max(found)
    return week, f"{grouped(abs(change))} {'more' if change > 0 else 'fewer'} results apply"
