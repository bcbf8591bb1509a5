"""Reads the environment for settings.py and refuses half or unsafe configurations."""

import base64
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

KNOWN_SECRETS = frozenset(
    {
        "changeme",
        "change-me",
        "secret",
        "thisismysecretkey",
        "your-secret-key",
        "CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET",
        "\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h",
        "thisISaSECRET_1234",
        "TEST_NON_DEV_SECRET",
    }
)
MIN_SECRET_LENGTH = 50


def secret_key(given: str, *, data_dir: Path, production: bool) -> str:
    """Return the signing secret: the given one, or the embedded default's own, written once with mode 600.

    Raises ImproperlyConfigured when production has none, or when the given one is short or publicly known
    (CVE-2023-27524 is what happens otherwise).
    """
    if given:
        if len(given) < MIN_SECRET_LENGTH or given.strip() in KNOWN_SECRETS or len(set(given)) < 10:
            raise ImproperlyConfigured(
                f"ZTPORTAL_SECRET_KEY is known or too short; use {MIN_SECRET_LENGTH} or more random characters."
            )
        return given
    if production:
        raise ImproperlyConfigured("Set ZTPORTAL_SECRET_KEY: production does not invent its own secret.")
    return stored_secret(data_dir / "secret_key")


def credential_keys(given: list[str], *, data_dir: Path, production: bool) -> list[str]:
    """Return the keys that encrypt stored credentials: the given ones, or the embedded default's own, written once.

    The first encrypts, all decrypt. Raises ImproperlyConfigured for one that is no Fernet key, and when production has
    none. They are never derived from the signing secret: who reads the one does not read the other.
    """
    if not given and production:
        raise ImproperlyConfigured("Set ZTPORTAL_CREDENTIAL_KEYS: production does not invent its own keys.")
    keys = given or [stored_secret(data_dir / "credential_key", make=new_credential_key, least=44)]
    if not all(map(_is_credential_key, keys)):
        raise ImproperlyConfigured("ZTPORTAL_CREDENTIAL_KEYS: each key is 32 random bytes in URL-safe Base64.")
    return keys


def new_credential_key() -> str:
    """Return a new Fernet key: 32 random bytes in URL-safe Base64."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode("ascii")


def _is_credential_key(key: str) -> bool:
    try:
        raw = base64.b64decode(key, altchars=b"-_", validate=True)
    except ValueError:
        return False
    return len(raw) == 32 and len(set(raw)) >= 10


def new_signing_secret() -> str:
    """Return a new signing secret."""
    return secrets.token_urlsafe(64)


def stored_secret(path: Path, *, make: Callable[[], str] = new_signing_secret, least: int = MIN_SECRET_LENGTH) -> str:
    """Return the secret kept in `path`, creating it (mode 600) the first time; concurrent starts agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        value = path.read_text(encoding="ascii").strip()
        if len(value) < least:
            raise ImproperlyConfigured(f"{path.name} is damaged; remove it to have a new one written.") from None
        return value
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        value = make()
        stream.write(value + "\n")
    return value


def mail_security(given: str) -> tuple[bool, bool]:
    """Return (STARTTLS, TLS from the start) for `starttls`, `tls` or `none`; refuse any other word."""
    known = {"starttls": (True, False), "tls": (False, True), "none": (False, False)}
    if given not in known:
        raise ImproperlyConfigured("ZTPORTAL_EMAIL_SECURITY is starttls, tls or none.")
    return known[given]


def require_pair(database_url: str, redis_url: str) -> bool:
    """Return True for production (both set), False for the embedded default (none); refuse one without the other."""
    if bool(database_url) != bool(redis_url):
        missing = "REDIS_URL" if database_url else "DATABASE_URL"
        raise ImproperlyConfigured(f"{missing} is missing: production needs DATABASE_URL and REDIS_URL together.")
    return bool(database_url)
