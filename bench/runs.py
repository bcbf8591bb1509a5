"""A run of eleven checks beside the same questions in plain SQL; a second run beside the first."""

from typing import Any

from django.db import connection, transaction

from apps.core import clock
from apps.core.actor import system
from apps.posture.models import Run
from apps.posture.services.executing import execute_run
from apps.posture.services.runs import request_run
from apps.posture.states import RunState, TaskState, Trigger
from bench.measure import Ratio, timed
from bench.plain import QUESTIONS

ACTOR = system("bench")
ANSWER = "bench_answer"
WRITTEN = (
    "posture_findingevent, posture_finding, posture_result, posture_assetscore, posture_runtotal, posture_runtask, "
    "posture_run"
)


def full_runs(pairs: int) -> list[Ratio]:
    """Measure pairs of plain SQL and product, from empty results, and after each a run with nothing changed."""
    bare = Ratio(f"run of {len(QUESTIONS)} checks / plain SQL into a table without index", 3)
    keyed = Ratio(
        f"run of {len(QUESTIONS)} checks / plain SQL into a table with one answer a check and subject (unique key)", 3
    )
    again = Ratio("second run with nothing changed / first run", 0.5)
    for _ in range(pairs):
        _forget()
        plain, with_key = answer(unique=False), answer(unique=True)
        with timed() as first:
            run = execute()
        _compare(run)
        with timed() as second:
            repeated = execute()
        if repeated.written or repeated.opened or repeated.resolved:
            raise SystemExit(f"nothing changed, but run {repeated.pk} wrote {repeated.written} spans")
        bare.add(first.seconds, plain)
        keyed.add(first.seconds, with_key)
        again.add(second.seconds, first.seconds)
        print(
            f"  plain {plain:.1f} s, keyed {with_key:.1f} s, first run {first.seconds:.1f} s, "
            f"second {second.seconds:.1f} s"
        )
    _drop()
    return [bare, keyed, again]


def execute() -> Run:
    """Request, execute and publish a run of the checks that plain SQL is asked too, as the command line does."""
    requested: Run = request_run(
        actor=ACTOR, trigger=Trigger.COMMAND, checks=list(QUESTIONS), inline=True, now=clock.now()
    ).value
    run = execute_run(actor=ACTOR, number=requested.pk)
    problems = list(run.tasks.exclude(state=TaskState.DONE).values_list("check_id", "error"))
    if run.state != RunState.PUBLISHED or problems:
        raise SystemExit(f"run {run.pk} is {run.state}: {problems}")
    for task in run.tasks.order_by("check_id"):
        print(f"    {task.check_id} {(task.finished_at - task.started_at).total_seconds():.1f} s", end="")
    print(f"    publish {(run.finished_at - max(t.finished_at for t in run.tasks.all())).total_seconds():.1f} s")
    return run


def answer(*, unique: bool) -> float:
    """Write the answers of the plain questions into a new table and count them; return the seconds."""
    _drop()
    with timed() as took, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', '128MB', true), set_config('jit', 'off', true)")
        cursor.execute(f"CREATE TABLE {ANSWER} (check_id varchar(8), subject_id uuid, outcome text, reason text)")
        if unique:
            cursor.execute(f"ALTER TABLE {ANSWER} ADD UNIQUE (subject_id, check_id)")
        now = clock.now()
        for check_id, question in QUESTIONS.items():
            cursor.execute(
                f"INSERT INTO {ANSWER} SELECT %(check)s, a.id, "
                "split_part(verdict, '/', 1), split_part(verdict, '/', 2) "
                f"FROM ({question}) AS a (id, verdict)",
                {"check": check_id, "at": now},
            )
        cursor.execute(f"SELECT check_id, outcome, reason, count(*) FROM {ANSWER} GROUP BY 1, 2, 3")
        cursor.fetchall()
    return took.seconds


def _compare(run: Run) -> None:
    """Stop the benchmark unless product and plain SQL answered the same about the same subjects."""
    ours = "SELECT check_id, subject_id, outcome, reason FROM posture_result WHERE to_run IS NULL"
    plain = f"SELECT check_id, subject_id, outcome, reason FROM {ANSWER}"
    with connection.cursor() as cursor:
        for left, right, who in ((ours, plain, "only the product"), (plain, ours, "only plain SQL")):
            cursor.execute(
                f"SELECT check_id, outcome, reason, count(*) FROM ({left} EXCEPT {right}) d GROUP BY 1, 2, 3"
            )
            different: list[Any] = cursor.fetchall()
            if different:
                raise SystemExit(f"{who} says: {different}")
        cursor.execute(f"SELECT count(*) FROM {ANSWER}")
        print(f"  the same {cursor.fetchone()[0]:,} answers from both; run {run.pk} opened {run.opened:,} findings")


def _forget() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {WRITTEN} CASCADE")
        cursor.execute("TRUNCATE insights_snapshot CASCADE")
        cursor.execute("CHECKPOINT")


def _drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {ANSWER}")
