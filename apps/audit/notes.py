"""C2SP signed notes and checkpoints (c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature), Ed25519 only.

A checkpoint carries two signatures of the notary's key: the plain one over origin, size and root, and a timestamped one
(cosignature/v1), so that the time of signing is signed too without an extension line.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
COSIGNATURE = b"\x04"
MAX_SIZE = 100_000
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+=*)\n")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteError(ValueError):
    """A note or key that is malformed, of another log, or not signed by the pinned key."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name, as the one-line text `name+key id+key` that a verifier pins."""

    name: str
    public: bytes

    def key_id(self, kind: bytes) -> bytes:
        """Return the four bytes that mark a signature of this key and kind."""
        return hashlib.sha256(self.name.encode() + b"\n" + kind + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id(ED25519).hex()}+{base64.b64encode(ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read the one-line text; raise NoteError when it is none."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = unbase64(encoded)
        if not name or len(raw) != 33 or raw[:1] != ED25519:
            raise NoteError("not a verifier key: name+key id+key is expected")
        key = cls(name, raw[1:])
        if key.key_id(ED25519).hex() != key_id:
            raise NoteError("the verifier key's id does not match its key")
        return key

    @classmethod
    def of(cls, name: str, key: Ed25519PrivateKey | Ed25519PublicKey) -> "VerifierKey":
        """Return the verifier key of a private or public key, used under a name."""
        public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
        return cls(name, public.public_bytes_raw())


@dataclass(frozen=True, slots=True)
class CheckpointNote:
    """What a checkpoint says, once its signatures were verified."""

    origin: str
    size: int
    root: bytes
    signed_at: datetime | None


def unbase64(text: str) -> bytes:
    """Decode standard base64 in its one canonical form; raise NoteError for any other spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise NoteError("not base64") from problem
    if base64.b64encode(raw).decode() != text:
        raise NoteError("not canonical base64")
    return raw


def _line(name: str, key_id: bytes, signature: bytes) -> str:
    return f"— {name} {base64.b64encode(key_id + signature).decode()}\n"


def sign(text: str, name: str, key: Ed25519PrivateKey, at: datetime | None = None) -> str:
    """Return the signed note of a text (ending in a newline), with a timestamped signature too when `at` is given."""
    verifier = VerifierKey.of(name, key)
    note = f"{text}\n{_line(name, verifier.key_id(ED25519), key.sign(text.encode()))}"
    if at is None:
        return note
    stamp = int(at.timestamp())
    signature = stamp.to_bytes(8, "big") + key.sign(_cosigned(stamp, text))
    return note + _line(name, verifier.key_id(COSIGNATURE), signature)


def _cosigned(stamp: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {stamp}\n{text}".encode()


def verify(note: str, key: VerifierKey) -> tuple[str, datetime | None]:
    """Return the text and the signed time of a note. Raise NoteError unless every signature of the key verifies."""
    if len(note) > MAX_SIZE:
        raise NoteError("the note is too large")
    text, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures or _LINE.sub("", signatures):
        raise NoteError("not a signed note")
    text += "\n"
    signed, signed_at = False, None
    public = Ed25519PublicKey.from_public_bytes(key.public)
    for name, encoded in _LINE.findall(signatures):
        raw = unbase64(encoded)
        if name != key.name or len(raw) < 4:
            continue
        try:
            if raw[:4] == key.key_id(ED25519):
                public.verify(raw[4:], text.encode())
                signed = True
            elif raw[:4] == key.key_id(COSIGNATURE):
                stamp = int.from_bytes(raw[4:12], "big")
                public.verify(raw[12:], _cosigned(stamp, text))
                signed_at = datetime.fromtimestamp(stamp, UTC)
        except (InvalidSignature, OverflowError) as problem:
            raise NoteError("a signature of the note does not verify") from problem
    if not signed:
        raise NoteError("the note is not signed by the expected key")
    return text, signed_at


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """Return the text of a checkpoint."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def read_checkpoint(note: str) -> tuple[str, int, bytes]:
    """Return origin, size and root that a note claims, unverified; raise NoteError when it is no checkpoint."""
    lines = note.split("\n")
    if len(lines) < 5 or not lines[0] or lines[3] or not _DECIMAL.fullmatch(lines[1]):
        raise NoteError("not a checkpoint: origin, size and root are expected")
    root = unbase64(lines[2])
    if len(root) != 32:
        raise NoteError("the root of a checkpoint has 32 bytes")
    return lines[0], int(lines[1]), root


def verify_checkpoint(note: str, key: VerifierKey) -> CheckpointNote:
    """Return what a checkpoint says; raise NoteError unless the key signed it under the log's own name."""
    origin, size, root = read_checkpoint(note)
    if origin != key.name:
        raise NoteError(f"the checkpoint is of {origin}, the key of {key.name}")
    text, signed_at = verify(note, key)
    if text != checkpoint_text(origin, size, root):
        raise NoteError("the checkpoint has more lines than origin, size and root")
    return CheckpointNote(origin, size, root, signed_at)
