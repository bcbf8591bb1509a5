"""Two who decide at once on PostgreSQL: one after the other, never past each other."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from apps.core.errors import DomainError
from apps.governance.models import ExceptionVote, RiskException
from apps.governance.services.ending import withdraw
from apps.governance.services.signing import refuse, sign
from apps.posture.spec import CHECKS
from tests.audit.conftest import postgres, template
from tests.cast import assemble
from tests.governance.accepting import World, build
from tests.posture.scripted import TS_01, TS_02

__all__ = ["postgres", "template"]
ROUNDS = 12


def _at_once(*acts: Callable[[], Any]) -> list[str]:
    """Do them at once; return what each said: done, or the class of its refusal."""
    barrier, said = threading.Barrier(len(acts)), [""] * len(acts)

    def work(place: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=30)
            act()
            said[place] = "done"
        except DomainError as refusal:
            said[place] = type(refusal).__name__
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=work, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return said


@pytest.fixture
def arena(postgres: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world on PostgreSQL."""
    monkeypatch.setattr(CHECKS, "_entries", {spec.id: spec for spec in (TS_01, TS_02)})
    return build(assemble())


@pytest.mark.race
@pytest.mark.postgres
def test_two_signers_at_once_make_it_active_once(arena: World) -> None:
    for _ in range(ROUNDS):
        row, ciso, manager = arena.ask(), arena.actor("ciso"), arena.actor("manager")
        said = _at_once(lambda: sign(actor=ciso, exception=row), lambda: sign(actor=manager, exception=row))  # noqa: B023
        row.refresh_from_db()
        assert said == ["done", "done"]
        assert (row.state, ExceptionVote.objects.filter(exception=row).count()) == ("active", 2)
        withdraw(actor=ciso, exception=row)


@pytest.mark.race
@pytest.mark.postgres
def test_one_signer_twice_at_once_counts_once(arena: World) -> None:
    for _ in range(ROUNDS):
        row, ciso = arena.ask(), arena.actor("ciso")
        said = _at_once(*[lambda: sign(actor=ciso, exception=row)] * 3)  # noqa: B023
        row.refresh_from_db()
        assert sorted(said) == ["Forbidden", "Forbidden", "done"]
        assert row.state == "signed"
        withdraw(actor=ciso, exception=row)


@pytest.mark.race
@pytest.mark.postgres
def test_signing_against_refusing_and_withdrawing(arena: World) -> None:
    for _ in range(ROUNDS):
        row, ciso, manager, owner = arena.ask(), arena.actor("ciso"), arena.actor("manager"), arena.actor("owner")
        sign(actor=manager, exception=row)
        said = _at_once(
            lambda: sign(actor=ciso, exception=row),  # noqa: B023
            lambda: withdraw(actor=owner, exception=row),  # noqa: B023
        )
        row.refresh_from_db()
        assert said[1] == "done" and (row.state, row.end_reason) == ("ended", "withdrawn")
        row = arena.ask()
        said = _at_once(
            lambda: sign(actor=ciso, exception=row),  # noqa: B023
            lambda: refuse(actor=manager, exception=row, reason="No"),  # noqa: B023
        )
        row.refresh_from_db()
        assert row.state == "refused" and said[1] == "done"


@pytest.mark.race
@pytest.mark.postgres
def test_two_who_ask_at_once_get_one_exception(arena: World) -> None:
    owner = arena.actor("owner")
    said = _at_once(lambda: arena.ask(actor=owner), lambda: arena.ask(actor=owner))
    assert said.count("done") == 1
    assert RiskException.objects.count() == 1
