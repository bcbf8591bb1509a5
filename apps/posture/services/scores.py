"""Asset scores: an asset's n of N from its own results, its versions', and those of the identities that hold it.

Plain SQL, because it joins millions of rows that no foreign key connects: per subject its results and findings are
added up once (a credential's count for its identity), then per asset over the distinct subjects that bear on it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from apps.inventory.models import Credential
from apps.posture.models import Result, Run

TALLY = "posture_temp_tally"
BEARING = "posture_temp_bearing"
SCORE = "posture_temp_score"
COLUMNS = (
    "met",
    "failing",
    "accepted",
    "not_evaluated",
    "not_applicable",
    "open_critical",
    "open_high",
    "oldest_due_on",
)

#: Who holds access to a version holds it to the model as well: each asset bears on itself and on its parent.
BEARING_SQL = """
SELECT a.id AS asset_id, a.id AS subject_id FROM inventory_asset a WHERE a.gone_at IS NULL {own}
UNION ALL
SELECT v.parent_id, v.id FROM inventory_asset v WHERE v.gone_at IS NULL AND v.parent_id IS NOT NULL {versions}
UNION ALL
SELECT DISTINCT t.asset_id, e.identity_id FROM inventory_entitlement e JOIN (
  SELECT h.id, h.id AS asset_id FROM inventory_asset h WHERE h.gone_at IS NULL
  UNION ALL SELECT h.id, h.parent_id FROM inventory_asset h WHERE h.gone_at IS NULL AND h.parent_id IS NOT NULL
) t ON t.id = e.asset_id WHERE e.gone_at IS NULL {held}
"""
#: The assets that one subject bears on: itself, its model, what its identity may reach and the models of that.
TOUCHED_SQL = """(
SELECT %s UNION SELECT parent_id FROM inventory_asset WHERE id = %s AND parent_id IS NOT NULL
UNION SELECT e.asset_id FROM inventory_entitlement e WHERE e.identity_id = %s AND e.asset_id IS NOT NULL
UNION SELECT v.parent_id FROM inventory_entitlement e JOIN inventory_asset v ON v.id = e.asset_id
WHERE e.identity_id = %s AND v.parent_id IS NOT NULL)"""
#: The subjects that bear on touched assets, with the credentials of identities among them.
BEARERS_SQL = f"""(SELECT subject_id FROM {BEARING}
UNION SELECT c.id FROM inventory_credential c WHERE c.identity_id IN (SELECT subject_id FROM {BEARING}))"""  # noqa: S608
TALLY_SQL = """
SELECT subject_id, SUM(met) AS met, SUM(failing) AS failing, SUM(accepted) AS accepted,
  SUM(not_evaluated) AS not_evaluated, SUM(not_applicable) AS not_applicable,
  SUM(open_critical) AS open_critical, SUM(open_high) AS open_high,
  MIN(due_on) AS due_on
FROM (
  SELECT COALESCE(c.identity_id, r.subject_id) AS subject_id,
    CASE WHEN r.outcome = 'met' THEN 1 ELSE 0 END AS met,
    CASE WHEN r.outcome = 'failing' THEN 1 ELSE 0 END AS failing,
    CASE WHEN r.outcome = 'accepted' THEN 1 ELSE 0 END AS accepted,
    CASE WHEN r.outcome = 'not_evaluated' THEN 1 ELSE 0 END AS not_evaluated,
    CASE WHEN r.outcome = 'not_applicable' THEN 1 ELSE 0 END AS not_applicable,
    0 AS open_critical, 0 AS open_high, CAST(NULL AS date) AS due_on
  FROM posture_result r LEFT JOIN inventory_credential c ON c.id = r.subject_id AND r.subject_kind = 'credential'
  WHERE r.to_run IS NULL AND r.subject_kind NOT IN ('source', 'exception') {of_result}
  UNION ALL
  SELECT COALESCE(c.identity_id, f.subject_id), 0, 0, 0, 0, 0,
    CASE WHEN f.severity = 'critical' THEN 1 ELSE 0 END, CASE WHEN f.severity = 'high' THEN 1 ELSE 0 END, f.due_on
  FROM posture_finding f LEFT JOIN inventory_credential c ON c.id = f.subject_id AND f.subject_kind = 'credential'
  WHERE f.state <> 'resolved' AND f.subject_kind NOT IN ('source', 'exception') {of_finding}
) every GROUP BY subject_id
"""
SCORE_SQL = f"""
SELECT b.asset_id, SUM(t.met) AS met, SUM(t.failing) AS failing, SUM(t.accepted) AS accepted,
  SUM(t.not_evaluated) AS not_evaluated, SUM(t.not_applicable) AS not_applicable,
  SUM(t.open_critical) AS open_critical, SUM(t.open_high) AS open_high,
  MIN(t.due_on) AS oldest_due_on
