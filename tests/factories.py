"""One `make_*` per model. Defaults are the unremarkable case; name what the test is about."""

import itertools
from datetime import UTC, datetime
from typing import Any

from django.utils.text import slugify

from apps.connectors.models import Connection
from apps.inventory.models import (
    Asset,
    AssetObservation,
    Coverage,
    Credential,
    Entitlement,
    Factor,
    Identity,
    Import,
    Person,
    Source,
)

NOW = datetime(2026, 11, 20, 6, 12, tzinfo=UTC)
_numbers = itertools.count(1)


def make_source(**fields: Any) -> Source:
    """Return a source read at NOW."""
    number = next(_numbers)
    defaults: dict[str, Any] = {"name": f"source-{number}", "format": "microsoft-graph", "observed_at": NOW}
    return Source.objects.create(**{**defaults, **fields})


def make_import(source: Source | None = None, **fields: Any) -> Import:
    """Return an applied import of the source, covering all record kinds."""
    source = source or make_source()
    defaults: dict[str, Any] = {
        "number": next(_numbers) + 1_000_000,
        "format": source.format,
        "state": "applied",
        "observed_at": source.observed_at or NOW,
    }
    return Import.objects.create(source=source, **{**defaults, **fields})


def make_coverage(source: Source, record_kind: str, **fields: Any) -> Coverage:
    """Return complete coverage of a record kind at the source's time."""
    defaults: dict[str, Any] = {"observed_at": source.observed_at or NOW, "complete": True}
    owner = fields.pop("last_import", None) or make_import(source)
    return Coverage.objects.create(source=source, record_kind=record_kind, last_import=owner, **{**defaults, **fields})


def _row(fields: dict[str, Any], prefix: str) -> dict[str, Any]:
    source = fields.pop("source", None) or make_source()
    key = f"{prefix}-{next(_numbers)}"
    at = source.observed_at or NOW
    defaults = {"source_key": key, "digest": key, "source": source, "observed_at": at, "first_seen_at": at}
    owner = fields.pop("last_import", None) or source.imports.first() or make_import(source)
    return {**defaults, "last_import": owner, **fields}


def make_connection(**fields: Any) -> Connection:
    """Return a webhook connection that has no secret yet."""
    defaults: dict[str, Any] = {
        "name": f"target-{next(_numbers)}", "driver": "webhook", "created_at": NOW, "changed_at": NOW,
        "settings": {"url": "https://target.example/hook", "ca": ""},
    }  # fmt: skip
    return Connection.objects.create(**{**defaults, **fields})


def make_person(**fields: Any) -> Person:
    """Return an active person."""
    number = next(_numbers)
    defaults = {"name": f"Person {number}", "email": f"person{number}@fenwick.example", "status": "active"}
    return Person.objects.create(**{**defaults, **fields})


def make_identity(**fields: Any) -> Identity:
    """Return an enabled human identity of whose factors nothing is known."""
    row = _row(fields, "identity")
    defaults = {"kind": "human", "enabled": "yes", "name": row["source_key"], "login": row["source_key"]}
    return Identity.objects.create(**{**defaults, **row})


def make_factor(identity: Identity, **fields: Any) -> Factor:
    """Return an active, strong factor."""
    fields.setdefault("source", identity.source)
    defaults = {"identity_key": identity.source_key, "type": "totp", "strength": "strong", "active": "yes"}
    return Factor.objects.create(identity=identity, **{**defaults, **_row(fields, "factor")})


def make_credential(identity: Identity, **fields: Any) -> Credential:
    """Return an active access key of unknown age and use."""
    fields.setdefault("source", identity.source)
    defaults = {"identity_key": identity.source_key, "kind": "access_key", "active": "yes"}
    return Credential.objects.create(identity=identity, **{**defaults, **_row(fields, "credential")})


def make_asset(**fields: Any) -> Asset:
    """Return a model without owner, tier or versions."""
    number = next(_numbers)
    name = fields.pop("name", f"asset-{number}")
    defaults = {"kind": "model", "slug": slugify(f"{name}-{number}"), "first_seen_at": NOW, "last_seen_at": NOW}
    return Asset.objects.create(name=name, **{**defaults, **fields})


def make_observation(asset: Asset, **fields: Any) -> AssetObservation:
    """Return what one source shows of the asset."""
    row = _row(fields, "observation")
    return AssetObservation.objects.create(asset=asset, **{"kind": asset.kind, "name": asset.name, **row})


def make_entitlement(identity: Identity, **fields: Any) -> Entitlement:
    """Return standing access of an identity."""
    fields.setdefault("source", identity.source)
    defaults = {"identity_key": identity.source_key, "operation": "data.read", "on_ai": "yes", "privileged": "no"}
    return Entitlement.objects.create(identity=identity, **{**defaults, **_row(fields, "entitlement")})
