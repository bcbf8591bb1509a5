"""The row kinds of the inventory: what is staged where and applied to which table, parents before children."""

from collections.abc import Mapping
from typing import Any

from django.utils.text import slugify

from apps.inventory import models, records
from apps.inventory.formats import ROW_KINDS, RowKind, fact_columns
from apps.inventory.models import facts


def _slug(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the readable part of an asset's address, from its name and version."""
    return {"slug": slugify(f"{values.get('name', '')} {values.get('version', '')}")[:300]}


def _kind(kind: str, title: str, fact_model: type[Any], staged: type[Any], applied: type[Any], **more: Any) -> RowKind:
    return RowKind(kind, staged, applied, fact_columns(fact_model, facts.Observed), title, **more)


_OF_IDENTITY = {"parent": ("identity", "identity_key", records.IDENTITY)}

OWN_KINDS = (
    _kind(records.PERSON, "People", facts.PersonFacts, models.StagedPersonRecord, models.PersonRecord),
    _kind(records.IDENTITY, "Identities", facts.IdentityFacts, models.StagedIdentity, models.Identity),
    _kind(records.FACTOR, "Factors", facts.FactorFacts, models.StagedFactor, models.Factor, **_OF_IDENTITY),
    _kind(
        records.CREDENTIAL,
        "Credentials",
        facts.CredentialFacts,
        models.StagedCredential,
        models.Credential,
        **_OF_IDENTITY,
    ),
    _kind(
        records.ENTITLEMENT,
        "Entitlements",
        facts.EntitlementFacts,
        models.StagedEntitlement,
        models.Entitlement,
        **_OF_IDENTITY,
    ),
    _kind(records.ASSET, "Assets", facts.AssetFacts, models.StagedAsset, models.AssetObservation, derive=_slug),
    _kind(records.LINK, "Asset links", facts.LinkFacts, models.StagedLink, models.AssetLink),
    _kind(records.OWNER_CLAIM, "Owner claims", facts.OwnerClaimFacts, models.StagedOwnerClaim, models.OwnerClaim),
)


def register() -> None:
    """Register the inventory's own kinds; called once from `ready()`."""
    for row_kind in OWN_KINDS:
        ROW_KINDS.register(row_kind.kind, row_kind)
