"""P2 with real processes: reconcilers killed with SIGKILL while they call targets of every kind; the next one goes on.

`ZTPORTAL_P2=1000/200` runs it with 1,000 grants and 200 kills. Only `manual` is not among them: there people end it.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from apps.access.models import Binding, Grant, Receipt
from apps.access.provisioning.postgresql import PostgresqlProvisioner
from apps.access.provisioning.registry import PROVISIONERS
from apps.access.services.reconciling import alarm_overdue
from apps.access.states import GrantState
from apps.accounts.models import User
from apps.connectors.models import Connection
from apps.connectors.services import add
from apps.core import clock
from tests.access.grants import carried, make_holder, make_request, open_grant
from tests.access.provisioners import mlflow_target, postgres_target, webhook_target
from tests.audit.conftest import postgres, template
from tests.cast import Cast, assemble
from tests.factories import make_asset

__all__ = ["postgres", "template"]
GRANTS, KILLS = (int(part) for part in os.environ.get("ZTPORTAL_P2", "12/3").split("/"))
KINDS = ("portal", "webhook", "mlflow", "postgresql")
RECONCILER = """
import sys, time, django
django.setup()
from apps.access.provisioning.postgresql import PostgresqlProvisioner
from apps.access.provisioning.registry import PROVISIONERS
from apps.core.reconcile import run_once
PROVISIONERS._entries["postgresql"] = PostgresqlProvisioner(sys.argv[1])
print("ready", flush=True)
while True:
    run_once()
    time.sleep(0.05)
"""


@dataclass
class Targets:
    """One target of each kind that the portal carries by itself; the portal is the fourth."""

    webhook: webhook_target.Target
    mlflow: mlflow_target.Target
    postgresql: postgres_target.Target

    def left(self, grants: list[Grant]) -> list[str]:
        """Return what the targets themselves still show beyond what was there before."""
        found = [f"webhook {place}" for place, held in self.webhook.access.items() if set(held) != {"LIST"}]
        found += [f"mlflow {place} {row}" for place, row in self.mlflow.rows.items()]
        return found + [f"postgresql {grant.pk}" for grant in grants if self.postgresql.levels(grant.pk)]


@contextmanager
def _targets() -> Iterator[Targets]:
    with webhook_target.running() as webhook, mlflow_target.running(True) as mlflow, postgres_target.running() as base:
        yield Targets(webhook, mlflow, base)


def _start(targets: Targets) -> "subprocess.Popen[str]":
    """Start a reconciler on the database of this test and wait until it works."""
    server = os.environ["ZTPORTAL_TEST_DATABASE_URL"].rsplit("/", 1)[0]
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "ZTPORTAL_TEST_ON": "postgresql",
        "ZTPORTAL_TEST_DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "ZTPORTAL_OUTBOUND_ALLOW": "127.0.0.1,localhost",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", RECONCILER, targets.postgresql.prefix], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline().strip() == "ready"
    return process


def _wake() -> None:
    """Let all leases and waits be over, as if their time had passed."""
    Grant.objects.filter(due_at__isnull=False, state=GrantState.ENDING).update(due_at=clock.now(), claimed_until=None)
    Connection.objects.update(opened_until=None)


def _connections(cast: Cast, targets: Targets) -> dict[str, Connection | None]:
    given: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "webhook": ({"url": targets.webhook.url}, {"signing_secret": webhook_target.SECRET}),
        "mlflow": ({"base_url": targets.mlflow.url, "username": "portal"}, {"password": "a password of the portal"}),
        "postgresql": (targets.postgresql.settings, {"password": postgres_target.PASSWORD}),
    }
    actor = cast.actor("security_admin")
    return {"portal": None} | {
        kind: add(actor=actor, name=f"A {kind}", driver=kind, settings=settings, secret=secret)
        for kind, (settings, secret) in given.items()
    }


def _active_grants(cast: Cast, targets: Targets, holder: User) -> list[Grant]:
    connections, grants = _connections(cast, targets), []
    targets.mlflow.accounts[holder.email] = False
    for number in range(GRANTS):
        kind = KINDS[number % len(KINDS)]
        asset = make_asset(name=f"model-{number}", tier=3, tier_confirmed=True)
        level = targets.postgresql.reader if kind == "postgresql" else "READ"
        Binding.objects.create(
            provisioner=kind, connection=connections[kind], asset=asset, levels={"eval.run": level},
            settings={"default_permission": "NO_PERMISSIONS"} if kind == "mlflow" else {}, created_at=clock.now(),
        )  # fmt: skip
        targets.mlflow.models.add(asset.name)
        if kind == "webhook":
            targets.webhook.access[(holder.email, asset.name)] = {"LIST": ""}
        grants.append(carried(open_grant(make_request(holder, asset))))
    assert {(grant.state, grant.last_problem) for grant in grants} == {(GrantState.ACTIVE, "")}
    assert len(targets.left(grants)) == sum(KINDS[number % len(KINDS)] != "portal" for number in range(GRANTS))
    return grants


def _kill_some(targets: Targets, draw: random.Random) -> None:
    for _ in range(KILLS):
        process = _start(targets)
        time.sleep(draw.uniform(0, 0.6))
        process.kill()
        process.wait(timeout=60)
        _wake()


def _let_one_live(targets: Targets) -> None:
    """A reconciler that nobody kills ends the rest."""
    last = _start(targets)
    try:
        limit = time.monotonic() + 180 + GRANTS
        while Grant.objects.exclude(state=GrantState.ENDED).exists() and time.monotonic() < limit:
            time.sleep(0.5)
    finally:
        last.kill()
        last.wait(timeout=60)


@pytest.mark.slow
@pytest.mark.postgres
def test_p2_killed_processes_leave_nothing_behind(
    postgres: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is killed at some moment of its work; the last one lives, and everything is seen gone."""
    settings.ZTPORTAL_OUTBOUND_ALLOW = ["127.0.0.1", "localhost"]
    with _targets() as targets:
        entries = {name: PROVISIONERS[name] for name in PROVISIONERS.names()}
        ours = PostgresqlProvisioner(targets.postgresql.prefix)
        monkeypatch.setattr(PROVISIONERS, "_entries", {**entries, "postgresql": ours})
        cast = assemble()
        grants = _active_grants(cast, targets, make_holder(cast.users["engineer"]))
        now = clock.now()
        Grant.objects.update(activated_at=now - timedelta(days=1), expires_at=now)
        _kill_some(targets, random.Random(2))
        _let_one_live(targets)
        assert set(Grant.objects.values_list("state", "end_reason")) == {(GrantState.ENDED, "expired")}
        assert targets.left(grants) == [] and alarm_overdue() == 0
    orders = [key for key, body in targets.webhook.seen.items() if body["type"] == "access.revoke"]
    assert len(orders) == len(set(orders)) == len(targets.webhook.access)
    for grant in grants:
        lines = Receipt.objects.filter(grant=grant, carried="observe").values_list("observed", flat=True)
        assert list(lines)[-1] == "absent"