FROM {BEARING} b JOIN {TALLY} t ON t.subject_id = b.subject_id
JOIN inventory_asset a ON a.id = b.asset_id AND a.gone_at IS NULL
GROUP BY b.asset_id
"""  # noqa: S608


def rebuild_scores(run: Run, *, afterwards: Callable[[], None]) -> None:
    """Bring the scores of all assets, or of those a re-checked subject bears on, up to date; write what differs.

    `afterwards` is called while the table BEARING tells (asset, subject): who bears on which asset, itself included.
    """
    touched = run.subject_id if run.partial else None
    bearing, params = _bearing(touched)
    only = "" if touched is None else BEARERS_SQL
    of_result, of_finding = (f"AND {alias}.subject_id IN {only}" if only else "" for alias in ("r", "f"))
    tally = TALLY_SQL.format(of_result=of_result, of_finding=of_finding)
    with (
        _table(BEARING, bearing, params, "subject_id"),
        _table(TALLY, tally, [], "subject_id"),
        _table(SCORE, SCORE_SQL, [], "asset_id"),
    ):
        _write_scores(touched)
        afterwards()


def _bearing(touched: Any) -> tuple[str, list[Any]]:
    if touched is None:
        return BEARING_SQL.format(own="", versions="", held=""), []
    field = Result._meta.get_field("subject_id")
    subject = field.get_db_prep_value(holder_of(touched), connection)
    own, versions, held = (f"AND {column} IN {TOUCHED_SQL}" for column in ("a.id", "v.parent_id", "t.asset_id"))
    return BEARING_SQL.format(own=own, versions=versions, held=held), [subject] * 12


def holder_of(subject_id: Any) -> Any:
    """Return the identity of a credential, else the subject itself."""
    return Credential.objects.filter(pk=subject_id).values_list("identity_id", flat=True).first() or subject_id


def _write_scores(touched: Any) -> None:
    columns = ", ".join(COLUMNS)
    setting = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
    distinct = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    differs = " OR ".join(f"posture_assetscore.{name} {distinct} excluded.{name}" for name in COLUMNS)
    _run(
        f"INSERT INTO posture_assetscore (asset_id, {columns}) SELECT asset_id, {columns} FROM {SCORE} "  # noqa: S608
        f"WHERE true ON CONFLICT (asset_id) DO UPDATE SET {setting} WHERE {differs}"
    )
    here = f" AND asset_id IN (SELECT asset_id FROM {BEARING})" if touched is not None else ""  # noqa: S608
    missing = f"NOT EXISTS (SELECT 1 FROM {SCORE} s WHERE s.asset_id = posture_assetscore.asset_id)"  # noqa: S608
    _run(f"DELETE FROM posture_assetscore WHERE {missing}{here}")  # noqa: S608


@contextmanager
def _table(name: str, select: str, params: list[Any], key: str) -> Iterator[None]:
    schema = "pg_temp" if connection.vendor == "postgresql" else "temp"
    _run(f"DROP TABLE IF EXISTS {schema}.{name}")
    _run(f"CREATE TEMPORARY TABLE {name} AS {select}", params)
    if connection.vendor == "postgresql":
        _run(f"ANALYZE {name}")
    else:
        _run(f"CREATE INDEX temp.{name}_key ON {name} ({key})")
    yield
    _run(f"DROP TABLE {name}")


def _run(sql: str, params: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
