"""Appending: the sink that core's commands write to.

The append is the last thing a transaction does. It locks the head of the log, so that sequence numbers are dense and in
the order of commits, and holds the lock only until that commit (reliability.md §3).
"""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection
from prometheus_client import Counter

from apps.audit import canonical, entry
from apps.audit.merkle import EMPTY_ROOT, RightEdge, leaf_hash
from apps.audit.models import LOGS, Details, Entry, Head, Node
from apps.audit.services import journal
from apps.core.actor import Actor
from apps.core.errors import DomainError
from apps.core.events import Occurrence

log = logging.getLogger(__name__)

LOCK_TIMEOUT = "2s"
BATCH = 400
NODE_LEVELS = 8
APPENDED = Counter("ztportal_audit_entries", "Audit entries appended", ["log"])
FAILURES = Counter("ztportal_audit_append_failures", "Audit appends that failed")


class AuditUnavailable(DomainError):
    """The audit log cannot be written, so what gives rights or changes the portal is not done (reliability.md §3)."""

    status = 503
    title = "Not recorded, so not done"


class Sink:
    """The audit log as core's commands see it (core.command.AuditSink)."""

    def append(self, actor: Actor, occurrences: list[Occurrence], now: datetime) -> None:
        """Append within the open transaction; raise AuditUnavailable when the database refuses."""
        for occurrence in occurrences:
            require_declared(occurrence)
        try:
            append_acts([entry.act_of(actor, occurrence, now) for occurrence in occurrences])
        except DatabaseError as problem:
            FAILURES.inc()
            log.exception("audit append failed")
            raise AuditUnavailable("The audit log cannot be written now. Nothing was changed; try again.") from problem

    def append_late(self, actor: Actor, occurrences: list[Occurrence], now: datetime) -> Callable[[], None]:
        """Keep reductions whose append failed in the emergency journal; the answer confirms them after the commit."""
        ids = journal.write([entry.act_of(actor, occurrence, now) for occurrence in occurrences])
        return partial(journal.confirm, ids)


def require_declared(occurrence: Occurrence) -> None:
    """Raise ValueError for a detail its event does not declare: what may be written down is decided beforehand."""
    undeclared = sorted(set(occurrence.details) - set(occurrence.event.details))
    if undeclared:
        raise ValueError(f"{occurrence.event.name} declares no detail {', '.join(undeclared)}")


def append_acts(acts: list[entry.Act]) -> list[Entry]:
    """Append acts to their logs within the open transaction, in order; return the entries."""
    entries: list[Entry] = []
    for name in LOGS:  # always in this order, so that two batches cannot wait for each other
        mine = [act for act in acts if act.log == name]
        if mine:
            entries += _append_to(name, mine)
            APPENDED.labels(name).inc(len(mine))
    return entries


def _append_to(name: str, acts: list[entry.Act]) -> list[Entry]:
    head = _locked_head(name)
    size = head.size
    edge = RightEdge.unpack(size, bytes(head.edge))
    entries, details, nodes = [], [], []
    for act in acts:
        content, salt = canonical.encode(act.details), secrets.token_bytes(entry.SALT_SIZE)
        row = _entry(act, head.origin, edge.size, entry.commitment(salt, content))
        entries.append(row)
        details.append(Details(entry=row, content=content, salt=salt, **entry.labels(act.details)))
        completed = edge.append(bytes(row.leaf))
        nodes += [
            Node(log=name, level=at, index=index, value=value) for at, index, value in completed if not at % NODE_LEVELS
        ]
    Entry.objects.bulk_create(entries, batch_size=BATCH)
    for detail in details:
        detail.entry_id = detail.entry.pk
    Details.objects.bulk_create(details, batch_size=BATCH)
    Node.objects.bulk_create(nodes, batch_size=BATCH)
    moved = Head.objects.filter(log=name, size=size).update(size=edge.size, edge=edge.pack(), root=edge.root())
    if not moved:
        raise DatabaseError(f"the head of the {name} log moved during an append")
    return entries


def _entry(act: entry.Act, origin: str, seq: int, details_commit: str) -> Entry:
    stored = entry.body(act, origin=origin, seq=seq, details_commit=details_commit)
    found = entry.columns({**act.facts, "late": act.late})
    return Entry(log=act.log, seq=seq, body=stored, leaf=leaf_hash(stored), **found)


def _locked_head(name: str) -> Head:
    """Return the head row, locked until the commit; create it when the log is new."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    head = Head.objects.select_for_update(no_key=True).filter(log=name).first()
    if head is None:
        Head.objects.bulk_create([Head(log=name, origin=_new_origin(name), root=EMPTY_ROOT)], ignore_conflicts=True)
        head = Head.objects.select_for_update(no_key=True).get(log=name)
    return head


def _new_origin(name: str) -> str:
    """Return a name for a new log that no other log has: host, log and a random part (C2SP: a schema-less URL)."""
    host = urlsplit(settings.ZTPORTAL_ORIGIN).netloc or "ztportal"
    return f"{host}/audit/{name}/{secrets.token_hex(8)}"
