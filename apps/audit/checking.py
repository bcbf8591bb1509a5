"""Checking a log row by row: the one function that the notary, `audit_verify` and the tests use.

It trusts nothing it reads: only the keys and outside-held checkpoints that the caller gives. `LogCheck.feed` takes rows
in the order of their sequence numbers, `finish` says what is wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import rfc8785

from apps.audit import canonical, entry
from apps.audit.merkle import RightEdge, leaf_hash

MAX_PROBLEMS = 100
ERASED = "audit.details.erased"
COLUMNS = (
    "at",
    "actor_kind",
    "actor_id",
    "action",
    "subject_kind",
    "subject_id",
    "outcome",
    "request_id",
    "late",
)


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with its details as the database holds them."""

    seq: int
    body: bytes
    leaf: bytes
    columns: Mapping[str, Any]
    content: bytes | None
    salt: bytes | None
    labels: Mapping[str, str | None]
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not verify; `seq` is the first event it touches, where one can be named."""

    seq: int | None
    text: str

    def __str__(self) -> str:
        return self.text if self.seq is None else f"event {self.seq}: {self.text}"


@dataclass(slots=True)
class Findings:
    """Problems in the order found; the first hundred are kept, all are counted."""

    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, seq: int | None, text: str) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(seq, text))

    def put_first(self, other: "Findings") -> None:
        """Take over the problems of another, before the own ones."""
        self.problems[:0] = other.problems
        self.count += other.count

    @property
    def first_seq(self) -> int | None:
        """Return the lowest event number among the problems."""
        return min((problem.seq for problem in self.problems if problem.seq is not None), default=None)


class LogCheck:
    """One pass over one log, from its first entry or from a proven edge on.

    `roots` maps sizes to what the tree must have been then: (root, who says so). `nodes` are the stored inner nodes by
    (level, index). Erasures and erased rows are collected, because an erasure's own entry stands in the privileged log.
    """

    def __init__(
        self,
        origin: str,
        *,
        edge: RightEdge | None = None,
        roots: Mapping[int, Iterable[tuple[bytes, str]]] | None = None,
        nodes: Mapping[tuple[int, int], bytes] | None = None,
    ) -> None:
        self.origin = origin
        self.edge = edge or RightEdge()
        self.findings = Findings()
        self.erased: dict[int, datetime] = {}
        self.erasures: dict[str, set[str]] = {}
        self._roots = dict(roots or {})
        self._nodes = nodes
        self._compare_roots()

    def feed(self, row: Row) -> None:
        """Check the next row."""
        expected = self.edge.size
        if row.seq != expected:
            self.findings.add(min(row.seq, expected), f"sequence number {row.seq} where {expected} was due")
        leaf = leaf_hash(row.body)
        if row.leaf != leaf:
            self.findings.add(row.seq, "the stored leaf hash is not that of the bytes")
        fields = self._body(row, expected)
        if fields is not None:
            self._columns(row, fields)
            self._details(row, fields)
        for level, index, value in self.edge.append(leaf):
            if self._nodes is not None and not level % 8 and self._nodes.get((level, index)) != value:
                self.findings.add(row.seq, f"the stored node {index} of level {level} is not that of the entries")
        self._compare_roots()

    def _compare_roots(self) -> None:
        for root, source in self._roots.pop(self.edge.size, ()):
            if root != self.edge.root():
                self.findings.add(None, f"the first {self.edge.size} events do not have the root of {source}")

    def _body(self, row: Row, expected: int) -> dict[str, Any] | None:
        try:
            fields = entry.parse(row.body)
            if rfc8785.dumps(fields) != row.body:
                self.findings.add(row.seq, "the bytes are not in canonical form")
        except (ValueError, RecursionError):
            self.findings.add(row.seq, "the bytes are not an entry")
            return None
        if fields.get("v") != entry.VERSION or fields.get("origin") != self.origin:
            self.findings.add(row.seq, "the entry is of another log or format")
        if fields.get("seq") != expected:
            self.findings.add(row.seq, f"the entry says it is number {fields.get('seq')}")
        return fields

    def _columns(self, row: Row, fields: dict[str, Any]) -> None:
        try:
            said = entry.columns(fields)
            self._note_erasure(fields)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.findings.add(row.seq, "the entry lacks a field")
            return
        for name in COLUMNS:
            if row.columns.get(name) != said[name]:
                self.findings.add(row.seq, f"the column {name} differs from the entry's bytes")

    def _note_erasure(self, fields: dict[str, Any]) -> None:
        if fields["action"] == ERASED and fields["outcome"] == "done":
            self.erasures.setdefault(fields["subject"]["id"], set()).add(fields["after"])

    def _details(self, row: Row, fields: dict[str, Any]) -> None:
        if row.content is None or row.salt is None:
            if row.erased_at is None or row.content is not None or row.salt is not None or any(row.labels.values()):
                self.findings.add(row.seq, "the details are missing without being erased")
            else:
                self.erased[row.seq] = row.erased_at
            return
        if row.erased_at is not None:
            self.findings.add(row.seq, "the details are marked erased but are there")
        if entry.commitment(row.salt, row.content) != fields.get("details_commit"):
            self.findings.add(row.seq, "the details are not those the entry commits to")
            return
        if dict(row.labels) != entry.labels(entry.parse(row.content)):
            self.findings.add(row.seq, "the labels differ from the details")

    def finish(self, *, size: int, edge: bytes, root: bytes) -> Findings:
        """Compare with the head of the log and with checkpoints of trees larger than what there is."""
        if self.edge.size != size:
            self.findings.add(min(self.edge.size, size), f"{self.edge.size} events are there, the head says {size}")
        elif root != self.edge.root() or edge != self.edge.pack():
            self.findings.add(None, "the head does not have the root of its events")
        for larger, expected in sorted(self._roots.items()):
            for _, source in expected:
                self.findings.add(
                    self.edge.size, f"{source} has {larger} events: {larger - self.edge.size} are missing"
                )
        return self.findings


def check_erasures(name: str, check: LogCheck, erasures: Mapping[str, set[str]]) -> None:
    """Note details that were erased without an entry that says so, or at another time than it says."""
    for seq, erased_at in check.erased.items():
        if canonical.instant(erased_at) not in erasures.get(f"{name}/{seq}", set()):
            check.findings.add(seq, "the details were erased without an entry that says so")
