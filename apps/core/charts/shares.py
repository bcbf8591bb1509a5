"""Shares over time: the weekly line with its ceiling, and the steps of one asset."""

import textwrap
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from apps.core.charts.figure import Figure, Note, SharePoint, count_text, nothing
from apps.core.charts.layout import (
    CLEAR,
    LABEL_GAP,
    end_dot,
    house,
    mark_label,
    mark_line,
    room_for,
    side_labels,
    target_line,
)
from apps.core.numbers import grouped, percent_text, ratio_text
from apps.core.text import chart
from apps.core.ui.words import day_text, short_day

WEEK = timedelta(days=7)
NOTE_CHARS, NOTE_LINES = 34, 3
NOTE_LEADER = 0.15  # of the axis: between the line and a note, in a chart of ordinary height
HATCH = {"shape": "/", "size": 5, "solidity": 0.22, "fgcolor": "token:--unknown", "fillmode": "overlay"}


def line_with_band(
    key: str,
    points: Sequence[SharePoint],
    *,
    target: float | None = None,
    notes: Sequence[Note] = (),
    measure: str = "met",
    unit: str = "met ÷ applicable, weekly",
    size: str = "md",
) -> Figure:
    """A share over weeks, the ceiling (met + not evaluated) as a hatched band, the target as a dashed line.

    The y axis is 50–100 % where every value and the target lie there, else 0–100 %; the unit line says which.
    """
    weeks = _with_gaps(points)
    known = [point for point in weeks if point.known]
    if not known:
        return nothing(key, unit, size, "No result yet.")
    goals = [] if target is None else [target]
    low = 50 if min([point.share for point in known] + goals) >= 50 else 0
    labels = _labels(known[-1], target, measure)
    layout = house([point.on for point in weeks], right=room_for(labels))
    layout["yaxis"] |= {"range": [low, 100], "ticksuffix": " %", "dtick": 10 if low else 20}
    layout["annotations"] = side_labels(labels, low, 100) + _notes(notes, weeks, low)
    layout["shapes"] = [target_line(goal) for goal in goals]
    data = [*_bands(weeks), _line(weeks, measure), end_dot(known[-1].on, known[-1].share)]
    banded = any(point.possible is not None for point in known)
    header = ("Week", measure.capitalize(), "Applicable", "Share", *(("Ceiling",) if banded else ()))
    rows = tuple(_row(point, banded) for point in weeks)
    caption = _caption(weeks, known, target, measure)
    return Figure(key, data, layout, caption, f"{unit}; axis starts at {low} %", header, rows, size)


def _with_gaps(points: Sequence[SharePoint]) -> list[SharePoint]:
    """The points in order, with an empty one for every week that is missing between two."""
    filled: list[SharePoint] = []
    for point in sorted(points, key=lambda each: each.on):
        while filled and point.on - filled[-1].on > WEEK + timedelta(days=3):
            filled.append(SharePoint(filled[-1].on + WEEK, None))
        filled.append(point)
    return filled


def _labels(last: SharePoint, target: float | None, measure: str) -> list[tuple[float, str, str]]:
    labels = [(last.share, f"{percent_text(last.part or 0, last.whole)} {measure}", "token:--met-ink")]
    if target is not None:
        labels.append((target, f"{target:g} % target", "token:--ink-2"))
    if last.possible is not None and last.possible > (last.part or 0):
        labels.append((last.ceiling, f"{percent_text(last.possible, last.whole)} ceiling", "token:--ink-2"))
    return labels


def _line(points: Sequence[SharePoint], measure: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "connectgaps": False,
        "hoverinfo": "text",
        "x": [point.on.isoformat() for point in points],
        "y": [point.share if point.known else None for point in points],
        "hovertext": [chart(_words(point, measure)) for point in points],
        "customdata": [point.url for point in points],
        "line": {"color": "token:--met", "width": 2.25},
    }


def _words(point: SharePoint, measure: str) -> str:
    if point.part is None:
        return f"{day_text(point.on)}: no data"
    return f"{day_text(point.on)}: {ratio_text(point.part, point.whole)} {measure}"


def _bands(weeks: Sequence[SharePoint]) -> list[dict[str, Any]]:
    """One hatched polygon per unbroken run of weeks, from the share up to the ceiling."""
    runs: list[list[SharePoint]] = [[]]
    for point in weeks:
        if point.known and point.possible is not None:
            runs[-1].append(point)
        else:
            runs.append([])
    traces = []
    for run in (run for run in runs if len(run) > 1):
        days = [point.on.isoformat() for point in run]
        edge = [point.ceiling for point in run] + [point.share for point in reversed(run)]
        fill = {"fill": "toself", "fillcolor": CLEAR, "fillpattern": dict(HATCH)}
        line = {"mode": "lines", "line": {"width": 0, "color": CLEAR}, "hoverinfo": "skip"}
        traces.append({"type": "scatter", "x": days + days[::-1], "y": edge, **fill, **line})
    return traces


