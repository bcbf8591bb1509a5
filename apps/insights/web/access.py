"""The panels of access: how much of it is privileged, and how long people waited for it."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse

from apps.core.charts import CountPoint, Figure, lines_weekly
from apps.core.numbers import percent_text
from apps.insights.queries.overview import Overview
from apps.posture.queries.links import results_url


def access_context(found: Overview) -> dict[str, Any]:
    """Return what both panels print; bars are as long as their share of the longest one."""
    waited = found.time_to_access
    return {
        "privileged": privileged_figure(found),
        "standing_url": results_url(check="ID-06", outcome="failing", run=found.run.pk if found.run else ""),
        "waited_bars": _bars(waited.bars, waited.granted) if waited else [],
        "waited_median": _words(waited.median) if waited else "",
        "waited_ninth": _words(waited.ninth) if waited else "",
    }


def privileged_figure(found: Overview) -> Figure:
    """Return standing and just-in-time privileged access week by week, from snapshots; a week without one is a gap."""
    base = reverse("insights:posture")
    points = [
        CountPoint(
            week.week,
            {"standing": week.standing, "granted": week.granted},
            f"{base}?as_of={week.week.isoformat()}",
        )
        for week in found.privileged
    ]
    known = [point for point in points if point.values["standing"] is not None or point.values["granted"] is not None]
    return lines_weekly(
        "privileged",
        points if len(known) > 1 else [],
        series={"standing": "standing", "granted": "just-in-time"},
        unit="holders, end of week",
        empty="Not enough history yet: the line begins with the runs of two weeks.",
    )


def _words(seconds: int) -> str:
    """Return a time in words, never rounded down to nothing."""
    if seconds < 60:
        return "1 minute"
    minutes = -(-seconds // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{-(-minutes // 60)} hours"


def _bars(counts: Sequence[tuple[str, int]], whole: int) -> list[dict[str, Any]]:
    longest = max((n for _, n in counts), default=0) or 1
    return [
        {"label": label, "n": n, "longest": longest, "label_of": f"{n} of {whole}", "share": percent_text(n, whole)}
        for label, n in counts
    ]
