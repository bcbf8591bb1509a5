"""The tiles of the overview: numbers with denominator, change and history, ready to print."""

from typing import Any

from apps.core.metrics import PERCENT
from apps.core.numbers import grouped, percent_text
from apps.insights.queries.overview import MetricTile, Overview
from apps.posture.queries.links import results_url


def tile_context(found: Overview, severities: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what `_tiles.html` prints."""
    known = [week.counts for week in found.findings if week.counts]
    late = [counts["critical"][0] for counts in known]
    blind = [point.tally.not_evaluated if point.tally else None for point in found.points]
    whole = found.tally.applicable
    severities[0]["open_text"] = grouped(severities[0]["open"])
    return {
        "span_text": f"in {found.span}",
        "late_change": late[-1] - late[0] if len(late) > 1 else None,
        "late_spark": [week.counts["critical"][0] if week.counts else None for week in found.findings],
        "not_evaluated_of": f"of {grouped(whole)} results ({percent_text(found.tally.not_evaluated, whole)})",
        "not_evaluated_change": found.tally.not_evaluated - found.before.not_evaluated if found.before else None,
        "not_evaluated_spark": blind,
        "metric_tiles": [_metric(tile, found) for tile in found.metrics],
    }


def _metric(tile: MetricTile, found: Overview) -> dict[str, Any]:
    now, metric = tile.now, tile.metric
    parts = f"{grouped(now.numerator)} of {grouped(now.denominator)}"
    if metric.unit != PERCENT:
        parts = f"of {grouped(now.denominator)}"
    return {
        "title": metric.title,
        "number": metric.text(now),
        "of": f"{parts} {metric.denominator}" if metric.knows(now) else "nothing applicable",
        "url": metric.url(found.run) if metric.url and found.run else results_url(),
        "change": tile.change,
        "better": metric.better,
        "unit": "points" if metric.unit == PERCENT else metric.unit,
        "spark": tile.values,
    }
