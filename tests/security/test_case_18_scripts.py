"""Case 18: names that are scripts, on every page in a real browser: no dialog, no report, nothing in the document."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import models
from playwright.sync_api import Page, Route, sync_playwright

from apps.accounts.models import ApiToken, RoleChange, Team, User
from apps.integrity.models import Artifact, Signature, TrustedKey
from apps.inventory.models import (
    Asset,
    AssetObservation,
    Credential,
    Entitlement,
    Identity,
    Import,
    Person,
    RejectedRecord,
    Source,
)
from apps.posture.models import Finding, FindingEvent, Result
from tests.conftest import missing
from tests.security.test_canary import addresses
from tests.security.world import World, person

ORIGIN = "http://portal.test"
SCRIPTS = (
    "</script><svg onload=alert(1)>",
    '"><img src=x onerror=alert(2)>',
    '<a href="javascript:alert(3)">x</a>',
    "'-alert(4)-'{{7*7}}<!--",
    "</title></textarea></style><iframe srcdoc='<script>parent.alert(5)</script>'>",
)
HOSTILE: tuple[tuple[type[models.Model], tuple[str, ...]], ...] = (
    (Asset, ("name", "description", "business_unit", "environment", "classification", "location", "licence")),
    (AssetObservation, ("name",)),
    (Identity, ("name", "login", "email", "department", "job_title")),
    (Credential, ("name",)),
    (Entitlement, ("scope", "operation")),
    (Person, ("name", "email", "job_title", "team_name", "business_unit")),
    (Source, ("format",)),
    (Import, ("problem", "requested_by", "digest")),
    (RejectedRecord, ("file", "where", "reason")),
    (Artifact, ("name",)),
    (Signature, ("reason", "signer")),
    (TrustedKey, ("added_by", "subject", "algorithm")),
    (Finding, ("subject_label",)),
    (FindingEvent, ("note", "actor")),
    (Result, ("subject_label",)),
    (User, ("name",)),
    (Team, ("business_unit",)),
    (ApiToken, ("name",)),
    (RoleChange, ("reason",)),
)


def make_hostile(text: str) -> None:
    """Write the script into every text that comes from outside."""
    for model, fields in HOSTILE:
        for name in fields:
            longest = model._meta.get_field(name).max_length or 1_000
            model._default_manager.update(**{name: text[:longest]})
    Result.objects.update(evidence={text: text, "expected": text, "list": [text]})
    Asset.objects.update(disagreements={"name": [text, "x"]}, aliases=[text])


def rendered(world: World, text: str) -> dict[str, tuple[int, dict[str, str], bytes]]:
    """Return every HTML page as an administrator gets it, by address."""
    client, pages = person(world.cast, "security_admin"), {}
    for url in [*addresses(world), f"/search?q={text[:8]}&stay=1", f"/assets?q={text}", f"/audit?subject={text}"]:
        answer = client.get(url)
        if (
            answer.status_code < 500
            and answer.get("Content-Type", "").startswith("text/html")
            and "Location" not in answer
        ):
            pages[url] = (answer.status_code, dict(answer.items()), answer.content)
    return pages


@pytest.fixture
def browse() -> Iterator[list[str]]:
    """The place where everything a browser complains about is written down."""
    if not os.environ.get("ZTPORTAL_CHROMIUM"):
        missing("Chromium (ZTPORTAL_CHROMIUM)")
    if finders.find("vendor/plotly-basic.min.js") is None:
        missing("the chart bundle (static_build)")
    yield []


@pytest.mark.browser
@pytest.mark.parametrize("text", SCRIPTS)
def test_no_name_runs_in_a_browser(world: World, browse: list[str], text: str) -> None:
    make_hostile(text)
    pages = rendered(world, text)
    assert len(pages) > 40
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--headless", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=os.environ["ZTPORTAL_CHROMIUM"], args=arguments)
        page = browser.new_page()
        listen(page, browse)
        current: list[tuple[int, dict[str, str], bytes]] = []
        page.route("**/*", lambda route: serve(route, current))
        for url, answer in pages.items():
            current[:] = [answer]
            page.goto(ORIGIN + "/page", wait_until="load")
            page.wait_for_timeout(20)
            planted = page.evaluate(
                "document.querySelectorAll('svg[onload], img[onerror], iframe, a[href^=\"javascript:\"]').length"
            )
            if planted:
                browse.append(f"{planted} planted elements")
            assert browse == [], (url, browse)
        browser.close()


def listen(page: Page, seen: list[str]) -> None:
    """Write down dialogs, policy reports and errors; a missing file is none."""
    page.on("dialog", lambda dialog: (seen.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("pageerror", lambda error: seen.append(f"error {error}"))
    page.on("console", lambda message: seen.append(message.text) if "Content Security Policy" in message.text else None)


def serve(route: Route, current: list[tuple[int, dict[str, str], bytes]]) -> None:
    """Answer a page as it was rendered, with its headers, and static files from the project."""
    path = route.request.url.removeprefix(ORIGIN).split("?")[0]
    if path == "/page":
        _, headers, content = current[0]
        route.fulfill(
            status=200,
            headers={k: v for k, v in headers.items() if k not in ("Content-Length", "Set-Cookie")},
            body=content,
        )
    elif path.startswith("/static/") and finders.find(path.removeprefix("/static/")):
        route.fulfill(path=Path(str(finders.find(path.removeprefix("/static/")))))
    else:
        route.fulfill(status=404, body="")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("policy", "told"),
    [({}, "dialog 1"), ({"Content-Security-Policy": "script-src 'self'"}, "Content Security Policy")],
)
def test_the_browser_would_tell(browse: list[str], policy: dict[str, str], told: str) -> None:
    """The test above can fail: an open page shows the dialog, a closed one reports."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--headless", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=os.environ["ZTPORTAL_CHROMIUM"], args=arguments)
        page = browser.new_page()
        listen(page, browse)
        content = (200, {"Content-Type": "text/html", **policy}, b"<!doctype html><svg onload=alert(1)></svg>")
        page.route("**/*", lambda route: serve(route, [content]))
        page.goto(ORIGIN + "/page", wait_until="load")
        page.wait_for_timeout(100)
        browser.close()
    assert any(told in line for line in browse), browse


@pytest.mark.parametrize("text", SCRIPTS)
def test_no_page_holds_the_name_unescaped(world: World, text: str) -> None:
    """Also without a browser: no page has the text as it was given, and every page has the strict policy."""
    make_hostile(text)
    shown = 0
    for url, (_, headers, content) in rendered(world, text).items():
        body = content.decode()
        assert text not in body, url
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy and "default-src 'none'" in policy, url
        shown += "alert(" in body
    assert shown > 15, "the pages do show the name, escaped"
