"""Somebody at a browser: goes from page to page and notes what the browser, axe and the policy complain about."""

import re
import time
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Response

from tests.journeys.portal import Portal

WORST = {"serious", "critical"}
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 390, "height": 844}
# Tells the console of every violation, whichever page it happens on.
REPORT = """document.addEventListener('securitypolicyviolation', event =>
  console.error('policy: ' + event.effectiveDirective + ' ' + event.blockedURI + ' ' + event.sourceFile))"""
OVER = "document.documentElement.scrollWidth - innerWidth"
WIDEST = """[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 4).map(e => e.outerHTML.slice(0, 90))"""
# On a busy machine a code may be too old when it arrives, and each counts once in its half minute.
CODES, PERIOD = 3, 30
COUNTED = re.compile(r"\bof\s+([\d,]+)")


class Visitor:
    """A signed-in person and their browser window. `leave` fails when anything was complained about."""

    def __init__(
        self, browser: Browser, portal: Portal, state: Any = None, scheme: Any = "light", seen: Any = None
    ) -> None:
        self.portal = portal
        self.complaints: list[str] = []
        self.looked_at: set[str] = set() if seen is None else seen
        self.context = browser.new_context(
            storage_state=state, viewport=WIDE, color_scheme=scheme, reduced_motion="reduce", accept_downloads=True
        )
        self.context.set_default_timeout(30_000)
        self.context.add_init_script(REPORT)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def _said(self, message: ConsoleMessage) -> None:
        # The browser itself says so when a page answers 403 or 404; tests that go there expect it.
        refused = "Failed to load resource" in message.text and "status of 40" in message.text
        if message.type in {"error", "warning"} and not refused:
            self.complaints.append(f"{self.page.url}: {message.text}")

    def open(self, path: str, status: int = 200) -> Page:
        """Go to an address, and look at the page."""
        answer = self._go(self.portal.origin + path)
        assert answer.status == status, f"{path} answers {answer.status}, not {status}"
        if status == 200:
            self.look()
        return self.page

    def _go(self, address: str) -> Response:
        """Load an address. A page that polls may be loading itself just then, which leaves no answer to look at."""
        for _ in range(5):
            try:
                answer = self.page.goto(address)
            except Error as problem:
                if "interrupted" not in problem.message:
                    raise
                continue
            if answer is not None:
                return answer
        raise AssertionError(f"{address} gives no answer")

    def follow(self, link: Any) -> Page:
        """Click on a link, wait for its page, and look at it."""
        with self.page.expect_navigation():
            link.click()
        self.look()
        return self.page

    def press(self, name: str, within: Any = None) -> Page:
        """Press a button by its words, and wait for the page that answers."""
        place = within or self.page.locator("main")
        with self.page.expect_navigation():
            place.get_by_role("button", name=name, exact=True).first.click()
        return self.page

    def look(self) -> None:
        """Note what axe finds serious, and whether the page scrolls sideways on a phone; once per kind of page."""
        page = self.page
        page.wait_for_load_state("load")
        kind = re.sub(r"[0-9a-f-]{36}|\d+", "#", page.url.split("?")[0])
        if kind in self.looked_at:
            return
        self.looked_at.add(kind)
        for rule in Axe().run(page).response["violations"]:
            if rule["impact"] in WORST:
                nodes = [node["html"][:160] for node in rule["nodes"][:3]]
                self.complaints.append(f"{page.url}: {rule['id']} ({rule['impact']}) {nodes}")
        before = page.viewport_size or WIDE
        page.set_viewport_size(NARROW)
        # Charts are drawn again a moment after the width changed.
        deadline = time.monotonic() + 5
        while (over := page.evaluate(OVER)) > 0 and time.monotonic() < deadline:
            page.wait_for_timeout(100)
        if over > 0:
            self.complaints.append(f"{page.url}: scrolls {over} px sideways at 390: {page.evaluate(WIDEST)}")
        page.set_viewport_size(before)

    def text(self, place: str = "main") -> str:
        """The words of the page, in one line, with details open."""
        return " ".join(self.page.locator(place).first.inner_text().split())

    def total(self) -> int:
        """How many rows the list on this page has over all its pages; 0 for an empty list."""
        pager = self.page.locator("nav.pager")
        if not pager.count():
            return 0
        found = COUNTED.search(pager.inner_text())
        return (
            int(found[1].replace(",", ""))
            if found
            else int(re.findall(r"[\d,]+", pager.inner_text())[-1].replace(",", ""))
        )

    def sign_in(self, email: str, password: str, code: Any = None) -> Page:
        """Sign in through the forms, with the second factor where it is asked for."""
        self.open("/account/login")
        self.page.fill("input[name=login]", email)
        self.page.fill("input[name=password]", password)
        self.press("Sign in")
        for attempt in range(CODES):
            if "authenticate" in self.page.url:
                self.look()
                if attempt:
                    # A code counts once: the next one comes with the next half minute.
                    self.page.wait_for_timeout(1000 * (PERIOD - time.time() % PERIOD + 1))
                self.page.fill("input[name=code]", code())
                self.press("Continue")
        assert "/account/login" not in self.page.url and "authenticate" not in self.page.url, self.text()
        return self.page

    def download(self, link: Any, into: Path) -> Path:
        """Click on a download and keep it."""
        with self.page.expect_download() as found:
            link.click()
        target = into / found.value.suggested_filename
        found.value.save_as(target)
        return target

    def leave(self) -> None:
        """Close the window; nothing may have been complained about."""
        self.context.close()
        assert not self.complaints, "\n".join(self.complaints)
