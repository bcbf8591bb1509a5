"""States of a signature: what verification found, never what a file claims."""

from django.db import models


class SignatureState(models.TextChoices):
    """The verdict on an artifact's signature (formats.md §4, "Signatures and provenance")."""

    UNSIGNED = "unsigned", "Unsigned"
    SIGNED_NOT_CHECKED = "signed_not_checked", "Signed, not checked"
    VALID_TRUSTED = "valid_trusted", "Valid, trusted signer"
    VALID_UNKNOWN_SIGNER = "valid_unknown_signer", "Valid, unknown signer"
    DIGEST_MISMATCH = "digest_mismatch", "Content changed after signing"
    FILES_DIFFER = "files_differ", "Files added or missing"
    INVALID = "invalid", "Invalid signature"
    UNSUPPORTED = "unsupported", "Cannot be verified here"

    @property
    def tone(self) -> str:
        """Return the tone of the design system."""
        return TONES[self]


TONES = {
    SignatureState.UNSIGNED: "bad",
    SignatureState.SIGNED_NOT_CHECKED: "unknown",
    SignatureState.VALID_TRUSTED: "good",
    SignatureState.VALID_UNKNOWN_SIGNER: "warn",
    SignatureState.DIGEST_MISMATCH: "bad",
    SignatureState.FILES_DIFFER: "bad",
    SignatureState.INVALID: "bad",
    SignatureState.UNSUPPORTED: "unknown",
}
#: From bad to good: the verdict of a version with several signatures is the best of those that verify, else the worst.
WORST_FIRST = (
    SignatureState.DIGEST_MISMATCH,
    SignatureState.FILES_DIFFER,
    SignatureState.INVALID,
    SignatureState.VALID_UNKNOWN_SIGNER,
    SignatureState.SIGNED_NOT_CHECKED,
    SignatureState.UNSUPPORTED,
)


class SigningMethod(models.TextChoices):
    """With what a bundle says it was signed."""

    KEY = "key", "Public key"
    CERTIFICATE = "certificate", "Certificate"
    KEYLESS = "keyless", "Sigstore identity"
    UNKNOWN = "unknown", "Not known"


class KeyKind(models.TextChoices):
    """What can be trusted."""

    PUBLIC_KEY = "public_key", "Public key"
    CERTIFICATE = "certificate", "Root certificate"
