"""Where a pillar's results are: business unit, department or source × check, counted in the database.

Plain SQL, because a result names its subject by kind and id without a foreign key. What a published run found does not
change, so the counts are kept in the cache under the run.
"""

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.inventory.models import Asset, Credential, Identity
from apps.posture.models import Result, Run
from apps.posture.queries.bearing import subjects_of
from apps.posture.queries.headline import Tally
from apps.posture.spec import CHECKS, CheckSpec
from apps.posture.states import Pillar, RunState

SHOWN = 12
KEPT_SECONDS = 6 * 3600
UNKNOWN = "-"
#: The identity a result is about, a credential's holder among them.
HOLDER = (
    "LEFT JOIN inventory_credential c ON c.id = r.subject_id "
    "JOIN inventory_identity i ON i.id = COALESCE(c.identity_id, r.subject_id)"
)
#: Dimension → (label, kinds of subjects, the expression, joins).
DIMENSIONS: dict[str, tuple[str, tuple[str, ...], str, str]] = {
    "unit": (
        "Business unit",
        ("asset",),
        "a.business_unit",
        "JOIN inventory_asset a ON a.id = r.subject_id",
    ),
    "department": (
        "Department",
        ("identity", "credential"),
        "i.department",
        HOLDER,
    ),
    "source": (
        "Source",
        ("identity", "credential"),
        "s.name",
        f"{HOLDER} JOIN inventory_source s ON s.id = i.source_id",
    ),
}


@dataclass(frozen=True, slots=True)
class Where:
    """One table: its dimension, its checks, and per place the tally of each check, most to gain first."""

    dimension: str
    label: str
    checks: list[CheckSpec]
    rows: list[tuple[str, list[Tally]]]
    total: int


def where(run: Run, pillar: str) -> list[Where]:
    """Return the tables of a pillar: assets by business unit, identities by department or, where unknown, by source.

    At most three queries, none once the run is in the cache.
    """
    specs = sorted((spec for spec in CHECKS if spec.pillar == pillar), key=lambda spec: spec.id)
    tables = []
    assets = [spec for spec in specs if spec.subject_kind == "asset"]
    if assets:
        tables.append(_table(run, "unit", assets))
    people = [spec for spec in specs if spec.subject_kind in ("identity", "credential")]
    if people:
        by_department = _table(run, "department", people)
        known = sum(_whole(row) for row in by_department.rows if row[0])
        everything = sum(map(_whole, by_department.rows))
        tables.append(by_department if 2 * known > everything else _table(run, "source", people))
    return [table for table in tables if table.rows]


def count_places(number: int) -> None:
    """Count the tables of all pillars of a published run into the cache, before anybody asks."""
    run = Run.objects.filter(pk=number, state=RunState.PUBLISHED).first()
    if run is None:
        return
    for pillar in Pillar.values:
        where(run, pillar)


def _whole(row: tuple[str, list[Tally]]) -> int:
    return sum(tally.applicable for tally in row[1])


def _table(run: Run, dimension: str, specs: list[CheckSpec]) -> Where:
    places: dict[str, dict[str, dict[str, int]]] = {}
    for place, check_id, outcome, n in _counts(run, dimension, tuple(spec.id for spec in specs)):
        places.setdefault(place or "", {}).setdefault(check_id, {})[outcome] = n
    rows = [(place, [Tally.of(found.get(spec.id, {})) for spec in specs]) for place, found in places.items()]
    rows = [row for row in rows if _whole(row)]
    rows.sort(key=lambda row: (sum(tally.met - tally.applicable for tally in row[1]), row[0]))
    return Where(dimension, DIMENSIONS[dimension][0], specs, rows[:SHOWN], len(rows))


def _counts(run: Run, dimension: str, checks: tuple[str, ...]) -> list[tuple[Any, ...]]:
    finished = run.finished_at.timestamp() if run.finished_at else 0
    key = f"posture-where:{run.pk}:{finished}:{dimension}:{'.'.join(checks)}"
    kept: list[tuple[Any, ...]] | None = cache.get(key)
    if kept is None:
        kept = _counted(run.pk, dimension, checks)
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _counted(run: int, dimension: str, checks: tuple[str, ...]) -> list[tuple[Any, ...]]:
    _, kinds, expression, joins = DIMENSIONS[dimension]
    sql = (
        f"SELECT {expression}, r.check_id, r.outcome, COUNT(*) FROM posture_result r {joins} "  # noqa: S608
        f"WHERE r.from_run <= %s AND (r.to_run IS NULL OR r.to_run > %s) "
        f"AND r.subject_kind IN ({', '.join(['%s'] * len(kinds))}) "
        f"AND r.check_id IN ({', '.join(['%s'] * len(checks))}) GROUP BY {expression}, r.check_id, r.outcome"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [run, run, *kinds, *checks])
        return list(cursor.fetchall())


def narrowed(rows: QuerySet[Result], place: dict[str, Any]) -> QuerySet[Result]:
    """Keep the results of a place: `unit`, `department`, `source` (by name; `-` for not known) or `asset` (its id)."""
    if place.get("unit"):
        rows = rows.filter(Exists(Asset.objects.filter(pk=OuterRef("subject_id"), business_unit=_named(place["unit"]))))
    for name, path in (("department", "department"), ("source", "source__name")):
        if place.get(name):
            condition = {path: _named(place[name])}
            identities = Identity.objects.filter(pk=OuterRef("subject_id"), **condition)
            held = {f"identity__{key}": value for key, value in condition.items()}
            credentials = Credential.objects.filter(pk=OuterRef("subject_id"), **held)
            rows = rows.filter(Q(Exists(identities)) | Q(Exists(credentials)))
    if place.get("asset"):
        rows = rows.filter(subject_id__in=subjects_of(place["asset"]))
    return rows


def _named(value: str) -> str:
    return "" if value == UNKNOWN else value


def cell_filters(dimension: str, place: str, check_id: str, run: Run) -> dict[str, Any]:
    """Return the filters of the list that shows exactly what a cell counts."""
    return {"check": check_id, dimension: place or UNKNOWN, "outcome": "applicable", "run": run.pk}
