"""Signature bundles (Sigstore bundle v0.3) and the statement inside. Parsing verifies nothing."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from apps.integrity.models.facts import BUNDLE_LIMIT
from apps.integrity.states import SigningMethod

PREDICATE = "https://model_signing/signature/v1.0"
#: Of model-signing 0.2; the library still verifies it.
PREDICATE_OLD = "https://model_signing/Digests/v0.1"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
HASHES = ("sha256", "blake2b", "blake3")


class Malformed(Exception):
    """What should be a signature bundle is none; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unsupported(Exception):
    """A bundle that the library does not verify; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle claims. `claimed` maps each signed item to (algorithm, digest)."""

    method: SigningMethod
    hint: str
    certificates: tuple[bytes, ...]
    subject: str
    claimed: Mapping[str, tuple[str, str]]
    serialisation: str
    hash_type: str
    shard_size: int
    ignored: tuple[str, ...]

    @property
    def paths(self) -> set[str]:
        """Return the files that the signature covers; `.` is a single file signed by itself."""
        return {name.rsplit(":", 2)[0] if self.serialisation == "shards" else name for name in self.claimed}

    @property
    def signer(self) -> tuple[str, str]:
        """Return (name, SHA-256) of the certificate that signed, or of the key as the bundle hints at it."""
        if not self.certificates:
            return "", self.hint[:64]
        try:
            leaf = x509.load_der_x509_certificate(self.certificates[0])
            return _name_of(leaf), leaf.fingerprint(hashes.SHA256()).hex()
        except ValueError:
            return "", ""


def _name_of(leaf: x509.Certificate) -> str:
    """Return the identity of a certificate: its alternative name (keyless signing), else its subject."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found = [
            str(name.value) for name in names if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier)
        ]
    except (x509.ExtensionNotFound, ValueError):
        found = []
    return (found[0] if found else leaf.subject.rfc4514_string())[:300]


def _object(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Malformed(f"{what} is missing or no object")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise Malformed(f"{what} is missing or no text")
    return value


def _loads(text: str | bytes, what: str) -> Mapping[str, Any]:
    try:
        return _object(json.loads(text), what)
    except (ValueError, RecursionError):
        raise Malformed(f"{what} is not JSON") from None


def _decoded(value: Any, what: str) -> bytes:
    try:
        return base64.b64decode(_text(value, what), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"{what} is not base64") from None


def _material(material: Mapping[str, Any]) -> tuple[SigningMethod, str, tuple[bytes, ...]]:
    if "publicKey" in material:
        hint = _object(material["publicKey"], "publicKey").get("hint")
        return SigningMethod.KEY, hint if isinstance(hint, str) else "", ()
    if "x509CertificateChain" in material:
        chain = _object(material["x509CertificateChain"], "x509CertificateChain").get("certificates")
        if not isinstance(chain, list) or not 0 < len(chain) <= 20:
            raise Malformed("the certificate chain is empty or too long")
        found = tuple(_decoded(_object(c, "a certificate").get("rawBytes"), "a certificate") for c in chain)
        return SigningMethod.CERTIFICATE, "", found
    if "certificate" in material:
        leaf = _decoded(_object(material["certificate"], "certificate").get("rawBytes"), "the certificate")
        return SigningMethod.KEYLESS, "", (leaf,)
    raise Malformed("it names no key and no certificate")


def _claims(statement: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return what the statement says was signed: `resources` of v1.0, `subject` of the old form."""
    if statement.get("predicateType") == PREDICATE:
        rows = _object(statement.get("predicate"), "predicate").get("resources")
    else:
        rows = statement.get("subject")
    if not isinstance(rows, list) or not rows:
        raise Malformed("it signs no file")
    found: dict[str, tuple[str, str]] = {}
    for value in rows:
        row = _object(value, "a signed file")
        digest = row.get("digest")
        if isinstance(digest, Mapping):
            row, digest = {**row, "algorithm": "sha256"}, digest.get("sha256")
        name = _text(row.get("name"), "the name of a signed file")
        if name in found:
            raise Malformed("it signs one file twice")
        found[name] = (_text(row.get("algorithm"), "an algorithm"), _text(digest, "a digest").lower())
    return found


def _serialisation(statement: Mapping[str, Any]) -> tuple[str, str, int, tuple[str, ...]]:
    if statement.get("predicateType") == PREDICATE_OLD:
        return "files", "sha256", 0, ()
    how = _object(_object(statement.get("predicate"), "predicate").get("serialization"), "serialization")
    method, algorithm, shard = how.get("method"), how.get("hash_type"), how.get("shard_size", 0)
    if method not in ("files", "shards") or algorithm not in HASHES:
        raise Unsupported(f"files digested as {str(method)[:20]} with {str(algorithm)[:20]}")
    if method == "shards" and (isinstance(shard, bool) or not isinstance(shard, int | float) or shard < 1_000_000):
        raise Unsupported("shards smaller than 1 MB")
    ignored = how.get("ignore_paths") or []
    if not isinstance(ignored, list) or not all(isinstance(path, str) for path in ignored):
        raise Malformed("ignore_paths is no list of paths")
    return str(method), str(algorithm), int(shard), tuple(ignored)


def read_bundle(text: str) -> Bundle:
    """Read a bundle without verifying anything. Raises Malformed, or Unsupported for what the library cannot check."""
    if len(text) > BUNDLE_LIMIT:
        raise Malformed("it is larger than a signature can be")
    outer = _loads(text, "the file")
    method, hint, certificates = _material(_object(outer.get("verificationMaterial"), "verificationMaterial"))
    envelope = _object(outer.get("dsseEnvelope"), "dsseEnvelope")
    if not isinstance(envelope.get("signatures"), list) or not envelope["signatures"]:
        raise Malformed("it holds no signature")
    if outer.get("mediaType") != MEDIA_TYPE:
        raise Unsupported(f"bundles of the type {str(outer.get('mediaType'))[:80]}")
    statement = _loads(_decoded(envelope.get("payload"), "payload"), "the signed statement")
    predicate = statement.get("predicateType")
    if predicate not in (PREDICATE, PREDICATE_OLD):
        raise Unsupported(f"statements of the type {str(predicate)[:120]}")
    claimed = _claims(statement)
    serialisation, hash_type, shard_size, ignored = _serialisation(statement)
    subjects = statement.get("subject")
    first = subjects[0] if isinstance(subjects, list) and subjects and isinstance(subjects[0], Mapping) else {}
    subject = str(first.get("name", "")) if predicate == PREDICATE else ""
    return Bundle(method, hint, certificates, subject, claimed, serialisation, hash_type, shard_size, ignored)
