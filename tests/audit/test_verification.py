"""P7: every change of witnessed entries is found, and clean logs raise nothing."""

import copy
import dataclasses
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from apps.audit import entry, merkle, notes
from apps.audit.checking import Findings, LogCheck, Row, check_erasures
from apps.audit.models import Head, Verification
from apps.audit.queries.verification import Trust, verify_all
from apps.audit.services.erasure import erase_details
from apps.core.actor import system
from tests.audit.log import KEY, append, sign, snapshot

pytestmark = pytest.mark.django_db
SIZE = 24


@dataclasses.dataclass
class Stored:
    """A log as the database holds it, open to anyone who owns the database."""

    origin: str
    size: int
    edge: bytes
    root: bytes
    rows: list[Row]

    def rebuilt(self) -> "Stored":
        """Make leaves and head fit the bytes again, as a careful forger would."""
        edge, rows = merkle.RightEdge(), []
        for row in self.rows:
            rows.append(dataclasses.replace(row, leaf=merkle.leaf_hash(row.body)))
            edge.append(rows[-1].leaf)
        return Stored(self.origin, edge.size, edge.pack(), edge.root(), rows)


def check(stored: Stored, witness: tuple[int, bytes]) -> Findings:
    """Verify under one checkpoint that was held outside."""
    one = LogCheck(stored.origin, roots={witness[0]: [(witness[1], "the outside checkpoint")]})
    for row in stored.rows:
        one.feed(row)
    check_erasures("privileged", one, one.erasures)
    return one.finish(size=stored.size, edge=stored.edge, root=stored.root)


def renumbered(row: Row, seq: int, **changes: str) -> Row:
    """Return the row at another place, with bytes, columns and commitment made to fit."""
    fields = {**entry.parse(row.body), "seq": seq, **changes}
    body = entry.canonical.encode(fields)
    return dataclasses.replace(row, seq=seq, body=body, columns={**row.columns, **entry.columns(fields)})


def flip(data: bytes, dice: random.Random) -> bytes:
    """Change one bit."""
    at = dice.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << dice.randrange(8))]) + data[at + 1 :]


def edit_column(stored: Stored, dice: random.Random) -> None:
    """Change one search column."""
    at = dice.randrange(len(stored.rows))
    row, name = stored.rows[at], dice.choice(sorted(stored.rows[at].columns))
    value = row.columns[name]
    new = value + timedelta(microseconds=1) if name == "at" else f"{value or ''}x"
    stored.rows[at] = dataclasses.replace(row, columns={**row.columns, name: new})


def edit_bytes(stored: Stored, dice: random.Random) -> None:
    """Change one bit of bytes, leaf, details or salt."""
    at, name = dice.randrange(len(stored.rows)), dice.choice(["body", "leaf", "content", "salt"])
    stored.rows[at] = dataclasses.replace(stored.rows[at], **{name: flip(getattr(stored.rows[at], name), dice)})


def edit_label(stored: Stored, dice: random.Random) -> None:
    """Change a name beside the entry, or drop the details."""
    at = dice.randrange(len(stored.rows))
    row = stored.rows[at]
    if dice.random() < 0.5:
        stored.rows[at] = dataclasses.replace(row, labels={**row.labels, "actor_label": "somebody else"})
    else:
        gone = {"actor_label": "", "subject_label": ""}
        moment = row.columns["at"] if dice.random() < 0.5 else None
        stored.rows[at] = dataclasses.replace(row, content=None, salt=None, labels=gone, erased_at=moment)


def rewrite(stored: Stored, dice: random.Random) -> Stored:
    """Change what an entry says, consistently in bytes, columns, leaf and head."""
    at = dice.randrange(len(stored.rows))
    stored.rows[at] = renumbered(stored.rows[at], at, outcome="denied")
    return stored.rebuilt()


def delete(stored: Stored, dice: random.Random) -> Stored:
    """Drop an entry and close the gap."""
    del stored.rows[dice.randrange(len(stored.rows))]
    stored.rows = [renumbered(row, seq) for seq, row in enumerate(stored.rows)]
    return stored.rebuilt()


def delete_plainly(stored: Stored, dice: random.Random) -> None:
    """Drop an entry and leave the gap."""
    del stored.rows[dice.randrange(len(stored.rows))]


def insert(stored: Stored, dice: random.Random) -> Stored:
    """Add an entry in between, and make the rest fit."""
    stored.rows.insert(dice.randrange(len(stored.rows)), dice.choice(stored.rows))
    stored.rows = [renumbered(row, seq) for seq, row in enumerate(stored.rows)]
    return stored.rebuilt()


def reorder(stored: Stored, dice: random.Random) -> Stored:
    """Swap two entries, and make the rest fit."""
    left, right = dice.sample(range(len(stored.rows)), 2)
    stored.rows[left], stored.rows[right] = stored.rows[right], stored.rows[left]
    if dice.random() < 0.5:
        stored.rows = [renumbered(row, seq) for seq, row in enumerate(stored.rows)]
    return stored.rebuilt()


def cut(stored: Stored, dice: random.Random) -> Stored:
    """Cut the end off, head included."""
    del stored.rows[dice.randrange(len(stored.rows)) :]
    return stored.rebuilt()


def edit_head(stored: Stored, dice: random.Random) -> None:
    """Change the head alone."""
    name = dice.choice(["size", "edge", "root"])
    stored.size += name == "size"
    if name != "size":
        setattr(stored, name, flip(getattr(stored, name), dice))


