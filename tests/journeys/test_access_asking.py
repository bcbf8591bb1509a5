"""The engineer asks by a link and receives, at once or after one approval, and gives back (ux.md §2, §5.5)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.desk import Desk, Hands, ask
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: From the link to the sent request (ux.md §2).
INTERACTIONS = 4
ENDS = re.compile(r"ends (?:\w{3} \d{1,2} \w{3}, )?(\d\d:\d\d) UTC")


def moment(stored: Any) -> datetime:
    """A time as the database keeps it."""
    return datetime.fromisoformat(str(stored)).replace(tzinfo=UTC)


def panel(page: Page) -> str:
    """What the page says will happen."""
    return " ".join(page.locator("#next").inner_text().split())


def says_when_it_ends(visitor: Visitor, expires_at: Any) -> None:
    """The page shows the end that the grant really has."""
    found = ENDS.search(visitor.text())
    assert found, visitor.text()
    assert found[1] == f"{moment(expires_at):%H:%M}"


def test_a_link_with_an_asset_alone_takes_four_interactions_and_is_granted_at_once(desk: Desk) -> None:
    """Tier 3: what, how long, why, send. Before and after it says from when and until when."""
    model, engineer = desk.model(), desk.seat("engineer")
    page = engineer.open(f"/access/new?asset=model/{model}")
    assert "Choose what you want to do" in panel(page)
    hands = Hands(page)
    hands.click(page.locator(".pick", has_text="Run evaluations"))
    expect(page.locator("#next .eta")).to_have_text("Access now")
    hands.click(page.locator("#long").get_by_text("4 h", exact=True))
    hands.write("Why?", "Compare with the last release, ML-412")
    send = page.get_by_role("button", name="Request 4 h to run evaluations")
    expect(send).to_be_enabled()
    announced = re.search(r"Ends by itself, about (?:\w{3} \d{1,2} \w{3}, )?(\d\d:\d\d) UTC", panel(page))
    assert announced and "Policy check passed" in panel(page)
    hands.go(send)
    assert hands.count <= INTERACTIONS
    engineer.look()
    assert "Granted: 4 h from now on." in engineer.text("body")
    (state, began, ends) = desk.grants(model, "state", "activated_at", "expires_at")[0]
    assert (state, moment(ends) - moment(began)) == ("active", timedelta(hours=4))
    says_when_it_ends(engineer, ends)
    assert abs(datetime.strptime(announced[1], "%H:%M") - datetime.strptime(f"{moment(ends):%H:%M}", "%H:%M")) <= (
        timedelta(minutes=2)
    )


def test_a_link_with_everything_takes_one_and_one_approval_gives_access(desk: Desk) -> None:
    """Tier 2: the owner is named before it is sent; the clock starts with the approval."""
    model, engineer = desk.model("owned"), desk.seat("engineer")
    page = engineer.open(f"/access/new?asset=model/{model}&do=weights.read&for=1h&why=Compare+releases")
    assert "Priya Raman approves" in panel(page) and "from the moment of approval" in panel(page)
    hands = Hands(page)
    hands.go(page.get_by_role("button", name="Request 1 h to read the weights"))
    assert hands.count == 1
    engineer.look()
    assert "Priya Raman" in engineer.text() and not desk.grants(model, "state")
    address = page.url
    owner = desk.seat("owner")
    owner.open("/approvals")
    owner.follow(owner.page.locator("a.row", has_text=model))
    owner.press("Approve for 1 h")
    owner.look()
    assert "Approved: Jonas Lindqvist gets 1 h." in owner.text("body")
    engineer.open(address.removeprefix(desk.portal.origin))
    (began, ends) = desk.grants(model, "activated_at", "expires_at")[0]
    assert moment(ends) - moment(began) == timedelta(hours=1)
    says_when_it_ends(engineer, ends)
    engineer.open("/access")
    row = page.locator("table.mine tr", has_text=model)
    expect(row).to_contain_text("Active")
    assert f"ends {moment(ends):%H:%M} UTC" in " ".join(row.inner_text().split())


def test_what_is_given_back_is_gone_at_once(desk: Desk) -> None:
    """From the list, with one click; the receipt shows that the access was seen gone."""
    model, engineer = desk.model(), desk.seat("engineer")
    ask(engineer, model, do="eval.run")
    assert desk.grants(model, "state") == [("active",)]
    page = engineer.open("/access")
    hands = Hands(page)
    hands.go(page.locator("table.mine tr", has_text=model).get_by_role("button", name=re.compile("Give back")))
    assert hands.count == 1
    assert f"Given back: {model}." in engineer.text("body")
    assert desk.grants(model, "state", "end_reason", "observed") == [("ended", "released", "absent")]
    assert not page.locator("table.mine tr", has_text=model).count()
    engineer.follow(page.locator("section[aria-labelledby=h-all] tr", has_text=model).get_by_role("link"))
    assert "Seen gone" in engineer.text()
    assert "Absent" in page.locator("section[aria-labelledby=h-receipts] tbody tr").first.inner_text()


def test_what_is_not_possible_is_said_with_a_remedy_and_no_button_to_press(desk: Desk) -> None:
    """Asked for already: the same link again sends nothing."""
    model, engineer = desk.model(), desk.seat("engineer")
    number = ask(engineer, model, do="weights.read")
    page = engineer.open(f"/access/new?asset=model/{model}&do=weights.read&for=1h&why=Again")
    assert f"REQ-{number}" in panel(page) and "Remind who decides, or withdraw it." in panel(page)
    assert not page.locator("[data-send]").count()
    engineer.open(f"/access/REQ-{number}")
    engineer.press("Withdraw")
    assert "Withdrawn" in engineer.text("body")
    engineer.open(f"/access/new?asset=model/{model}&do=weights.read&for=1h&why=Again")
    assert page.locator("[data-send]").count() == 1
