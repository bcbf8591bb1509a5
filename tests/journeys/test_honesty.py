"""The 13 honesty rules of charts (ux.md §7), on the real pages of the sample organisation; each test has its number."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.portal import Portal
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RATIO = re.compile(r"([\d,]+) of ([\d,]+)")
CHARTED = ("/posture", "/posture/identity", "/setup/checks/ID-01", "/audit")


def whole(text: str) -> int:
    """A printed number."""
    return int(text.replace(",", ""))


def figures(visitor: Visitor) -> dict[str, dict[str, Any]]:
    """Every figure of the page as it is drawn: key → data and layout."""
    found = visitor.page.locator("figure[data-figure] script[type='application/json']").all()
    return {str(one.get_attribute("id")): json.loads(str(one.text_content())) for one in found}


def legend(visitor: Visitor) -> dict[str, int]:
    """The counts of the legend under the first bar."""
    words = visitor.page.locator("section[aria-labelledby=h-proven] .legend li").all_inner_texts()
    found = [re.fullmatch(r"\s*(\D+?)\s+([\d,]+)\s*", text) for text in words]
    return {match[1].strip(): whole(match[2]) for match in found if match}


@pytest.fixture
def ciso(visit: Callable[..., Visitor]) -> Visitor:
    """The CISO on the overview."""
    visitor = visit("ciso")
    visitor.open("/posture")
    return visitor


def test_rule_1_every_ratio_prints_n_of_n(ciso: Visitor) -> None:
    """Tiles, pillars and captions; and the share is that of the printed numbers."""
    shares = ciso.page.locator("a.tile").evaluate_all(
        "tiles => tiles.map(t => [t.querySelector('.t-num').innerText, t.querySelector('.t-of').innerText])"
    )
    for number, of in shares:
        if "%" in number:
            match = RATIO.search(of)
            assert match, f"{number} stands without its numbers: {of}"
            assert abs(100 * whole(match[1]) / whole(match[2]) - whole(number.split()[0])) <= 1
    for row in ciso.page.locator("table.pillars tbody tr").all():
        assert re.search(r"of [\d,]+", row.inner_text())
    for caption in ciso.page.locator("section[aria-labelledby=h-proven] figcaption").all_inner_texts():
        assert caption.count("%") == 0 or RATIO.search(caption)
    for path in ("/posture/identity", "/setup/checks/ID-01"):
        ciso.open(path)
        assert RATIO.search(ciso.text())


def test_rule_2_every_view_prints_as_of_and_stale_sources(ciso: Visitor, sample: Portal) -> None:
    stale = "SELECT name FROM inventory_source WHERE observed_at < datetime('now', '-7 days') AND retired_at IS NULL"
    for (name,) in sample.rows(stale):
        assert name in ciso.page.locator(".asof").inner_text()
    for path in ("/posture", "/posture/identity", "/findings", "/posture/results", "/setup/checks"):
        ciso.open(path)
        assert re.search(r"As of \d{1,2} \w{3} \d{4}", ciso.text()), path


def test_rule_3_not_evaluated_is_not_met_and_not_applicable_stands_outside(ciso: Visitor) -> None:
    counts = legend(ciso)
    applicable = re.search(r"([\d,]+) applicable check results", ciso.text(".asof"))
    assert applicable
    assert sum(counts.values()) == whole(applicable[1])
    met, hero = counts["Met"], whole(ciso.page.locator(".hero").first.inner_text().split()[0])
    assert hero == int(100 * met / whole(applicable[1]) + 0.5)
    outside = re.search(r"outside the denominator \(([\d,]+)\)", ciso.text())
    assert outside
    ciso.follow(ciso.page.locator("p.note a", has_text="not applicable"))
    assert ciso.total() == whole(outside[1])


def test_rule_4_bars_start_at_zero_and_a_line_that_does_not_says_so(ciso: Visitor) -> None:
    for path in CHARTED:
        ciso.open(path)
        for key, figure in figures(ciso).items():
            low = figure["layout"]["yaxis"]["range"][0]
            if any(trace["type"] == "bar" for trace in figure["data"]):
                assert low == 0, (path, key)
            elif low:
                unit = ciso.page.locator(f"figure[aria-labelledby={key}-title] header").inner_text()
                assert f"axis starts at {low} %" in unit, (path, key)


def test_rule_5_a_chart_of_a_goal_shows_the_target(ciso: Visitor) -> None:
    for path in ("/posture", "/posture/identity"):
        ciso.open(path)
        target = re.search(r"target (\d+) %", ciso.text("section[aria-labelledby=h-proven] .legend"))
        assert target
        drawn = next(iter(figures(ciso).values()))["layout"]["shapes"]
        assert int(target[1]) in [shape["y0"] for shape in drawn], path
        assert ciso.page.locator("svg.bar line.tick").count() >= 1
        assert f"{target[1]} % target" in str(figures(ciso)), path


def test_rule_6_a_changed_denominator_is_marked(ciso: Visitor) -> None:
    """More than 2 % from one week to the next: the largest such change stands in the chart in words."""
    cells = ciso.page.locator("section[aria-labelledby=h-proven] details.data tbody tr").evaluate_all(
        "rows => rows.map(row => row.children[2].textContent.trim())"
    )
    sizes = [whole(cell) for cell in cells if re.fullmatch(r"[\d,]+", cell) and whole(cell)]
    changes = [abs(b - a) for a, b in zip(sizes, sizes[1:], strict=False) if abs(b - a) * 50 > a]
    notes = [note["text"] for note in figures(ciso)["proven"]["layout"]["annotations"]]
    said = [whole(match[1]) for match in (re.search(r"([\d,]+) (?:more|fewer)", " ".join(notes)),) if match]
    assert bool(said) == bool(changes)
    assert set(said) <= set(changes)


def test_rule_7_no_gauge_no_pie_no_second_axis_no_smoothing(ciso: Visitor) -> None:
    for path in CHARTED:
        ciso.open(path)
        for key, figure in figures(ciso).items():
            assert {trace["type"] for trace in figure["data"]} <= {"scatter", "bar"}, (path, key)
            shapes = {trace.get("line", {}).get("shape", "linear") for trace in figure["data"] if "line" in trace}
            assert shapes <= {"linear", "hv"}, (path, key)
            assert {name for name in figure["layout"] if name.startswith("yaxis")} == {"yaxis"}, (path, key)
            assert not any(name.startswith(("scene", "polar")) for name in figure["layout"]), (path, key)


def test_rule_8_missing_weeks_are_gaps(ciso: Visitor) -> None:
    """No line across them, and the table says that there is no data; the sample of five weeks leaves eight."""
    for key, figure in figures(ciso).items():
        assert not any(trace.get("connectgaps") for trace in figure["data"]), key
    line = next(
        trace for trace in figures(ciso)["proven"]["data"] if trace.get("mode") == "lines" and "customdata" in trace
    )
    rows = ciso.page.locator("section[aria-labelledby=h-proven] details.data tbody tr")
    missing = [value for value in line["y"] if value is None]
    assert rows.filter(has_text="no data").count() == len(missing)
    assert 0 not in line["y"]


def test_rule_9_small_multiples_have_one_scale(ciso: Visitor) -> None:
    """Every bar of the pillars spans 0 to 100 %, whatever its denominator."""
    bars = ciso.page.locator("table.pillars svg.bar")
    assert bars.count() >= 4
    for bar in bars.all():
        widths = bar.locator("rect").evaluate_all("parts => parts.map(part => parseFloat(part.getAttribute('width')))")
        assert abs(sum(widths) - 100) < 0.1
    boxes = [bar.bounding_box() for bar in bars.all()]
    assert len({round(box["width"]) for box in boxes if box}) == 1


def test_rule_10_few_are_not_coloured(ciso: Visitor) -> None:
    cells = 0
    for path in ("/posture/identity", "/posture/models", "/posture/data", "/posture/governance"):
        answer = ciso.page.goto(ciso.portal.origin + path)
        assert answer is not None
        for cell in ciso.page.locator("td.heat").all() if answer.ok else []:
            words, tinted = cell.inner_text().strip(), re.search(r"\bh\d\b", str(cell.get_attribute("class")))
            match = re.match(r"([\d,]+)/([\d,]+)", words)
            assert bool(tinted) == bool(match), words
            assert match is None or whole(match[2]) >= 5
            cells += 1
    assert cells > 20


def test_rule_11_rounded_once_and_parts_add_to_the_whole(ciso: Visitor) -> None:
    """One share everywhere: sentence, large number, label in the chart, caption, API."""
    share = ciso.page.locator(".hero").first.inner_text().replace("\n", "").replace(" ", "")
    number = share.removesuffix("%")
    assert ciso.text(".lead").startswith(f"{number} %")
    assert f"{number} % met" in [note["text"] for note in figures(ciso)["proven"]["layout"]["annotations"]]
    assert f"({number} %)" in ciso.page.locator("section[aria-labelledby=h-proven] figcaption").inner_text()
    of = [
        whole(text.split()[-1])
        for text in ciso.page.locator("table.pillars td small", has_text="of ").all_inner_texts()
    ]
    assert sum(of) == sum(legend(ciso).values())
    # A bar of one share ends where its share ends; all others are a whole.
    for bar in ciso.page.locator("svg.bar:not(.share)").all():
        widths = bar.locator("rect").evaluate_all("parts => parts.map(part => parseFloat(part.getAttribute('width')))")
        assert abs(sum(widths) - 100) < 0.1


def test_rule_12_sample_data_is_labelled_on_screen_print_and_export(ciso: Visitor, tmp_path: Path) -> None:
    for path in ("/posture", "/findings", "/assets", "/identities", "/audit"):
        page = ciso.open(path)
        assert page.locator(".samplebar").is_visible()
        page.emulate_media(media="print")
        assert page.locator(".samplebar").is_visible(), path
        page.emulate_media(media="screen")
        if path != "/posture":
            kept = ciso.download(page.locator(".exports a", has_text="CSV").first, tmp_path)
            text = kept.read_text(encoding="utf-8-sig")
            assert "Sample data" in text, path
            assert len(list(csv.reader(io.StringIO(text)))) > 1


def test_rule_13_a_subtitle_names_what_it_leaves_out(ciso: Visitor) -> None:
    section = ciso.page.locator("section[aria-labelledby=h-findings]")
    drawn = {trace["name"] for trace in figures(ciso)["findings"]["data"]}
    listed = {text.strip().lower() for text in section.locator("table.sv th[scope=row]").all_inner_texts()}
    left_out = listed - drawn
    assert left_out == {"medium", "low"}
    for name in left_out:
        assert name in section.locator("header").first.inner_text()
    tier = ciso.page.locator("section[aria-labelledby=h-tier-one] header").first.inner_text()
    assert RATIO.search(tier)
