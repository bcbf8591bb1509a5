"""Fixtures of the governance tests."""

import pytest

from apps.posture.spec import CHECKS
from tests.cast import Cast
from tests.governance.accepting import World, build
from tests.posture.scripted import TS_01, TS_02


@pytest.fixture
def scripted_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge with TS-01 (high) and TS-02 (critical, of which one is met)."""
    monkeypatch.setattr(CHECKS, "_entries", {spec.id: spec for spec in (TS_01, TS_02)})


@pytest.fixture
def world(cast: Cast, scripted_checks: None) -> World:
    """The world of exceptions."""
    return build(cast)
