"""The panels of access: how much of it is privileged, and how long people waited for it."""

from collections.abc import Sequence
from typing import Any

from apps.core.numbers import percent_text
from apps.insights.queries.overview import Overview


def access_context(found: Overview) -> dict[str, Any]:
    """Return what both panels print; bars are as long as their share of the longest one."""
    waited, privileged = found.time_to_access, found.privileged
    held = (("Standing, without an end", privileged.standing), ("Granted for a time", privileged.granted))
    return {
        "privileged_bars": _bars(held, privileged.total) if privileged.total or privileged.unknown else [],
        "waited_bars": _bars(waited.bars, waited.granted) if waited else [],
        "waited_median": _words(waited.median) if waited else "",
        "waited_ninth": _words(waited.ninth) if waited else "",
    }


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
