"""Exceptions and votes are kept as they were signed, by the database itself, on SQLite and PostgreSQL."""

import pytest
from django.db import DatabaseError, connection, transaction

from apps.governance.models import ExceptionVote, RiskException
from apps.posture.spec import CHECKS
from tests.audit.conftest import postgres, template
from tests.cast import assemble
from tests.governance.accepting import World, build
from tests.posture.scripted import TS_01, TS_02

__all__ = ["postgres", "template"]
CHANGES = (
    "UPDATE governance_exceptionvote SET at = at",
    "UPDATE governance_exceptionvote SET choice = 'refuse'",
    "DELETE FROM governance_exceptionvote",
    "DELETE FROM governance_riskexception",
    *(f"UPDATE governance_riskexception SET {column} = {column}" for column in (
        "because", "ends_on", "key", "severity", "needed", "asked_by_id", "comp_check", "comp_id", "covers_id",
    )),
)  # fmt: skip


def _refused(statements: tuple[str, ...]) -> None:
    for statement in statements:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.django_db
def test_sqlite_refuses_changes(world: World) -> None:
    """After the last migration; only where it stands may change."""
    row = world.active()
    _refused(CHANGES)
    RiskException.objects.filter(pk=row.pk).update(end_note="may change", team=None)
    assert ExceptionVote.objects.count() == 2


@pytest.mark.postgres
def test_postgresql_refuses_changes(postgres: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """TRUNCATE too."""
    monkeypatch.setattr(CHECKS, "_entries", {spec.id: spec for spec in (TS_01, TS_02)})
    build(assemble()).active()
    _refused((*CHANGES, "TRUNCATE governance_exceptionvote CASCADE", "TRUNCATE governance_riskexception CASCADE"))
