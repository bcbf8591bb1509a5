"""Numbers are rounded once and never claim more than was counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.numbers import counted, grouped, parts, percent, percent_text, plural, ratio_text, signed, unbroken


@pytest.mark.parametrize(
    ("part", "whole", "value", "text"),
    [
        (0, 0, None, "–"),
        (0, 31, 0, "0 %"),
        (24, 31, 77, "77 %"),
        (1, 8, 13, "13 %"),
        (31, 31, 100, "100 %"),
        (4999, 5000, 99, "99 %"),
        (1, 5000, 0, "under 1 %"),
    ],
)
def test_percent_rounds_half_up_once_and_reaches_100_only_when_whole(
    part: int, whole: int, value: int | None, text: str
) -> None:
    assert percent(part, whole) == value
    assert percent_text(part, whole) == text


def test_ratio_always_prints_its_denominator() -> None:
    assert ratio_text(3627, 4954) == "3,627 of 4,954 (73 %)"
    assert unbroken(ratio_text(3627, 4954)) == "3,627 of 4,954 (73\u00a0%)"
    assert ratio_text(24, 31, share=False) == "24 of 31"
    assert ratio_text(0, 0) == "none applicable"


def test_counted_nouns_have_a_singular() -> None:
    assert [counted(1, "events"), counted(1, "identities"), counted(0, "events"), counted(4954, "assets")] == [
        "1 event",
        "1 identity",
        "0 events",
        "4,954 assets",
    ]


def test_words_of_numbers() -> None:
    assert [grouped(4954), grouped(-3), grouped(1.25)] == ["4,954", "−3", "1.2"]
    assert [signed(4), signed(-3), signed(0)] == ["+4", "−3", "0"]
    assert [plural(1, "asset"), plural(2, "asset"), plural(0, "identity", "identities")] == [
        "1 asset",
        "2 assets",
        "0 identities",
    ]


@given(st.lists(st.integers(min_value=0, max_value=10**6), min_size=1, max_size=8))
def test_parts_add_up_to_the_whole(counts: list[int]) -> None:
    shares = parts(counts)
    assert sum(shares) == (100 if sum(counts) else 0)
    assert all(abs(share - 100 * count / sum(counts)) < 1 for share, count in zip(shares, counts, strict=True) if count)