def _caption(weeks: Sequence[SharePoint], known: Sequence[SharePoint], target: float | None, measure: str) -> str:
    first, last = known[0], known[-1]
    text = f"{ratio_text(first.part or 0, first.whole)} {measure} on {day_text(first.on)}"
    if first is not last:
        text += f", {ratio_text(last.part or 0, last.whole)} on {day_text(last.on)}"
    goal = "" if target is None else f"; target {target:g} %"
    missing = len(weeks) - len(known)
    gaps = f" No data for {missing} {'week' if missing == 1 else 'weeks'}." if missing else ""
    return f"{text}{goal}.{gaps}"


def _row(point: SharePoint, banded: bool) -> tuple[str, ...]:
    if point.part is None or not point.known:
        return (day_text(point.on), *["no data"] * (4 if banded else 3))
    row = (day_text(point.on), grouped(point.part), grouped(point.whole), percent_text(point.part, point.whole))
    ceiling = "–" if point.possible is None else percent_text(point.possible, point.whole)
    return (*row, ceiling) if banded else row


def _notes(notes: Sequence[Note], weeks: Sequence[SharePoint], low: float) -> list[dict[str, Any]]:
    """An annotation per note whose day lies in the period, at the first week with data from then on.

    It hangs under the line; where the axis is too near for its words, it stands above.
    """
    placed = []
    for note in notes:
        at = next((point for point in weeks if point.on >= note.on and point.known), None)
        if at is not None and weeks[0].on - WEEK < note.on <= weeks[-1].on:
            early = (at.on - weeks[0].on) <= (weeks[-1].on - weeks[0].on) * 0.55
            placed.append(_note(note, at, early=early, room=(at.share - low) / (100 - low)))
    return placed


def _note(note: Note, at: SharePoint, *, early: bool, room: float) -> dict[str, Any]:
    words = textwrap.wrap(chart(f"{short_day(note.on)}: {note.text}"), NOTE_CHARS)[:NOTE_LINES]
    leader = {"showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": "token:--ink-3", "standoff": 5}
    above = room < NOTE_LEADER + LABEL_GAP * len(words)
    hang = {"ay": -24, "yanchor": "bottom"} if above else {"ay": 24, "yanchor": "top"}
    place = {"x": at.on.isoformat(), "y": at.share, "ax": 0, **hang, "align": "left"}
    side = {"xanchor": "left" if early else "right", "font": {"color": "token:--ink-2"}}
    return {"name": "note", "text": "<br>".join(words), **leader, **place, **side}


def step_line(
    key: str,
    points: Sequence[SharePoint],
    *,
    marks: Sequence[Note] = (),
    measure: str = "checks met",
    size: str = "md",
) -> Figure:
    """Checks met of one asset over time: a step where it changed, y from 0 to N, releases as marks."""
    days = sorted(points, key=lambda each: each.on)
    known = [point for point in days if point.part is not None]
    if not known:
        return nothing(key, measure, size, "No result yet.")
    first, last = known[0], known[-1]
    met, top = last.part or 0, max(1, *(point.whole for point in known))
    line = _line(days, "met") | {"y": [point.part for point in days]}
    line["line"] |= {"shape": "hv"}
    shown = [mark for mark in marks if days[0].on <= mark.on <= days[-1].on]
    label = (float(met), f"{grouped(met)} of {grouped(last.whole)}", "token:--met-ink")
    layout = house([point.on for point in days], right=room_for([label]))
    layout["yaxis"] |= {"range": [0, top], "tickvals": sorted({0, *range(10, top - 3, 10), top})}
    layout["annotations"] = side_labels([label], 0, top) + [mark_label(mark) for mark in shown]
    layout["shapes"] = [mark_line(mark, top) for mark in shown]
    start = f"{ratio_text(first.part or 0, first.whole, share=False)} on {day_text(first.on)}"
    caption = f"{measure.capitalize()}: {start}, {ratio_text(met, last.whole, share=False)} on {day_text(last.on)}."
    rows = tuple((day_text(point.on), count_text(point.part), grouped(point.whole)) for point in days)
    data = [line, end_dot(last.on, float(met))]
    return Figure(key, data, layout, caption, measure, ("Day", "Met", "Applicable"), rows, size)
