"""Writing results as spans: a run writes only what changed, check by check, and can be undone without a trace."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, JSONField, Model, QuerySet, TextField, Value

from apps.core.sql import Columns, analyse
from apps.posture.models import Result, RunTask
from apps.posture.outcomes import verdict
from apps.posture.services.staging import Staged, is_outcome, outcome_in, reason_in, staged
from apps.posture.states import Outcome, Reason

#: From this many written rows on the planner is told.
MANY = 10_000
ERROR = {
    "verdict": Value(verdict(Outcome.NOT_EVALUATED, Reason.ERROR), output_field=TextField()),
    "evidence": Value({}, output_field=JSONField()),
}
#: What stands for the subjects of a check that failed to run, and for those of its last spans where not even its
#: subjects can be found.
ERRORED: dict[str, Any] = {"subject_id": "pk", **ERROR, "subject_label": Value("", output_field=TextField())}
ERRORED_SPANS: dict[str, Any] = {"subject_id": "subject_id", **ERROR, "subject_label": "subject_label"}
#: What is read of a check.
JUDGED: dict[str, Any] = {name: name for name in ("verdict", "evidence", "subject_label")} | {"subject_id": "pk"}
TABLE = "posture_temp_compared"
WRITTEN = (
    "check_id, version_id, subject_kind, from_run, subject_id, subject_label, outcome, reason, evidence"  # one order
)


@dataclass(frozen=True, slots=True)
class Written:
    """What a check counted, by (outcome, reason), and how many spans it closed or opened."""

    counts: Counter[tuple[str, str]]
    spans: int

    def of(self, outcome: str) -> int:
        """Return the number of results with an outcome."""
        return sum(n for (found, _), n in self.counts.items() if found == outcome)


def write_spans(
    task: RunTask, subject_kind: str, judged: QuerySet[Any], columns: Columns = JUDGED, *, subject_id: Any = None
) -> Written:
    """Compare what is judged with the open spans and write the differences as of the task's run.

    A span stays when outcome, reason and version are equal and, where it fails, the evidence too; an accepted one fails
    as far as its check goes. Call inside a transaction. Raises IntegrityError when the check judges a subject twice.
    """
    undo_check(task.run_id, task.check_id)
    make_room_to_sort()
    constants = [task.check_id, task.version_id, str(subject_kind), task.run_id]
    # In the order of an index: where there is none, PostgreSQL would look for one in the whole table.
    newest = Result.objects.filter(check_id=task.check_id, to_run__isnull=True).order_by("-from_run")
    if list(newest.values_list("pk")[:1]):
        return _write_changes(task, staged(judged, columns), constants, subject_id)
    return _write_all(task, staged(judged, columns, ordered=True), constants)


def make_room_to_sort() -> None:
    """Let PostgreSQL hash millions of rows in memory for this transaction, and not compile what runs once."""
    if connection.vendor == "postgresql":
        _run("SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true)")


def refresh_statistics(model: type[Model], written: int) -> None:
    """Tell PostgreSQL's planner of many new rows: the next statements of the run come before its own housekeeping."""
    if written >= MANY:
        analyse(model)


def _write_all(task: RunTask, stage: Staged, constants: list[Any]) -> Written:
    """Open a span for each subject of a check that has none: there is nothing to compare.

    In the order of subjects, for the index over them; sorted before evidence makes the rows wide.
    """
    evidence, params = _kept_evidence(stage)
    opened = _run(
        f"INSERT INTO posture_result ({WRITTEN}) SELECT %s, %s, %s, %s, {stage.subject_id}, {stage.label},"  # noqa: S608
        f" {stage.outcome}, {stage.reason}, {evidence} FROM ({stage.select}) s",
        [*constants, *params, *stage.params],
    )
    rows = Result.objects.filter(check_id=task.check_id, from_run=task.run_id)
    counted = rows.values_list("outcome", "reason").annotate(n=Count("*")).order_by()
    return Written(Counter({(outcome, reason): n for outcome, reason, n in counted}), opened)


