"""Marks, bars and tiles: a glyph and a word for every colour, counts for every picture, nothing foreign as markup."""

from datetime import date
from typing import Any

import pytest
from django.template import Context, Template

from apps.core.ui.bars import spark_path
from apps.core.ui.lineage import Edge, Node

HOSTILE = 'x\u202e"><script>alert(1)</script>\x07'
COUNTS = {"met": 836, "accepted": 24, "failing": 112, "not_evaluated": 48}


def render(source: str, **context: Any) -> str:
    return " ".join(Template("{% load ui %}" + source).render(Context(context)).split())


def assert_harmless(html: str) -> None:
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "\x07" not in html


@pytest.mark.parametrize(
    ("status", "word", "glyph"),
    [
        ("met", "Met", "g-met"),
        ("failing", "Failing", "g-fail"),
        ("accepted", "Accepted risk", "g-acc"),
        ("not_evaluated", "Not evaluated", "g-unk"),
        ("not_applicable", "Not applicable", "g-na"),
    ],
)
def test_every_status_has_a_word_and_its_own_glyph(status: str, word: str, glyph: str) -> None:
    html = render("{% status s %}", s=status)
    assert word in html
    assert f"sprite.svg#{glyph}" in html
    assert f'<span class="sr">{word}</span>' in render("{% status s hidden=True %}", s=status)


def test_an_unknown_status_is_an_error_not_a_guess() -> None:
    with pytest.raises(ValueError, match="no such status"):
        render("{% status 'passed' %}")


@pytest.mark.parametrize(("severity", "filled"), [("critical", 4), ("high", 3), ("medium", 2), ("low", 1)])
def test_severity_is_four_bars_of_which_some_are_filled(severity: str, filled: int) -> None:
    html = render("{% severity s %}", s=severity)
    assert html.count('class="on"') == filled
    assert html.count("<rect") == 4
    assert severity.capitalize() in html


def test_severity_with_a_count() -> None:
    assert '<span class="num"> 4</span>' in render("{% severity 'high' count=4 %}")
    assert "no high" in render("{% severity 'high' count=0 %}")


def test_segbar_says_all_counts_and_the_target() -> None:
    html = render("{% segbar c target=85 label='Identity' %}", c=COUNTS)
    label = "Identity: 836 met, 24 accepted risk, 112 failing, 48 not evaluated, of 1,020 applicable. Target 85 %."
    assert f'role="img" aria-label="{label}"' in html
    assert [f"{x}" in html for x in ('width="81.96%"', 'x="81.96%"', 'x="84.31%"', 'x="95.29%"', 'x1="85%"')] == [
        True
    ] * 5
    assert "style=" not in html


def test_segbar_of_nothing_is_empty_not_full() -> None:
    html = render("{% segbar c %}", c={})
    assert "f-met" not in html
    assert "of 0 applicable" in html


def test_segbar_with_links_is_a_group_of_named_links() -> None:
    html = render("{% segbar c links=l %}", c=COUNTS, l={"failing": "/findings?result=failing"})
    assert 'role="group"' in html
    assert '<a href="/findings?result=failing" aria-label="112 failing of 1,020">' in html


def test_units_show_one_glyph_per_result_and_a_bar_above_sixty() -> None:
    html = render("{% units r 'Data' %}", r=["failing", "met", "met", "not_applicable"])
    assert html.count("<use") == 3
    assert html.index("g-met") < html.index("g-fail")
    assert "Data: 2 met, 0 accepted risk, 1 failing, 0 not evaluated, of 3 applicable." in html
    assert 'class="bar"' in render("{% units r %}", r=["met"] * 61)


def test_spark_starts_at_zero_and_leaves_gaps() -> None:
    path = spark_path([10, None, 5, 0])
    assert path.split(" ")[0] == "M0.0"
    assert path.count("M") == 2
    assert path.endswith("23.0")
    assert spark_path([1]) == ""


def test_tile_prints_number_denominator_and_change() -> None:
    html = render(
        "{% tile 'Not evaluated' 494 of='of 4,954 results' url='/f' change=151 better='down' span='in 90 d' spark=s %}",
        s=[1, 2, 3],
    )
    for part in (
        '<a class="card tile c3" href="/f">',
        "494",
        "of 4,954 results",
        "151 in 90 d",
        'class="delta bad"',
    ):
        assert part in html
    assert "<a" not in render("{% tile 'Unsigned models' n of='none applicable' %}", n=None)
    assert_harmless(render("{% tile l 1 of=l note=l %}", l=HOSTILE))


def test_ratio_percent_delta_and_due() -> None:
    assert ">24 of 31 (77 %)<" in render("{% ratio 24 31 %}")
    assert ">none applicable<" in render("{% ratio 0 0 %}")
    assert render("{% percent 24 31 %}") == "77 %"
    assert '<span class="sr">up </span>7 points' in render("{% delta 7 better='up' unit='points' %}")
    late = render("{% due d today %}", d=date(2026, 11, 1), today=date(2026, 11, 20))
    assert 'class="due bad" title="1 Nov 2026"' in late
    assert "19 days late" in late


@pytest.mark.parametrize(
    ("met", "whole", "unknown", "expected"),
    [(40, 50, 2, "h4"), (5, 50, 0, "h0"), (3, 4, 0, "n&lt;5"), (0, 0, 0, "none applicable"), (20, 50, 15, "doubt")],
)
def test_heat_cells_blank_small_groups_and_mark_doubt(met: int, whole: int, unknown: int, expected: str) -> None:
    html = render("{% heat m w u '/f' %}", m=met, w=whole, u=unknown)
    assert expected in html
    assert (f"{met}/{whole}" in html) == (whole >= 5)


def test_lineage_places_nodes_in_columns_and_says_it_in_words() -> None:
    nodes = [
        Node("d", "data", "Dataset", "not_evaluated", "/d"),
        Node("m", HOSTILE, current=True),
        Node("e", "endpoint"),
    ]
    html = render(
        "{% lineage n e h %}", n=nodes, e=[Edge("d", "m", sure=False), Edge("m", "e"), Edge("e", "d")], h=["From"]
    )
    assert_harmless(html)
    assert "data feeds x⟨U+202E⟩" in html
    assert html.count('<g class="node') == 3
    assert "edge dash" in html
    assert '<span class="note">From</span>' in html
    assert '<a href="/d">data</a>' in html


def test_lineage_ignores_edges_to_nowhere_and_survives_nothing() -> None:
    assert "No connections" in render("{% lineage n e %}", n=[], e=[Edge("a", "b")])


def test_number_and_day_filters_take_what_is_missing() -> None:
    html = render(
        "{{ n|grouped }} {{ n|signed }} {{ n|day }} {{ n|short_day }} {{ n|instant:'never' }} {{ x|grouped }}", n=None
    )
    assert html == "– – unknown – never –"
    assert render("{{ n|grouped }} {{ n|signed }}", n=-4954) == "−4,954 −4,954"
