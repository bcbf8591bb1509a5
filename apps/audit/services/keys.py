"""Public keys of the notary: written beside its key, read by those who verify."""

from collections.abc import Iterable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from apps.audit.models import Head
from apps.audit.notes import NoteError, VerifierKey

PUBLIC_NAME = "verifier-keys.txt"


def publish_keys(key_file: Path, key: Ed25519PrivateKey) -> Path:
    """Add the verifier key of each log to the text file beside the private key; return the file's path."""
    path = key_file.parent / PUBLIC_NAME
    there = path.read_text(encoding="utf-8").split() if path.exists() else []
    lines = [str(VerifierKey.of(head.origin, key)) for head in Head.objects.order_by("log")]
    if set(lines) - set(there):
        path.write_text("\n".join(dict.fromkeys([*there, *lines])) + "\n", encoding="utf-8")
    return path


def read_keys(given: Iterable[str]) -> dict[str, list[VerifierKey]]:
    """Return pinned keys by origin. Each value is a verifier key, a file of them, or a PEM public key's file.

    A PEM public key has no name: it is pinned for every log in this database. Raises NoteError when one is no key.
    """
    keys: dict[str, list[VerifierKey]] = {}
    for value in given:
        for key in _keys_of(value):
            keys.setdefault(key.name, []).append(key)
    return keys


def _keys_of(value: str) -> list[VerifierKey]:
    path = Path(value)
    if not path.is_file():
        return [VerifierKey.parse(value)]
    content = path.read_bytes()
    if b"-----BEGIN" not in content:
        return [VerifierKey.parse(line) for line in content.decode("utf-8", "replace").split()]
    try:
        public = serialization.load_pem_public_key(content)
    except ValueError as problem:
        raise NoteError(f"{value} holds no public key") from problem
    if not isinstance(public, Ed25519PublicKey):
        raise NoteError(f"{value} holds no Ed25519 public key")
    return [VerifierKey.of(head.origin, public) for head in Head.objects.all()]