def _write_changes(task: RunTask, stage: Staged, constants: list[Any], subject_id: Any) -> Written:
    _compare(task, stage)
    here, params = "", []
    if subject_id is not None:
        here, params = " AND subject_id = %s", [_prepared(subject_id)]
    vanished = f"NOT EXISTS (SELECT 1 FROM {TABLE} c WHERE c.kept = posture_result.id)"  # noqa: S608
    closed = _run(
        f"UPDATE posture_result SET to_run = %s WHERE check_id = %s AND to_run IS NULL{here} AND {vanished}",  # noqa: S608
        [task.run_id, task.check_id, *params],
    )
    opened = _run(
        f"INSERT INTO posture_result ({WRITTEN}) SELECT %s, %s, %s, %s, subject_id, label, {outcome_in('verdict')},"  # noqa: S608
        f" {reason_in('verdict')}, evidence FROM {TABLE} WHERE kept IS NULL ORDER BY 5",
        constants,
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT verdict, COUNT(*) FROM {TABLE} GROUP BY verdict")  # noqa: S608
        counts = Counter({tuple(found.split("/", 1)): n for found, n in cursor.fetchall()})
    _run(f"DROP TABLE {TABLE}")
    return Written(counts, closed + opened)


def _compare(task: RunTask, stage: Staged) -> None:
    """Fill a temporary table with each subject's verdict and the open span that it `kept`; else what a new one holds.

    The evidence of a failure is compared through the span's key, so that PostgreSQL hashes no evidence.
    """
    evidence, params = _kept_evidence(stage)
    made, made_params = stage.evidence
    fails = is_outcome(stage.verdict, Outcome.FAILING)
    told = "(SELECT e.evidence FROM posture_result e WHERE e.id = r.id)"
    judged = f"CASE r.outcome WHEN '{Outcome.ACCEPTED}' THEN '{Outcome.FAILING}' ELSE r.outcome END"
    equal = f"r.version_id = %s AND {judged} || '/' || r.reason = {stage.verdict} AND (NOT {fails} OR {made} = {told})"
    same = f"CASE WHEN {equal} THEN r.id END"
    joined = (
        f"SELECT s.*, {same} AS kept FROM ({stage.select}) s LEFT JOIN posture_result r"  # noqa: S608
        f" ON r.subject_id = {stage.subject_id} AND r.check_id = %s AND r.to_run IS NULL"
        f" {'OFFSET 0' if connection.vendor == 'postgresql' else 'LIMIT -1 OFFSET 0'}"
    )
    schema = "pg_temp" if connection.vendor == "postgresql" else "temp"
    _run(f"DROP TABLE IF EXISTS {schema}.{TABLE}")
    _run(
        f"CREATE TEMPORARY TABLE {TABLE} AS SELECT {stage.subject_id} AS subject_id, {stage.verdict} AS verdict, kept,"  # noqa: S608
        f" CASE WHEN kept IS NULL THEN {stage.label} END AS label, CASE WHEN kept IS NULL THEN {evidence} END AS"
        f" evidence FROM ({joined}) s",
        [*params, task.version_id, *made_params, *stage.params, task.check_id],
    )
    if connection.vendor == "postgresql":
        _run(f"ANALYZE {TABLE} (kept)")
    else:
        _run(f"CREATE INDEX temp.{TABLE}_kept ON {TABLE} (kept)")


def _kept_evidence(stage: Staged) -> tuple[str, list[Any]]:
    """Return SQL for the evidence of a span; of what a check does not apply to none is kept."""
    made, params = stage.evidence
    empty = "'{}'::jsonb" if connection.vendor == "postgresql" else "'{}'"
    return f"CASE WHEN {is_outcome(stage.verdict, Outcome.NOT_APPLICABLE)} THEN {empty} ELSE {made} END", params


def _prepared(subject_id: Any) -> Any:
    return Result._meta.get_field("subject_id").get_db_prep_value(subject_id, connection)


def _run(sql: str, params: Sequence[Any] = ()) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return max(cursor.rowcount, 0)


def undo_check(number: int, check_id: str) -> None:
    """Take back what run `number` wrote for one check: first what it opened, then what it closed."""
    Result.objects.filter(check_id=check_id, from_run=number).delete()
    Result.objects.filter(check_id=check_id, to_run=number).update(to_run=None)


def undo_run(number: int) -> None:
    """Take back all that an unpublished run wrote."""
    checks = RunTask.objects.filter(run=number).values("check_id")
    Result.objects.filter(check_id__in=checks, from_run=number).delete()
    Result.objects.filter(to_run=number).update(to_run=None)
