"""The house layout: transparent, hairline grid on y only, direct labels at the right, nothing to drag or zoom."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from typing import Any

from apps.core.charts.figure import Note
from apps.core.text import chart
from apps.core.ui.words import short_day

CLEAR = "rgba(0,0,0,0)"
LABEL_GAP = 0.1  # of the axis: about one line of text in a chart of ordinary height
TICKS = 4

HOVER = {
    "bgcolor": "token:--surface",
    "bordercolor": "token:--line-strong",
    "font": {"color": "token:--ink", "size": 12.5},
    "align": "left",
}
X_AXIS = {
    "type": "date",
    "fixedrange": True,
    "showgrid": False,
    "zeroline": False,
    "showline": True,
    "linecolor": "token:--line-strong",
    "tickangle": 0,
    "ticklabeloverflow": "allow",
    "automargin": True,
}
Y_AXIS = {
    "fixedrange": True,
    "gridcolor": "token:--line",
    "zeroline": False,
    "automargin": True,
    "ticklabelstandoff": 4,
}
HOUSE: dict[str, Any] = {
    "paper_bgcolor": CLEAR,
    "plot_bgcolor": CLEAR,
    "showlegend": False,
    "hovermode": "x",
    "dragmode": False,
    "font": {"color": "token:--ink-3", "size": 11.5},
    "hoverlabel": HOVER,
    "xaxis": X_AXIS,
    "yaxis": Y_AXIS,
}


def house(days: Sequence[date], *, right: int, spread: bool = True, margin: timedelta = timedelta()) -> dict[str, Any]:
    """A fresh house layout for these days, with room for labels at the right.

    Ticks stand on every day between the first and the last (`spread`), or only on the days given; `margin` is added at
    both ends, for bars.
    """
    first, last = min(days), max(days)
    span = [first + timedelta(days=offset) for offset in range((last - first).days + 1)] if spread else sorted(days)
    shown = span if len(span) <= TICKS else [span[round(i * (len(span) - 1) / (TICKS - 1))] for i in range(TICKS)]
    layout = deepcopy(HOUSE)
    layout["margin"] = {"l": 8, "r": right, "t": 10, "b": 8, "pad": 0}
    layout["xaxis"] |= {
        "range": [(datetime.combine(first, time()) - margin).isoformat(), _end(last, margin)],
        "tickvals": [day.isoformat() for day in shown],
        "ticktext": [short_day(day) for day in shown],
    }
    layout["annotations"], layout["shapes"] = [], []
    return layout


def _end(last: date, margin: timedelta) -> str:
    return (datetime.combine(last, time()) + margin).isoformat()


def side_labels(labels: Sequence[tuple[float, str, str]], low: float, high: float) -> list[dict[str, Any]]:
    """Labels (value, words, colour) at the right end, moved apart where they would overlap; they replace a legend."""
    gap, floor = (high - low) * LABEL_GAP, float("-inf")
    placed: list[dict[str, Any]] = []
    for value, words, colour in sorted(labels, key=lambda label: label[0]):
        at = max(value, floor)
        floor = at + gap
        font = {"color": colour, "size": 12.5}
        label = {"xref": "paper", "x": 1, "xshift": 10, "y": at, "xanchor": "left", "showarrow": False}
        placed.append(label | {"text": chart(words), "font": font})
    return placed


def room_for(labels: Sequence[tuple[float, str, str]]) -> int:
    """Pixels to keep free at the right for the longest label."""
    return 24 + 7 * max(len(words) for _, words, _ in labels)


def end_dot(on: date, value: float) -> dict[str, Any]:
    """The dot at the last point, which the label at the right belongs to."""
    marker = {"size": 10, "color": "token:--met", "line": {"color": "token:--surface", "width": 2}}
    place = {"x": [on.isoformat()], "y": [value], "cliponaxis": False}
    return {"type": "scatter", "mode": "markers", "hoverinfo": "skip", "marker": marker, **place}


def target_line(target: float) -> dict[str, Any]:
    """The target as a dashed line across the chart."""
    line = {"color": "token:--ink", "width": 1.25, "dash": "4px,3px"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": target, "y1": target, "line": line}


def mark_line(mark: Note, top: float) -> dict[str, Any]:
    """A short dotted line up from the axis at the day of a mark."""
    day, line = mark.on.isoformat(), {"color": "token:--ink-3", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": day, "x1": day, "y0": 0, "y1": top * 0.38, "line": line, "layer": "below"}


def mark_label(mark: Note) -> dict[str, Any]:
    """The word of a mark beside its line."""
    place = {"x": mark.on.isoformat(), "y": 0, "yshift": 16, "xshift": 3, "xanchor": "left", "showarrow": False}
    return {"name": "mark", "text": chart(mark.text)[:18], "font": {"color": "token:--ink-2"}, **place}
