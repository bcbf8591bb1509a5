"""The CISO's way: overview, a number, exactly its rows, one finding, its evidence; pillars, assets, other days."""

import re
from collections.abc import Callable

import pytest

from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DIGITS = re.compile(r"[\d,]+")


def number(text: str) -> int:
    """The first number of a text."""
    found = DIGITS.search(text)
    assert found, text
    return int(found[0].replace(",", ""))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_overview_stands_without_a_complaint(visit: Callable[..., Visitor], scheme: str) -> None:
    page = visit("ciso", scheme).open("/posture")
    page.wait_for_selector("#proven-plot .main-svg")
    assert page.locator("h1").inner_text() == "AI asset posture"
    assert page.locator("h1").count() == 1


def test_every_tile_leads_to_exactly_the_rows_it_counts(visit: Callable[..., Visitor]) -> None:
    """The number of a tile, or the numerator of a share, is the number of rows of the list behind it."""
    ciso = visit("ciso")
    page = ciso.open("/posture")
    tiles = page.locator("a.tile").evaluate_all(
        """tiles => tiles.map(tile => [tile.querySelector('.t-lab').innerText, tile.querySelector('.t-num').innerText,
        tile.querySelector('.t-of')?.innerText || '', tile.getAttribute('href')])"""
    )
    assert len(tiles) >= 5
    for label, shown, of, href in tiles:
        counted = number(of) if "%" in shown else number(shown)
        ciso.open(href)
        assert ciso.total() == counted, f"{label}: {shown} {of} leads to {href}"


def test_every_number_of_the_legend_and_of_the_severities_counts_its_rows(visit: Callable[..., Visitor]) -> None:
    ciso = visit("ciso")
    page = ciso.open("/posture")
    links = page.locator("section[aria-labelledby=h-proven] .legend a, section[aria-labelledby=h-findings] td a")
    found = [(link.inner_text(), link.get_attribute("href")) for link in links.all()]
    assert len(found) >= 4
    for text, href in found:
        ciso.open(href)
        assert ciso.total() == number(text), f"{text} leads to {href}"


def test_from_a_number_to_its_evidence_in_three_clicks(visit: Callable[..., Visitor]) -> None:
    ciso = visit("ciso")
    page = ciso.open("/posture")
    ciso.follow(page.locator("section[aria-labelledby=h-findings] tbody td a").first)
    ciso.follow(page.locator("table.findings tbody th a").first)
    assert re.search(r"/findings/F-\d+$", page.url)
    evidence = page.locator("section[aria-labelledby=h-evidence]")
    assert evidence.locator("dt", has_text="Expected").count()
    assert "Record of" in evidence.inner_text()
    assert evidence.locator(".hash").first.inner_text().strip()
    assert evidence.locator("pre.raw").first.is_visible()


def test_pillars_lead_down_to_results_and_checks(visit: Callable[..., Visitor]) -> None:
    ciso = visit("ciso")
    page = ciso.open("/posture")
    names = page.locator("table.pillars tbody th a").all_inner_texts()
    assert len(names) >= 4
    for name in names:
        ciso.open("/posture")
        ciso.follow(page.locator("table.pillars").get_by_role("link", name=name, exact=True))
        assert page.locator("h1").inner_text() == name
    ciso.open("/posture/identity")
    cells = page.locator("main table td.num a")
    text, href = next(
        (t, h) for t, h in ((c.inner_text(), c.get_attribute("href")) for c in cells.all()) if t.isdigit()
    )
    ciso.open(str(href))
    assert ciso.total() == int(text)


def test_a_segment_of_the_bar_leads_to_its_results(visit: Callable[..., Visitor]) -> None:
    ciso = visit("ciso")
    page = ciso.open("/posture")
    segment = page.locator("table.pillars svg.bar a").first
    label, href = segment.get_attribute("aria-label"), segment.get_attribute("href")
    ciso.open(str(href))
    assert ciso.total() == number(str(label))


def test_an_earlier_day_is_another_page_that_says_so(visit: Callable[..., Visitor]) -> None:
    ciso = visit("ciso")
    page = ciso.open("/posture")
    week = page.locator("section[aria-labelledby=h-proven] details.data summary")
    week.click()
    assert page.locator("section[aria-labelledby=h-proven] table tbody tr").count() >= 5
    points = page.evaluate(
        "JSON.parse(document.getElementById('proven').textContent).data.flatMap(d => d.customdata || [])"
    )
    ciso.open([point for point in points if point][-2])
    assert "as_of=" in page.url
    assert "This is how it stood then" in ciso.text()


def test_assets_identities_people_and_search(visit: Callable[..., Visitor]) -> None:
    ciso = visit("ciso")
    page = ciso.open("/assets")
    first = page.locator("table tbody th a").first
    name = first.inner_text()
    ciso.follow(first)
    assert page.locator("h1").inner_text() == name
    for tab in page.locator("nav.tabs a").all():
        ciso.open(str(tab.get_attribute("href")))
    for path in ("/identities", "/people"):
        ciso.open(path)
        ciso.follow(page.locator("table tbody th a").first)
    ciso.open("/posture")
    page.keyboard.press("/")
    page.keyboard.type("credit-risk")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    ciso.look()
    assert "credit-risk" in ciso.text()
    for path in ("/audit", "/setup/sources", "/setup/runs", "/setup/checks", "/help/metrics", "/account"):
        ciso.open(path)


def test_the_setup_that_is_not_the_cisos_is_refused_with_the_reason(visit: Callable[..., Visitor]) -> None:
    ciso = visit("ciso")
    for path in ("/setup", "/setup/people/new", "/setup/sources/upload"):
        ciso.open(path, status=403)
        assert "Security administrator" in ciso.text()
