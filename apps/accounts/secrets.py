"""One-time secrets: made here, shown once, kept only as a keyed hash (reliability.md §2, case 11)."""

import hmac
import secrets
from hashlib import sha256

from django.conf import settings
from django.utils.crypto import salted_hmac

TOKEN_START = "ztp"  # noqa: S105
PREFIX_LENGTH = 12


def new_secret() -> str:
    """Return 256 random bits, fit for an address."""
    return secrets.token_urlsafe(32)


def digest(purpose: str, secret: str, *, key: str | None = None) -> str:
    """Return the HMAC-SHA256 of a secret under the portal's signing secret, separate for each purpose."""
    return salted_hmac(f"ztportal.{purpose}", secret, secret=key, algorithm="sha256").hexdigest()


def digests(purpose: str, secret: str) -> list[str]:
    """Return the digests under the current and the previous signing secrets, so that rotation does not void all."""
    return [digest(purpose, secret, key=key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def matches(purpose: str, secret: str, stored: str) -> bool:
    """Return whether the stored digest belongs to the secret; the comparison takes constant time."""
    return any(hmac.compare_digest(candidate, stored) for candidate in digests(purpose, secret))


def new_token() -> tuple[str, str]:
    """Return (prefix, whole token); the prefix is public and finds the row."""
    prefix = sha256(secrets.token_bytes(32)).hexdigest()[:PREFIX_LENGTH]
    return prefix, f"{TOKEN_START}_{prefix}_{new_secret()}"


def prefix_of(token: str) -> str:
    """Return the public prefix of a token; empty when the text has not the form of one."""
    start, _, rest = token.partition("_")
    prefix, _, secret = rest.partition("_")
    well_formed = start == TOKEN_START and len(prefix) == PREFIX_LENGTH and len(secret) >= 40
    return prefix if well_formed else ""
