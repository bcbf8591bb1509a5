"""Verifying the logs in the database: all of it, or what came after a checkpoint.

Reads first what is claimed (checkpoints, head), then the entries up to the head, so that events appended meanwhile are
no alarm. Memory does not grow with the log but for one hash in 256.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max

from apps.audit import entry
from apps.audit.checking import COLUMNS, Findings, LogCheck, Row, check_erasures
from apps.audit.merkle import RightEdge
from apps.audit.models import LOGS, Checkpoint, Entry, Head, Node, Verification
from apps.audit.notes import NoteError, VerifierKey, read_checkpoint, verify_checkpoint

CHUNK = 2000
TRIGGERS = ("no_update", "no_delete")
TABLES = ("audit_entry", "audit_node", "audit_checkpoint", "audit_head", "audit_details")


@dataclass(frozen=True, slots=True)
class LogReport:
    """What verifying one log found."""

    log: str
    origin: str
    size: int
    checkpoints: int
    witnesses: int
    pinned: bool
    findings: Findings
    last_checkpoint: datetime | None

    @property
    def ok(self) -> bool:
        """Return whether all of it verifies."""
        return not self.findings.count


@dataclass(frozen=True, slots=True)
class Trust:
    """What the verifier brings along: keys by origin, and checkpoints held outside as (where, note)."""

    keys: Mapping[str, Sequence[VerifierKey]]
    witnesses: Sequence[tuple[str, str]] = ()


def rows(name: str, start: int, end: int | None = None) -> Iterator[Row]:
    """Yield the stored rows of a log from `start` on (to before `end`), in the order of their numbers."""
    found = Entry.objects.filter(log=name, seq__gte=start)
    if end is not None:
        found = found.filter(seq__lt=end)
    fields = ("details__content", "details__salt", "details__actor_label", "details__subject_label")
    values = found.order_by("seq", "pk").values_list("seq", "body", "leaf", *fields, "details__erased_at", *COLUMNS)
    for seq, body, leaf, content, salt, actor_label, subject_label, erased_at, *columns in values.iterator(CHUNK):
        yield Row(
            seq=seq,
            body=bytes(body),
            leaf=bytes(leaf),
            columns=dict(zip(COLUMNS, columns, strict=True)),
            content=None if content is None else bytes(content),
            salt=None if salt is None else bytes(salt),
            labels={"actor_label": actor_label, "subject_label": subject_label},
            erased_at=erased_at,
        )


def verify_all(trust: Trust) -> list[LogReport]:
    """Verify every log whole; return a report each."""
    erasures: dict[str, set[str]] = {}
    found: list[tuple[LogReport, LogCheck]] = []
    heads = {head.log: head for head in Head.objects.all()}
    for name in LOGS:
        report, check = _verify(name, heads.get(name), trust)
        for subject, times in check.erasures.items():
            erasures.setdefault(subject, set()).update(times)
        found.append((report, check))
    for report, check in found:
        check_erasures(report.log, check, erasures)
    strays = Findings()
    _strays(heads, trust, strays)
    found[0][0].findings.put_first(strays)
    return [report for report, _ in found]


def _strays(heads: Mapping[str, Head], trust: Trust, findings: Findings) -> None:
    """Note what belongs to no log: rows of unknown logs, witnesses of logs that are not there, missing triggers."""
    for model in (Entry, Node, Checkpoint, Head):
        if model._default_manager.exclude(log__in=LOGS).exists():
            findings.add(None, f"{model._meta.verbose_name} rows of an unknown log")
    origins = {head.origin for head in heads.values()}
    for where, note in trust.witnesses:
        try:
            origin = read_checkpoint(note)[0]
        except NoteError as problem:
            findings.add(None, f"{where}: {problem}")
            continue
        if origin not in origins:
            findings.add(None, f"{where} is of {origin}, and there is no such log")
    for missing in missing_triggers():
        findings.add(None, f"the trigger {missing} is missing")


def missing_triggers() -> list[str]:
    """Return the append-only triggers that the database lacks."""
    table, column = ("sqlite_master", "name") if connection.vendor == "sqlite" else ("pg_trigger", "tgname")
    where = "type = 'trigger'" if connection.vendor == "sqlite" else "tgenabled IN ('O', 'A')"
    kinds = TRIGGERS if connection.vendor == "sqlite" else (*TRIGGERS, "no_truncate")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} WHERE {where}")  # noqa: S608 (constants)
        there = {name for (name,) in cursor.fetchall()}
    return [f"{table}_{kind}" for table in TABLES for kind in kinds if f"{table}_{kind}" not in there]


def _verify(name: str, head: Head | None, trust: Trust) -> tuple[LogReport, LogCheck]:
    checkpoints = list(Checkpoint.objects.filter(log=name).order_by("size"))
    last_seq = Entry.objects.filter(log=name).aggregate(last=Max("seq"))["last"]
    head = Head.objects.filter(log=name).first() or head
    origin = head.origin if head else ""
    keys = trust.keys.get(origin, ())
    findings = Findings()
    roots: dict[int, list[tuple[bytes, str]]] = {}
    for checkpoint in checkpoints:
        _claim_stored(checkpoint, origin, trust, roots, findings)
    witnesses = _claim_witnesses(origin, trust, roots, findings)
    nodes = {(n.level, n.index): bytes(n.value) for n in Node.objects.filter(log=name).iterator(CHUNK)}
    check = LogCheck(origin, roots=roots, nodes=nodes)
    check.findings.put_first(findings)
    size = head.size if head else 0
    feed(check, name, 0, max(size, (last_seq or 0) + 1 if last_seq is not None else 0))
    check.finish(
        size=size, edge=bytes(head.edge) if head else b"", root=bytes(head.root) if head else check.edge.root()
    )
    last = max((checkpoint.signed_at for checkpoint in checkpoints), default=None)
    return LogReport(
        name, origin, check.edge.size, len(checkpoints), witnesses, bool(keys), check.findings, last
    ), check


def feed(check: LogCheck, name: str, start: int, end: int) -> None:
    """Feed stored rows to a check; a row that cannot even be read is a problem, and ends it."""
    try:
        for row in rows(name, start, end):
            check.feed(row)
    except (ValueError, TypeError, AttributeError) as problem:
        check.findings.add(check.edge.size, f"a column cannot be read: {problem}")


def _claim_stored(
    stored: Checkpoint, origin: str, trust: Trust, roots: dict[int, list[tuple[bytes, str]]], findings: Findings
) -> None:
    """Read a stored checkpoint; what it says must hold, and its columns must say the same."""
    label = f"checkpoint {stored.size}"
    try:
        key = VerifierKey.parse(stored.verifier_key)
        known = trust.keys.get(origin)
        if known is not None and key not in known:
            raise NoteError("it is signed by a key that is not pinned")
        said = verify_checkpoint(stored.note, key)
        if said.origin != origin:
            raise NoteError("it is of another log")
        same_time = said.signed_at is not None and said.signed_at == stored.signed_at.replace(microsecond=0)
        edge = RightEdge.unpack(stored.size, bytes(stored.edge))
        if (said.size, said.root, said.root) != (stored.size, bytes(stored.root), edge.root()) or not same_time:
            raise NoteError("its columns differ from its note")
    except (ValueError, TypeError) as problem:
        findings.add(None, f"{label}: {problem}")
        return
    roots.setdefault(said.size, []).append((said.root, label))


def _claim_witnesses(origin: str, trust: Trust, roots: dict[int, list[tuple[bytes, str]]], findings: Findings) -> int:
    """Read the outside-held checkpoints of this log; return how many there are."""
    count = 0
    for where, note in trust.witnesses:
        try:
            said_origin, size, root = read_checkpoint(note)
        except NoteError:
            continue  # named by _strays
        if said_origin != origin:
            continue
        count += 1
        try:
            _require_signed(note, trust.keys.get(origin))
            roots.setdefault(size, []).append((root, f"the outside checkpoint {where}"))
        except NoteError as problem:
            findings.add(None, f"the outside checkpoint {where}: {problem}")
    return count


def _require_signed(note: str, keys: Sequence[VerifierKey] | None) -> None:
    """Raise NoteError unless one of the keys signed the note; without keys the outside copy is taken as it is."""
    problems: list[NoteError] = []
    for key in keys or ():
        try:
            verify_checkpoint(note, key)
        except NoteError as problem:
            problems.append(problem)
        else:
            return
    if problems:
        raise problems[0]


def erasure_times(name: str, seqs: Sequence[int]) -> dict[str, set[str]]:
    """Return when the details of these entries were erased, as their erasure entries say, by `log/seq`."""
    subjects = [f"{name}/{seq}" for seq in seqs]
    times: dict[str, set[str]] = {}
    found = Entry.objects.filter(action="audit.details.erased", outcome="done", subject_id__in=subjects)
    for body in found.values_list("body", flat=True):
        fields: dict[str, Any] = entry.parse(body)
        times.setdefault(fields["subject"]["id"], set()).add(fields["after"])
    return times


def log_writable() -> bool:
    """Return whether the log's tables are there, guarded by their triggers, in a database that takes writes."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only" if connection.vendor == "sqlite" else "SHOW transaction_read_only")
        (read_only,) = cursor.fetchone()
    Head.objects.exists()
    return read_only in (0, "off") and not missing_triggers()


def statuses() -> list[Verification]:
    """Return what notary and verifier last found in each log, the privileged log first (1 query)."""
    return list(Verification.objects.order_by("-log", "by"))
