"""What an import would create, change and end: set differences between its staged rows and its source's rows."""

from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from apps.inventory.formats import FORMATS, ROW_KINDS, RowKind
from apps.inventory.importing.stage import KEPT_KEYS
from apps.inventory.models import Import, RejectedRecord
from apps.inventory.records import ASSET, LINK


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of rows of one kind. A row that was gone and is back counts as created."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


def staged(row_kind: RowKind, owner: Import) -> QuerySet[Any]:
    """Return the rows of this kind that the import staged."""
    return row_kind.staged.objects.filter(owner_id=owner.pk)


def present(row_kind: RowKind, owner: Import) -> QuerySet[Any]:
    """Return the rows of this kind that the import's source still shows."""
    return row_kind.applied.objects.filter(source_id=owner.source_id, gone_at__isnull=True)


def told_apart(row_kind: RowKind, owner: Import) -> dict[str, str]:
    """Return each column that an export may tell for some records only → the column that says whether it does."""
    groups = owner.covered.get(row_kind.kind, {}).get("told_apart", [])
    return {column: group[0] for group in groups for column in group}


def new_rows(row_kind: RowKind, owner: Import) -> QuerySet[Any]:
    """Return staged rows without a present row of that key."""
    return staged(row_kind, owner).filter(~Exists(present(row_kind, owner).filter(source_key=OuterRef("source_key"))))


def changed_rows(row_kind: RowKind, owner: Import) -> QuerySet[Any]:
    """Return staged rows whose present row says something else."""
    other = present(row_kind, owner).filter(source_key=OuterRef("source_key")).exclude(digest=OuterRef("digest"))
    return staged(row_kind, owner).filter(Exists(other))


#: An export may hold all models and only some runs: the column by which a kind is covered in parts (`asset:model`).
PARTS = {ASSET: "kind", LINK: "relation"}


def _complete_parts(row_kind: RowKind, owner: Import) -> list[str] | None:
    """Return the parts of a kind that were covered completely, None where the export did not tell parts apart."""
    lead = f"{row_kind.kind}:"
    parts = {kind.removeprefix(lead): said for kind, said in owner.covered.items() if kind.startswith(lead)}
    if row_kind.kind not in PARTS or not parts:
        return None
    whole = owner.covered.get(row_kind.kind, {}).get("complete")
    if owner.rejected_count > KEPT_KEYS and not whole:
        return []  # not every rejected key is known, so nothing can be told gone
    return [part for part, said in parts.items() if said.get("complete")]


def gone_rows(row_kind: RowKind, owner: Import) -> QuerySet[Any]:
    """Return present rows that a complete export no longer contains; rejected ones, and what hangs on them, stay."""
    rows = present(row_kind, owner)
    kinds = [row_kind.kind, row_kind.parent[2] if row_kind.parent else ""]
    if any(owner.covered.get(kind, {}).get("untold") for kind in kinds):
        return rows.none()  # a row of the kind was rejected without its key: it may be any of them
    parts = _complete_parts(row_kind, owner)
    if parts is not None:
        rows = rows.filter(**{f"{PARTS[row_kind.kind]}__in": parts})
    elif not owner.covered.get(row_kind.kind, {}).get("complete"):
        return rows.none()
    rows = rows.filter(~Exists(staged(row_kind, owner).filter(source_key=OuterRef("source_key"))))
    if owner.rejected_count:
        kept = RejectedRecord.objects.filter(owner_id=owner.pk, kind=row_kind.kind, key=OuterRef("source_key"))
        rows = rows.filter(~Exists(kept))
        if row_kind.parent is not None:
            _, column, kind = row_kind.parent
            kept = RejectedRecord.objects.filter(owner_id=owner.pk, kind=kind, key=OuterRef(column)).exclude(key="")
            rows = rows.filter(~Exists(kept))
    return rows


def orphans(row_kind: RowKind, owner: Import) -> QuerySet[Any]:
    """Return staged rows whose parent is neither staged nor present."""
    rows = staged(row_kind, owner)
    if row_kind.parent is None:
        return rows.none()
    _, key, kind = row_kind.parent
    parents = ROW_KINDS[kind]
    return rows.filter(
        ~Exists(staged(parents, owner).filter(source_key=OuterRef(key))),
        ~Exists(present(parents, owner).filter(source_key=OuterRef(key))),
    )


