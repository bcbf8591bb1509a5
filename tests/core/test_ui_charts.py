"""Figures: chart, caption and table from the same numbers, and the honesty rules that a chart can break."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.template import Context, Template

from apps.core import charts
from apps.core.charts import CountPoint, Note, SharePoint

START = date(2026, 8, 28)


def weeks(*values: tuple[int, int, int] | None) -> list[SharePoint]:
    days = [START + timedelta(weeks=index) for index in range(len(values))]
    return [
        SharePoint(day, *value, url=f"/posture?as_of={day}") for day, value in zip(days, values, strict=True) if value
    ]


def figure(**options: Any) -> charts.Figure:
    return charts.line_with_band("proven", weeks((66, 100, 73), (68, 100, 74), (73, 100, 83)), target=81, **options)


def test_line_shows_share_target_ceiling_and_ends_with_direct_labels() -> None:
    drawn = figure()
    line = next(trace for trace in drawn.data if trace["mode"] == "lines" and trace["hoverinfo"] == "text")
    assert line["y"] == [66.0, 68.0, 73.0]
    assert line["connectgaps"] is False
    assert line["customdata"][0] == "/posture?as_of=2026-08-28"
    assert line["hovertext"][2] == "11 Sep 2026: 73 of 100 (73 %) met"
    assert [note["text"] for note in drawn.layout["annotations"]] == ["73 % met", "81 % target", "83 % ceiling"]
    assert drawn.layout["shapes"][0]["y0"] == 81
    assert drawn.caption == "66 of 100 (66 %) met on 28 Aug 2026, 73 of 100 (73 %) on 11 Sep 2026; target 81 %."
    assert drawn.rows[0] == ("28 Aug 2026", "66", "100", "66 %", "73 %")
    assert drawn.header == ("Week", "Met", "Applicable", "Share", "Ceiling")


def test_a_start_other_than_zero_is_written() -> None:
    assert figure().layout["yaxis"]["range"] == [50, 100]
    assert figure().unit.endswith("axis starts at 50 %")
    low = charts.line_with_band("k", weeks((20, 100, 30), (30, 100, 40)))
    assert low.layout["yaxis"]["range"] == [0, 100]
    assert low.unit.endswith("axis starts at 0 %")


def test_missing_weeks_are_gaps_in_line_band_and_table() -> None:
    drawn = charts.line_with_band("k", weeks((60, 100, 70), (61, 100, 71), None, (62, 100, 72), (63, 100, 73)))
    line = next(trace for trace in drawn.data if trace["hoverinfo"] == "text")
    assert line["y"] == [60.0, 61.0, None, 62.0, 63.0]
    assert sum(trace.get("fill") == "toself" for trace in drawn.data) == 2
    assert drawn.rows[2] == ("11 Sep 2026", "no data", "no data", "no data", "no data")
    assert "No data for 1 week." in drawn.caption


def test_nothing_evaluated_draws_no_axes_and_no_zero() -> None:
    for empty in (charts.line_with_band("k", []), charts.line_with_band("k", [SharePoint(START, 0, 0)])):
        assert empty.data == []
        assert empty.caption == "No result yet."
        assert "%" not in empty.caption


def test_notes_are_wrapped_harmless_and_only_within_the_period() -> None:
    notes = [
        Note(date(2026, 9, 2), "source <b>added</b>\u202e, 310 results not yet evaluated"),
        Note(date(2020, 1, 1), "long ago"),
    ]
    shown = [note for note in figure(notes=notes).layout["annotations"] if note.get("name") == "note"]
    assert len(shown) == 1
    assert "<b>" not in shown[0]["text"]
    assert "\u202e" not in shown[0]["text"]
    assert shown[0]["x"] == "2026-09-04"


@pytest.mark.parametrize(("met", "anchor"), [(78, "top"), (56, "bottom")])
def test_a_note_keeps_off_the_axis(met: int, anchor: str) -> None:
    """Under the line where there is room for its words, else above it."""
    drawn = charts.line_with_band("k", weeks((met, 100, 90), (met, 100, 90)), target=80, notes=[Note(START, "x" * 30)])
    (note,) = (one for one in drawn.layout["annotations"] if one.get("name") == "note")
    assert drawn.layout["yaxis"]["range"][0] == 50
    assert note["yanchor"] == anchor and (note["ay"] > 0) == (anchor == "top")


def test_labels_that_would_overlap_are_moved_apart() -> None:
    drawn = charts.line_with_band("k", weeks((80, 100, 81), (80, 100, 81)), target=80.5)
    places = sorted(note["y"] for note in drawn.layout["annotations"])
    assert all(upper - lower >= 5 for lower, upper in zip(places, places[1:], strict=False))


def test_stacked_bars_start_at_zero_with_the_worst_at_the_baseline() -> None:
    points = [
        CountPoint(START, {"critical": 15, "high": 196}),
        CountPoint(START + timedelta(weeks=1), {"critical": 12, "high": None}),
    ]
    drawn = charts.stacked_bars_weekly("sev", points, unit="medium and low only in the table")
    assert [trace["name"] for trace in drawn.data] == ["critical", "high"]
    assert drawn.layout["barmode"] == "stack"
    assert drawn.layout["yaxis"]["range"][0] == 0
    assert drawn.caption.startswith("28 Aug 2026: 15 critical, 196 high open findings.")
    assert drawn.rows[1] == ("4 Sep 2026", "12", "no data")


def test_bars_per_day_count_and_name_the_busiest_day() -> None:
    points = [
        CountPoint(START + timedelta(days=index), {"count": count}, f"/audit?on={index}")
        for index, count in enumerate((3, 9, 0))
    ]
    drawn = charts.bars_per_day("audit", points)
    assert drawn.data[0]["customdata"][1] == "/audit?on=1"
    assert drawn.caption == "12 events from 28 Aug 2026 to 30 Aug 2026; most on 29 Aug 2026: 9 events."
    assert drawn.layout["xaxis"]["range"][0] == "2026-08-16T12:00:00"
    assert charts.bars_per_day("audit", points[:1]).caption.endswith("most on 28 Aug 2026: 3 events.")
    assert charts.bars_per_day("audit", []).caption == "Nothing in this period."


def test_step_line_runs_from_zero_to_all_and_marks_releases() -> None:
    points = [SharePoint(START, 19, 31), SharePoint(START + timedelta(days=30), 24, 31)]
    drawn = charts.step_line(
        "steps", points, marks=[Note(START + timedelta(days=9), "4.2.0"), Note(date(2020, 1, 1), "old")]
    )
    assert drawn.layout["yaxis"]["range"] == [0, 31]
    assert drawn.data[0]["line"]["shape"] == "hv"
    assert [note["text"] for note in drawn.layout["annotations"]] == ["24 of 31", "4.2.0"]
    assert drawn.caption == "Checks met: 19 of 31 on 28 Aug 2026, 24 of 31 on 27 Sep 2026."


def test_every_colour_is_a_token_and_nothing_can_be_dragged() -> None:
    drawn = figure()
    text = json.dumps(drawn.payload())
    assert "#" not in text
    assert "token:--met" in text
    assert drawn.layout["xaxis"]["fixedrange"]
    assert drawn.layout["yaxis"]["fixedrange"]


def test_figure_tag_prints_heading_unit_caption_table_and_escaped_json() -> None:
    hostile = "</script><script>alert(1)</script>"
    drawn = charts.line_with_band(
        "proven", weeks((66, 100, 73), (73, 100, 83)), notes=[Note(date(2026, 9, 2), hostile)]
    )
    html = Template("{% load ui %}{% figure f title %}").render(Context({"f": drawn, "title": hostile}))
    assert "<script>alert" not in html
    assert html.count("</script>") == 1
    assert '<figcaption class="note">66 of 100 (66 %) met' in html
    assert '<th scope="row">28 Aug 2026</th><td class="r num" data-l="Met">66</td>' in html
    assert 'aria-hidden="true"' in html
    assert "axis starts at 50 %" in html


def test_an_empty_figure_says_so_and_offers_no_table() -> None:
    html = Template("{% load ui %}{% figure f 'Proven' %}").render(Context({"f": charts.line_with_band("k", [])}))
    assert "No result yet." in html
    assert "<details" not in html
    assert "<script" not in html


def test_lines_by_week_leave_gaps_and_emphasise_the_first() -> None:
    points = [
        CountPoint(START, {"a": 4, "b": None}, "/then"),
        CountPoint(START + timedelta(days=7), {"a": None, "b": None}),
        CountPoint(START + timedelta(days=14), {"a": 1200, "b": 3}, "/now"),
    ]
    drawn = charts.lines_weekly("k", points, series={"a": "standing", "b": "for a time"}, unit="holders")
    quiet, bold, dot = drawn.data
    assert (bold["y"], quiet["y"]) == ([4, None, 1200], [None, None, 3])
    assert bold["line"]["width"] > quiet["line"]["width"] and not bold["connectgaps"]
    assert dot["y"] == [1200.0] and dot["hoverinfo"] == "skip"
    assert drawn.layout["yaxis"]["range"][0] == 0
    assert [note["text"] for note in drawn.layout["annotations"]] == ["3 for a time", "1,200 standing"]
    assert drawn.caption == (
        "28 Aug 2026: 4 standing, no data for a time. 11 Sep 2026: 1,200 standing, 3 for a time. No data for 1 week."
    )
    assert drawn.header == ("Week", "Standing", "For a time")
    assert drawn.rows[1] == ("4 Sep 2026", "no data", "no data")
    assert "#" not in json.dumps(drawn.payload())


def test_lines_without_a_week_say_so() -> None:
    drawn = charts.lines_weekly("k", [], series={"a": "standing"}, empty="Not enough history yet.")
    assert (drawn.data, drawn.rows, drawn.caption) == ([], (), "Not enough history yet.")
