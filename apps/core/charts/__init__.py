"""Figures in the house style as plain data: drawing, caption and data table come from the same numbers.

Colours are token names (`token:--met`), resolved in the browser, so one figure serves light, dark and print. A missing
week is a gap, never a line across it; every point says its n of N; an axis that does not start at 0 says so.
"""

from apps.core.charts.counts import bars_per_day, stacked_bars_weekly
from apps.core.charts.figure import CountPoint, Figure, Note, SharePoint
from apps.core.charts.lines import lines_weekly
from apps.core.charts.shares import line_with_band, step_line

__all__ = [
    "CountPoint",
    "Figure",
    "Note",
    "SharePoint",
    "bars_per_day",
    "line_with_band",
    "lines_weekly",
    "stacked_bars_weekly",
    "step_line",
]
