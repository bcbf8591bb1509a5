"""A manager certifies 214 items on a phone in at most 60 interactions, over two sittings (ux.md §2 and §5.7).

Counted is what a thumb does: a tap, a field typed into, a page opened, from the sign-in on. Everything is found by
its words on the screen.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.journeys.desk import Desk, Hands, make_desk
from tests.journeys.portal import served
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOST, ITEMS, CLOSE, UNNEEDED, USUAL, SAMPLE = 60, 214, 23, 41, 150, 5
#: Mail, password, its button, the code, its button.
SIGN_IN = 5
FIRST_SITTING, READ_AFTER = 12, 3
#: What makes this manager take access away when they read it beside a name.
DOUBTFUL = ("Outside", "Leaves", "No owner", "Conflict of duties", "Never used")


@pytest.fixture
def office(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A portal with the review, in which nobody signed in yet."""
    rows = make_desk(tmp_path_factory.mktemp("office"), "review_rows")
    with served(rows, tmp_path_factory.mktemp("served") / "data") as portal:
        desk = Desk(chromium, portal, {})
        yield desk
        for visitor in desk.seated:
            visitor.leave()


class Manager:
    """Somebody with a phone and a review to do."""

    def __init__(self, office: Desk) -> None:
        self.office, self.taps = office, 0
        self.answers: dict[int, str] = {}

    def sit_down(self) -> Visitor:
        """Sign in anew, and go from the first page to the sheet."""
        self.office.states.clear()
        visitor = self.office.seat("manager", phone=True)
        self.visitor, self.hands = visitor, Hands(visitor.page)
        self.taps += SIGN_IN
        self.go(visitor.page.locator(".tabbar > a", has_text="Reviews"))
        word = "Go on" if self.answers else "Begin"
        self.go(visitor.page.get_by_role("link", name=re.compile(f"^{word}")))
        return visitor

    def get_up(self) -> None:
        """Close the browser in the middle of it."""
        self.taps += self.hands.count
        self.office.seated.remove(self.visitor)
        self.visitor.leave()

    def tap(self, target: Locator) -> None:
        """Tap, with a thumb that needs 44 pixels, what is in sight."""
        target.scroll_into_view_if_needed()
        box = target.bounding_box()
        assert box and box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= 390, target
        self.hands.click(target)

    def go(self, target: Locator) -> None:
        """Tap what opens a page, and look at the page."""
        with self.visitor.page.expect_navigation():
            self.tap(target)
        self.visitor.look()

    def open_rows(self, heading: str) -> list[Locator]:
        """Return the undecided rows under a heading, as they stand there."""
        section = self.visitor.page.locator("section.sheet", has=self.visitor.page.get_by_role("heading", name=heading))
        rows = section.locator("tr[data-item]:not(.done)")
        keys = [str(row.get_attribute("id")) for row in rows.all()]
        return [self.visitor.page.locator(f"#{key}") for key in keys]

    def decide(self, row: Locator) -> None:
        """Read a row and answer it; the answer is saved before the next is read."""
        words = row.inner_text()
        answer = "Revoke" if any(doubt in words for doubt in DOUBTFUL) else "Keep"
        assert not row.locator("input:checked").count(), "nothing is chosen before"
        self.tap(row.locator("label", has_text=answer))
        expect(row.locator(f"input[value={answer.lower()}]")).to_be_checked()
        expect(row).to_have_class(re.compile(r"\bdone\b"))
        self.answers[int(str(row.get_attribute("id")).removeprefix("item-"))] = answer.lower()


def answers(office: Desk) -> dict[int, str]:
    """Return the answer of every item that has one."""
    return dict(office.portal.rows("SELECT number, decision FROM reviews_item WHERE decision <> ''"))


def test_214_items_in_at_most_60_interactions_over_two_sittings(office: Desk) -> None:
    """Twelve items, a lost connection, a closed browser; then the rest, and the signature."""
    manager = Manager(office)
    page = manager.sit_down().page
    words = manager.visitor.text()
    assert f"0 of {ITEMS} decided" in words
    for pile in (CLOSE, UNNEEDED, USUAL):
        assert f"0 of {pile}" in words
    assert not page.locator("main input:checked").count()
    assert not page.get_by_role("link", name="Sign review").count()
    first = manager.open_rows("Look closely")
    assert len(first) == CLOSE and not page.locator("section[aria-labelledby=h-close] a", has_text="at once").count()
    for row in first[:FIRST_SITTING]:
        manager.decide(row)
    expect(page.locator("#progress")).to_contain_text(f"{FIRST_SITTING} of {ITEMS} decided")
    expect(page.locator("#close-bar")).to_contain_text(f"Undecided {CLOSE - FIRST_SITTING}")
    lost_answer(manager, first[FIRST_SITTING])
    manager.get_up()
    assert answers(office) == manager.answers

    page = manager.sit_down().page
    assert f"{FIRST_SITTING} of {ITEMS} decided" in manager.visitor.text()
    rest = manager.open_rows("Look closely")
    assert len(rest) == CLOSE - FIRST_SITTING, "what was answered is not asked again, what was lost is"
    for row in rest[:READ_AFTER]:
        manager.decide(row)
    read_one(manager, rest[READ_AFTER])
    for row in manager.open_rows("Look closely"):
        manager.decide(row)
    revoke_the_unused(manager)
    keep_the_usual(manager)
    sign(manager)
    manager.taps += manager.hands.count
    assert manager.taps <= MOST, manager.taps
    everything_is_recorded(office, manager)


