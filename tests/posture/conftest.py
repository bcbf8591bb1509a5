"""Fixtures of the posture tests."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.core import clock
from apps.core.actor import Actor, system
from apps.posture.models import Run
from apps.posture.services.executing import execute_run
from apps.posture.services.runs import request_run
from apps.posture.spec import CHECKS, CheckSpec
from tests.posture.scripted import TS_01, TS_02

ACTOR = system("test")


def run_now(*checks: str, actor: Actor = ACTOR, **options: Any) -> Run:
    """Request, execute and publish a run of the named checks, or of all."""
    requested = request_run(actor=actor, checks=checks, inline=True, now=options.pop("now", clock.now()), **options)
    return execute_run(actor=actor, number=requested.value.pk)


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the registered checks; without a call they are TS-01 and TS-02."""

    def use(*specs: CheckSpec) -> None:
        monkeypatch.setattr(CHECKS, "_entries", {spec.id: spec for spec in specs})

    use(TS_01, TS_02)
    return use
