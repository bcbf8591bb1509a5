"""Reading artifacts, signatures and keys. A signature meets a version by content: equal paths and digests."""

from dataclasses import dataclass

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from apps.core.actor import Actor
from apps.integrity.models import Artifact, Signature, TrustedKey
from apps.integrity.states import WORST_FIRST, SignatureState
from apps.inventory.models import Asset


def _artifacts_of(outer_ref: str) -> QuerySet[Artifact]:
    return Artifact.objects.present().filter(asset_id=OuterRef(outer_ref)).exclude(files_digest="")


def _signatures_of_artifact() -> QuerySet[Signature]:
    return Signature.objects.present().filter(files_digest=OuterRef("files_digest"))


def verified_signature_exists(outer_ref: str = "pk") -> Exists:
    """Return EXISTS: all files of an artifact of this asset equal those that a trusted signature covers.

    For a queryset of assets; `outer_ref` names their id there. Only a signature that verified against a key or
    certificate trusted now counts, never one that merely parses.
    """
    trusted = _signatures_of_artifact().filter(state=SignatureState.VALID_TRUSTED)
    return Exists(_artifacts_of(outer_ref).filter(Exists(trusted)))


def signature_exists(outer_ref: str = "pk") -> Exists:
    """Return EXISTS: some signature covers the files of an artifact of this asset, whatever its verdict."""
    return Exists(_artifacts_of(outer_ref).filter(Exists(_signatures_of_artifact())))


def artifact_exists(outer_ref: str = "pk") -> Exists:
    """Return EXISTS: the files of this asset are known by digest, so that a signature could be matched."""
    return Exists(_artifacts_of(outer_ref))


def _ranked(signatures: QuerySet[Signature]) -> QuerySet[Signature]:
    """Order signatures so that the one that decides comes first: valid and trusted, else the worst."""
    order = [When(state=SignatureState.VALID_TRUSTED, then=Value(0))]
    order += [When(state=state, then=Value(place)) for place, state in enumerate(WORST_FIRST, 1)]
    ranked = signatures.annotate(rank=Case(*order, default=Value(99), output_field=IntegerField()))
    return ranked.order_by("rank", "-judged_at", "pk")


def _deciding(outer_ref: str) -> QuerySet[Signature]:
    # By digest from the asset's artifacts, never through all signatures: both databases use the index on the digest.
    mine = Artifact.objects.present().filter(asset_id=OuterRef(OuterRef(outer_ref))).exclude(files_digest="")
    return _ranked(Signature.objects.present().filter(files_digest__in=mine.values("files_digest")))


def signature_state(outer_ref: str = "pk") -> Coalesce:
    """Return an expression: the verdict on an asset's artifact, `unsigned` where no signature covers its files."""
    return Coalesce(
        Subquery(_deciding(outer_ref).values("state")[:1], output_field=CharField()),
        Value(SignatureState.UNSIGNED.value),
    )


def signature_reason(outer_ref: str = "pk") -> Coalesce:
    """Return an expression: why the verdict is what it is; blank where no signature covers the files."""
    return Coalesce(Subquery(_deciding(outer_ref).values("reason")[:1], output_field=CharField()), Value(""))


@dataclass(frozen=True, slots=True)
class AssetIntegrity:
    """What an asset's page shows: its artifact, the deciding signature, and all others."""

    artifact: Artifact | None
    state: SignatureState
    reason: str
    signature: Signature | None
    others: tuple[Signature, ...]


def integrity_of(asset: Asset) -> AssetIntegrity:
    """Return artifact and signatures of one asset. Two queries."""
    artifact = (
        Artifact.objects.present().filter(asset=asset).select_related("source").order_by("-observed_at", "pk").first()
    )
    if artifact is None:
        reason = "No source lists the files of this version, so no signature can be matched."
        return AssetIntegrity(None, SignatureState.UNSIGNED, reason, None, ())
    signatures: list[Signature] = []
    if artifact.files_digest:
        rows = Signature.objects.present().filter(files_digest=artifact.files_digest)
        signatures = list(_ranked(rows.select_related("source", "trusted_key"))[:20])
    if not signatures:
        return AssetIntegrity(artifact, SignatureState.UNSIGNED, "No signature covers exactly these files.", None, ())
    first = signatures[0]
    return AssetIntegrity(artifact, SignatureState(first.state), first.reason, first, tuple(signatures[1:]))


def verdict_of(asset: Asset) -> SignatureState:
    """Return the verdict on one asset's artifact. Two queries."""
    return integrity_of(asset).state


def keys(actor: Actor) -> QuerySet[TrustedKey]:
    """Return the keys this actor may see, those in force first, each with how many signatures rest on it."""
    valid = Q(signatures__state=SignatureState.VALID_TRUSTED, signatures__gone_at__isnull=True)
    rows = TrustedKey.objects.visible_to(actor).annotate(valid_signatures=Count("signatures", filter=valid))
    return rows.order_by(F("retired_at").desc(nulls_first=True), "name", "added_at")