def lost_answer(manager: Manager, row: Locator) -> None:
    """The train goes into a tunnel: the row says that it was not saved, and counts as undecided."""
    visitor = manager.visitor
    visitor.context.set_offline(True)
    manager.tap(row.locator("label", has_text="Keep"))
    expect(row.get_by_text("Not saved. Choose again.")).to_be_visible()
    assert not row.locator("input:checked").count()
    expect(visitor.page.locator("#foot")).to_contain_text(f"{ITEMS - FIRST_SITTING} left")
    visitor.context.set_offline(False)
    # Browser and htmx say so on the console; nothing else may have been complained about.
    offline = ("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")
    visitor.complaints = [line for line in visitor.complaints if not any(word in line for word in offline)]


def read_one(manager: Manager, row: Locator) -> None:
    """Open one to read more about it, and go back as the phone does: what was answered before is not asked again."""
    manager.go(row.locator("th a"))
    assert "Why it is here" in manager.visitor.text()
    page = manager.visitor.page
    manager.hands.count += 1
    page.go_back()
    expect(page.locator("#progress")).to_contain_text(f"{FIRST_SITTING + READ_AFTER} of {ITEMS} decided")
    assert not page.locator("tr.done, main input:checked").count()


def revoke_the_unused(manager: Manager) -> None:
    """See exactly whom it is about before anything is saved."""
    page = manager.visitor.page
    manager.go(page.get_by_role("link", name=f"Revoke the {UNNEEDED} undecided…"))
    rows = page.locator("section[aria-labelledby=h-set] tbody tr")
    assert rows.count() == UNNEEDED and all("Hugo" in row or "days ago" in row or "Never used" in row
                                            for row in rows.all_inner_texts())  # fmt: skip
    assert answers(manager.office) == manager.answers, "a preview saves nothing"
    manager.go(page.get_by_role("button", name=f"Revoke all {UNNEEDED}"))
    assert f"{UNNEEDED} items, logged as one decision" in manager.visitor.text("body")


def keep_the_usual(manager: Manager) -> None:
    """Five that chance picks, one by one; only then the others, at once."""
    page = manager.visitor.page
    assert not page.get_by_role("link", name="Keep the other").count()
    manager.go(page.get_by_role("button", name=f"Show me {SAMPLE}"))
    sample = manager.open_rows("Used and usual")
    assert len(sample) == SAMPLE
    for place, row in enumerate(sample, 1):
        assert not page.get_by_role("link", name="Keep the other").count()
        manager.decide(row)
        expect(page.locator("#progress")).to_contain_text(f"{place} of {USUAL}")
    manager.go(page.get_by_role("link", name=f"Keep the other {USUAL - SAMPLE}…"))
    assert page.locator("section[aria-labelledby=h-set] tbody tr").count() == USUAL - SAMPLE
    manager.go(page.get_by_role("button", name=f"Keep all {USUAL - SAMPLE}"))


def sign(manager: Manager) -> None:
    """Read what the signature does, and sign."""
    page = manager.visitor.page
    assert f"{ITEMS} of {ITEMS} decided" in manager.visitor.text()
    manager.go(page.get_by_role("link", name="Sign review"))
    gone = sum(answer == "revoke" for answer in manager.answers.values()) + UNNEEDED
    assert f"You kept {ITEMS - gone}, revoked {gone} and reduced 0 of {ITEMS}." in manager.visitor.text()
    manager.go(page.get_by_role("button", name="Sign", exact=True))
    assert "Signed" in manager.visitor.text("body")


def everything_is_recorded(office: Desk, manager: Manager) -> None:
    """Each item has the answer that was given, the two sets are one decision each, and the sheet is signed."""
    rows, number = office.portal.rows, office.portal.number
    found = answers(office)
    assert len(found) == ITEMS == number("SELECT count(*) FROM reviews_item")
    assert {key: found[key] for key in manager.answers} == manager.answers
    assert len(manager.answers) == CLOSE + SAMPLE
    assert "keep" in manager.answers.values() and "revoke" in manager.answers.values()
    piles = rows("SELECT pile, decision, count(*) FROM reviews_item WHERE pile <> 'close' GROUP BY 1, 2 ORDER BY 1")
    assert piles == [("unneeded", "revoke", UNNEEDED), ("usual", "keep", USUAL)]
    assert rows("SELECT choice, count FROM reviews_bulk ORDER BY id") == [
        ("revoke", UNNEEDED),
        ("keep", USUAL - SAMPLE),
    ]
    assert number("SELECT count(*) FROM reviews_decision WHERE bulk_id IS NULL") == CLOSE + SAMPLE
    assert number("SELECT count(*) FROM reviews_decision") == ITEMS
    events = dict(rows("SELECT action, count(*) FROM audit_entry WHERE action LIKE 'reviews.%' GROUP BY 1"))
    assert events["reviews.bulk.decided"] == 2 and events["reviews.item.decided"] == CLOSE + SAMPLE
    assert rows("SELECT count(*) FROM reviews_seat WHERE signed_at IS NULL OR signed_by_id <> reviewer_id") == [(0,)]
