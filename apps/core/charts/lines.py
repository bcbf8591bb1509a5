"""Counts over time as lines, one of them emphasised. The axis starts at 0; a week without data is a gap."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.core.charts.figure import CountPoint, Figure, count_text, nothing
from apps.core.charts.layout import end_dot, house, room_for, side_labels
from apps.core.numbers import grouped
from apps.core.text import chart
from apps.core.ui.words import day_text

#: The emphasised line, and the others.
BOLD: dict[str, Any] = {"color": "token:--ink", "width": 2.5}
QUIET: dict[str, Any] = {"color": "token:--ink-3", "width": 1.5}


def lines_weekly(
    key: str,
    points: Sequence[CountPoint],
    *,
    series: Mapping[str, str],
    unit: str = "",
    empty: str = "No result yet.",
    size: str = "sm",
) -> Figure:
    """One line per series (key → its word), the first one emphasised; `empty` is said where no week has a value."""
    weeks = sorted(points, key=lambda each: each.on)
    known = [week for week in weeks if any(week.values.get(name) is not None for name in series)]
    if not known:
        return nothing(key, unit, size, empty)
    first, *_ = series
    top = max(4, *(week.values.get(name) or 0 for week in known for name in series))
    last = known[-1]
    ends = [(name, word, last.values.get(name)) for name, word in series.items()]
    labels = [
        (float(value), f"{grouped(value)} {word}", BOLD["color"] if name == first else "token:--ink-2")
        for name, word, value in ends
        if value is not None
    ]
    layout = house([week.on for week in weeks], right=room_for(labels), spread=False)
    layout["yaxis"] |= {"range": [0, top * 1.08], "nticks": 4, "tickformat": ",d", "rangemode": "tozero"}
    layout["annotations"] = side_labels(labels, 0, top)
    # The emphasised line is drawn last, over the others.
    data = [_line(weeks, name, series, bold=name == first) for name in reversed(list(series))]
    bold = last.values.get(first)
    if bold is not None:
        dot = end_dot(last.on, float(bold))
        data.append(dot | {"marker": dot["marker"] | {"color": BOLD["color"]}})
    rows = tuple((day_text(week.on), *(count_text(week.values.get(name)) for name in series)) for week in weeks)
    header = ("Week", *(word[:1].upper() + word[1:] for word in series.values()))
    return Figure(key, data, layout, _caption(weeks, known, series), unit, header, rows, size)


def _line(weeks: Sequence[CountPoint], name: str, series: Mapping[str, str], *, bold: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        # A week between two gaps has no line; its dot is still seen.
        "mode": "lines+markers",
        "marker": {"size": 4, "color": (BOLD if bold else QUIET)["color"]},
        "connectgaps": False,
        "x": [week.on.isoformat() for week in weeks],
        "y": [week.values.get(name) for week in weeks],
        # One sentence names all series, so only the emphasised one speaks.
        "hoverinfo": "text" if bold else "none",
        "hovertext": [chart(_words(week, series)) for week in weeks],
        "customdata": [week.url for week in weeks],
        "line": dict(BOLD if bold else QUIET),
    }


def _words(week: CountPoint, series: Mapping[str, str]) -> str:
    listed = ", ".join(f"{count_text(week.values.get(name))} {word}" for name, word in series.items())
    return f"{day_text(week.on)}: {listed}"


def _caption(weeks: Sequence[CountPoint], known: Sequence[CountPoint], series: Mapping[str, str]) -> str:
    ends = known if len(known) == 1 else [known[0], known[-1]]
    missing = len(weeks) - len(known)
    gaps = f" No data for {missing} {'week' if missing == 1 else 'weeks'}." if missing else ""
    return f"{' '.join(f'{_words(week, series)}.' for week in ends)}{gaps}"
