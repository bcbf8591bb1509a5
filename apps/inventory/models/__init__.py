"""Observed facts: what each source reports, and the assets and people resolved from it."""

from apps.inventory.models.asset import Asset, AssetObservation, OwnerClaim
from apps.inventory.models.entitlement import Entitlement
from apps.inventory.models.identity import Credential, Factor, Identity
from apps.inventory.models.known import KnownPerson
from apps.inventory.models.link import AssetLink
from apps.inventory.models.person import Person, PersonRecord
from apps.inventory.models.source import Coverage, Import, RejectedRecord, Source, UploadedFile
from apps.inventory.models.staging import (
    StagedAsset,
    StagedCredential,
    StagedEntitlement,
    StagedFactor,
    StagedIdentity,
    StagedLink,
    StagedOwnerClaim,
    StagedPersonRecord,
)

__all__ = [
    "Asset",
    "AssetLink",
    "AssetObservation",
    "Coverage",
    "Credential",
    "Entitlement",
    "Factor",
    "Identity",
    "Import",
    "KnownPerson",
    "OwnerClaim",
    "Person",
    "PersonRecord",
    "RejectedRecord",
    "Source",
    "StagedAsset",
    "StagedCredential",
    "StagedEntitlement",
    "StagedFactor",
    "StagedIdentity",
    "StagedLink",
    "StagedOwnerClaim",
    "StagedPersonRecord",
    "UploadedFile",
]
