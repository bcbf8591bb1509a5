"""Applying staged rows: per kind one upsert of what differs and one update of what is gone. Runs in one transaction."""

from typing import Any

from django.db import connection, models
from django.db.models import Case, F, OuterRef, Subquery, Value, When
from django.db.models.expressions import BaseExpression
from django.db.models.functions import Coalesce

from apps.core.sql import analyse, upsert_from
from apps.inventory.formats import FORMATS, RESOLVERS, ROW_KINDS, RowKind
from apps.inventory.importing import compare
from apps.inventory.importing.compare import Counts
from apps.inventory.models import Coverage, Import, Source

#: After this many written rows the planner's picture of a table is too old for the steps that follow.
MANY = 1_000


def apply_rows(owner: Import, now: Any) -> dict[str, Counts]:
    """Bring the source's rows to what the import staged, resolve, and return the counts by kind."""
    _give_the_planner_room()
    by_kind = compare.all_counts(owner)
    for kind, count in by_kind.items():
        row_kind = ROW_KINDS[kind]
        if count.created or count.updated:
            _write(row_kind, owner)
            if count.created + count.updated >= MANY:
                analyse(row_kind.applied)
        if count.gone:
            compare.gone_rows(row_kind, owner).update(gone_at=owner.observed_at, last_import=owner)
    for row_kind in ROW_KINDS:
        followed = _end_children(row_kind, owner)
        if followed:
            before = by_kind.get(row_kind.kind, Counts())
            by_kind[row_kind.kind] = Counts(before.created, before.updated, before.unchanged, before.gone + followed)
    for resolve in RESOLVERS:
        resolve(owner, now)
    _cover(owner)
    _update_source(owner)
    return by_kind


def _give_the_planner_room() -> None:
    """Sorts and hashes of a large apply belong in memory (performance.md §2: NOT IN at 4 MB ran for minutes)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64MB'")


def _write(row_kind: RowKind, owner: Import) -> None:
    same = compare.present(row_kind, owner).filter(source_key=OuterRef("source_key"), digest=OuterRef("digest"))
    rows = compare.staged(row_kind, owner)
    if row_kind.applied.objects.filter(source_id=owner.source_id).exists():
        rows = rows.filter(~models.Exists(same))
    unknown = owner.covered.get(row_kind.kind, {}).get("unknown", [])
    update = [name for name in row_kind.facts if name not in unknown]
    update += ["digest", "raw", "last_import", "observed_at", "gone_at"]
    if row_kind.parent is not None:
        update.append(row_kind.parent[0])
    upsert_from(
        row_kind.applied,
        _columns(row_kind, owner),
        rows,
        keys=["source", "source_key"],
        update=update,
        or_not_null="gone_at",
    )


def _columns(row_kind: RowKind, owner: Import) -> dict[str, str | BaseExpression | F]:
    """Return every column of the applied table as an expression over the staged one."""
    at = Value(owner.observed_at, output_field=models.DateTimeField())
    columns: dict[str, str | BaseExpression | F] = {
        name: name for name in ("source_key", "digest", "raw", *row_kind.facts)
    }
    columns["id"] = F("row")
    columns["source"] = Value(owner.source_id, output_field=models.UUIDField())
    columns["last_import"] = Value(owner.pk, output_field=models.UUIDField())
    columns |= {"observed_at": at, "first_seen_at": at, "gone_at": Value(None)}
    if row_kind.parent is not None:
        columns[row_kind.parent[0]] = F("parent")
    columns |= _kept_where_untold(row_kind, owner)
    for field in row_kind.applied._meta.concrete_fields:
        if field.name not in columns and not field.null:
            columns[field.name] = Value(field.get_default(), output_field=type(field)())
    return columns


def _kept_where_untold(row_kind: RowKind, owner: Import) -> dict[str, BaseExpression | F]:
    """Return what a row keeps of the columns that its record does not tell, though others of the export do."""
    known = row_kind.applied.objects.filter(source_id=owner.source_id, source_key=OuterRef("source_key"))
    return {
        column: Case(
            When(**{asks: ""}, then=Coalesce(Subquery(known.values(column)[:1]), F(column))), default=F(column)
        )
        for column, asks in compare.told_apart(row_kind, owner).items()
    }


def _end_children(row_kind: RowKind, owner: Import) -> int:
    """What hangs on a gone row is gone with it."""
    if row_kind.parent is None:
        return 0
    rows = compare.present(row_kind, owner).filter(**{f"{row_kind.parent[0]}__gone_at__isnull": False})
    return rows.update(gone_at=owner.observed_at, last_import=owner)


def _cover(owner: Import) -> None:
    for kind, covered in owner.covered.items():
        if covered.get("listed") is False:
            continue  # it told something about some of them; what the list itself tells is as old as it was
        Coverage.objects.update_or_create(
            source_id=owner.source_id,
            record_kind=kind,
            defaults={"observed_at": owner.observed_at, "complete": covered["complete"], "last_import": owner},
        )


def _update_source(owner: Import) -> None:
    found = FORMATS[owner.format]
    changes: dict[str, Any] = {"observed_at": owner.observed_at}
    if found.brings_ai_entitlements:
        changes["brings_ai_entitlements"] = True
    if all(owner.covered.get(kind, {}).get("complete") for kind in found.main_kinds):
        changes["main_records"] = compare.main_records(owner)
    Source.objects.filter(pk=owner.source_id).update(**changes)
