"""Kill -9 in the middle of an import and of a run: nothing lost, nothing doubled, the next one starts."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.portal import ROOT, Portal, wait_until
from tests.journeys.reports import aws_report
from tests.production.site import Site

PEOPLE = 6_000
IDENTITIES = "SELECT count(*) FROM inventory_identity"
APPLIED = "SELECT count(*) FROM inventory_import WHERE state = 'applied'"
EVENTS = "SELECT count(*) FROM audit_entry WHERE action = 'inventory.import.applied'"
PUBLISHED = "SELECT count(*) FROM posture_run WHERE state = 'published'"
LEFT_OVER = (
    "SELECT count(*) FROM inventory_stagedidentity AS staged"
    " JOIN inventory_import AS owner ON owner.id = staged.owner_id WHERE owner.state != 'previewed'"
)
OPEN_RESULTS = "SELECT count(*) FROM posture_result WHERE to_run IS NULL"
pytestmark = pytest.mark.slow
places = pytest.mark.parametrize(
    "place",
    [
        pytest.param("embedded", id="sqlite"),
        pytest.param("site", id="postgresql", marks=[pytest.mark.postgres, pytest.mark.redis]),
    ],
)
UPLOAD = """
import sys, django
django.setup()
from django.core.files import File
from apps.core.actor import system
from apps.inventory.services.intake import upload
with open(sys.argv[1], "rb") as stream:
    upload(actor=system("test"), format="auto", files=[("report.csv", File(stream))], source_name=sys.argv[2])
