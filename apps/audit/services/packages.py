"""Packages: events with their exact bytes, proofs, checkpoints and the stand-alone verifier (docs/audit.md)."""

import base64
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from apps.audit import canonical, notes
from apps.audit.entry import parse
from apps.audit.events import LOG_EXPORTED
from apps.audit.merkle import inclusion_proof
from apps.audit.models import Checkpoint, Entry, EntryQuerySet
from apps.audit.queries.proofs import StoredNodes, consistency, latest_checkpoint
from apps.audit.services.notary import NotaryError, load_key
from apps.audit.verifier import audit_verify
from apps.core import clock
from apps.core.actor import Actor
from apps.core.command import record
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject

MAX_EVENTS = 20_000
VERIFIER = Path(audit_verify.__file__)

README = """Export of an audit log
======================
entries.jsonl       one event a line: its exact bytes (RFC 8785 JSON, base64), its RFC 9162 inclusion proof in the
                    tree of the last checkpoint, its details and their salt (null where they were erased)
checkpoints.jsonl   one signed checkpoint a line (C2SP note), with the consistency proof from the one before
events.csv          the same events for people; the verifier checks that it says what the entries say
audit_verify.py     the verifier; needs Python 3.10 and the package cryptography
MANIFEST.note       SHA-256 of every file, signed by the notary (MANIFEST.txt where the exporter had no key)

python audit_verify.py . --key KEY --witness NOTE

KEY is the verifier key of the log, which the notary's operator publishes (verifier-keys.txt). Take it, a checkpoint
that was kept outside (NOTE), and preferably the verifier too, from somewhere else than from this export: what comes
with the export could have been made with it.

An event verifies when its bytes hash to the leaf at its own number in the tree that the checkpoint signs. What it
proves: the portal's log held these events, in this order, when the checkpoint was signed. Where the manifest says
"complete", no event of the range is left out; "filtered" is a selection.
"""


@dataclass(frozen=True, slots=True)
class Extent:
    """What a package holds: events of one log from `first` to before `end`, all of them or a selection."""

    log: str
    first: int
    end: int
    complete: bool


def package_of_events(*, actor: Actor, log: str, rows: EntryQuerySet, filters: dict[str, object]) -> bytes:
    """Return the ZIP of a filtered selection and write the export down before it leaves.

    Raises Conflict while no checkpoint covers an event, Invalid for more than 20,000 events.
    """
    checkpoint = latest_checkpoint(log)
    if checkpoint is None:
        raise Conflict("The notary has not signed this log yet; a package needs a checkpoint. Try again in a minute.")
    chosen = rows.filter(seq__lt=checkpoint.size).order_by("seq")
    count = chosen.count()
    if count > MAX_EVENTS:
        raise Invalid(f"{count:,} events are too many for the browser; filter them, or use manage.py audit_export.")
    details: dict[str, object] = {"filters": filters, "format": "package", "events": count, "log": log}
    record(LOG_EXPORTED, actor=actor, subject=Subject("audit.log", log, f"{log.capitalize()} log"), details=details)
    extent = Extent(log, 0, checkpoint.size, complete=False)
    return zipped(package(extent, chosen.iterator(chunk_size=2000), checkpoint, key=own_key(), now=clock.now()))


def own_key() -> Ed25519PrivateKey | None:
    """Return the notary's key where this process may read it (the embedded default), else None."""
    try:
        return load_key(Path(settings.ZTPORTAL_AUDIT_KEY_FILE))
    except (NotaryError, PermissionError):
        return None


def package(
    extent: Extent, entries: Iterable[Entry], checkpoint: Checkpoint, *, key: Ed25519PrivateKey | None, now: datetime
) -> dict[str, bytes]:
    """Return the files of a package by name. Entries come in the order of their numbers, below the checkpoint."""
    lines, table = [], []
    nodes = StoredNodes(extent.log)
    for found in entries:
        line, row = entry_line(found, checkpoint.size, nodes)
        lines.append(line)
        table.append(row)
    files = {
        "entries.jsonl": "".join(lines).encode(),
        "checkpoints.jsonl": "".join(checkpoint_lines(extent, checkpoint, nodes)).encode(),
        "events.csv": audit_verify.csv_text(table).encode(),
        "audit_verify.py": VERIFIER.read_bytes(),
        "README.txt": README.encode(),
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    name, signed = manifest(extent, checkpoint, digests, len(lines), key=key, now=now)
    return {**files, name: signed}


def entry_line(found: Entry, size: int, nodes: StoredNodes) -> tuple[str, list[str]]:
    """Return an event's line of entries.jsonl, proven in the tree of `size` events, and its row of events.csv."""
    body, row = bytes(found.body), found.details
    erased = row.content is None or row.salt is None
    content = None if erased else bytes(row.content or b"")
    line = {
        "seq": found.seq,
        "body": _text(body),
        "proof": [_text(each) for each in inclusion_proof(nodes, found.seq, size)],
        "details": None if content is None else _text(content),
        "salt": None if erased else _text(bytes(row.salt or b"")),
    }
    cells = audit_verify.csv_row(found.log, parse(body), None if content is None else parse(content))
    return json.dumps(line, separators=(",", ":")) + "\n", cells


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def checkpoint_lines(extent: Extent, last: Checkpoint, nodes: StoredNodes) -> Iterator[str]:
    """Yield the checkpoints of the log up to the last, each with the proof that it extends the one before."""
    before = 0
    found = Checkpoint.objects.filter(log=extent.log, size__lte=last.size, verifier_key=last.verifier_key)
    for each in found.order_by("size", "pk"):
        proof = consistency(extent.log, before, each.size, nodes) if before else []
        before = each.size
        yield json.dumps({"note": each.note, "proof": [_text(one) for one in proof]}, ensure_ascii=False) + "\n"


def manifest(
    extent: Extent,
    checkpoint: Checkpoint,
    digests: dict[str, str],
    count: int,
    *,
    key: Ed25519PrivateKey | None,
    now: datetime,
) -> tuple[str, bytes]:
    """Return name and content of the manifest over the SHA-256 of each file, signed where the key is the log's."""
    origin = notes.read_checkpoint(checkpoint.note)[0]
    lines = [
        audit_verify.FORMAT,
        f"origin {origin}",
        f"log {extent.log}",
        f"range {extent.first} {extent.end} {'complete' if extent.complete else 'filtered'}",
        f"entries {count}",
        f"checkpoint {checkpoint.size}",
        f"created {canonical.instant(now)}",
        *(f"sha256 {digest} {name}" for name, digest in sorted(digests.items())),
    ]
    text = "\n".join(lines) + "\n"
    if key is None or str(notes.VerifierKey.of(origin, key)) != checkpoint.verifier_key:
        return audit_verify.UNSIGNED, text.encode()
    return audit_verify.SIGNED, notes.sign(text, origin, key).encode()


def zipped(files: dict[str, bytes]) -> bytes:
    """Return the files as a ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
