"""The notary: proves that a log only grew since its last checkpoint, then signs where it ends now.

It runs as a process of its own, under another user of the operating system, and alone holds the private key.
"""

import logging
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import IntegrityError, transaction

from apps.audit import notes
from apps.audit.checking import Findings, LogCheck, Problem, check_erasures
from apps.audit.merkle import RightEdge
from apps.audit.models import LOGS, Checkpoint, Head, Verification
from apps.audit.queries.verification import erasure_times, feed
from apps.audit.services.keys import publish_keys
from apps.audit.services.verification import keep_status
from apps.core import clock

log = logging.getLogger(__name__)

EMBEDDED_INTERVAL = timedelta(seconds=55)


class NotaryError(Exception):
    """The key cannot be used, or the log does not verify; the message says which and where."""


@dataclass(frozen=True, slots=True)
class Notarised:
    """What the notary did with one log: signed up to `size`, or found nothing new, or refused because of problems."""

    log: str
    size: int
    note: str
    problems: tuple[Problem, ...] = ()
    signed: bool = False


def create_key(path: Path) -> None:
    """Create the notary's key with mode 600; raise NotaryError when a file is there already."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise NotaryError(f"{path} exists already; a key is never overwritten") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(pem)


def key_of_first_start(path: Path) -> None:
    """Create the key when there is none and nothing was ever signed; a lost key is replaced by hand only."""
    if not path.exists() and not Checkpoint.objects.exists():
        create_key(path)


def load_key(path: Path) -> Ed25519PrivateKey:
    """Return the notary's key; raise NotaryError when there is none, or one that others may read."""
    try:
        if path.stat().st_mode & 0o077:
            raise NotaryError(f"{path} may be read by others; chmod 600 it")
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as problem:
        raise NotaryError(f"no key at {path}: {problem.strerror}; --create-key makes one") from problem
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise NotaryError(f"{path} holds no usable private key") from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise NotaryError(f"{path} holds no Ed25519 key")
    return key


def notarise(*, key: Ed25519PrivateKey, now: datetime, memory: Path) -> list[Notarised]:
    """Check and sign every log that grew since its last checkpoint; return what was done with each.

    `memory` is the notary's own folder: the last note of each log is kept there too, so that emptying the table of
    checkpoints does not make the notary forget what it signed (C2SP: never sign what is inconsistent with it).
    """
    heads = list(Head.objects.filter(log__in=LOGS).order_by("-log"))
    remembered = _remembered(memory)
    done = [_notarise(head, key, now, remembered.pop(head.origin, None), memory) for head in heads]
    for origin in remembered:
        lost = Problem(None, f"{origin} was signed before and is no longer there")
        done.append(Notarised(_log_of(origin), 0, "", (lost,)))
    return done


def notarise_embedded() -> int:
    """Be the notary of the embedded default, about once a minute; return how many checkpoints were signed.

    In production the notary is a process of its own, under another user, and this step is not registered.
    """
    now = clock.now()
    if Verification.objects.filter(by="notary", verified_at__gt=now - EMBEDDED_INTERVAL, verified_at__lte=now).exists():
        return 0
    path = Path(settings.ZTPORTAL_AUDIT_KEY_FILE)
    key_of_first_start(path)
    done = notarise(key=load_key(path), now=now, memory=path.parent)
    publish_keys(path, load_key(path))
    for one in done:
        for problem in one.problems:
            log.critical("audit log does not verify", extra={"log": one.log, "problem": str(problem)})
    return sum(one.signed for one in done)


def _log_of(origin: str) -> str:
    return origin.split("/")[-2] if origin.count("/") > 1 else origin


def _remembered(memory: Path) -> dict[str, str]:
    found = (path.read_text(encoding="utf-8") for path in sorted(memory.glob("*.last")))
    return {note.split("\n", 1)[0]: note for note in found}


