"""All processes by hand against a real PostgreSQL and Redis: one import, one run, one page."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.portal import wait_until
from tests.journeys.reports import aws_report
from tests.production.site import HOST, Site

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.slow]
ALL = ("web", "reconciler", "worker", "beat", "notary")


@pytest.fixture(scope="module")
def up(site: Site) -> Iterator[Site]:
    """The installation with every process up."""
    site.manage("collectstatic", "--noinput", "--verbosity", "0")
    site.start(*ALL)
    wait_until(lambda: site.get("/livez")[0] == 200, 120, "web did not start")
    yield site


def test_the_deployment_check_has_nothing_to_say(site: Site) -> None:
    printed = site.manage("check", "--deploy", "--fail-level", "WARNING")
    assert "no issues" in printed


def test_health_and_metrics(up: Site) -> None:
    """`ready` means: database, migrations, audit log, and a round of the reconciler of the last 30 seconds."""
    wait_until(lambda: b'"ready"' in up.get("/readyz")[1], 90, "the portal did not get ready")
    status, body = up.get("/metrics")
    assert status == 200
    assert b"django_http_requests" in body


def test_plain_requests_are_sent_to_https_and_other_hosts_refused(up: Site) -> None:
    assert up.get("/account/login")[0] == 200

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object) -> None:  # type: ignore[override]
            return None

    opener = urllib.request.build_opener(Stay)
    try:
        opener.open(urllib.request.Request(f"http://127.0.0.1:{up.port}/account/login", headers={"Host": HOST}))
        raise AssertionError("a plain request was answered")
    except urllib.error.HTTPError as redirect:
        assert redirect.code == 301
        assert redirect.headers["Location"] == f"https://{HOST}/account/login"
    assert up.get("/account/login", Host="evil.example")[0] == 400


def test_pages_name_hashed_files_that_are_served_for_a_year(up: Site) -> None:
    _, page = up.get("/account/login")
    found = re.search(rb'href="(/static/css/[\w./-]+\.[0-9a-f]{12}\.css)"', page)
    assert found
    assert up.get(found[1].decode())[0] == 200


def test_an_import_by_command_and_a_run_by_a_worker(up: Site, tmp_path: Path) -> None:
    """The scheduled run is due as soon as there is something to judge: reconciler → Redis → worker → published."""
    report = aws_report(tmp_path / "credential_report.csv", 40, with_factor=30)
    result = json.loads(up.manage("import_inventory", "auto", str(report), "--json"))
    assert (result["created"], result["rejected"]) == (40, [])
    published = "SELECT count(*) FROM posture_run WHERE state = 'published'"
    wait_until(lambda: up.number(published) >= 1, 90, "no run was published")
    assert up.rows("SELECT DISTINCT trigger FROM posture_run") == [("scheduled",)]
    met = "SELECT count(*) FROM posture_result WHERE check_id = 'ID-01' AND outcome = 'met' AND to_run IS NULL"
    assert up.number(met) == 30
    again = json.loads(up.manage("import_inventory", "auto", str(report), "--json"))
    assert (again["created"], again["updated"], again["unchanged"], again["gone"]) == (0, 0, 40, 0)


def test_the_notary_signs_and_the_log_verifies(up: Site) -> None:
    wait_until(lambda: up.number("SELECT count(*) FROM audit_checkpoint") > 0, 90, "nothing was signed")
    up.manage("audit_verify")


def test_pages_and_reconciler_go_on_after_every_process_was_killed(up: Site) -> None:
    up.kill(*ALL)
    assert up.get("/livez")[0] == 0
    up.start("web")
    wait_until(lambda: up.get("/livez")[0] == 200, 120, "web did not start again")
    assert up.get("/account/login")[0] == 200
