"""P2 with real processes: reconcilers killed with SIGKILL while they call a target over HTTP; the next one goes on.

`ZTPORTAL_P2=1000/200` takes the second figure as the number of kills.
"""

import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.access.models import Binding, Grant, Receipt
from apps.access.states import GrantState
from apps.connectors.models import Connection
from apps.connectors.services import add
from apps.core import clock
from tests.access.grants import carried, make_holder, make_request, open_grant
from tests.access.provisioners.webhook_target import SECRET, Target, running
from tests.audit.conftest import postgres, template
from tests.cast import assemble
from tests.factories import make_asset

__all__ = ["postgres", "template"]
KILLS = int(os.environ.get("ZTPORTAL_P2", "100/3").split("/")[1])
GRANTS = 8
RECONCILER = """
import time, django
django.setup()
from apps.core.reconcile import run_once
print("ready", flush=True)
while True:
    run_once()
    time.sleep(0.05)
"""


def _start() -> "subprocess.Popen[str]":
    """Start a reconciler on the database of this test and wait until it works."""
    server = os.environ["ZTPORTAL_TEST_DATABASE_URL"].rsplit("/", 1)[0]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ZTPORTAL_TEST_ON": "postgresql",
        "ZTPORTAL_TEST_DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "ZTPORTAL_OUTBOUND_ALLOW": "127.0.0.1",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", RECONCILER], env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline().strip() == "ready"
    return process


def _wake() -> None:
    """Let all leases and waits be over, as if their time had passed."""
    Grant.objects.filter(due_at__isnull=False, state=GrantState.ENDING).update(due_at=clock.now(), claimed_until=None)
    Connection.objects.update(opened_until=None)


def _ending_grants(cast: Any, target: Target) -> list[Grant]:
    connected = add(
        actor=cast.actor("security_admin"), name="Registry", driver="webhook", settings={"url": target.url},
        secret={"signing_secret": SECRET},
    )  # fmt: skip
    holder, grants = make_holder(cast.users["engineer"]), []
    for number in range(GRANTS):
        asset = make_asset(name=f"model-{number}", tier=3, tier_confirmed=True)
        Binding.objects.create(
            provisioner="webhook", connection=connected, asset=asset, levels={"eval.run": "READ"},
            created_at=clock.now(),
        )  # fmt: skip
        target.access[(holder.email, asset.name)] = {"LIST": ""}
        grants.append(carried(open_grant(make_request(holder, asset))))
    assert {grant.state for grant in grants} == {GrantState.ACTIVE}
    return grants


@pytest.mark.slow
@pytest.mark.postgres
def test_p2_killed_processes_leave_nothing_behind(postgres: None, settings: Any) -> None:
    """Each is killed at some moment of its work; the last one lives, and everything is seen gone."""
    settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.1"]
    draw = random.Random(2)
    with running() as target:
        grants = _ending_grants(assemble(), target)
        now = clock.now()
        Grant.objects.update(activated_at=now - timedelta(days=1), expires_at=now)
        for _ in range(KILLS):
            process = _start()
            time.sleep(draw.uniform(0, 0.6))
            process.kill()
            process.wait(timeout=60)
            _wake()
        last = _start()
        try:
            limit = time.monotonic() + 180
            while Grant.objects.exclude(state=GrantState.ENDED).exists() and time.monotonic() < limit:
                time.sleep(0.5)
        finally:
            last.kill()
            last.wait(timeout=60)
        assert set(Grant.objects.values_list("state", "end_reason")) == {(GrantState.ENDED, "expired")}
        assert {frozenset(held) for held in target.access.values()} == {frozenset({"LIST"})}
    orders = [key for key, body in target.seen.items() if body["type"] == "access.revoke"]
    assert len(orders) == len(set(orders)) == GRANTS
    for grant in grants:
        lines = Receipt.objects.filter(grant=grant, carried="observe").values_list("observed", flat=True)
        assert list(lines)[-1] == "absent"
