"""A manager decides on a phone, takes back and offers less; of two deciders the second sees who was first (§5.6)."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.desk import Desk, Hands, ask
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: A routine approval takes 15 s on a phone (ux.md §2): five for each thing done is generous.
SECONDS, EACH = 15, 5


def votes(desk: Desk, number: str) -> list[tuple[Any, ...]]:
    """What was voted, in its order."""
    query = (
        "SELECT accounts_user.name, choice FROM access_vote JOIN accounts_user ON accounts_user.id = voter_id"
        " WHERE request_id = ? ORDER BY access_vote.id"
    )
    return desk.portal.rows(query, number)


def card(visitor: Visitor, number: str) -> Locator:
    """Open a request among the approvals."""
    return visitor.open(f"/approvals/REQ-{number}").locator("article.det")


def state(desk: Desk, number: str) -> str:
    """The state of a request."""
    return str(desk.portal.rows("SELECT state FROM access_accessrequest WHERE number = ?", number)[0][0])


def test_a_routine_request_is_approved_on_a_phone_in_two_taps(desk: Desk) -> None:
    """From the inbox: open it, approve it. Both sides are shown, and nothing lies outside the screen."""
    model = desk.model()
    number = ask(desk.seat("engineer"), model, do="weights.read", why="Compare the drift before Friday")
    manager = desk.seat("manager", phone=True)
    page = manager.open("/approvals")
    assert not page.locator("article.det").is_visible()
    hands = Hands(page)
    hands.go(page.locator("a.row", has_text=model))
    manager.look()
    words = manager.text("article.det")
    assert "Jonas Lindqvist wants to read the weights" in words and "Compare the drift before Friday" in words
    for heading in ("Look at", "Checks out", "If you approve", "Blast radius"):
        assert heading in words
    assert "Nothing speaks against it." in words
    approve = page.get_by_role("button", name="Approve for 1 h")
    box = approve.bounding_box()
    assert box and box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 844, "the decision is reached without scrolling"
    hands.go(approve)
    assert hands.count * EACH <= SECONDS
    assert page.url.endswith("/approvals") and "Approved: Jonas Lindqvist gets 1 h." in manager.text("body")
    assert votes(desk, number) == [("Kofi Mensah", "approve")]
    assert desk.grants(model, "state", "minutes") == [("active", 60)]


def test_an_approval_is_taken_back_within_half_a_minute_and_the_access_is_gone(desk: Desk) -> None:
    model = desk.model()
    number = ask(desk.seat("engineer"), model, do="weights.read")
    manager = desk.seat("manager", phone=True)
    card(manager, number)
    manager.press("Approve for 1 h")
    assert desk.grants(model, "state") == [("active",)]
    banner = manager.page.locator(".banner", has_text="You can take it back")
    left = re.search(r"for (\d+) seconds", banner.inner_text())
    assert left and 0 < int(left[1]) <= 30
    hands = Hands(manager.page)
    hands.go(banner.get_by_role("button", name="Undo"))
    assert hands.count == 1
    assert desk.grants(model, "state", "observed") == [("ended", "absent")]
    assert votes(desk, number) == [("Kofi Mensah", "approve"), ("Kofi Mensah", "withdraw")]
    assert not banner.count()
    engineer = desk.seat("engineer")
    engineer.open(f"/access/REQ-{number}")
    assert "Ended" in engineer.text()


def test_less_is_offered_in_one_tap_and_accepted_in_one(desk: Desk) -> None:
    """Eight hours are asked for; four are offered, accepted, and granted without another decision."""
    model, engineer = desk.model(), desk.seat("engineer")
    number = ask(engineer, model, do="weights.read", length="8h")
    manager = desk.seat("manager", phone=True)
    less = card(manager, number).locator("form.less")
    assert "Read the weights, 4 h." in " ".join(less.inner_text().split())
    hands = Hands(manager.page)
    hands.go(less.get_by_role("button", name="Offer this instead"))
    assert hands.count == 1 and "Offered to Jonas Lindqvist instead." in manager.text("body")
    assert (state(desk, number), desk.grants(model, "state")) == ("denied", [])
    page = engineer.open(f"/access/REQ-{number}")
    engineer.follow(page.get_by_role("link", name="Look at it and accept"))
    hands = Hands(page)
    hands.go(page.get_by_role("button", name="Accept 4 h: read the weights"))
    assert hands.count == 1
    assert desk.grants(model, "state", "minutes") == [("active", 240)]


def test_what_needs_a_look_has_no_approval_of_one_tap(desk: Desk) -> None:
    """Weights that cannot be called back: the line is asked for first, and refusing names its reason."""
    model, engineer = desk.model(), desk.seat("engineer")
    number = ask(engineer, model, do="weights.export")
    manager = desk.seat("manager", phone=True)
    found = card(manager, number)
    assert "Cannot be taken back" in found.locator("section[aria-labelledby=h-look]").inner_text()
    assert not manager.page.locator("button.pri:visible", has_text="Approve").count()
    hands = Hands(manager.page)
    hands.click(found.locator("summary", has_text="Refuse"))
    hands.click(found.get_by_text("Less access would do"))
    hands.go(found.get_by_role("button", name="Refuse", exact=True))
    assert hands.count * EACH <= SECONDS
    assert (state(desk, number), desk.grants(model, "state")) == ("denied", [])
    engineer.open(f"/access/REQ-{number}")
    assert "Less access would do" in engineer.text("body")


@pytest.mark.parametrize(("first", "told"), [("approve", "approved"), ("refuse", "refused")])
def test_the_second_of_two_deciders_sees_who_was_first(desk: Desk, first: str, told: str) -> None:
    """Both have the card open. Who comes late gets 409 in place of a decision, with the name and the time."""
    model = desk.model()
    number = ask(desk.seat("engineer"), model, do="weights.read")
    kofi, nia = desk.seat("manager"), desk.seat("nia.okafor")
    mine, other = card(kofi, number), card(nia, number)
    assert "Kofi Mensah" in other.inner_text() and "Nia Okafor" in mine.inner_text()
    if first == "approve":
        kofi.press("Approve for 1 h", mine)
    else:
        mine.locator("summary", has_text="Refuse").click()
        mine.get_by_text("Not needed for the task").click()
        kofi.press("Refuse", mine)
    with nia.page.expect_navigation() as late:
        other.get_by_role("button", name="Approve for 1 h").click()
    assert late.value.status == 409
    nia.look()
    expect(nia.page.get_by_role("alert")).to_contain_text(re.compile(rf"Kofi Mensah {told} .*\."))
    assert f"Kofi Mensah {told}" in nia.text("article.det")
    assert not nia.page.locator("article.det form").count(), "nothing is left to decide"
    assert votes(desk, number) == [("Kofi Mensah", "approve" if first == "approve" else "deny")]
    assert len(desk.grants(model, "state")) == (first == "approve")
    nia.open("/approvals?view=decided")
    nia.follow(nia.page.locator("a.row", has_text=model))
    assert f"Kofi Mensah {told}" in nia.text("article.det")
