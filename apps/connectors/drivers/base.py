"""What a driver declares."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import httpx
import psycopg

from apps.connectors.drivers.fields import Field, read_fields
from apps.connectors.vault import Secret
from apps.core.registry import Registry

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TestResult:
    """What a test showed: `ok`, one sentence, and facts (label, value) for people. None of it repeats the secret."""

    ok: bool
    message: str
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """What a test is given: settings, secret, the time, and how to open the target."""

    settings: Settings
    secret: Secret
    now: datetime
    http: Callable[[], AbstractContextManager[Any]]
    postgresql: Callable[[], AbstractContextManager["psycopg.Connection[Any]"]]


@dataclass(frozen=True, slots=True)
class Driver:
    """One product. `test` uses the target without changing it; `auth` signs the requests of an HTTP product.

    `address` names scheme, host and port; a secret is bound to it and to how the target proves itself (`anchor`).
    `server` names the settings that tell one server from another: two connections alike in them show the same access.
    """

    name: str
    title: str
    summary: str
    fields: tuple[Field, ...]
    secret_fields: tuple[Field, ...]
    permissions: tuple[str, ...]
    native_expiry: bool
    address: Callable[[Settings], str]
    test: Callable[[Probe], TestResult]
    auth: Callable[[Settings, Secret], httpx.Auth | None] = lambda settings, secret: None
    watched: bool = True
    server: tuple[str, ...] = ()

    def read_settings(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return the settings in their one form; raises Invalid for unknown, missing or wrong fields."""
        return read_fields(self.fields, given)

    def read_secret(self, given: Mapping[str, object]) -> Secret:
        """Return the secret; raises Invalid for unknown, missing or wrong fields."""
        return Secret(read_fields(self.secret_fields, given))

    def anchor(self, settings: Settings) -> str:
        """Return what a secret is bound to: changing it erases the secret."""
        proof = sha256(settings.get("ca", "").encode()).hexdigest()[:16] if settings.get("ca") else "public"
        return "|".join([self.name, self.address(settings), proof, settings.get("sslmode", "")])


DRIVERS: Registry[Driver] = Registry("connection driver")
