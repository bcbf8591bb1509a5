"""Reading what may be trusted: one public key, or one root certificate, as PEM."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from apps.integrity.states import KeyKind

MAX_PEM = 100_000
#: What the model-signing library verifies with.
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


class NotAKey(ValueError):
    """The text holds nothing that can be trusted; the message says why."""


@dataclass(frozen=True, slots=True)
class ReadKey:
    """A key or certificate in its one canonical form."""

    kind: KeyKind
    pem: str
    fingerprint: str
    algorithm: str
    subject: str = ""
    not_after: datetime | None = None


def _curve(key: object) -> str:
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise NotAKey("Only elliptic curve keys on P-256, P-384 or P-521 can verify model signatures.")
    return f"ECDSA {CURVES[key.curve.name]}"


def _public_key(data: bytes) -> ReadKey:
    try:
        key = serialization.load_pem_public_key(data)
    except (ValueError, TypeError):
        raise NotAKey("The public key cannot be read.") from None
    algorithm = _curve(key)
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    # A bundle hints at its key by the SHA-256 of exactly this text.
    return ReadKey(KeyKind.PUBLIC_KEY, pem.decode("ascii"), hashlib.sha256(pem).hexdigest(), algorithm)


def _certificate(data: bytes) -> ReadKey:
    try:
        found = x509.load_pem_x509_certificates(data)
    except ValueError:
        raise NotAKey("The certificate cannot be read.") from None
    if len(found) != 1:
        raise NotAKey("Add one root certificate at a time; a bundle brings the certificates in between itself.")
    root = found[0]
    try:
        root.verify_directly_issued_by(root)
    except (ValueError, TypeError, InvalidSignature):
        raise NotAKey(
            "This certificate is not a root: a chain is verified up to a certificate that signed itself."
        ) from None
    key = root.public_key()
    algorithm = (
        _curve(key)
        if isinstance(key, ec.EllipticCurvePublicKey)
        else type(key).__name__.strip("_").removesuffix("PublicKey")
    )
    pem = root.public_bytes(serialization.Encoding.PEM).decode("ascii")
    return ReadKey(
        KeyKind.CERTIFICATE, pem, root.fingerprint(hashes.SHA256()).hex(), algorithm[:60],
        root.subject.rfc4514_string()[:300], root.not_valid_after_utc,
    )  # fmt: skip


def read_key(text: str) -> ReadKey:
    """Read a PEM text, whatever stands around the blocks. Raises NotAKey; a private key is refused, not kept."""
    if len(text) > MAX_PEM or not text.isascii():
        raise NotAKey("This is not a PEM file.")
    if "PRIVATE KEY-----" in text:
        raise NotAKey("This is a private key. Only its public half can be trusted; keep the private one elsewhere.")
    for mark, read in (("-----BEGIN PUBLIC KEY-----", _public_key), ("-----BEGIN CERTIFICATE-----", _certificate)):
        if mark in text:
            return read(text[text.index(mark) :].encode("ascii"))
    raise NotAKey("No public key and no certificate was found. Expected PEM, from BEGIN to END.")
