"""The command: its JSON, its exit codes, and what a killed one leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from django.core.management import CommandError, call_command

from apps.core import clock
from apps.posture.models import Run
from apps.posture.services.lease import claim, new_worker
from apps.posture.services.runs import request_run
from tests.factories import make_identity
from tests.posture.conftest import ACTOR
from tests.posture.scripted import BROKEN, TS_01

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.django_db
def test_json_is_as_its_schema_says(checks: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    """And the counts are those of the run."""
    make_identity(job_title="failing", email="met")
    call_command("run_checks", "--json", "--check", "TS-01")
    result = json.loads(capsys.readouterr().out)
    schema = json.loads((ROOT / "docs" / "run-result.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(result, schema, format_checker=jsonschema.FormatChecker())
    assert result["checks"] == [
        {"id": "TS-01", "version": 1, "met": 0, "failing": 1, "accepted": 0, "not_evaluated": 0, "not_applicable": 0}
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("arguments", [["--check", "ZZ-01"], ["--as-of", "yesterday"], ["--as-of", "2999-01-01"]])
def test_refusals_are_one_line_and_exit_2(checks: Callable[..., None], arguments: list[str]) -> None:
    """Nothing was run."""
    with pytest.raises(CommandError) as refusal:
        call_command("run_checks", *arguments)
    assert refusal.value.returncode == 2
    assert "\n" not in str(refusal.value)
    assert not Run.objects.exists()


@pytest.mark.django_db
def test_refused_while_another_run_is_open(checks: Callable[..., None]) -> None:
    """In one line that names the run."""
    run = request_run(actor=ACTOR, inline=True, now=clock.now()).value
    claim(run.pk, new_worker(), clock.now())
    with pytest.raises(CommandError, match=f"^Run {run.pk} is in progress; two runs at once are impossible.$"):
        call_command("run_checks")


@pytest.mark.django_db
def test_a_check_that_fails_to_run_is_exit_1(checks: Callable[..., None]) -> None:
    """The results of the others are published."""
    make_identity(job_title="met")
    checks(TS_01, BROKEN)
    with pytest.raises(CommandError, match="TS-09 failed to run") as failure:
        call_command("run_checks")
    assert failure.value.returncode == 1
    assert Run.objects.get().state == "published"


SEED = """
from tests.factories import make_source, make_identity, make_factor
source = make_source()
rows = [make_identity(source=source, mfa_known="yes", password_sign_in="yes") for _ in range(20)]
for row in rows[:5]:
    make_factor(row)
"""
#: Stops for good in the middle of the publication, after the checks were written.
HANG = """
import sys, time
from apps.posture.services import publishing
def hang(*arguments, **options):
    print("hanging", flush=True)
    time.sleep(600)
publishing.rebuild_scores = hang
from django.core.management import call_command
call_command("run_checks")
"""


def test_kill_9_in_the_middle_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """A process killed inside the publication leaves nothing visible, and the next run starts at once."""
    settings = {
        "ZTPORTAL_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "ztportal.settings",
        "PYTHONPATH": str(ROOT),
    }
    env = {key: value for key, value in os.environ.items() if not key.startswith(("DATABASE_", "REDIS_"))} | settings

    def manage(*arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=env, input=script, text=True, capture_output=True, timeout=240)

    assert manage("migrate", "-v0").returncode == 0
    assert manage("shell", "-v0", script=SEED).returncode == 0
    doomed = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v0", "-c", HANG], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    try:
        assert doomed.stdout is not None and doomed.stdout.readline().strip() == "hanging"
    finally:
        doomed.send_signal(signal.SIGKILL)
        doomed.wait(timeout=30)
    started = time.monotonic()
    after = manage("run_checks", "--json", "--check", "ID-01")
    assert after.returncode == 0, after.stderr
    assert time.monotonic() - started < 60
    result = json.loads(after.stdout)
    assert (result["run"], result["checks"][0]["met"], result["checks"][0]["failing"]) == (2, 5, 15)
    counted = manage("shell", "-v0", "-c", COUNT)
    assert counted.stdout.split() == ["20", "20", "15", "failed,published"], counted.stderr


COUNT = """
from apps.posture.models import Finding, Result, Run
print(Result.objects.filter(check_id="ID-01").count(), Result.objects.filter(from_run=2, check_id="ID-01").count(),
      Finding.objects.count(), ",".join(Run.objects.order_by("number").values_list("state", flat=True)))
"""