def _notarise(head: Head, key: Ed25519PrivateKey, now: datetime, remembered: str | None, memory: Path) -> Notarised:
    verifier = notes.VerifierKey.of(head.origin, key)
    own = Checkpoint.objects.filter(log=head.log, verifier_key=str(verifier)).order_by("-size").first()
    try:
        edge = _proven_edge(head, own, verifier)
        roots = _claims(head, edge.size, remembered)
    except (ValueError, TypeError) as problem:
        return _refuse(head, [Problem(None, f"the last checkpoint: {problem}")], now)
    check = LogCheck(head.origin, edge=edge, roots=roots)
    feed(check, head.log, edge.size, head.size)
    check.finish(size=head.size, edge=bytes(head.edge), root=bytes(head.root))
    check_erasures(head.log, check, erasure_times(head.log, list(check.erased)))
    if check.findings.count:
        return _refuse(head, check.findings.problems, now)
    if not head.size or (own is not None and own.size == head.size):
        keep_status(head.log, head.size, Findings(), now, "notary")
        return Notarised(head.log, head.size, own.note if own else "")
    return Notarised(head.log, head.size, _sign(head, check.edge, key, now, memory), signed=True)


def _proven_edge(head: Head, own: Checkpoint | None, verifier: notes.VerifierKey) -> RightEdge:
    """Return the right edge of the notary's last checkpoint, after verifying its note; raise ValueError otherwise."""
    if own is None:
        return RightEdge()
    said = notes.verify_checkpoint(own.note, verifier)
    edge = RightEdge.unpack(own.size, bytes(own.edge))
    if (said.origin, said.size, said.root) != (head.origin, own.size, edge.root()):
        raise ValueError("its columns differ from its note")
    return edge


def _claims(head: Head, start: int, remembered: str | None) -> dict[int, list[tuple[bytes, str]]]:
    """Return the roots that the log must have had from `start` on: checkpoints of other keys, and the own memory."""
    claims: dict[int, list[tuple[bytes, str]]] = {}
    for stored in Checkpoint.objects.filter(log=head.log, size__gte=start).order_by("size"):
        claims.setdefault(stored.size, []).append((bytes(stored.root), f"checkpoint {stored.size}"))
    if remembered:
        _, size, root = notes.read_checkpoint(remembered)
        if size >= start:
            claims.setdefault(size, []).append((root, "the notary's last note"))
    return claims


def _sign(head: Head, edge: RightEdge, key: Ed25519PrivateKey, now: datetime, memory: Path) -> str:
    note = notes.sign(notes.checkpoint_text(head.origin, edge.size, edge.root()), head.origin, key, now)
    _write(memory / f"{head.log}-{head.origin.rsplit('/', 1)[-1]}.last", note)
    try:
        with transaction.atomic():
            Checkpoint.objects.create(
                log=head.log,
                size=edge.size,
                root=edge.root(),
                edge=edge.pack(),
                note=note,
                verifier_key=str(notes.VerifierKey.of(head.origin, key)),
                signed_at=now.replace(microsecond=0),
            )
            keep_status(head.log, edge.size, Findings(), now, "notary")
    except IntegrityError:
        # Another notary with the same key signed this size a moment ago; both notes say the same.
        return Checkpoint.objects.get(log=head.log, size=edge.size, root=edge.root()).note
    return note


def _write(path: Path, note: str) -> None:
    """Write a note whole or not at all, down to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as stream:
        stream.write(note)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def _refuse(head: Head, problems: list[Problem], now: datetime) -> Notarised:
    findings = Findings(problems, len(problems))
    keep_status(head.log, head.size, findings, now, "notary")
    return Notarised(head.log, head.size, "", tuple(problems))


def write_witness(folder: Path, done: Notarised) -> Path:
    """Write a signed note to a folder that is copied elsewhere; a note that is there already stays as it is."""
    origin = done.note.split("\n", 1)[0]
    path = folder / f"{done.log}-{origin.rsplit('/', 1)[-1]}-{done.size:012d}.note"
    if not path.exists():
        _write(path, done.note)
    return path
