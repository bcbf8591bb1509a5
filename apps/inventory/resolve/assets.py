"""Resolving assets from their observations: safety facts take the worst known value, others the newest known one."""

from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.functions import Cast, Coalesce, Concat, Left, RowNumber

from apps.core.facts import Fact
from apps.core.sql import insert_from, update_from
from apps.inventory.models import Asset, AssetLink, AssetObservation, Entitlement, Import, OwnerClaim, StagedAsset
from apps.inventory.records import ASSET, ENTITLEMENT, LINK, OWNER_CLAIM
from apps.inventory.resolve.disagree import note_disagreements

#: Columns that an asset takes over unchanged from an observation.
COPIED = (
    "name", "version", "version_number", "stage", "aliases", "description", "environment", "classification",
    "business_unit", "serialisation", "runs_code", "location", "content_digest", "licence", "created_on_source_at",
)  # fmt: skip
#: Of these the newest known value counts: blank or null never beats a value.
NEWEST_KNOWN = (
    "version", "stage", "description", "environment", "classification", "business_unit", "serialisation", "location",
    "content_digest", "licence", "version_number", "created_on_source_at",
)  # fmt: skip


def resolve_assets(owner: Import, now: datetime) -> None:
    """Create assets for new observations, resolve those of which an observation changed, and end what all lost."""
    if ASSET not in owner.covered:
        return
    mine = AssetObservation.objects.filter(source_id=owner.source_id)
    _create(mine.filter(asset__isnull=True, gone_at__isnull=True), owner)
    touched = Asset.objects.filter(Exists(mine.filter(asset_id=OuterRef("pk"), last_import_id=owner.pk)))
    _resolve(touched)
    note_disagreements(touched)
    seen = StagedAsset.objects.filter(owner_id=owner.pk, source_key=OuterRef("source_key"))
    now_seen = mine.filter(Exists(seen), asset__isnull=False)
    update_from(Asset, {"last_seen_at": Value(owner.observed_at, output_field=Asset._meta.get_field("last_seen_at"))},
                now_seen.values("asset_id").distinct(), on={"id": "asset_id"})  # fmt: skip
    here = AssetObservation.objects.filter(asset_id=OuterRef("pk"), gone_at__isnull=True)
    touched.filter(Exists(here), gone_at__isnull=False).update(gone_at=None)
    touched.filter(~Exists(here), gone_at__isnull=True).update(gone_at=owner.observed_at)


def _create(new: QuerySet[AssetObservation], owner: Import) -> None:
    """Insert an asset per observation, with the observation's id; a taken address gets a part of the id."""
    base = Case(When(slug="", then=F("kind")), default=F("slug"))
    numbered = new.annotate(_base=base).annotate(
        _turn=Window(RowNumber(), partition_by=[F("kind"), F("_base")], order_by=F("source_key").asc())
    )
    short = Left(Cast("id", CharField()), 8)
    taken = Exists(Asset.objects.filter(kind=OuterRef("kind"), slug=OuterRef("_base")))
    slug = Case(
        When(Q(_turn__gt=1) | Q(taken) | Q(slug=""), then=Concat("_base", Value("-"), short)), default=F("_base")
    )
    at = Value(owner.observed_at, output_field=Asset._meta.get_field("first_seen_at"))
    columns: dict[str, Any] = {name: name for name in ("id", "kind", *COPIED)}
    columns |= {
        "slug": slug,
        "tier": F("claimed_tier"),
        "tier_confirmed": Value(False),
        "first_seen_at": at,
        "last_seen_at": at,
    }
    columns["disagreements"] = Value({}, output_field=Asset._meta.get_field("disagreements"))
    insert_from(Asset, columns, numbered)
    update_from(AssetObservation, {"asset": F("id")}, new, on={"id": "id"})


def _resolve(touched: QuerySet[Asset]) -> None:
    """Set the columns of assets from all their present observations."""
    rows = AssetObservation.objects.filter(asset_id=OuterRef("pk"), gone_at__isnull=True).order_by(
        "-observed_at", "-id"
    )
    columns: dict[str, Any] = {
        "name": Subquery(rows.values("name")[:1]),
        "aliases": Subquery(rows.values("aliases")[:1]),
    }
    for name in NEWEST_KNOWN:
        field = Asset._meta.get_field(name)
        known = rows.filter(**{f"{name}__isnull": False}) if field.null else rows.exclude(**{name: ""})
        columns[name] = Subquery(known.values(name)[:1])
    columns["runs_code"] = Case(
        When(Exists(rows.filter(runs_code=Fact.YES)), then=Value(Fact.YES)),
        When(Exists(rows.filter(runs_code=Fact.NO)), then=Value(Fact.NO)),
        default=Value(Fact.UNKNOWN),
    )
    strictest = (
        rows.filter(claimed_tier__isnull=False).order_by().values("asset_id").annotate(_tier=Min("claimed_tier"))
    )
    columns["tier"] = Case(When(tier_confirmed=True, then=F("tier")), default=Subquery(strictest.values("_tier")[:1]))
    resolved = touched.filter(Exists(rows)).annotate(**{f"_{name}": value for name, value in columns.items()})
    keep = {name: _or_blank(name) for name in columns}
    update_from(Asset, keep, resolved, on={"id": "id"})


def _or_blank(name: str) -> Any:
    field = Asset._meta.get_field(name)
    if field.null or name in ("aliases", "name", "runs_code"):
        return F(f"_{name}")
    return Coalesce(F(f"_{name}"), Value(""), output_field=TextField())


def _asset_of(owner: Import, column: str) -> Subquery:
    rows = AssetObservation.objects.filter(source_id=owner.source_id, source_key=OuterRef(column))
    return Subquery(rows.values("asset_id")[:1])


def resolve_relations(owner: Import, now: datetime) -> None:
    """Set parents, both ends of links, the assets of owner claims and of entitlements, by key within the source."""
    here = {"source_id": owner.source_id, "gone_at__isnull": True}
    if ASSET in owner.covered:
        rows = AssetObservation.objects.filter(**here, asset__isnull=False).exclude(parent_key="")
        update_from(Asset, {"parent": _asset_of(owner, "parent_key")}, rows, on={"id": "asset_id"})
    if {ASSET, LINK} & set(owner.covered):
        ends = {"left": _asset_of(owner, "left_key"), "right": _asset_of(owner, "right_key")}
        update_from(AssetLink, ends, AssetLink.objects.filter(**here), on={"id": "id"})
    if {ASSET, OWNER_CLAIM} & set(owner.covered):
        update_from(
            OwnerClaim, {"asset": _asset_of(owner, "asset_key")}, OwnerClaim.objects.filter(**here), on={"id": "id"}
        )
    if {ASSET, ENTITLEMENT} & set(owner.covered) and AssetObservation.objects.filter(**here).exists():
        scoped = Entitlement.objects.filter(**here).exclude(scope="")
        update_from(Entitlement, {"asset": _asset_of(owner, "scope")}, scoped, on={"id": "id"})
