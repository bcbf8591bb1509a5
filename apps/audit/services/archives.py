"""Archives: a package with files of another app beside the events, written as a stream.

Only a part of the events and one line of anything else is in memory at a time, however large the archive becomes.
"""

import csv
import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from tempfile import TemporaryFile
from typing import IO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from apps.audit.models import Checkpoint, Entry
from apps.audit.queries.proofs import StoredNodes
from apps.audit.services.packages import VERIFIER, Extent, checkpoint_lines, entry_line, manifest
from apps.audit.verifier import audit_verify

#: Events between two fresh starts of the cache of tree nodes.
PART = 2000
PIECE = 1 << 16


class Archive:
    """A ZIP in the format of a package (docs/audit.md): files are added one by one, the manifest of all comes last."""

    def __init__(self, out: IO[bytes], extent: Extent, checkpoint: Checkpoint) -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED)
        self._extent, self._checkpoint = extent, checkpoint
        self._digests: dict[str, str] = {}
        self._events = 0

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """Add a file whose content comes in pieces."""
        found = hashlib.sha256()
        with self._zip.open(name, "w", force_zip64=True) as member:
            for piece in pieces:
                found.update(piece)
                member.write(piece)
        self._digests[name] = found.hexdigest()

    def add_events(self, entries: Iterable[Entry]) -> None:
        """Add entries.jsonl, events.csv and checkpoints.jsonl; entries come in the order of their numbers."""
        with TemporaryFile("w+", encoding="utf-8", newline="") as table:
            self.add("entries.jsonl", self._entries(entries, table))
            table.seek(0)
            self.add("events.csv", (piece.encode() for piece in iter(lambda: table.read(PIECE), "")))
        lines = checkpoint_lines(self._extent, self._checkpoint, StoredNodes(self._extent.log))
        self.add("checkpoints.jsonl", (line.encode() for line in lines))

    def _entries(self, entries: Iterable[Entry], table: IO[str]) -> Iterator[bytes]:
        writer = csv.writer(table, lineterminator="\r\n")
        writer.writerow(audit_verify.CSV_HEADER)
        source = iter(entries)
        while part := list(islice(source, PART)):
            nodes = StoredNodes(self._extent.log)
            for found in part:
                line, row = entry_line(found, self._checkpoint.size, nodes)
                writer.writerow(row)
                self._events += 1
                yield line.encode()

    def close(self, *, readme: str, key: Ed25519PrivateKey | None, now: datetime) -> None:
        """Add README and verifier, then the manifest, signed where the key is the log's."""
        self.add("README.txt", [readme.encode()])
        self.add("audit_verify.py", [VERIFIER.read_bytes()])
        name, content = manifest(self._extent, self._checkpoint, self._digests, self._events, key=key, now=now)
        self._zip.writestr(name, content)
        self._zip.close()