MUTATIONS: list[Callable[[Stored, random.Random], Stored | None]] = [
    edit_column, edit_bytes, edit_label, rewrite, delete, delete_plainly, insert, reorder, cut, edit_head,
]  # fmt: skip


def test_a_thousand_random_mutations_are_all_found() -> None:
    """Edits, deletions, insertions, swaps and cuts, clumsy or with everything made to fit."""
    append(SIZE, before={"a": 1}, after={"a": 2})
    head, rows = snapshot()
    clean = Stored(head.origin, head.size, bytes(head.edge), bytes(head.root), rows)
    witness = (head.size, bytes(head.root))
    missed = []
    for number in range(1000):
        dice = random.Random(number)
        mutate = MUTATIONS[number % len(MUTATIONS)]
        forged = dataclasses.replace(clean, rows=copy.copy(clean.rows))
        if not check(mutate(forged, dice) or forged, witness).count:
            missed.append((number, mutate.__name__))
    assert missed == []


def test_a_thousand_clean_runs_raise_nothing() -> None:
    """Logs of every small size, under every checkpoint they ever had."""
    append(SIZE)
    append(SIZE, start=SIZE, value="\x00 \ud800 " + "x" * 9000)
    head, rows = snapshot()
    edge, roots = merkle.RightEdge(), {}
    for row in rows:
        edge.append(row.leaf)
        roots[edge.size] = (edge.pack(), edge.root())
    alarms = []
    for number in range(1000):
        dice = random.Random(number)
        size = dice.randrange(1, len(rows) + 1)
        witness = dice.randrange(1, size + 1)
        stored = Stored(head.origin, size, *roots[size], rows[:size])
        found = check(stored, (witness, roots[witness][1]))
        alarms += [str(problem) for problem in found.problems]
    assert alarms == []


SQL = [
    "UPDATE audit_entry SET action = 'x' WHERE seq = 5",
    "UPDATE audit_entry SET actor_id = 'x' WHERE seq = 0",
    "UPDATE audit_entry SET at = '2020-01-01 00:00:00' WHERE seq = 3",
    "UPDATE audit_entry SET late = 'x' WHERE seq = 3",
    "UPDATE audit_entry SET log = 'activity' WHERE seq = 7",
    "UPDATE audit_entry SET log = 'other' WHERE seq = 7",
    "UPDATE audit_entry SET seq = 999 WHERE seq = 7",
    "UPDATE audit_entry SET body = leaf WHERE seq = 7",
    "UPDATE audit_details SET actor_label = 'x' WHERE entry_id = (SELECT id FROM audit_entry WHERE seq = 2)",
    "UPDATE audit_details SET content = salt WHERE entry_id = (SELECT id FROM audit_entry WHERE seq = 2)",
    "DELETE FROM audit_details WHERE entry_id = (SELECT id FROM audit_entry WHERE seq = 2)",
    "UPDATE audit_head SET size = 259",
    "UPDATE audit_head SET origin = 'elsewhere'",
    "DELETE FROM audit_head",
    "DELETE FROM audit_node",
    "DELETE FROM audit_checkpoint",
    "UPDATE audit_checkpoint SET size = 200",
    "UPDATE audit_checkpoint SET note = 'x'",
    "UPDATE audit_checkpoint SET signed_at = '2020-01-01 00:00:00'",
    "UPDATE audit_checkpoint SET verifier_key = 'x'",
]


def bypass(statements: list[str]) -> None:
    """Run SQL as an owner of the database would, after dropping the triggers."""
    tables = ("entry", "details", "head", "node", "checkpoint")
    with connection.cursor() as cursor:
        for table in tables:
            for kind in ("update", "delete"):
                on = f" ON audit_{table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER audit_{table}_no_{kind}{on}")
        for statement in statements:
            cursor.execute(statement)


def held_outside(folder: Path) -> Trust:
    """The key, and the one checkpoint as it was signed."""
    (done,) = sign(folder)
    key = notes.VerifierKey.of(Head.objects.get().origin, KEY)
    return Trust({key.name: [key]}, [("kept.note", done.note)])


@pytest.mark.parametrize("statement", [*SQL, ""])
def test_changes_in_the_database_itself_are_found(statement: str, tmp_path: Path) -> None:
    """Through SQL with the triggers gone; the missing triggers alone are found too."""
    append(260)
    trust = held_outside(tmp_path)
    assert all(report.ok for report in verify_all(trust))
    bypass([statement] if statement else [])
    reports = verify_all(trust)
    problems = [str(problem) for report in reports for problem in report.findings.problems]
    tampered = [text for text in problems if "trigger" not in text]
    # Deleting stored checkpoints takes nothing from what is held outside: only the triggers tell.
    expected = statement not in ("", "DELETE FROM audit_checkpoint")
    assert bool(tampered) == expected, problems
    assert any("trigger audit_entry_no_delete is missing" in text for text in problems)


def test_an_erasure_is_no_alarm_and_one_without_an_entry_is(tmp_path: Path) -> None:
    """Names go, the proof stays."""
    append(5)
    trust = held_outside(tmp_path)
    erase_details(actor=system("tests"), log="privileged", seq=2, reason="asked by the person")
    assert [str(p) for report in verify_all(trust) for p in report.findings.problems] == []
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit_details SET content = NULL, salt = NULL, actor_label = '', subject_label = '',"
            " erased_at = '2026-11-20 07:00:00+00:00' WHERE entry_id = (SELECT id FROM audit_entry WHERE seq = 3)"
        )
    (problem,) = verify_all(trust)[0].findings.problems
    assert str(problem) == "event 3: the details were erased without an entry that says so"
    assert not Verification.objects.filter(ok=False).exists()
