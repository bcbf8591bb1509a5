"""Takes a picture of every page of the sample organisation, as each role, light and dark, wide and narrow.

Usage: python scripts/screenshots.py [--role ROLE ...] [--into FOLDER]

It starts a portal of its own in .cache/screenshots, signs in through the forms, and follows the first link of each list
to its detail page. What the browser complains about (script errors, refused content) is printed, and makes the exit
code 1.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".cache" / "screenshots"
START_WITHIN = 120.0
#: On a busy machine a code may be too old when it arrives.
CODES = 3
#: Pictures of the README: their name → who looks at which page.
README = {
    "overview": ("ciso", "posture"),
    "asset": ("ciso", "asset"),
    "finding": ("ciso", "finding"),
    "review": ("manager", "review-sheet"),
}
ROLES = {
    "ciso": "CISO",
    "security_admin": "Security administrator",
    "manager": "Manager",
    "engineer": "Engineer",
    "auditor": "Auditor",
}
LOOKS = [f"{theme}-{width}" for theme in ("light", "dark") for width in (1440, 390)]
SIGN_IN = re.compile(r"^  (\S.*?)  +(\S+@\S+) +(\S+)$", re.MULTILINE)
PAGES = {
    "posture": "/posture",
    "results": "/posture/results",
    "findings": "/findings",
    "assets": "/assets",
    "owners": "/assets/owners",
    "identities": "/identities",
    "people": "/people",
    "audit": "/audit",
    "search": "/search?q=credit",
    "my-access": "/access",
    "ask-what": "/access/new?q=credit",
    "approvals": "/approvals",
    "approvals-others": "/approvals?view=others",
    "approvals-decided": "/approvals?view=decided",
    "delegations": "/approvals/delegations",
    "hand-tasks": "/approvals/tasks",
    "after-reviews": "/approvals/after-reviews",
    "emergency": "/access/emergency",
    "permits": "/setup/emergency",
    "reviews": "/reviews",
    "review-new": "/reviews/new",
    "review-sheet": "/reviews/2",
    "review-signed": "/reviews/1",
    "review-bulk": "/reviews/2/bulk/revoke",
    "review-sign": "/reviews/2/sign",
    "exceptions": "/exceptions",
    "exception-limits": "/exceptions/limits",
    "policies": "/setup/policies",
    "routes": "/setup/policies/routes",
    "routes-edit": "/setup/policies/routes/edit",
    "bindings": "/setup/bindings",
    "binding-new": "/setup/bindings/new?by=mlflow",
    "setup": "/setup",
    "sources": "/setup/sources",
    "upload": "/setup/sources/upload",
    "keys": "/setup/keys",
    "runs": "/setup/runs",
    "checks": "/setup/checks",
    "goals": "/setup/checks/settings",
    "accounts": "/setup/people",
    "account-new": "/setup/people/new",
    "proposals": "/setup/proposals",
    "teams": "/setup/teams",
    "services": "/setup/services",
    "profile": "/account",
    "security": "/account/security",
    "sessions": "/account/sessions",
    "tokens": "/account/tokens",
    "metrics-help": "/help/metrics",
}
DETAILS = {
    "pillar": ("/posture", r"^/posture/(?!results)[a-z-]+(\?|$)"),
    "finding": ("/findings", r"^/findings/F-\d+$"),
    "asset": ("/assets", r"^/assets/[a-z_]+/[^/?]+$"),
    "ask": ("/access/new", r"^/access/new\?asset=.*do="),
    "asked": ("/access", r"^/access/REQ-\d+$"),
    "grant": ("/access", r"^/access/G-\d+$"),
    "approval": ("/approvals", r"^/approvals/REQ-\d+$"),
    "review": ("/reviews", r"^/reviews/\d+/overview$"),
    "review-item": ("/reviews/2", r"^/reviews/\d+/items/\d+$"),
    "exception": ("/exceptions", r"^/exceptions/EX-\d+$"),
    "after-review": ("/approvals/after-reviews", r"^/approvals/after-reviews/\d+$"),
    "identity": ("/identities", r"^/identities/[0-9a-f-]{36}$"),
    "person": ("/people", r"^/people/[0-9a-f-]{36}$"),
    "event": ("/audit", r"^/audit/\w+/\d+$"),
    "source": ("/setup/sources", r"^/setup/sources/[0-9a-f-]{36}$"),
    "run": ("/setup/runs", r"^/setup/runs/\d+$"),
    "check": ("/setup/checks", r"^/setup/checks/[A-Z]+-\d+$"),
    "account": ("/setup/people", r"^/setup/people/[0-9a-f-]{36}$"),
}


def main() -> int:
    """Start the portal, take the pictures, stop it. Return 1 when the browser complained."""
    parser = argparse.ArgumentParser(prog="screenshots", description="Take a picture of every page as each role.")
    parser.add_argument("--role", action="append", choices=ROLES, help="only this role (may be repeated)")
    parser.add_argument("--look", action="append", choices=LOOKS, help="only this look (may be repeated)")
    parser.add_argument("--page", action="append", choices=[*PAGES, *DETAILS], help="only this page (may be repeated)")
    parser.add_argument("--readme", action="store_true", help="instead, renew the pictures of the README")
    parser.add_argument("--into", type=Path, default=ROOT / "screenshots")
    options = parser.parse_args()
    environment = os.environ | {"ZTPORTAL_DATA_DIR": str(DATA)}
    manage(environment, "migrate", "--verbosity", "0")
    people = SIGN_IN.findall(manage(environment, "load_sample"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "ztportal.serve", "--port", str(port)], cwd=ROOT, env=environment)  # noqa: S603
    try:
        wait_for(f"http://localhost:{port}/livez")
        shoot = Shoot(f"http://localhost:{port}", environment, people, options.into)
        if options.readme:
            return shoot.readme(ROOT / "docs" / "screenshots")
        shoot.looks, shoot.pages = options.look or LOOKS, set(options.page or [*PAGES, *DETAILS])
        return shoot.run(options.role or list(ROLES))
    finally:
        server.terminate()
        server.wait()


def manage(environment: dict[str, str], *words: str) -> str:
    """Run a management command and return what it printed; raise CalledProcessError when it fails."""
    command = [sys.executable, "manage.py", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603


def wait_for(address: str) -> None:
    """Wait until somebody answers there; raise TimeoutError when nobody does in time."""
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=5).close()  # noqa: S310  (an address made above)
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"nobody answers at {address}")


class Shoot:
    """One round through all pages, as several people."""

    def __init__(self, base: str, environment: dict[str, str], people: list[tuple[str, str, str]], into: Path) -> None:
        self.base = base
        self.environment = environment
        self.people = {label: (email, password) for label, email, password in people}
        self.into = into
        self.full = True
        self.looks: list[str] = []
        self.pages: set[str] = set()
        self.complaints: list[str] = []

    def run(self, roles: list[str]) -> int:
        """Take all pictures; return 1 when the browser complained."""
        with sync_playwright() as playwright:
            chromium = os.environ.get("ZTPORTAL_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for role in roles:
                self.one_role(browser, role)
            browser.close()
        for complaint in self.complaints:
            print(complaint, file=sys.stderr)
        return 1 if self.complaints else 0

    def readme(self, into: Path) -> int:
        """Take what the README shows, one screen each; return 1 when the browser complained."""
        self.full, self.looks = False, ["light-1440", "dark-1440"]
        self.pages = {page for _, page in README.values()}
        status = self.run(sorted({role for role, _ in README.values()}))
        into.mkdir(exist_ok=True)
        for name, (role, page) in README.items():
            for look in self.looks:
                shutil.copy(self.into / role / f"{page}-{look}.png", into / f"{name}-{look.split('-')[0]}.png")
        return status

    def one_role(self, browser: Browser, role: str) -> None:
        """Sign in once, then go round in every look with the same session."""
        first = browser.new_context()
        self.sign_in(first.new_page(), role)
        state = first.storage_state()
        first.close()
        for look in self.looks:
            theme, width = look.split("-")
            context = browser.new_context(
                storage_state=state,
                color_scheme="dark" if theme == "dark" else "light",
                viewport={"width": int(width), "height": 900},
                reduced_motion="reduce",
            )
            self.round(context, role, look)
            context.close()

    def sign_in(self, page: Page, role: str) -> None:
        """Sign in with password and, where it is asked for, the code of the second factor."""
        email, password = self.people[ROLES[role]]
        page.goto(f"{self.base}/account/login")
        page.fill("input[name=login]", email)
        page.fill("input[name=password]", password)
        page.click("main form button[type=submit], main form button:not([type])")
        for _ in range(CODES):
            if "authenticate" in page.url:
                page.fill("input[name=code]", manage(self.environment, "demo_code", role).strip())
                page.click("main form button[type=submit], main form button:not([type])")
        if "/login" in page.url or "authenticate" in page.url:
            raise RuntimeError(f"{role} could not sign in, stays at {page.url}")

    def round(self, context: BrowserContext, role: str, look: str) -> None:
        """Visit every page that this role may open."""
        folder = self.into / role
        folder.mkdir(parents=True, exist_ok=True)
        page = context.new_page()
        page.on("console", lambda message: self.note(role, page, message.type, message.text))
        page.on("pageerror", lambda error: self.note(role, page, "error", str(error)))
        for name in (name for name in PAGES if name in self.pages):
            self.picture(page, PAGES[name], folder / f"{name}-{look}.png")
        for name in (name for name in DETAILS if name in self.pages):
            path, pattern = DETAILS[name]
            found = self.first_link(page, path, pattern)
            if found:
                self.picture(page, found, folder / f"{name}-{look}.png")

    def note(self, role: str, page: Page, kind: str, text: str) -> None:
        """Keep what the browser complains about; a page that is refused to this role is no complaint."""
        if kind in {"error", "warning"} and "status of 40" not in text:
            self.complaints.append(f"{role} {page.url}: {text}")

    def picture(self, page: Page, path: str, file: Path) -> bool:
        """Take one picture of the whole page; return False where this role may not look."""
        answer = page.goto(self.base + path, wait_until="load")
        if answer is None or answer.status in {403, 404}:
            return False
        if not answer.ok:
            self.complaints.append(f"{path}: status {answer.status}")
        if page.locator(".plot").count():
            page.wait_for_selector(".plot .main-svg")
        page.screenshot(path=file, full_page=self.full)
        return True

    def first_link(self, page: Page, path: str, pattern: str) -> str:
        """Return the first address on a page that looks like this, or an empty text."""
        answer = page.goto(self.base + path)
        if answer is None or not answer.ok:
            return ""
        links = page.eval_on_selector_all("main a[href]", "links => links.map(link => link.getAttribute('href'))")
        return next((link for link in links if re.search(pattern, link)), "")


if __name__ == "__main__":
    raise SystemExit(main())