"""
CONFIRM = """
import django
django.setup()
from apps.core.actor import system
from apps.inventory.models import Import
from apps.inventory.services.imports import confirm_import
confirm_import(actor=system("test"), import_id=Import.objects.get(source__name="worker killed").pk)
"""
RUN = """
import django
django.setup()
from apps.core.actor import system
from apps.posture.services.runs import request_run
request_run(actor=system("test"))
"""


def begin(place: Portal | Site, *words: str) -> subprocess.Popen[bytes]:
    """Start a command and do not wait for it."""
    command = [sys.executable, "manage.py", *words]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, env=place.variables, start_new_session=True, stdout=quiet, stderr=quiet)


def kill_when(process: subprocess.Popen[bytes], condition: Callable[[], Any]) -> None:
    """Kill the process as soon as the condition holds; fail when it ended before."""
    while not condition():
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def script(place: Site, text: str, *words: str) -> subprocess.Popen[bytes]:
    """Run a few lines inside the portal, and do not wait for the end: the worker may be faster."""
    return subprocess.Popen([sys.executable, "-c", text, *words], cwd=ROOT, env=place.variables)


def caught(place: Site, query: str, *values: object, seconds: float = 90) -> None:
    """Wait closely until the query counts something."""
    deadline = time.monotonic() + seconds
    while not place.number(query, *values):
        assert time.monotonic() < deadline, f"it never came to: {query} {values}"
        time.sleep(0.01)


def counts(place: Portal | Site, *words: str) -> tuple[int, int, int, int]:
    """Import by command; return created, updated, unchanged, gone."""
    found = json.loads(place.manage("import_inventory", "aws-iam-credential-report", *words, "--json"))
    return found["created"], found["updated"], found["unchanged"], found["gone"]


@places
def test_an_import_by_command(place: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Killed while it reads, and while it applies: all or nothing, and the same command again ends the work."""
    here = request.getfixturevalue(place)
    report = str(aws_report(tmp_path / "report.csv", PEOPLE, with_factor=PEOPLE // 2))
    words = ("import_inventory", "aws-iam-credential-report", report, "--source", "killed")
    staging = "SELECT count(*) FROM inventory_import WHERE state = 'staging'"
    kill_when(begin(here, *words), lambda: here.number(staging))
    assert (here.number(IDENTITIES), here.number(EVENTS)) == (0, 0)
    previewed = "SELECT count(*) FROM inventory_import WHERE state = 'previewed'"
    kill_when(begin(here, *words), lambda: here.number(previewed))
    present = here.number(IDENTITIES)
    assert present == here.number(EVENTS) * PEOPLE
    expected = (0, 0, PEOPLE, 0) if present else (PEOPLE, 0, 0, 0)
    assert counts(here, report, "--source", "killed") == expected
    assert counts(here, report, "--source", "killed") == (0, 0, PEOPLE, 0)
    assert here.number(IDENTITIES) == PEOPLE
    assert here.number(EVENTS) == here.number(APPLIED)
    # What was staged goes with its import; the killed one that nobody resumed here still waits for the reconciler.
    assert here.number(LEFT_OVER) == 0
    here.manage("audit_verify")


@places
def test_a_run_by_command(place: str, request: pytest.FixtureRequest) -> None:
    """What a killed run wrote is never visible; the next run starts at once and judges everybody once."""
    here = request.getfixturevalue(place)
    assert here.number(IDENTITIES) == PEOPLE, "the test before this one imports them"
    before = here.number(PUBLISHED)
    halfway = (
        "SELECT count(*) FROM posture_runtask WHERE state = 'done' AND run_id = (SELECT max(number) FROM posture_run)"
    )
    kill_when(begin(here, "run_checks"), lambda: here.number(halfway) in range(3, 9))
    assert here.number(PUBLISHED) == before
    result = json.loads(here.manage("run_checks", "--json"))
    mfa = next(check for check in result["checks"] if check["id"] == "ID-01")
    assert (mfa["met"], mfa["failing"]) == (PEOPLE // 2, PEOPLE // 2)
    assert here.number(PUBLISHED) == before + 1
    doubled = (
        "SELECT count(*) FROM (SELECT 1 FROM posture_result WHERE to_run IS NULL"
        " GROUP BY check_id, subject_id HAVING count(*) > 1) AS twice"
    )
    assert here.number(doubled) == 0
    open_results = here.number(OPEN_RESULTS)
    here.manage("run_checks")
    assert here.number(OPEN_RESULTS) == open_results


@pytest.mark.postgres
@pytest.mark.redis
def test_a_worker_in_the_middle_of_an_import(site: Site, tmp_path: Path) -> None:
    """The reconciler notices and another worker takes it up, reading and applying; it is applied once."""
    report = str(aws_report(tmp_path / "report.csv", PEOPLE, with_factor=0, account="arn:aws:iam::444455556666"))
    before, events = site.number(IDENTITIES), site.number(EVENTS)
    state = (
        "SELECT count(*) FROM inventory_import AS owner JOIN inventory_source AS source ON source.id = owner.source_id"
        " WHERE source.name = 'worker killed' AND owner.state = ?"
    )
    site.start("reconciler", "worker")
    uploading = script(site, UPLOAD, report, "worker killed")
    caught(site, state, "staging")
    site.kill("worker")
    assert uploading.wait(timeout=60) == 0
    assert site.number(IDENTITIES) == before
    site.start("worker")
    wait_until(lambda: site.number(state, "previewed"), 120, "nobody took the import up again")
    confirming = script(site, CONFIRM)
    caught(site, state.replace("= ?", "IN ('applying', 'applied')"))
    site.kill("worker")
    assert confirming.wait(timeout=60) == 0
    assert site.number(IDENTITIES) in (before, before + PEOPLE)
    site.start("worker")
    wait_until(lambda: site.number(state, "applied"), 150, "nobody applied the import")
    assert site.number(IDENTITIES) == before + PEOPLE
    assert site.number(EVENTS) == events + 1
    assert counts(site, report, "--source", "worker killed") == (0, 0, PEOPLE, 0)


@pytest.mark.postgres
@pytest.mark.redis
def test_a_worker_in_the_middle_of_a_run(site: Site) -> None:
    """The run goes on with another worker and is published once."""
    open_runs = "SELECT count(*) FROM posture_run WHERE state IN ('queued', 'running', 'publishing')"
    wait_until(lambda: not site.number(open_runs), 120, "a scheduled run did not end")
    before = site.number(PUBLISHED)
    number = site.number("SELECT max(number) FROM posture_run") + 1
    asking = script(site, RUN)
    caught(site, "SELECT count(*) FROM posture_run WHERE number = ? AND state = 'running'", number)
    site.kill("worker")
    assert asking.wait(timeout=60) == 0
    assert site.number(PUBLISHED) == before
    site.start("worker")
    done = "SELECT count(*) FROM posture_run WHERE number = ? AND state = 'published'"
    wait_until(lambda: site.number(done, number), 120, "nobody took the run up again")
    totals = "SELECT count(*) FROM posture_result WHERE to_run IS NULL AND check_id = 'ID-01'"
    assert site.number(totals) == site.number(IDENTITIES)
    site.manage("audit_verify")
