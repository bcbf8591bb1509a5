"""Counts over time: stacked columns per week, single columns per day. Bars start at 0."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from apps.core.charts.figure import CountPoint, Figure, count_text, nothing
from apps.core.charts.layout import house, room_for, side_labels
from apps.core.numbers import counted, grouped
from apps.core.text import chart
from apps.core.ui.words import day_text

DAY_MS = 86_400_000
MIN_DAYS = 14


def stacked_bars_weekly(
    key: str,
    points: Sequence[CountPoint],
    *,
    series: Sequence[str] = ("critical", "high"),
    noun: str = "open findings",
    unit: str = "",
    size: str = "md",
) -> Figure:
    """Columns per week, the first series at the baseline. Series are severities; `unit` names what is left out."""
    weeks = sorted(points, key=lambda each: each.on)
    if not weeks:
        return nothing(key, unit, size, "No result yet.")
    top = max(sum(week.values.get(name) or 0 for name in series) for week in weeks) or 1
    labels = _labels(weeks[-1], series)
    half_a_week, days = timedelta(days=3, hours=12), [week.on for week in weeks]
    layout = house(days, right=room_for(labels), spread=False, margin=half_a_week)
    layout |= {"barmode": "stack", "annotations": side_labels(labels, 0, top)}
    layout["yaxis"] |= {"range": [0, top * 1.06], "nticks": 5, "tickformat": ",d"}
    data = [_bars(weeks, name, series, noun) for name in series]
    ends = weeks if len(weeks) == 1 else [weeks[0], weeks[-1]]
    caption = " ".join(f"{_words(week, series, noun)}." for week in ends)
    rows = tuple((day_text(week.on), *(count_text(week.values.get(name)) for name in series)) for week in weeks)
    header = ("Week", *(name.capitalize() for name in series))
    return Figure(key, data, layout, caption, unit, header, rows, size)


def _bars(weeks: Sequence[CountPoint], name: str, series: Sequence[str], noun: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": [week.on.isoformat() for week in weeks],
        "y": [week.values.get(name) for week in weeks],
        "width": DAY_MS * 3.7,
        "marker": {"color": f"token:--{name}", "line": {"color": "token:--surface", "width": 1}},
        # One sentence names all series, so only the first one speaks.
        "hoverinfo": "text" if name == series[0] else "none",
        "hovertext": [chart(_words(week, series, noun)) for week in weeks],
        "customdata": [week.url for week in weeks],
    }


def _words(week: CountPoint, series: Sequence[str], noun: str) -> str:
    listed = ", ".join(f"{count_text(week.values.get(name))} {name}" for name in series)
    return f"{day_text(week.on)}: {listed} {noun}".rstrip()


def _labels(week: CountPoint, series: Sequence[str]) -> list[tuple[float, str, str]]:
    labels, base = [], 0.0
    for name in series:
        value = week.values.get(name) or 0
        labels.append((base + value / 2, f"{grouped(value)} {name}", "token:--ink-2"))
        base += value
    return labels


def bars_per_day(
    key: str, points: Sequence[CountPoint], *, noun: str = "events", unit: str = "per day, UTC", size: str = "sm"
) -> Figure:
    """One column per day (series `count`); a click opens that day."""
    days = sorted(points, key=lambda each: each.on)
    if not days:
        return nothing(key, unit, size, "Nothing in this period.")
    values = [day.values.get("count") for day in days]
    words = [f"{day_text(day.on)}: {_day_words(value, noun)}" for day, value in zip(days, values, strict=True)]
    top = max(4, *(value or 0 for value in values))
    # A few days must not become a few walls: the axis is at least two weeks long.
    shown = sorted({day.on for day in days} | {days[-1].on - timedelta(days=MIN_DAYS - 1)})
    layout = house(shown, right=24, margin=timedelta(hours=12))
    layout["yaxis"] |= {"range": [0, top * 1.08], "nticks": 4, "tickformat": ",d"}
    data = {
        "type": "bar",
        "x": [day.on.isoformat() for day in days],
        "y": values,
        "width": DAY_MS * 0.7,
        "marker": {"color": "token:--accent"},
        "hoverinfo": "text",
        "hovertext": [chart(each) for each in words],
        "customdata": [day.url for day in days],
    }
    busiest = max(range(len(days)), key=lambda index: values[index] or 0)
    total, period = sum(value or 0 for value in values), f"{day_text(days[0].on)} to {day_text(days[-1].on)}"
    caption = f"{counted(total, noun)} from {period}; most on {words[busiest]}."
    rows = tuple((day_text(day.on), count_text(value)) for day, value in zip(days, values, strict=True))
    return Figure(key, [data], layout, caption, unit, ("Day", noun.capitalize()), rows, size)


def _day_words(value: int | None, noun: str) -> str:
    return "no data" if value is None else counted(value, noun)
