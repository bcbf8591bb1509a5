"""Manager, engineer and auditor: each goes through what is theirs, and is refused the rest with a reason."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.journeys.portal import Portal
from tests.journeys.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_manager_lands_on_findings_and_decides_about_them(visit: Callable[..., Visitor], sample: Portal) -> None:
    manager = visit("manager")
    page = manager.open("/")
    assert page.url == f"{sample.origin}/findings"
    assert manager.total() > 0
    manager.follow(page.locator("table.findings tbody th a").first)
    assert page.locator("section[aria-labelledby=h-why]").is_visible()
    manager.open("/assets")
    manager.follow(page.locator("table tbody th a").first)
    manager.open("/people")
    manager.open("/audit")
    assert "You see what you did yourself" in manager.text()
    for path in ("/posture", "/setup/checks", "/setup/sources"):
        manager.open(path, status=403)


def test_the_engineer_sees_what_is_theirs_and_no_more(visit: Callable[..., Visitor], sample: Portal) -> None:
    engineer = visit("engineer")
    page = engineer.open("/")
    assert page.url == f"{sample.origin}/access"
    page = engineer.open("/assets")
    seen = engineer.total()
    everything = sample.number("SELECT count(*) FROM inventory_asset WHERE gone_at IS NULL AND kind != 'model_version'")
    assert 0 < seen < everything
    engineer.follow(page.locator("table tbody th a").first)
    for tab in page.locator("nav.tabs a").all():
        engineer.open(str(tab.get_attribute("href")))
    engineer.open("/findings")
    for path in ("/account", "/account/security", "/account/sessions"):
        engineer.open(path)
    for path in ("/posture", "/setup", "/setup/people", "/setup/runs"):
        engineer.open(path, status=403)
    hidden = sample.rows(
        "SELECT kind, slug FROM inventory_asset WHERE kind = 'model' AND gone_at IS NULL AND name = 'churn-gbm'"
    )
    for kind, slug in hidden:
        engineer.open(f"/assets/{kind}/{slug}", status=404)


def test_the_auditor_reads_the_log_one_event_and_takes_an_export(
    visit: Callable[..., Visitor], sample: Portal, tmp_path: Path
) -> None:
    """The export holds what the page filtered, and its package verifies alone."""
    auditor = visit("auditor")
    page = auditor.open("/audit")
    assert page.locator("table tbody tr").count() > 10
    auditor.follow(page.locator("table tbody a[href^='/audit/']").first)
    assert re.search(r"/audit/\w+/\d+$", page.url)
    assert page.locator("#who").is_visible()
    auditor.open("/audit")
    exported = auditor.download(page.locator(".exports a", has_text="JSON"), tmp_path)
    found = json.loads(exported.read_text())
    assert found and "Sample data" in exported.read_text()
    page.locator("summary", has_text="Package with proofs").click()
    package = auditor.download(page.get_by_role("link", name="Privileged log"), tmp_path)
    assert package.stat().st_size > 1000
    assert sample.number("SELECT count(*) FROM audit_entry WHERE action LIKE 'audit.%export%'") >= 1


def test_the_auditor_reads_everything_and_changes_nothing(visit: Callable[..., Visitor]) -> None:
    auditor = visit("auditor")
    page = auditor.open("/posture")
    for path in ("/findings", "/assets", "/identities", "/people", "/setup/sources", "/setup/runs", "/setup/checks"):
        auditor.open(path)
    auditor.open("/setup/runs")
    assert page.get_by_role("button", name="Start a run").first.get_attribute("aria-disabled") == "true"
    auditor.open("/setup/checks/ID-01")
    assert page.get_by_role("button", name="Show the effect").count() == 0
    auditor.open("/findings")
    auditor.follow(page.locator("table.findings tbody th a").first)
    assert page.get_by_role("button", name=re.compile("Save owner")).count() == 0
    for path in ("/setup", "/setup/sources/upload", "/setup/people/new"):
        auditor.open(path, status=403)
