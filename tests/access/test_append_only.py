"""Invariant 1: votes, receipts and messages are append-only in the database itself, on SQLite and PostgreSQL."""

import pytest
from django.db import DatabaseError, connection, transaction

from apps.access.models import Receipt, RequestMessage, Vote
from apps.core import clock
from tests.access.grants import make_holder, make_request, open_grant
from tests.audit.conftest import postgres, template
from tests.cast import Cast, assemble

__all__ = ["postgres", "template"]
TABLES = ("access_vote", "access_receipt", "access_requestmessage")
CHANGES = ("UPDATE {} SET at = at", "DELETE FROM {}")


def _fill(cast: Cast) -> None:
    request = make_request(make_holder(cast.users["engineer"]))
    common = {"request": request, "at": clock.now()}
    Vote.objects.create(
        voter=cast.users["manager"], stage=1, choice="approve", digest="0" * 64, strength="second_factor", **common
    )
    RequestMessage.objects.create(author=cast.users["manager"], kind="question", text="Why?", **common)
    open_grant(request)
    assert Vote.objects.exists() and Receipt.objects.exists() and RequestMessage.objects.exists()


def _refused(statements: list[str]) -> None:
    for statement in statements:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.django_db
def test_invariant_01_sqlite_refuses_changes(cast: Cast) -> None:
    """UPDATE and DELETE, after the last migration."""
    _fill(cast)
    _refused([change.format(table) for table in TABLES for change in CHANGES])


@pytest.mark.postgres
def test_invariant_01_postgresql_refuses_changes(postgres: None) -> None:
    """UPDATE, DELETE and TRUNCATE, after the last migration."""
    _fill(assemble())
    changes = [change.format(table) for table in TABLES for change in (*CHANGES, "TRUNCATE {} CASCADE")]
    _refused(changes)
