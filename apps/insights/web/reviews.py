"""The panel of access reviews: what is open now, and what those of the last year came to."""

from typing import Any

from apps.core.metrics import MINUTES, Metric, Ratio
from apps.core.numbers import grouped, plural
from apps.insights.queries.overview import Overview

HOUR, DAY = 60, 24 * 60


def reviews_context(found: Overview) -> dict[str, Any]:
    """Return what the panel prints; it takes the whole row where nothing stands beside it."""
    before = 1 + bool(found.time_to_access and found.time_to_access.bars) + _accepts(found)
    known = [(metric, value) for metric, value in found.reviewed if metric.knows(value)]
    return {
        "reviews": found.reviews,
        "reviews_wide": before % 2 == 0,
        "review_lines": [_line(metric, value) for metric, value in known],
    }


def _accepts(found: Overview) -> bool:
    return bool(found.tally.accepted or sum(span.n for span in found.accepted))


def _line(metric: Metric, value: Ratio) -> dict[str, str]:
    told = f"{grouped(value.numerator)} of {grouped(value.denominator)}"
    if metric.unit == MINUTES:
        return {"title": metric.title, "number": _took(value.numerator), "of": plural(value.denominator, "removal")}
    return {"title": metric.title, "number": metric.text(value), "of": told}


def _took(minutes: int) -> str:
    """Return a median time in the unit that says most, rounded up: a proof is never told earlier than it came."""
    if minutes < 2 * HOUR:
        return plural(max(minutes, 1), "minute")
    return plural(-(-minutes // HOUR), "hour") if minutes < 2 * DAY else plural(-(-minutes // DAY), "day")
