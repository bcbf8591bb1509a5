"""The asset graph around one asset: what went into it, and what it goes into.

Edges are the observed links (left goes into right) and the versions of a model (a version goes into its model). The
walk is one recursive statement on SQLite and PostgreSQL; `UNION` ends it on cycles.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from apps.inventory.models import Asset, AssetLink

_EDGES = """
    SELECT left_id AS l, right_id AS r FROM {links}
    WHERE gone_at IS NULL AND left_id IS NOT NULL AND right_id IS NOT NULL
    UNION ALL SELECT id AS l, parent_id AS r FROM {assets} WHERE parent_id IS NOT NULL
"""
_WALK = """
WITH RECURSIVE up(id) AS (
    SELECT {first} UNION SELECT e.l FROM up JOIN ({edges}) e ON e.r = up.id
), down(id) AS (
    SELECT {first} UNION SELECT e.r FROM down JOIN ({edges}) e ON e.l = down.id
)
"""
#: Beyond this many assets a blast radius is told as "more than".
MOST = 1000


@dataclass(frozen=True, slots=True)
class Related:
    """One asset of the lineage; `feeds` where it went into the asset asked about, `fed` where that goes into it."""

    id: UUID
    kind: str
    label: str
    environment: str
    classification: str
    feeds: bool
    fed: bool


def _statement() -> str:
    tables = {"links": AssetLink._meta.db_table, "assets": Asset._meta.db_table}
    first = "CAST(%s AS uuid)" if connection.vendor == "postgresql" else "%s"
    return _WALK.format(first=first, edges=_EDGES.format(**tables))


def _key(asset_id: UUID) -> str:
    return str(asset_id) if connection.vendor == "postgresql" else asset_id.hex


def _rows(sql: str, asset_id: UUID) -> list[tuple[object, ...]]:
    key = _key(asset_id)
    with connection.cursor() as cursor:
        cursor.execute(_statement() + sql, [key, key])
        return list(cursor.fetchall())


def _uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))


def family(asset_id: UUID) -> frozenset[UUID]:
    """Return the asset, what went into it, what it goes into, and the models of those versions. One query.

    Sibling versions are no family: who trained version 3 did not train version 5.
    """
    parents = f"SELECT parent_id FROM {Asset._meta.db_table} WHERE parent_id IS NOT NULL AND id IN (SELECT id FROM up)"  # noqa: S608
    rows = _rows(f"SELECT id FROM up UNION SELECT id FROM down UNION {parents}", asset_id)  # noqa: S608
    return frozenset(_uuid(value) for (value,) in rows)


def related(asset_id: UUID) -> list[Related]:
    """Return the lineage of an asset without itself, present assets only, at most `MOST`, by name. One query."""
    table = Asset._meta.db_table
    rows = _rows(
        "SELECT a.id, a.kind, a.name, a.version, a.environment, a.classification,"  # noqa: S608
        " a.id IN (SELECT id FROM up), a.id IN (SELECT id FROM down)"
        f" FROM {table} a WHERE a.gone_at IS NULL"
        " AND (a.id IN (SELECT id FROM up) OR a.id IN (SELECT id FROM down))"
        f" ORDER BY a.name, a.id LIMIT {MOST + 1}",
        asset_id,
    )
    return [
        Related(_uuid(pk), str(kind), f"{name} {version}".strip(), str(env), str(data), bool(feeds), bool(fed))
        for pk, kind, name, version, env, data, feeds, fed in rows
        if _uuid(pk) != asset_id
    ]
