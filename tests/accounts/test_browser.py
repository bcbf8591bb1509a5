"""Passkeys in a real browser with a virtual authenticator, under the strict content policy; axe on every page."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Page, sync_playwright

from tests.conftest import missing

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "seven green bottles hanging"
EMAIL = "ada@fenwick.example"
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip
OWN_PAGES = ("/account", "/account/security", "/account/sessions", "/account/tokens", "/account/factors/")
SETUP_PAGES = ("/setup/people", "/setup/people/new", "/setup/proposals", "/setup/teams", "/setup/services")


@dataclass
class Portal:
    """A portal of its own and the way its first administrator comes in."""

    origin: str
    link: str
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Serve a fresh portal with one invited administrator."""
    if not os.environ.get("ZTPORTAL_CHROMIUM"):
        missing("Chromium (ZTPORTAL_CHROMIUM)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    origin = f"http://localhost:{port}"
    environment = os.environ | {
        "ZTPORTAL_DATA_DIR": str(tmp_path_factory.mktemp("portal")),
        "ZTPORTAL_ORIGIN": origin,
        "DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    environment.pop("ZTPORTAL_TEST_ON", None)

    def manage(*arguments: str) -> str:
        command = [sys.executable, "-m", "django", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, check=True, timeout=300, capture_output=True, text=True
        )
        return done.stdout

    manage("migrate", "--verbosity", "0")
    found = re.search(r"http://\S+", manage("create_admin", EMAIL, "--name", "Ada Ashby"))
    assert found
    command = [sys.executable, "-m", "django", "runserver", f"127.0.0.1:{port}", "--noreload"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"{origin}/account/login")
        yield Portal(origin, found[0])
    finally:
        server.kill()
        server.wait()


def wait_for(url: str) -> None:
    """Wait until the page answers."""
    for _ in range(120):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.25)
        else:
            return
    raise AssertionError("the portal did not start")


@pytest.fixture(scope="module")
def page(portal: Portal) -> Iterator[Page]:
    """A page of a browser that holds a passkey; at the end nothing may have been reported."""
    with sync_playwright() as playwright:
        path, arguments = os.environ["ZTPORTAL_CHROMIUM"], ["--no-sandbox", "--headless", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        context = browser.new_context()
        page = context.new_page()
        page.on("console", lambda message: portal.complaints.append(f"{message.text} {message.location}"))
        page.on("pageerror", lambda error: portal.complaints.append(str(error)))
        tools = context.new_cdp_session(page)
        tools.send("WebAuthn.enable")
        tools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        yield page
        browser.close()


def accessible(page: Page) -> None:
    """Fail when axe finds anything on the page, or it scrolls sideways."""
    found = Axe().run(page).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url


def sign_out(page: Page, portal: Portal) -> None:
    """Leave."""
    page.goto(f"{portal.origin}/account/logout")
    page.get_by_role("button", name="Sign out").last.click()
    page.wait_for_url(lambda url: "/account/logout" not in url)


def test_a_passkeys_life(page: Page, portal: Portal) -> None:
    page.goto(portal.link)
    accessible(page)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Set password and sign in").click()

    page.wait_for_url("**/account/factors/")
    accessible(page)

    page.goto(f"{portal.origin}/account/factors/webauthn/add/")
    accessible(page)
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_url("**/account/factors/recovery-codes/")
    accessible(page)
    assert page.locator(".codes li").count() == 10

    sign_out(page, portal)
    page.goto(f"{portal.origin}/account/login?next=/setup/people")
    accessible(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(lambda url: "/account/login" not in url)
    page.goto(f"{portal.origin}/setup/people")
    assert page.get_by_role("heading", level=1).inner_text() == "People"

    sign_out(page, portal)
    page.goto(f"{portal.origin}/account/login?next=/setup/people")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/account/factors/authenticate/")
    accessible(page)
    page.get_by_role("button", name="Use a passkey or security key").click()
    page.wait_for_url("**/setup/people")
    assert portal.complaints == []


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_is_accessible(page: Page, portal: Portal, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for path in (
        *OWN_PAGES,
        *SETUP_PAGES,
        "/account/factors/webauthn/",
        "/account/factors/totp/activate/",
        "/account/password",
    ):
        answer = page.goto(portal.origin + path)
        assert answer is not None and answer.status == 200, path
        accessible(page)
    page.goto(f"{portal.origin}/setup/people")
    page.get_by_role("link", name="Ada Ashby").click()
    accessible(page)
    assert portal.complaints == []
