"""Invariant 1 and 16 in the database itself, on SQLite and PostgreSQL: evidence is append-only, sealed is sealed."""

import importlib
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.core import clock
from apps.reviews.models import (
    Bulk,
    Campaign,
    Decision,
    Forgotten,
    Item,
    Proof,
    Removal,
    Routing,
    Sample,
)
from tests.audit.conftest import postgres, template
from tests.cast import Cast, assemble

__all__ = ["postgres", "template"]
GUARDS = importlib.import_module("apps.reviews.migrations.0002_guards")
EVIDENCE = tuple(GUARDS.APPEND_ONLY)


def fill(cast: Cast, **item: Any) -> Item:
    """Return a revoked item of an opened campaign with one row of every kind of evidence."""
    now, ciso, manager = clock.now(), cast.users["ciso"], cast.users["manager"]
    campaign = Campaign.objects.create(
        name="Q4", state="remediating", stage=1, created_by=ciso, created_at=now, opened_at=now, due_at=now,
        sealed_at=now, snapshot_hash="0" * 64,
    )  # fmt: skip
    facts = {"subject_kind": "grant", "subject_id": "1", "holder_label": "Jonas", "operation": "data.read"}
    state = {"state": "failed", "decision": "revoke", "decided_by": manager, "digest": "1" * 64}
    row = Item.objects.create(campaign=campaign, stage=1, reviewer=manager, **{**facts, **state, **item})
    seat = {"campaign": campaign, "stage": 1, "reviewer": manager, "at": now}
    sample = Sample.objects.create(seed="7", items=[row.pk], drawn_from=1, **seat)
    bulk = Bulk.objects.create(choice="revoke", digest="2" * 64, count=1, sample=sample, **seat)
    Decision.objects.create(item=row, choice="revoke", digest=row.digest, bulk=bulk, **seat)
    Routing.objects.create(item=row, stage=1, after=manager, why="rule", at=now)
    removal = Removal.objects.create(item=row, way="task", asked_at=now, due_at=now)
    Proof.objects.create(removal=removal, seen="asked", at=now)
    return row


def refused(statement: str, words: str) -> None:
    """The database refuses the statement with these words."""
    with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def check_guards(row: Item) -> None:
    """Every guard refuses what it is for, and nothing else."""
    for table in EVIDENCE:
        refused(f"UPDATE {table} SET at = at", "append-only")
        refused(f"DELETE FROM {table}", "append-only")
    refused("UPDATE reviews_item SET holder_label = 'Someone else'", "never changes")
    refused("UPDATE reviews_item SET reasons = ''", "never changes")
    refused("UPDATE reviews_item SET decision = 'keep'", "sealed")
    refused("DELETE FROM reviews_item", "opened")
    refused("UPDATE reviews_campaign SET state = 'closed'", "not proven")
    Item.objects.filter(pk=row.pk).update(state="risk_accepted")
    Campaign.objects.filter(pk=row.campaign_id).update(state="closed")


@pytest.mark.django_db
def test_sqlite_guards(cast: Cast) -> None:
    """After the last migration."""
    check_guards(fill(cast))


@pytest.mark.django_db
def test_what_is_forgotten_by_name_may_go(cast: Cast) -> None:
    """Only the campaign that is named; nothing else may be deleted."""
    row, other = fill(cast), fill(cast)
    Forgotten.objects.create(number=row.campaign_id, at=clock.now())
    Decision.objects.filter(campaign=row.campaign_id).delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Decision.objects.filter(campaign=other.campaign_id).delete()


@pytest.mark.postgres
def test_postgresql_guards(postgres: None) -> None:
    """After the last migration, TRUNCATE too."""
    row = fill(assemble())
    for table in EVIDENCE:
        refused(f"TRUNCATE {table} CASCADE", "append-only")
    check_guards(row)


@pytest.mark.django_db
def test_a_sealed_revoke_keeps_a_campaign_open(cast: Cast) -> None:
    """Also before its removal has begun (invariant 16); a kept item does not."""
    row = fill(cast, state="sealed")
    refused("UPDATE reviews_campaign SET state = 'closed'", "not proven")
    kept = fill(cast, state="sealed", decision="keep")
    assert Campaign.objects.filter(pk=kept.campaign_id).update(state="closed") == 1
    assert Campaign.objects.get(pk=row.campaign_id).state == "remediating"
