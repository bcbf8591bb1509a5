"""The sample's reviews and exceptions, after the portal served for a while: what the story says is there."""

from collections.abc import Callable

import pytest

from tests.journeys.portal import Portal
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CLOSED, RUNNING = "Privileged access in the cloud", "Quarterly access review, "
ITEMS = "SELECT count(*) FROM reviews_item i JOIN reviews_campaign c ON c.number = i.campaign_id WHERE c.name LIKE ?"


def test_a_closed_review_rests_on_proof(sample: Portal) -> None:
    """Nothing of it is unproven; one risk was accepted by an exception, the rest of what was revoked was seen gone."""
    assert sample.rows("SELECT state FROM reviews_campaign WHERE name = ?", CLOSED) == [("closed",)]
    revoked = f"{ITEMS} AND i.decision = 'revoke'"
    assert sample.number(revoked, CLOSED) > 5
    assert sample.number(f"{revoked} AND i.state = 'risk_accepted'", CLOSED) == 1
    assert sample.number(f"{revoked} AND i.state NOT IN ('verified', 'risk_accepted')", CLOSED) == 0


def test_the_managers_sheet_has_three_piles_and_work_left(visit: Callable[..., Visitor], sample: Portal) -> None:
    """One reviewer is done and another has not begun; the manager goes on where they stopped."""
    mine = f"{ITEMS} AND i.reviewer_id = (SELECT id FROM accounts_user WHERE email = ?)"
    kofi = sample.people["manager"][0]
    assert 40 <= sample.number(mine, f"{RUNNING}%", kofi) <= 214
    page = visit("manager").open("/reviews")
    page.get_by_role("link", name="Go on").click()
    for pile in ("Look closely", "Probably not needed", "Used and usual"):
        assert page.get_by_role("heading", name=pile, exact=True).is_visible()
    assert page.get_by_role("link", name="Revoke the").is_visible()
    seats = sample.rows(
        "SELECT s.signed_at IS NOT NULL, count(d.number) FROM reviews_seat s JOIN reviews_campaign c"
        " ON c.number = s.campaign_id LEFT JOIN reviews_decision d ON d.campaign_id = c.number"
        " AND d.reviewer_id = s.reviewer_id WHERE c.name LIKE ? GROUP BY s.id",
        f"{RUNNING}%",
    )
    assert any(signed for signed, _ in seats) and any(not answers for _, answers in seats)


def test_exceptions_are_in_force_waiting_and_over(visit: Callable[..., Visitor], sample: Portal) -> None:
    """One is taken back, and one waits for the signature of the CISO."""
    states = {state for (state,) in sample.rows("SELECT DISTINCT state FROM governance_riskexception")}
    assert {"active", "signed", "ended"} <= states
    number = sample.number("SELECT number FROM governance_riskexception WHERE state = 'signed'")
    page = visit("ciso").open(f"/exceptions/EX-{number}")
    page.locator("summary", has_text="Sign").click()
    assert page.get_by_role("button", name="Sign", exact=True).is_visible()
