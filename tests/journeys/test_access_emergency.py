"""Break-glass: a permit, a passkey proven now, access at once, everybody told, a review that blocks the next use."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.journeys.desk import Desk, add_passkey
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WHY = "The scorer answers nonsense in production"


def form(visitor: Visitor, model: str) -> Page:
    """Open the form of emergency access for a model."""
    return visitor.open(f"/access/emergency?asset=model/{model}")


def take(visitor: Visitor, model: str) -> None:
    """Fill the form and take the access."""
    page = form(visitor, model)
    page.locator(".pick", has_text="Read the weights").click()
    page.get_by_label("What is the emergency?").fill(WHY)
    visitor.press("Take emergency access")
    visitor.look()


def reviews(desk: Desk, model: str) -> list[tuple[Any, ...]]:
    """Reviews of emergency access to a model: their state and who closed them."""
    return desk.portal.rows(
        "SELECT access_afterreview.id, access_afterreview.state, accounts_user.name FROM access_afterreview"
        " JOIN access_breakglass ON access_breakglass.id = break_glass_id"
        " JOIN access_grant ON access_grant.number = access_breakglass.grant_id"
        " LEFT JOIN accounts_user ON accounts_user.id = reviewer_id WHERE asset_label = ?",
        model,
    )


def close(reviewer: Visitor, key: int, verdict: str) -> None:
    """Close a review as justified."""
    page = reviewer.open(f"/approvals/after-reviews/{key}")
    page.get_by_label("Justified: there was an emergency").check()
    page.get_by_label("What you found").fill(verdict)
    reviewer.press("Close the review")
    reviewer.look()


def test_who_has_no_permit_is_told_how_to_get_one(desk: Desk) -> None:
    owner = desk.seat("owner")
    page = owner.open("/access/emergency", status=403)
    assert "You have no emergency permit" in page.inner_text("body")
    assert "Emergency access" not in owner.open("/access").inner_text("main")


def test_the_glass_is_broken_reviewed_and_only_then_broken_again(desk: Desk) -> None:
    """A code of the app is not enough; with the passkey it takes one form; the CISO, who is uninvolved, closes it."""
    model, other, engineer = desk.model("owned"), desk.model("owned"), desk.seat("engineer")
    page = engineer.open("/access")
    engineer.follow(page.get_by_role("link", name="Emergency access"))
    with_a_code_alone(engineer, model)
    add_passkey(engineer)
    confirm(engineer, model)
    take(engineer, model)
    assert re.search(r"/access/G-\d+$", page.url) and "Emergency access given" in engineer.text("body")
    left = re.search(r"(\d+) min left, ends \d\d:\d\d UTC", engineer.text())
    assert left and int(left[1]) <= 30
    assert desk.grants(model, "state", "emergency", "minutes") == [("active", 1, 30)]
    (key, state, _) = reviews(desk, model)[0]
    assert state == "open"
    the_next_use_is_blocked(engineer, other)
    told_and_not_to_review(desk, model, key)
    close(desk.seat("ciso"), key, "The log shows the outage; nothing else was read")
    assert reviews(desk, model) == [(key, "justified", "Dana Whitlock")]
    take(engineer, other)
    assert desk.grants(other, "state", "emergency") == [("active", 1)]
    close(desk.seat("ciso"), reviews(desk, other)[0][0], "The same outage")


def with_a_code_alone(engineer: Visitor, model: str) -> None:
    """The form asks for the passkey first, and has no button that takes anything."""
    page = form(engineer, model)
    assert page.get_by_role("link", name="Confirm with your passkey first").is_visible()
    assert not page.get_by_role("button", name="Take emergency access").count()


def confirm(engineer: Visitor, model: str) -> None:
    """Prove the passkey where the form leads to, and come back to it."""
    page = form(engineer, model)
    step = page.get_by_role("link", name="Confirm with your passkey first")
    if step.count():
        engineer.follow(step)
        with page.expect_navigation(url=re.compile("/access/emergency")):
            page.get_by_role("button", name="Use a passkey or security key").click()
    assert page.get_by_role("button", name="Take emergency access").is_visible()


def the_next_use_is_blocked(engineer: Visitor, model: str) -> None:
    """While the review is open, and the page says that this is why."""
    page = engineer.open(f"/access/emergency?asset=model/{model}", status=403)
    assert "The review of your last emergency access is still open." in page.inner_text("body")


def told_and_not_to_review(desk: Desk, model: str, key: int) -> None:
    """The owner, who was skipped, is told; neither holder nor who gave the permit closes the review."""
    owner = desk.seat("owner")
    owner.open("/notices")
    assert "Emergency" in owner.text() and model in owner.text()
    admin = desk.seat("security_admin")
    page = admin.open(f"/approvals/after-reviews/{key}")
    assert "Who gave the permit is involved; somebody else reviews this." in admin.text()
    assert not page.get_by_role("button", name="Close the review").count()
    assert WHY in admin.text() and "Priya Raman" in admin.text()
    engineer = desk.seat("engineer")
    page = engineer.open(f"/approvals/after-reviews/{key}")
    assert not page.get_by_role("button", name="Close the review").count()
