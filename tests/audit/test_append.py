"""Appending: dense numbers, exact bytes, columns, triggers, one batch per outermost command, failures."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from apps.audit import merkle
from apps.audit.models import Checkpoint, Details, Entry, Head, Node
from apps.audit.services import append as append_service
from apps.audit.services.append import AuditUnavailable, Sink
from apps.audit.services.ingest import CONFIRMED_WITHIN, ingest
from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Forbidden
from apps.core.events import Subject
from tests.audit.log import CHANGED, NOW, READ, REMOVED, append, last, sign, snapshot

pytestmark = pytest.mark.django_db
ACTOR = Actor(kind="person", id="p-1", label="Zoë Ångström", origin="203.0.113.9", credential="session:abc")


@command(CHANGED)
def change(*, actor: Actor, name: str, fail: bool = False, inner: int = 0, now: datetime | None = None) -> Changed:
    """Change a head's neighbour: here a row of Verification stands for any business row."""
    for number in range(inner):
        change(actor=actor, name=f"{name}.{number}", now=now)
    if fail:
        raise Forbidden("You may not.")
    return Changed(Subject("thing", name, f"Thing {name}"), {"note": name}, before="open", after="closed")


@command(REMOVED)
def remove(*, actor: Actor, name: str, now: datetime | None = None) -> Changed:
    """Take something away."""
    return Changed(Subject("thing", name), {"note": name})


@command(CHANGED)
def leave(*, actor: Actor, now: datetime | None = None) -> Unchanged:
    """Change nothing."""
    return Unchanged()


def test_numbers_are_dense_and_the_head_is_that_of_the_bytes() -> None:
    """Two logs, two trees; the stored bytes hash to the leaves of the head's tree."""
    append(3)
    append(2, event=READ)
    append(300, start=3)
    for name, size in (("privileged", 303), ("activity", 2)):
        head, rows = snapshot(name)
        assert [row.seq for row in rows] == list(range(size)) and head.size == size
        edge = merkle.RightEdge()
        for row in rows:
            edge.append(merkle.leaf_hash(row.body))
        assert bytes(head.root) == edge.root() and bytes(head.edge) == edge.pack()
    assert Node.objects.filter(log="privileged").count() == 1


def test_an_entry_holds_ids_and_states_and_the_details_the_names() -> None:
    """People appear by id in the entry; name, address and free text can be erased."""
    change(actor=ACTOR, name="a", now=NOW)
    fields, details = json.loads(bytes(last().body)), json.loads(bytes(last().details.content))
    assert fields["actor"] == {"kind": "person", "id": "p-1", "credential": "session:abc", "method": "none"}
    assert (fields["before"], fields["after"], fields["outcome"], fields["at"]) == (
        "open", "closed", "done", "2026-11-20T06:12:30.123456Z",
    )  # fmt: skip
    assert details == {"actor": "Zoë Ångström", "subject": "Thing a", "from": "203.0.113.9", "facts": {"note": "a"}}
    assert "Zoë" not in bytes(last().body).decode() and "203.0" not in bytes(last().body).decode()


def test_nested_commands_are_one_batch_in_order() -> None:
    """The outermost appends, last; nothing changed appends nothing."""
    change(actor=ACTOR, name="outer", inner=3)
    leave(actor=ACTOR)
    subjects = list(Entry.objects.order_by("seq").values_list("subject_id", flat=True))
    assert subjects == ["outer.0", "outer.1", "outer.2", "outer"]


def test_a_refusal_is_written_down_and_its_change_is_not() -> None:
    """`.denied` after the rollback."""
    with pytest.raises(Forbidden):
        change(actor=ACTOR, name="outer", inner=2, fail=True)
    (only,) = Entry.objects.all()
    assert (only.action, only.outcome) == ("audittest.thing.changed.denied", "denied")


def test_hostile_details_are_recorded() -> None:
    """NUL, lone surrogates, huge integers, bidi and endless lists."""
    append(1, value=["\x00", "\ud800", 10**5000, "\u202e", float("nan"), {"a\x00": "=1+1"}] * 200)
    append(1, actor=Actor(kind="person", id="x\x00" * 300, label="\x00\ud800" + "n" * 9999, request_id="\x00"))
    head, rows = snapshot()
    assert head.size == 2 and len(rows[1].columns["actor_id"]) == 200


def test_undeclared_details_are_refused() -> None:
    """What may be written down is decided where the event is declared."""
    with pytest.raises(ValueError, match="declares no detail password"):
        append(1, password="hunter2")
    assert not Entry.objects.exists()


