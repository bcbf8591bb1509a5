"""From an empty portal to its first figures, by its first administrator, with a real export."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.journeys.portal import Portal, totp_code
from tests.journeys.reports import aws_report
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
EMAIL = "ada@fenwick.example"
PASSWORD = "seven green bottles hanging"


@pytest.fixture(scope="module")
def admin(chromium: Browser, empty: Portal) -> Iterator[Visitor]:
    """The first administrator of an empty portal, at one browser for all tests of this file."""
    visitor = Visitor(chromium, empty)
    yield visitor
    visitor.leave()


def test_the_link_of_the_command_leads_to_a_password_and_a_second_factor(admin: Visitor, empty: Portal) -> None:
    """Then both are asked for: a real sign-in with password and TOTP code."""
    found = re.search(r"http://\S+", empty.manage("create_admin", EMAIL, "--name", "Ada Ashby"))
    assert found
    page = admin.open(found[0].removeprefix(empty.origin))
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    admin.press("Set password and sign in")
    admin.open("/account/factors/totp/activate/")
    secret = re.search(r"\b[A-Z2-7]{32}\b", admin.text())
    assert secret
    page.fill("input[name=code]", totp_code(secret[0]))
    admin.press("Set up")
    admin.look()
    admin.open("/account/logout")
    admin.press("Sign out")
    # The code that was just used is not taken a second time.
    admin.sign_in(EMAIL, PASSWORD, lambda: next_code(page, secret[0]))
    assert page.url.removeprefix(empty.origin) in {"/setup", "/posture"}


def next_code(page: object, secret: str) -> str:
    """Wait for a code that was not used yet."""
    used, waited = totp_code(secret), 0
    while totp_code(secret) == used and waited < 31:
        page.wait_for_timeout(1000)  # type: ignore[attr-defined]
        waited += 1
    return totp_code(secret)


def test_an_empty_portal_shows_no_share(admin: Visitor) -> None:
    """Never 0 %, never 100 %; it says what to do."""
    for path in ("/posture", "/findings", "/posture/results", "/posture/identity", "/setup/checks"):
        admin.open(path)
        words = admin.text()
        assert "othing evaluated yet" in words, path
        assert not re.search(r"\b(0|100) %", words.replace("0 % 50 100", "")), path
    admin.open("/posture")
    assert admin.page.locator(".tile, .hero, svg.bar").count() == 0
    for path in ("/assets", "/identities", "/people", "/setup/sources", "/setup/runs", "/setup/keys"):
        admin.open(path)


def test_the_steps_lead_to_an_upload_whose_effect_is_shown_before_it_is_applied(
    admin: Visitor, empty: Portal, tmp_path: Path
) -> None:
    page = admin.open("/setup")
    assert page.locator("ol.steps > li").count() == 4
    admin.follow(page.get_by_role("link", name="Upload an export"))
    page.set_input_files("input[type=file]", aws_report(tmp_path / "credential_report.csv", 20, with_factor=13))
    admin.press("Read the files")
    assert "/setup/imports/" in page.url
    # While the worker reads, the page asks for news by itself.
    page.get_by_role("heading", name="What applying it would do").wait_for(timeout=60_000)
    admin.look()
    assert "20 new, 0 changed, 0 gone" in admin.text()
    assert empty.number("SELECT count(*) FROM inventory_identity") == 0
    admin.press("Apply")
    page.get_by_role("heading", name="Result").wait_for(timeout=60_000)
    assert empty.number("SELECT count(*) FROM inventory_identity") == 20
    assert "Done 1 source read" in admin.open("/setup").locator("ol.steps").inner_text().replace("\n", " ")


def test_the_first_run_gives_figures_that_equal_the_file(admin: Visitor, empty: Portal) -> None:
    """13 of 20 people have a second factor: the overview, the tile and the list say exactly that.

    The schedule starts a run by itself as soon as there is something to judge; this is the one after it.
    """
    empty.wait_for_quiet(published=1)
    page = admin.open("/setup/runs")
    admin.press("Start a run")
    page.get_by_role("heading", name="What each check counted").wait_for(timeout=90_000)
    admin.look()
    page = admin.open("/posture")
    assert "Nothing evaluated yet" not in admin.text()
    tile = page.locator("a.tile", has_text="Second-factor coverage")
    assert tile.locator(".t-num").inner_text() == "65 %"
    assert "13 of 20" in tile.locator(".t-of").inner_text()
    admin.follow(tile)
    assert admin.total() == 13
    assert "Done" in admin.open("/setup").locator("ol.steps > li").last.inner_text()


def test_a_file_that_is_no_export_is_refused_with_what_was_expected(admin: Visitor, tmp_path: Path) -> None:
    page = admin.open("/setup/sources/upload")
    (tmp_path / "notes.txt").write_text("milk, bread\n")
    page.set_input_files("input[type=file]", tmp_path / "notes.txt")
    with page.expect_navigation():
        page.get_by_role("button", name="Read the files").click()
    assert page.locator(".errors").inner_text().strip()
    assert "/setup/sources/upload" in page.url
