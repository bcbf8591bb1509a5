"""The verdict on a stored signature. What cannot be verified is never counted as valid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from apps.integrity.states import KeyKind, SignatureState, SigningMethod
from apps.integrity.verification.bundle import Bundle, Malformed, Unsupported, read_bundle
from apps.integrity.verification.library import Answer, by_certificates, by_key
from apps.integrity.verification.measure import Difference, compare

#: A bundle of before 1.0 names no key, so each trusted key is tried; beyond this many it stays unchecked.
MAX_TRIED = 50


@dataclass(frozen=True, slots=True)
class Trusted:
    """A trusted key as judging needs it."""

    id: UUID
    kind: str
    name: str
    pem: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: state and reason, and who signed."""

    state: SignatureState
    reason: str
    signer: str = ""
    fingerprint: str = ""
    key_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """One signature before the court."""

    text: str
    bundle: Bundle
    items: Sequence[Sequence[str]]
    difference: Difference
    made: dict[str, Any] = field(default_factory=dict)


def _made(bundle: Bundle) -> dict[str, Any]:
    made: dict[str, Any] = {"method": bundle.serialisation, "hash_type": bundle.hash_type, "allow_symlinks": False}
    return made | ({"shard_size": bundle.shard_size} if bundle.serialisation == "shards" else {})


def judge(text: str, measured: Mapping[str, Any], trusted: Sequence[Trusted], problem: str = "") -> Verdict:
    """Judge a stored bundle against recorded digests and the keys that are trusted now."""
    try:
        bundle = read_bundle(text)
    except Malformed as bad:
        return Verdict(SignatureState.INVALID, f"The signature file is malformed: {bad.reason}.")
    except Unsupported as other:
        return Verdict(SignatureState.UNSUPPORTED, f"The model-signing library does not verify {other.reason}.")
    signer, fingerprint = bundle.signer
    items = measured.get("items") or []
    if problem or not items:
        words = problem or "The signed files were not in the import, so there was nothing to compare."
        return Verdict(SignatureState.SIGNED_NOT_CHECKED, words[:500], signer, fingerprint)
    case = _Case(text, bundle, items, compare(bundle.claimed, items, bundle.ignored), _made(bundle))
    ways = {SigningMethod.KEY: _by_key, SigningMethod.CERTIFICATE: _by_certificate}
    found = ways.get(bundle.method, _keyless)(case, trusted)
    return Verdict(
        found.state, found.reason[:500], (found.signer or signer)[:300], found.fingerprint or fingerprint, found.key_id
    )


def _good(case: _Case, answer: Answer, by: str, key: Trusted | None) -> Verdict:
    """The signature is good: now the content decides, then whether the signer is known."""
    key_id = key.id if key else None
    if case.difference or (key and not answer.content):
        return _differs(case, f"Signed by {by}", key_id, by)
    if key is None:
        return Verdict(
            SignatureState.VALID_UNKNOWN_SIGNER,
            f"The signature and all files are intact, but {by} does not lead to a trusted root certificate.",
        )
    count = len(case.bundle.paths)
    equal = "1 file equals" if count == 1 else f"{count} files equal"
    return Verdict(
        SignatureState.VALID_TRUSTED,
        f"Signature verified with {key.name}; {equal} what was signed.",
        by,
        "",
        key_id,
    )


def _differs(case: _Case, lead: str, key_id: UUID | None = None, signer: str = "") -> Verdict:
    state = SignatureState.FILES_DIFFER
    if case.difference.changed or not case.difference:
        state = SignatureState.DIGEST_MISMATCH
    words = case.difference.sentence() or "the digests are not the signed ones"
    return Verdict(state, f"{lead}, but the files are not what was signed: {words}.", signer, "", key_id)


def _unverified(case: _Case, state: SignatureState, reason: str) -> Verdict:
    """Nobody can say who signed. Files that differ even from what the bundle claims are the worse news."""
    if case.difference:
        return _differs(case, "The signer could not be verified")
    return Verdict(state, reason)


def _by_key(case: _Case, trusted: Sequence[Trusted]) -> Verdict:
    keys = [key for key in trusted if key.kind == KeyKind.PUBLIC_KEY]
    hint = case.bundle.hint
    named = [key for key in keys if key.fingerprint == hint] if hint else keys[:MAX_TRIED]
    for key in named:
        answer = by_key(case.text, key.pem, key.fingerprint, case.items, case.made)
        if answer.signature:
            found = _good(case, answer, key.name, key)
            return Verdict(found.state, found.reason, found.signer, key.fingerprint, key.id)
        if hint:
            return Verdict(
                SignatureState.INVALID,
                f"The bundle names the trusted key {key.name}, but its signature does not verify with it.",
            )
    if hint:
        reason = f"Signed with the key {hint[:16]}…, which is not trusted here, so the signature cannot be checked."
    else:
        reason = f"The bundle does not name its key, and none of {len(named)} trusted keys verifies it."
    return _unverified(case, SignatureState.SIGNED_NOT_CHECKED, reason)


def _by_certificate(case: _Case, trusted: Sequence[Trusted]) -> Verdict:
    roots = [key for key in trusted if key.kind == KeyKind.CERTIFICATE]
    signer = case.bundle.signer[0] or "the signing certificate"
    for root in roots:
        # One root at a time: the verdict names the one that made it valid.
        answer = by_certificates(case.text, [root.pem], case.items, case.made)
        if answer.signature:
            return _good(case, answer, signer, root)
    own = _own_root(case.bundle)
    answer = by_certificates(case.text, [own], case.items, case.made) if own else Answer(False, unknown_signer=True)
    if answer.signature:
        return _good(case, answer, signer, None)
    if answer.unknown_signer:
        return _unverified(case, SignatureState.SIGNED_NOT_CHECKED, f"No trusted root certificate leads to {signer}.")
    return Verdict(SignatureState.INVALID, f"The signature does not verify with the certificate of {signer}.")


def _own_root(bundle: Bundle) -> str:
    """Return the last certificate of the bundle's own chain: it proves integrity, never trust."""
    try:
        last = x509.load_der_x509_certificate(bundle.certificates[-1])
    except (ValueError, IndexError):
        return ""
    return last.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _keyless(case: _Case, trusted: Sequence[Trusted]) -> Verdict:
    return _unverified(
        case,
        SignatureState.UNSUPPORTED,
        f"Signed through Sigstore as {case.bundle.signer[0] or 'an unnamed identity'}: "
        "checking that needs Sigstore's trust root, which this portal does not hold.",
    )
