"""What happens to trusted keys and verdicts, as the audit log names it."""

from apps.core.events import declare

KEY_TRUSTED = declare(
    "integrity.key.trusted", "Signing key trusted", details=("name", "kind", "fingerprint", "rejudged", "now_valid")
)
KEY_RETIRED = declare(
    "integrity.key.retired",
    "Signing key no longer trusted",
    details=("name", "fingerprint", "rejudged", "no_longer_valid"),
    reduces=True,
)
