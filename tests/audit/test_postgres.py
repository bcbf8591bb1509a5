"""The log on PostgreSQL: triggers, four writers at once, a head that is held, visibility."""

import itertools
import threading
import time
from pathlib import Path

import pytest
from django.db import DatabaseError, OperationalError, connection, connections, transaction

from apps.audit.models import Entry, Head
from apps.audit.queries.events import visible_events
from apps.audit.queries.verification import Trust, log_writable, verify_all
from apps.audit.services import append as append_service
from apps.audit.services.append import AuditUnavailable
from apps.audit.services.ingest import ingest
from apps.core.command import record
from apps.core.events import Subject
from tests.audit.log import CHANGED, READ, append, sign
from tests.audit.test_append import ACTOR, STATEMENTS, change, remove
from tests.audit.test_verification import SQL, bypass, held_outside
from tests.cast import assemble
from tests.factories import make_asset

pytestmark = [pytest.mark.postgres, pytest.mark.usefixtures("postgres")]
TABLES = ("audit_entry", "audit_details", "audit_head", "audit_node", "audit_checkpoint")


def test_the_database_refuses_changes(tmp_path: Path) -> None:
    """UPDATE, DELETE and TRUNCATE, of everything that makes up the log."""
    append(257, value="NUL \x00 and \ud800")
    sign(tmp_path)
    assert log_writable() and all(report.ok for report in verify_all(Trust({})))
    for statement in [*STATEMENTS, *(f"TRUNCATE {table} CASCADE" for table in TABLES)]:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Entry.objects.count() == 257


def test_four_writers_at_once_give_dense_numbers_in_the_order_of_commits() -> None:
    """Whoever had returned before another began has the lower number; the tree verifies."""
    clock, seen, failures = itertools.count(), {}, []

    def work(writer: int) -> None:
        try:
            for number in range(25):
                name = f"{writer}.{number}"
                began = next(clock)
                change(actor=ACTOR, name=name, inner=number % 3)
                seen[name] = (began, next(clock))
        except Exception as problem:
            failures.append(problem)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []
    numbers = dict(Entry.objects.values_list("subject_id", "seq"))
    assert sorted(numbers.values()) == list(range(len(numbers))) and len(numbers) == Entry.objects.count() >= 100
    order = [(seen[name], numbers[name]) for name in seen]
    wrong = [(a, b) for (a, b) in itertools.permutations(order, 2) if a[0][1] < b[0][0] and a[1] > b[1]]
    assert wrong == []
    assert all(report.ok for report in verify_all(Trust({})))


def test_a_held_head_stops_gains_after_two_seconds_and_reductions_never(settings: object, tmp_path: Path) -> None:
    """`lock_timeout` 2 s; the reduction goes to the journal and comes in later."""
    settings.ZTPORTAL_AUDIT_JOURNAL = str(tmp_path / "late.jsonl")  # type: ignore[attr-defined]
    append(1)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Head.objects.select_for_update().get(log="privileged")
            held.set()
            done.wait(timeout=30)
        connections["default"].close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(timeout=10)
    began = time.monotonic()
    with pytest.raises(AuditUnavailable):
        change(actor=ACTOR, name="gain")
    assert 1.5 < time.monotonic() - began < 6
    remove(actor=ACTOR, name="right")
    done.set()
    holder.join(timeout=10)
    assert Entry.objects.count() == 1 and ingest() == 1
    assert Entry.objects.get(late__isnull=False).subject_id == "right"


def test_a_commit_that_fails_leaves_an_act_that_is_not_confirmed(
    monkeypatch: pytest.MonkeyPatch, settings: object, tmp_path: Path
) -> None:
    """The journal is written before the commit; what the database then refuses is never called done."""
    journal = tmp_path / "late.jsonl"
    settings.ZTPORTAL_AUDIT_JOURNAL = str(journal)  # type: ignore[attr-defined]

    def fail(*args: object) -> None:
        raise OperationalError("no more")

    with monkeypatch.context() as patch:
        patch.setattr(append_service, "append_acts", fail)
        patch.setattr(connections["default"], "_commit", fail)
        with pytest.raises(OperationalError):
            remove(actor=ACTOR, name="right")
    assert b'"right"' in journal.read_bytes() and b"confirmed" not in journal.read_bytes()
    assert ingest() == 0 and Entry.objects.count() == 0


def test_events_are_visible_by_subject() -> None:
    """The same rule as on SQLite, where ids are stored otherwise."""
    cast = assemble()
    asset = make_asset(name="credit-risk-scorer", team=cast.teams["Model Engineering"])
    record(CHANGED, actor=cast.actor("ciso"), subject=Subject("asset", str(asset.pk), "x"), details={"note": "x"})
    record(READ, actor=cast.actor("ciso"), subject=Subject("secret", "not-a-uuid", "y"), details={"note": "y"})
    counts = {name: visible_events(cast.actor(name)).count() for name in ("auditor", "manager", "outsider")}
    assert counts == {"auditor": 2, "manager": 1, "outsider": 0}


@pytest.mark.parametrize("statement", SQL[::4])
def test_changes_in_the_database_itself_are_found(statement: str, tmp_path: Path) -> None:
    """As on SQLite: under one checkpoint that was held outside."""
    append(300)
    trust = held_outside(tmp_path)
    assert all(report.ok for report in verify_all(trust))
    bypass([statement])
    reports = verify_all(trust)
    problems = [str(problem) for report in reports for problem in report.findings.problems]
    tampered = [text for text in problems if "trigger" not in text]
    assert bool(tampered) == (statement != "DELETE FROM audit_checkpoint"), problems