def counts(row_kind: RowKind, owner: Import) -> Counts:
    """Count the differences of one kind."""
    total = staged(row_kind, owner).count()
    if not present(row_kind, owner).exists():
        return Counts(created=total)
    created = new_rows(row_kind, owner).count()
    updated = changed_rows(row_kind, owner).count()
    return Counts(created, updated, total - created - updated, gone_rows(row_kind, owner).count())


def all_counts(owner: Import) -> dict[str, Counts]:
    """Count the differences of every kind that the import brings or covers."""
    touched = [kind for kind in ROW_KINDS if kind.kind in owner.covered or staged(kind, owner).exists()]
    return {row_kind.kind: counts(row_kind, owner) for row_kind in touched}


def totals(owner: Import, by_kind: dict[str, Counts]) -> Counts:
    """Add up the counts of the format's main records."""
    main = [by_kind[kind] for kind in FORMATS[owner.format].main_kinds if kind in by_kind]
    return Counts(*(sum(getattr(count, name) for count in main) for name in Counts.__slots__))


@dataclass(frozen=True, slots=True)
class Change:
    """One row of a preview: `columns` maps each changed column to (before, after)."""

    kind: str
    key: str
    columns: dict[str, tuple[Any, Any]]


def examples(owner: Import, limit: int = 50) -> dict[str, list[Change]]:
    """Return the first created, updated and gone rows, at most `limit` each. At most 4 queries a kind."""
    found: dict[str, list[Change]] = {"created": [], "updated": [], "gone": []}
    for row_kind in ROW_KINDS:
        if row_kind.kind not in owner.covered and not staged(row_kind, owner).exists():
            continue
        for name, rows in (("created", new_rows(row_kind, owner)), ("gone", gone_rows(row_kind, owner))):
            keys = rows.order_by("source_key").values_list("source_key", flat=True)[: max(limit - len(found[name]), 0)]
            found[name] += [Change(row_kind.kind, key, {}) for key in keys]
        found["updated"] += _changes(row_kind, owner, limit - len(found["updated"]))
    return found


def _changes(row_kind: RowKind, owner: Import, limit: int) -> list[Change]:
    if limit <= 0:
        return []
    unknown = owner.covered.get(row_kind.kind, {}).get("unknown", [])
    names = [name for name in row_kind.facts if name not in unknown]
    after = {row["source_key"]: row for row in _values(changed_rows(row_kind, owner), names, limit)}
    before = _values(present(row_kind, owner).filter(source_key__in=list(after)), names, limit)
    asks = told_apart(row_kind, owner)
    return [
        Change(row_kind.kind, old["source_key"], _difference(names, old, after[old["source_key"]], asks))
        for old in before
    ]


def _values(rows: QuerySet[Any], names: list[str], limit: int) -> list[dict[str, Any]]:
    return list(rows.order_by("source_key").values("source_key", *names)[:limit])


def _difference(
    names: list[str], old: dict[str, Any], new: dict[str, Any], asks: dict[str, str]
) -> dict[str, tuple[Any, Any]]:
    told = [name for name in names if name not in asks or new[asks[name]]]
    return {name: (old[name], new[name]) for name in told if old[name] != new[name]}


def main_records(owner: Import) -> int:
    """Return how many main records are staged."""
    return sum(staged(ROW_KINDS[kind], owner).count() for kind in FORMATS[owner.format].main_kinds)


def shrinks(owner: Import) -> bool:
    """Return whether this looks like a truncated export: under half of what the source's last complete one held.

    What was rejected by key was there, so it counts. A part that lists none of the main records cannot shrink them.
    """
    main = FORMATS[owner.format].main_kinds
    if all(owner.covered.get(kind, {}).get("listed") is False for kind in main):
        return False
    if not any(kind in owner.covered for kind in main):
        return False
    rejected = RejectedRecord.objects.filter(owner_id=owner.pk, kind__in=main).exclude(key="").count()
    return 2 * (main_records(owner) + rejected) < owner.source.main_records
