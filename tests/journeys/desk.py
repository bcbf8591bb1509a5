"""A small portal in which access is asked for and decided, and the hands of somebody who asks or decides.

Every journey takes a model of its own, so that it finds the portal as the one before it did: `owned` models have a
confirmed owner who decides, `shared` ones have none, and the two managers of the team are asked.
"""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.journeys.portal import ROOT, Portal, environment, make_empty, totp_code
from tests.journeys.visitor import NARROW, Visitor

PASSWORD = "correct horse battery"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
MODELS = tuple(f"{kind}-{number}" for kind in ("owned", "shared") for number in range(1, 13))
#: A passkey of the browser's own, which confirms at once.
PASSKEY = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def make_desk(data: Path, rows: str = "desk_rows") -> Path:
    """Make the data folder, with what a module beside this one writes into it."""
    command = [sys.executable, "-m", f"tests.journeys.{rows}"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(make_empty(data)), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return data


@dataclass
class Desk:
    """The portal, who sits at it, and models that no journey used yet."""

    browser: Browser
    portal: Portal
    seen: dict[str, set[str]]
    states: dict[str, Any] = field(default_factory=dict)
    seated: list[Visitor] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def seat(self, name: str, *, phone: bool = False) -> Visitor:
        """Seat somebody, signed in with password and a code of their app: once for all journeys of a file."""
        looked_at = self.seen.setdefault(f"{name}, phone" if phone else name, set())
        visitor = Visitor(self.browser, self.portal, self.states.get(name), seen=looked_at)
        self.seated.append(visitor)
        if name not in self.states:
            visitor.sign_in(f"{name}@fenwick.example", PASSWORD, lambda: totp_code(SECRET))
            self.states[name] = visitor.context.storage_state()
        if phone:
            visitor.page.set_viewport_size(NARROW)
        return visitor

    def model(self, kind: str = "shared") -> str:
        """Return a model of its own for a journey."""
        name = next(name for name in MODELS if name.startswith(kind) and name not in self.used)
        self.used.add(name)
        return name

    def grants(self, model: str, *columns: str) -> list[tuple[Any, ...]]:
        """Read the grants on a model, oldest first."""
        wanted = ", ".join(f"access_grant.{column}" for column in columns)
        query = f"SELECT {wanted} FROM access_grant WHERE asset_label = ? ORDER BY access_grant.number"
        return self.portal.rows(query, model)


class Hands:
    """What a person does on a page, counted: a click, a choice, a line written."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def click(self, target: Locator) -> None:
        """Click something that stays on the page."""
        self.count += 1
        target.click()

    def write(self, label: str, text: str, within: Locator | None = None) -> None:
        """Write into a field."""
        self.count += 1
        (within or self.page.locator("main")).get_by_label(label).fill(text)

    def go(self, target: Locator) -> None:
        """Click something that leads on, and wait for the page that answers."""
        self.count += 1
        with self.page.expect_navigation():
            target.click()


def ask(
    visitor: Visitor, model: str, *, do: str, length: str = "1h", why: str = "Compare with the last release"
) -> str:
    """Ask by a link that has everything, with one click; return the number of the request."""
    page = visitor.open(f"/access/new?asset=model/{model}&do={do}&for={length}&why={why.replace(' ', '+')}")
    Hands(page).go(page.locator("[data-send]"))
    visitor.look()
    found = re.search(r"/access/REQ-(\d+)$", page.url)
    assert found, visitor.text()
    return found[1]


def add_passkey(visitor: Visitor) -> None:
    """Give the browser a passkey and register it."""
    tools = visitor.context.new_cdp_session(visitor.page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": PASSKEY})
    page = visitor.open("/account/factors/webauthn/add/")
    page.get_by_label("Passwordless").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Add a passkey or security key")