STATEMENTS = [
    "UPDATE audit_entry SET action = 'x'",
    "UPDATE audit_entry SET body = leaf",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_details",
    "UPDATE audit_details SET content = salt",
    "UPDATE audit_details SET content = NULL",
    "UPDATE audit_details SET salt = NULL, content = NULL, actor_label = '', subject_label = ''",
    "UPDATE audit_head SET size = 1",
    "UPDATE audit_head SET origin = 'x', size = size + 1",
    "UPDATE audit_head SET log = 'x', size = size + 1",
    "DELETE FROM audit_head",
    "UPDATE audit_checkpoint SET size = 1",
    "DELETE FROM audit_checkpoint",
    "DELETE FROM audit_node",
    "UPDATE audit_node SET value = ''",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_database_refuses_changes(statement: str, tmp_path: Path) -> None:
    """Triggers on entries, details, heads, nodes and checkpoints."""
    append(257)
    sign(tmp_path)
    assert Checkpoint.objects.exists() and Node.objects.exists()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.count() == Details.objects.count() == 257


def test_a_gain_whose_append_fails_is_rolled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """No privileged act without record (P6)."""

    def full(*args: object, **kwargs: object) -> None:
        raise DatabaseError("disk full")

    for place in ("bulk_create",):
        for manager in (Entry.objects, Details.objects):
            with monkeypatch.context() as patch:
                patch.setattr(manager, place, full)
                with pytest.raises(AuditUnavailable) as refused:
                    gain(actor=ACTOR, name="gained")
                assert refused.value.status == 503
    assert not Head.objects.filter(log="activity").exists() and not Entry.objects.exists()


@command(CHANGED)
def gain(*, actor: Actor, name: str, now: datetime | None = None) -> Changed:
    """Write a business row (a head of the other log), then report it."""
    Head.objects.create(log="activity", origin=name, root=merkle.EMPTY_ROOT)
    return Changed(Subject("thing", name), {"note": name})


def down(acts: object) -> None:
    """Stand for a log that cannot be written."""
    raise DatabaseError("lock timeout")


@pytest.fixture
def journal(settings: object, tmp_path: Path) -> Path:
    """Where this test's journal is kept."""
    place = tmp_path / "journal" / "late.jsonl"
    settings.ZTPORTAL_AUDIT_JOURNAL = str(place)  # type: ignore[attr-defined]
    return place


def test_a_reduction_goes_on_and_is_ingested_late(
    monkeypatch: pytest.MonkeyPatch, journal: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    """The journal keeps it, the reconciler brings it in, once, marked late; a torn line is set aside."""
    with monkeypatch.context() as patch, django_capture_on_commit_callbacks(execute=True):
        patch.setattr(append_service, "append_acts", down)
        remove(actor=ACTOR, name="right-1", now=NOW)
        remove(actor=ACTOR, name="right-2", now=NOW)
        with pytest.raises(AuditUnavailable):
            change(actor=ACTOR, name="gain")
    assert not Entry.objects.exists() and journal.stat().st_mode & 0o777 == 0o600
    before = journal.read_bytes()
    journal.write_bytes(before + b'{"id": "torn')
    assert ingest() == 2 and journal.read_bytes() == b""
    assert b"torn" in journal.with_suffix(".damaged").read_bytes()
    assert [(entry.subject_id, entry.outcome) for entry in Entry.objects.order_by("seq")] == [
        ("right-1", "done"),
        ("right-2", "done"),
    ]
    assert json.loads(bytes(last().body))["late"] == last().late and last().at == NOW
    journal.write_bytes(before)
    assert ingest() == 0 and Entry.objects.count() == 2


def test_a_crash_at_the_commit_loses_no_record_and_says_what_is_not_known(
    monkeypatch: pytest.MonkeyPatch, journal: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    """The act is on the disk before the commit. Unconfirmed it waits, holds up nothing, and goes in as unconfirmed."""
    with monkeypatch.context() as patch:
        patch.setattr(append_service, "append_acts", down)
        with django_capture_on_commit_callbacks(execute=False):
            remove(actor=ACTOR, name="cut-off", now=NOW)
            assert b"cut-off" in journal.read_bytes()
        with django_capture_on_commit_callbacks(execute=True):
            remove(actor=ACTOR, name="confirmed", now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: NOW + CONFIRMED_WITHIN)
        assert ingest() == 1 and ingest() == 0
    assert last().subject_id == "confirmed" and b"cut-off" in journal.read_bytes()
    monkeypatch.setattr(clock, "now", lambda: NOW + CONFIRMED_WITHIN + timedelta(seconds=1))
    assert ingest() == 1 and journal.read_bytes() == b""
    assert [(entry.subject_id, entry.outcome) for entry in Entry.objects.order_by("seq")] == [
        ("confirmed", "done"),
        ("cut-off", "unconfirmed"),
    ]


def test_a_journal_that_cannot_be_written_does_not_stop_the_reduction(settings: object, tmp_path: Path) -> None:
    """The act is done; all that is left is an alarm."""
    (tmp_path / "file").write_text("")
    settings.ZTPORTAL_AUDIT_JOURNAL = str(tmp_path / "file" / "late.jsonl")  # type: ignore[attr-defined]
    Sink().append_late(system("tests"), [], NOW)
