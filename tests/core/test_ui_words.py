"""Change, time and three-valued facts in words."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from apps.core.ui.words import Delta, Due, delta_view, due_view, instant_text, three_valued

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-19, Due("19 days late", "bad")),
        (-1, Due("1 day late", "bad")),
        (0, Due("due today", "soon")),
        (3, Due("in 3 days", "soon")),
        (12, Due("in 12 days", "")),
    ],
)
def test_due_is_said_in_words(days: int, expected: Due) -> None:
    assert due_view(TODAY + timedelta(days=days), TODAY) == expected


def test_due_takes_instants_in_any_zone_and_nothing() -> None:
    late_evening = datetime(2026, 11, 19, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert due_view(late_evening, datetime(2026, 11, 20, 1, tzinfo=UTC)).text == "due today"
    assert due_view(None, TODAY).text == "no due date"


def test_delta_says_direction_and_whether_it_is_good() -> None:
    assert delta_view(7, better="up", unit="points", span="since 28 Aug") == Delta(
        "▲", "up", "7 points since 28 Aug", "good"
    )
    assert delta_view(1, better="down", unit="points") == Delta("▲", "up", "1 point", "bad")
    assert delta_view(-3, better="down", span="in 90 days") == Delta("▼", "down", "3 in 90 days", "good")
    assert delta_view(5).tone == ""


def test_no_change_and_no_earlier_value_are_different_facts() -> None:
    assert delta_view(0, better="up", span="in 90 days").text == "no change in 90 days"
    assert delta_view(None, better="up", span="in 90 days").text == "no earlier value"


def test_instants_are_absolute_and_in_utc() -> None:
    assert instant_text(datetime(2026, 11, 20, 7, 12, tzinfo=timezone(timedelta(hours=1)))) == "20 Nov 2026, 06:12 UTC"
    assert instant_text(None) == "unknown"
    assert instant_text(None, "never") == "never"


@pytest.mark.parametrize(("value", "word"), [(True, "Yes"), ("no", "No"), (None, "Unknown"), ("maybe", "Unknown")])
def test_facts_have_three_values(value: object, word: str) -> None:
    assert three_valued(value) == word
