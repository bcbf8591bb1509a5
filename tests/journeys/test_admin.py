"""The security administrator: tune with preview, run and cancel, confirm owners, people, and remove the sample."""

import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from playwright.sync_api import TimeoutError

from tests.journeys.portal import Portal, wait_until
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_parameter_shows_its_effect_before_it_is_saved(visit: Callable[..., Visitor], sample: Portal) -> None:
    """The preview writes nothing; saving makes a new version; the next run judges by it."""
    admin = visit("security_admin")
    page = admin.open("/setup/checks/ID-04")
    before = sample.number("SELECT count(*) FROM posture_checkversion WHERE check_id = 'ID-04'")
    field = page.locator("section[aria-labelledby=h-params] input[type=number]").first
    field.fill(str(int(field.input_value()) // 2))
    admin.press("Show the effect")
    admin.look()
    effect = page.locator(".effect")
    assert re.search(r"results? would|Nothing would|No result would", effect.inner_text()), effect.inner_text()
    assert sample.number("SELECT count(*) FROM posture_checkversion WHERE check_id = 'ID-04'") == before
    note = effect.locator("[name=note]")
    note.fill("Half the time, as the policy of November says")
    admin.press("Save as a new version")
    assert "judges with the new parameters" in admin.text()
    assert sample.number("SELECT count(*) FROM posture_checkversion WHERE check_id = 'ID-04'") == before + 1


def test_a_run_is_cancelled_and_leaves_nothing(visit: Callable[..., Visitor], sample: Portal) -> None:
    """Whoever presses too late sees the published run, so a fast machine gets another try; it must work once."""
    admin = visit("security_admin")
    sample.wait_for_quiet()
    for _ in range(3):
        admin.open("/setup/runs")
        admin.press("Start a run")
        number = int(admin.page.url.rsplit("/", 1)[1])
        if cancelled(admin, sample, number):
            break
    assert sample.rows("SELECT state FROM posture_run WHERE number = ?", number) == [("cancelled",)]
    assert sample.number("SELECT count(*) FROM posture_result WHERE from_run = ? OR to_run = ?", number, number) == 0
    assert "cancelled" in admin.open(f"/setup/runs/{number}").locator("main").inner_text().lower()


def cancelled(admin: Visitor, sample: Portal, number: int) -> bool:
    """Press Cancel while the run is at work, and wait for its end; return whether the press came in time."""
    with suppress(TimeoutError):
        press_cancel(admin, sample, number)
    ended = "SELECT count(*) FROM posture_run WHERE number = ? AND state IN ('published', 'cancelled')"
    wait_until(lambda: sample.number(ended, number), 90, "the run did not end")
    return bool(sample.number("SELECT count(*) FROM posture_run WHERE number = ? AND state = 'cancelled'", number))


def press_cancel(admin: Visitor, sample: Portal, number: int) -> None:
    """Open the question, see that it stays while the progress is renewed, and answer it."""
    page = admin.page
    page.locator("#job summary", has_text="Cancel").click(timeout=5_000)
    page.evaluate("htmx.ajax('GET', location.pathname, {target: '#job', select: '#job', swap: 'outerHTML'})")
    button = page.locator("#job").get_by_role("button", name="Cancel", exact=True)
    if not button.is_visible():
        at_work = "SELECT count(*) FROM posture_run WHERE number = ? AND state IN ('queued', 'running')"
        assert not sample.number(at_work, number), "the question is gone although the run is at work"
        return
    with page.expect_navigation() as answer:
        button.click(timeout=5_000)
    assert answer.value.status in (200, 409)


def test_the_run_after_a_cancelled_one_is_published(visit: Callable[..., Visitor], sample: Portal) -> None:
    admin = visit("security_admin")
    sample.wait_for_quiet()
    published = sample.number("SELECT count(*) FROM posture_run WHERE state = 'published'")
    page = admin.open("/setup/runs")
    admin.press("Start a run")
    page.get_by_role("heading", name="What each check counted").wait_for(timeout=120_000)
    assert sample.number("SELECT count(*) FROM posture_run WHERE state = 'published'") > published


def test_the_change_of_a_check_is_marked_where_its_trend_is_drawn(visit: Callable[..., Visitor]) -> None:
    page = visit("security_admin").open("/setup/checks/ID-04")
    page.wait_for_selector("#trend-plot .main-svg")
    assert "version 2" in page.locator("#trend-plot .annotation-text").all_text_contents().__str__()


def test_claimed_owners_are_confirmed_in_one_go(visit: Callable[..., Visitor], sample: Portal) -> None:
    admin = visit("security_admin")
    page = admin.open("/assets/owners")
    boxes = page.locator("input[name=pair]")
    chosen = boxes.count()
    assert chosen > 1
    boxes.first.uncheck()
    query = "SELECT count(*) FROM inventory_asset WHERE owner_confirmed_at IS NOT NULL"
    before = sample.number(query)
    admin.press("Confirm the chosen owners")
    assert sample.number(query) == before + chosen - 1
    assert page.locator("input[name=pair]").count() == 1


def test_a_finding_is_given_away_and_checked_again(visit: Callable[..., Visitor]) -> None:
    admin = visit("security_admin")
    page = admin.open("/findings")
    admin.follow(page.locator("table.findings tbody th a").first)
    page.locator("summary", has_text="Change owner").click()
    page.locator("select[name=owner]").select_option(index=1)
    admin.press("Save owner")
    assert re.search(r"F-\d+ is with ", admin.text())
    admin.press("Re-check now")
    assert page.locator("h1").count() == 1


def test_people_teams_keys_and_settings(visit: Callable[..., Visitor]) -> None:
    admin = visit("security_admin")
    paths = (
        "/setup/people", "/setup/people/new", "/setup/proposals", "/setup/teams", "/setup/services", "/setup/keys",
        "/setup/checks", "/setup/checks/settings", "/setup/sources", "/setup/sources/upload", "/account/tokens",
    )  # fmt: skip
    for path in paths:
        admin.open(path)
    page = admin.open("/setup/people")
    admin.follow(page.locator("table tbody th a").first)
    admin.open("/setup/sources")
    admin.follow(page.locator("table tbody th a").first)
    admin.follow(page.locator("section[aria-labelledby=h-imports] tbody th a").first)


def test_the_sample_goes_in_one_click(visit: Callable[..., Visitor], sample: Portal) -> None:
    """Sources, assets and figures are gone, the log stays, and the portal says that nothing is evaluated."""
    admin = visit("security_admin")
    page = admin.open("/posture")
    events = sample.number("SELECT count(*) FROM audit_entry")
    bar = page.locator(".samplebar")
    bar.locator("summary").click()
    with page.expect_navigation(timeout=90_000):
        bar.get_by_role("button", name="Remove it").click()
    assert "The sample organisation is removed" in admin.text()
    assert page.locator(".samplebar").count() == 0
    for table in ("inventory_source", "inventory_identity", "inventory_asset", "posture_finding", "posture_run"):
        assert sample.number(f"SELECT count(*) FROM {table}") == 0, table
    assert sample.number("SELECT count(*) FROM audit_entry") > events
    admin.open("/posture")
    assert "Nothing evaluated yet" in admin.text()
    sample.manage("audit_verify")
