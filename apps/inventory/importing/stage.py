"""Writing records into the staged tables: in batches, each its own short transaction that also renews the lease."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from apps.inventory.formats import ROW_KINDS
from apps.inventory.importing.encode import Encoder, Text, Unfit, copy_line, row_id
from apps.inventory.models import Import, RejectedRecord
from apps.inventory.records import Covered, Item, Record, Rejected

BATCH = 8_000
#: More rejected records than this are counted, not kept.
KEPT_REJECTIONS = 10_000
#: Keys of rejected rows beyond this make their kind incomplete, so that none of them is taken for gone.
KEPT_KEYS = 10_000


@dataclass(slots=True)
class Tally:
    """What staging saw."""

    staged: dict[str, int] = field(default_factory=dict)
    rejected: int = 0
    covered: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return how many rows were staged."""
        return sum(self.staged.values())


class Stager:
    """Stages the items of one import. `beat(total)` is called in the transaction of each batch; it may raise."""

    def __init__(self, owner: Import, beat: Callable[[int], None]) -> None:
        """Take an encoder for each registered kind."""
        self._owner = owner.pk
        self._owner_text = owner.pk.hex
        self._source = owner.source_id.bytes
        self._beat = beat
        self._encoders = {row_kind.kind: Encoder(row_kind) for row_kind in ROW_KINDS}
        self._rows: dict[str, list[list[Text]]] = {}
        self._waiting = 0
        self._rejections: list[RejectedRecord] = []
        self._seen: dict[str, dict[str, str]] = {kind: {} for kind in self._encoders}
        self._bad_place = ("", "")
        self._ids: Iterator[str] = iter(())
        self.tally = Tally()

    def run(self, items: Iterable[Item]) -> Tally:
        """Stage everything and return the tally."""
        for item in items:
            if isinstance(item, Record):
                self._record(item)
            elif isinstance(item, Rejected):
                self.reject(item)
            elif isinstance(item, Covered):
                self._cover(item)
        self._flush()
        return self.tally

    def _record(self, record: Record) -> None:
        place = (record.file, record.where)
        if record.where and place == self._bad_place:
            return  # a part of a source row that was rejected already
        seen = self._seen.get(record.kind)
        if seen is None:
            self.reject(Rejected(record.file, record.where, f"no table takes records of the kind {record.kind}"))
            return
        if record.key in seen:
            first = seen[record.key]
            reason = f"the same {record.kind.replace('_', ' ')} stands already in {first}; that one was taken"
            self._bad_place = place
            self.reject(Rejected(record.file, record.where, reason))
            return
        encoder, parent = self._encoders[record.kind], None
        try:
            digest, raw, values = encoder.encode(record)
            if encoder.parent is not None:
                parent = row_id(self._source, encoder.parent[2], record.facts[encoder.parent[1]])
        except Unfit as problem:
            self._refuse(record, str(problem))
            return
        seen[record.key] = f"{record.file}, {record.where}" if record.where else record.file
        row = row_id(self._source, record.kind, record.key)
        texts = [self._id(), row, parent, self._owner_text, record.key, digest, raw, *values]
        self._rows.setdefault(record.kind, []).append(texts)
        self.tally.staged[record.kind] = self.tally.staged.get(record.kind, 0) + 1
        self._waiting += 1
        if self._waiting >= BATCH:
            self._flush()

    def _refuse(self, record: Record, reason: str) -> None:
        self._bad_place = (record.file, record.where)
        self.reject(Rejected(record.file, record.where, reason, record.kind, record.key))

    def reject(self, item: Rejected) -> None:
        """Count and keep a rejection."""
        self.tally.rejected += 1
        if item.key and self.tally.rejected > KEPT_KEYS:
            self._cover(Covered(item.kind, complete=False))
        if item.kind and not item.key:
            # Any row of the kind may be the one that could not be read: none of them can be told gone.
            self._cover(Covered(item.kind, complete=False))
            self.tally.covered[item.kind]["untold"] = True
        if self.tally.rejected > KEPT_REJECTIONS:
            return
        self._rejections.append(
            RejectedRecord(
                owner_id=self._owner,
                file=_fit(item.file, 1024),
                where=_fit(item.where, 200),
                reason=_fit(item.reason, 500),
                kind=_fit(item.kind, 40),
                key=_fit(item.key, 700),
            )
        )

    def _cover(self, item: Covered) -> None:
        known = self.tally.covered.setdefault(item.record_kind, {"complete": True, "unknown": []})
        known["complete"] = known["complete"] and item.complete
        known["unknown"] = sorted({*known["unknown"], *item.unknown_columns})
        if item.told_apart:
            known["told_apart"] = [list(group) for group in item.told_apart]
        if item.not_evaluated:
            known["not_evaluated"] = [list(pair) for pair in item.not_evaluated]
        if not item.listed:
            known["listed"] = False

    def _id(self) -> str:
        found = next(self._ids, None)
        if found is None:
            block = os.urandom(16 * BATCH).hex()
            self._ids = iter([block[start : start + 32] for start in range(0, len(block), 32)])
            found = next(self._ids)
        return found

    def _flush(self) -> None:
        rows, self._rows, self._waiting = self._rows, {}, 0
        rejections, self._rejections = self._rejections, []
        with transaction.atomic():
            self._beat(self.tally.total)
            for kind, texts in rows.items():
                write(self._encoders[kind], texts)
            RejectedRecord.objects.bulk_create(rejections, batch_size=1000)


def write(encoder: Encoder, rows: list[list[Text]]) -> None:
    """Load rows into the staged table: one text block by COPY on PostgreSQL, executemany on SQLite."""
    quote = connection.ops.quote_name
    columns = ", ".join(quote(column) for column in encoder.columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {quote(encoder.table)} ({columns}) FROM STDIN") as copy:
                copy.write("".join(map(copy_line, rows)))
            return
        marks = ", ".join(["%s"] * len(encoder.columns))
        cursor.executemany(f"INSERT INTO {quote(encoder.table)} ({columns}) VALUES ({marks})", rows)


def _fit(text: str, length: int) -> str:
    """Return text that a column of this length holds, whatever came in."""
    safe = text.replace("\x00", "\ufffd").encode(errors="replace").decode()
    return safe if len(safe) <= length else safe[: length - 1] + "…"
