"""Stored secrets: encrypted with the first of `CREDENTIAL_KEYS`, readable with any of them.

Fernet (AES-128-CBC with HMAC-SHA256; https://github.com/fernet/spec) from `cryptography`. A database dump alone opens
nothing. Rotation: put a new key first, call `rotate` on every stored value, then drop the old key.
"""

from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models import Model

from apps.core.registry import Registry


class Unreadable(Exception):
    """None of the present keys opens the value: its key is gone, or the value was changed."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """Where sealed values stand, and the column that names a row to people. Empty means that there is no secret."""

    model: type[Model]
    column: str
    label: str


#: Every column of sealed values, so that none is forgotten when a key is changed.
SEALED: Registry[SealedColumn] = Registry("column of sealed values")


def seal(text: str) -> str:
    """Return the text encrypted and authenticated, as ASCII that fits a text column. Two calls differ."""
    return _keys().encrypt(text.encode("utf-8")).decode("ascii")


def unseal(sealed: str) -> str:
    """Return the text that was sealed. Raises Unreadable, which never carries any part of the value."""
    try:
        return _keys().decrypt(sealed.encode("utf-8")).decode("utf-8")
    except InvalidToken:
        raise Unreadable("a stored secret cannot be read with the present keys") from None


def rotate(sealed: str) -> str:
    """Return the same secret sealed with the first key. Raises Unreadable."""
    try:
        return _keys().rotate(sealed.encode("utf-8")).decode("ascii")
    except InvalidToken:
        raise Unreadable("a stored secret cannot be read with the present keys") from None


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])
