"""Set-based writes, on whichever database the tests run on."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, models, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, JSONObject, Upper
from django.db.transaction import TransactionManagementError

from apps.core.sql import RandomUUID, counted, insert_from, temp_table, update_from, upsert_from
from apps.inventory.models import Source

NOW = datetime(2026, 11, 20, 6, 12, 3, 250000, tzinfo=UTC)
pytestmark = pytest.mark.django_db


class Outcome(models.Model):
    """Reads the temporary table of these tests."""

    subject = models.UUIDField(primary_key=True)
    label = models.TextField()
    seen_at = models.DateTimeField(null=True)
    evidence = models.JSONField(null=True)

    class Meta:
        app_label = "inventory"
        managed = False
        db_table = "test_outcome"


def make(name: str, **fields: object) -> Source:
    return Source.objects.create(name=name, **{"format": "x", **fields})


COPY = {
    "id": RandomUUID(),
    "name": Concat(Upper("name"), Value("-2")),
    "format": F("format"),
    "observed_at": Value(NOW, output_field=models.DateTimeField()),
    "main_records": F("main_records"),
    "brings_ai_entitlements": Value(True),
    "is_sample": F("is_sample"),
    "created_at": F("created_at"),
}


def test_insert_from_writes_the_rows_of_the_queryset() -> None:
    make("a", main_records=5)
    make("b")
    assert insert_from(Source, COPY, Source.objects.order_by("-name")) == 2
    row = Source.objects.get(name="A-2")
    assert (row.observed_at, row.main_records, row.brings_ai_entitlements) == (NOW, 5, True)
    assert len(set(Source.objects.values_list("id", flat=True))) == 4


def test_insert_from_nothing_writes_nothing() -> None:
    make("a")
    assert insert_from(Source, COPY, Source.objects.none()) == 0
    assert insert_from(Source, COPY, Source.objects.filter(pk__in=[])) == 0


def test_upsert_touches_only_rows_that_differ() -> None:
    same, other = make("same", format="f"), make("other", format="f")
    columns = {**COPY, "id": F("id"), "name": F("name"), "main_records": Value(9)}
    changed = {**columns, "format": Value("g")}
    write = {"keys": ["id"], "update": ["format", "main_records"], "differs": "format"}
    assert upsert_from(Source, columns, Source.objects.all(), **write) == 0
    assert upsert_from(Source, changed, Source.objects.filter(pk=other.pk), **write) == 1
    same.refresh_from_db()
    other.refresh_from_db()
    assert (same.main_records, other.main_records, other.format) == (0, 9, "g")


def test_upsert_brings_back_what_was_marked() -> None:
    row = make("a", retired_at=NOW)
    columns = {**COPY, "id": F("id"), "name": F("name"), "retired_at": Value(None, output_field=models.DateTimeField())}
    done = upsert_from(
        Source,
        columns,
        Source.objects.all(),
        keys=["id"],
        update=["retired_at"],
        differs="format",
        or_not_null="retired_at",
    )
    row.refresh_from_db()
    assert (done, row.retired_at) == (1, None)


def test_update_from_changes_only_what_differs_and_knows_null() -> None:
    make("a", observed_at=NOW, main_records=1)
    make("b", main_records=1)
    changes = {"observed_at": Value(None), "main_records": F("main_records")}
    assert update_from(Source, changes, Source.objects.all(), on={"id": "id"}) == 1
    assert not Source.objects.filter(observed_at__isnull=False).exists()


def test_temp_table_lives_for_the_block() -> None:
    source = make("a")
    columns = {
        "subject": "id",
        "label": Concat("name", Value("%s'")),
        "seen_at": Value(NOW, output_field=models.DateTimeField()),
        "evidence": JSONObject(format="format"),
    }
    with transaction.atomic(), temp_table("test_outcome", Source.objects.all(), columns, indexes=[["subject"]]):
        row = Outcome.objects.get()
        assert (row.subject, row.label, row.seen_at, row.evidence) == (source.pk, "a%s'", NOW, {"format": "x"})
        insert_from(Source, {**COPY, "name": F("label"), "format": Value("t"), "main_records": Value(0),
                             "is_sample": Value(False), "created_at": F("seen_at")}, Outcome.objects.all())  # fmt: skip
    assert Source.objects.filter(name="a%s'").exists()
    assert "test_outcome" not in connection.introspection.table_names()


def test_a_failing_block_takes_the_table_with_it() -> None:
    broken = temp_table("test_outcome", Source.objects.none(), {"subject": "id"})
    with pytest.raises(ZeroDivisionError), transaction.atomic(), broken:
        raise ZeroDivisionError
    with transaction.atomic(), temp_table("test_outcome", Source.objects.none(), {"subject": "id"}):
        assert Outcome.objects.count() == 0


def test_temp_table_needs_a_transaction() -> None:
    connection.in_atomic_block = False
    try:
        with pytest.raises(TransactionManagementError), temp_table("t", Source.objects.all(), {"subject": "id"}):
            pass
    finally:
        connection.in_atomic_block = True


def test_several_counts_are_one_statement(django_assert_num_queries: Any) -> None:
    """Whatever the querysets are: filtered, sliced, ordered, empty by what they ask, or empty without asking."""
    for name in ("a", "b", "c"):
        make(name)
    rows = Source.objects.order_by("name")
    asked = {"all": rows, "b": rows.filter(name="b"), "two": rows[:2], "x": rows.filter(name="x"), "none": rows.none()}
    with django_assert_num_queries(1):
        assert counted(asked) == {"all": 3, "b": 1, "two": 2, "x": 0, "none": 0}
    with django_assert_num_queries(0):
        assert counted({"none": rows.none()}) == {"none": 0}
