"""Duty conflicts of a person towards an asset, from facts: grants held here, access observed, and confirmed owners.

Towards the asset and its lineage every conflict counts, also what was held in the past. A hard one counts further: to
the whole model with all its versions and their lineage, while both would be live at once. Facts that nobody confirmed
(an owner somebody claims) are told as such and shown to the approver, but refuse nothing: an import confers no rights,
and takes none.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from apps.access.models import AccessRequest, Grant
from apps.access.queries.lineage import family
from apps.access.queries.people import Who
from apps.access.states import LIVE_GRANTS, OPEN_REQUESTS
from apps.governance.duties import Duty, Rule, conflicts_of
from apps.governance.operations import OPERATIONS
from apps.integrity.models import Signature
from apps.integrity.states import SignatureState
from apps.inventory.models import Asset, Entitlement, OwnerClaim
from apps.inventory.states import AssetKind

#: What owning an asset of this kind says about a version that came from it.
_BY_OWNING = {
    AssetKind.TRAINING_JOB: "train.run",
    AssetKind.DATASET: "data.curate",
    AssetKind.FEATURE_STORE: "data.curate",
}


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person does, did or may do in an asset's lineage; `near` unless only the same model has it in common."""

    operation: str
    asset_id: UUID
    sentence: str
    live: bool
    certain: bool
    near: bool = True
    at: datetime | None = None
    request: int | None = None


@dataclass(frozen=True, slots=True)
class DutyConflict:
    """One conflict: the duty and the deed it rests on. Only a certain one refuses; the others are shown."""

    duty: Duty
    deed: Deed

    @property
    def certain(self) -> bool:
        """Return whether the deed is a fact, so that the conflict refuses."""
        return self.deed.certain

    @property
    def sentence(self) -> str:
        """Return the conflict in words for people."""
        return f"{self.deed.sentence} {self.duty.reason}"


def duty_conflicts(deeds: Iterable[Deed], operation: str, tier: int) -> tuple[DutyConflict, ...]:
    """Return what conflicts with doing this operation at this tier, certain conflicts first. No query."""
    duties = conflicts_of(operation, tier)
    found = [
        DutyConflict(duties[deed.operation], deed)
        for deed in deeds
        if deed.operation in duties and (deed.near or (deed.live and duties[deed.operation].rule is Rule.HARD))
    ]
    return tuple(sorted(found, key=lambda c: (not c.certain, not c.deed.live, c.deed.sentence)))


def refusing(conflicts: Iterable[DutyConflict]) -> DutyConflict | None:
    """Return the first conflict that refuses, or None."""
    return next((conflict for conflict in conflicts if conflict.certain), None)


def deeds_of(who: Who, asset: Asset, *, without: int | None = None) -> tuple[Deed, ...]:
    """Return everything a person holds, held, asks for or is said to have done in the lineage of an asset. 7 queries.

    `without` is the number of the request that is judged, which does not conflict with itself.
    """
    near = family(asset.pk)
    wide = near | family(asset.parent_id) if asset.parent_id else near
    found = (
        *_grants(who, near, wide, without),
        *_requests(who, near, without),
        *_entitlements(who, near, wide),
        *_owned(who, near - {asset.pk}),
        *_signed(who, near),
    )
    # One deed of a kind is enough to tell: a person with many grants does not fill the page.
    return tuple({(d.operation, d.live, d.certain, d.near): d for d in reversed(found)}.values())


def _verb(operation: str) -> str:
    return OPERATIONS[operation].verb.lower() if operation in OPERATIONS else operation


def _grants(who: Who, near: frozenset[UUID], wide: frozenset[UUID], without: int | None) -> Iterator[Deed]:
    """Grants of this user, and of any other user with a mail of the same person."""
    mine = Q(holder_id=who.user_id) | Q(holder__email__in=who.addresses)
    rows = Grant.objects.filter(mine, asset_id__in=wide)
    rows = rows.filter(Q(state__in=LIVE_GRANTS) | Q(activated_at__isnull=False)).order_by("-number")
    for grant in rows.exclude(request_id=without) if without else rows:
        live = grant.state in LIVE_GRANTS
        said = f"{who.name} {'holds' if live else 'held'} “{_verb(grant.operation)}” on {grant.asset_label}"
        yield Deed(
            grant.operation,
            grant.asset_id,
            f"{said} ({grant.name}).",
            live,
            certain=True,
            near=grant.asset_id in near,
            at=grant.activated_at,
        )


def _requests(who: Who, near: frozenset[UUID], without: int | None) -> Iterator[Deed]:
    """What is asked for at the same time: shown, and refused once it is granted."""
    rows = AccessRequest.objects.filter(beneficiary_id=who.user_id, asset_id__in=near, state__in=OPEN_REQUESTS)
    for row in rows.exclude(pk=without or 0).order_by("number"):
        sentence = f"{who.name} also asks for “{_verb(row.operation)}” on {row.asset_label} ({row.name})."
        yield Deed(row.operation, row.asset_id, sentence, False, certain=False, at=row.created_at, request=row.pk)


def _entitlements(who: Who, near: frozenset[UUID], wide: frozenset[UUID]) -> Iterator[Deed]:
    """Standing access seen at a source counts as held."""
    if who.person_id is None:
        return
    rows = Entitlement.objects.filter(
        identity__person_id=who.person_id,
        asset_id__in=wide,
        operation__in=list(OPERATIONS),
        gone_at__isnull=True,
    )
    for row in rows.select_related("asset", "source").order_by("operation", "pk"):
        if row.asset is not None:
            sentence = f"{who.name} has standing access “{_verb(row.operation)}” on {row.asset} at {row.source.name}."
            near_by = row.asset.pk in near
            yield Deed(row.operation, row.asset.pk, sentence, True, certain=True, near=near_by, at=row.granted_at)


def _owned(who: Who, scope: frozenset[UUID]) -> Iterator[Deed]:
    """Who owns the training job trained the version; who owns the data curated it; certain when confirmed."""
    if who.person_id is None:
        return
    claims = OwnerClaim.objects.filter(asset_id=OuterRef("pk"), person_id=who.person_id, gone_at__isnull=True)
    rows = Asset.objects.present().filter(pk__in=scope, kind__in=list(_BY_OWNING)).annotate(claimed=Exists(claims))
    for row in rows.filter(Q(owner_id=who.person_id) | Q(claimed=True)).order_by("name", "pk"):
        certain = row.owner_id == who.person_id and row.owner_confirmed_at is not None
        said = "owns" if certain else "is said to own"
        sentence = f"{who.name} {said} the {row.get_kind_display().lower()} {row}."
        operation = _BY_OWNING[AssetKind(row.kind)]
        yield Deed(operation, row.pk, sentence, False, certain=certain, at=row.owner_confirmed_at)


def _signed(who: Who, near: frozenset[UUID]) -> Iterator[Deed]:
    """A signature whose signer is a mail or login of the person."""
    signed = Signature.objects.filter(artifact__asset_id__in=near, gone_at__isnull=True).exclude(signer="")
    for row in signed.select_related("artifact__asset").order_by("pk"):
        asset = row.artifact.asset
        if asset is not None and row.signer.lower() in who.addresses:
            certain = row.state == SignatureState.VALID_TRUSTED
            yield Deed("model.sign", asset.pk, f"{who.name} signed {asset}.", False, certain=certain, at=row.judged_at)
