"""Assets: the list, one asset with what surrounds it, and its lineage."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery

from apps.core.actor import Actor
from apps.core.errors import NotFound
from apps.core.facts import Fact
from apps.inventory.models import Asset, AssetLink, AssetObservation, Entitlement, OwnerClaim, Source
from apps.inventory.queries.counting import distinct_count
from apps.inventory.queries.kept import kept
from apps.inventory.states import AssetKind

#: Parts are governed through the asset they belong to and are not listed on their own.
PARTS = (AssetKind.MODEL_VERSION, AssetKind.TRAINING_JOB)
MAX_LINEAGE = 60
#: The events after which what is kept about the inventory is read anew.
INVENTORY = ("inventory.",)


def list_assets(actor: Actor) -> QuerySet[Asset]:
    """Return the governed assets the actor may see, with how many sources show each and who holds standing access."""
    standing = Entitlement.objects.present().filter(expires_at__isnull=True)
    return (
        Asset.objects.visible_to(actor)
        .present()
        .exclude(kind__in=PARTS)
        .select_related("owner", "team")
        .annotate(
            source_count=distinct_count(AssetObservation.objects.present(), "asset_id", "source_id"),
            standing=distinct_count(standing, "asset_id", "identity_id"),
        )
    )


@dataclass(frozen=True, slots=True)
class Survey:
    """What the list of assets shows beside its rows, of all that the actor may see.

    `kinds` are (kind, label, how many), `sources` those that show assets, `suggested` how many assets have an owner
    that a source claims and nobody confirmed; the others are the values that a column has.
    """

    kinds: list[tuple[str, str, int]]
    units: list[str]
    environments: list[str]
    classes: list[str]
    sources: list[tuple[Any, str]]
    suggested: int

    @property
    def total(self) -> int:
        """Return how many governed assets there are."""
        return sum(n for _, _, n in self.kinds)


def survey(actor: Actor) -> Survey:
    """Return the survey; six queries, or one where it is kept."""
    return kept(actor, "asset-survey", INVENTORY, lambda: _survey(actor))


def _survey(actor: Actor) -> Survey:
    rows = Asset.objects.visible_to(actor).present().exclude(kind__in=PARTS)
    counts = rows.order_by("kind").values_list("kind").annotate(n=Count("pk"))
    return Survey(
        kinds=[(kind, str(AssetKind(kind).label), n) for kind, n in counts],
        units=_values(actor, "business_unit"),
        environments=_values(actor, "environment"),
        classes=_values(actor, "classification"),
        sources=_sources(actor),
        suggested=owner_suggestions(actor).count(),
    )


def shown_assets(actor: Actor, rows: QuerySet[Asset], *, first: bool) -> list[Asset]:
    """Return one page of assets in the order of `rows`, which is the page's slice; two queries.

    Only the rows of the page are counted. `first` says that it is the first page in its own order, whose ids are kept.
    """

    def order() -> list[Any]:
        return list(rows.values_list("pk", flat=True))

    keys = kept(actor, "assets-first", (*INVENTORY, "posture."), order) if first else order()
    found = {asset.pk: asset for asset in list_assets(actor).filter(pk__in=keys)}
    return [found[key] for key in keys if key in found]


def find_asset(actor: Actor, kind: str, slug: str) -> Asset:
    """Return the asset at an address. Raises NotFound, also for one the actor may not see."""
    around: list[Any] = [
        Prefetch("observations", AssetObservation.objects.present().select_related("source", "last_import")),
        Prefetch("owner_claims", OwnerClaim.objects.present().select_related("source", "person")),
    ]
    found = (
        Asset.objects.visible_to(actor)
        .filter(kind=kind, slug=slug)
        .select_related("owner", "team", "parent")
        .prefetch_related(*around)
        .first()
    )
    if found is None:
        raise NotFound("There is no such asset, or you may not see it.")
    return found


def source_names(asset: Asset) -> list[str]:
    """Return the names of the sources that show an asset as `find_asset` fetched it; no query."""
    seen: list[AssetObservation] = list(asset.observations.all())
    return [observation.source.name for observation in seen]


def versions_of(asset: Asset) -> QuerySet[Asset]:
    """Return the versions of a model, newest first."""
    return asset.versions.present().order_by("-version_number", "-created_on_source_at", "pk")


@dataclass(frozen=True, slots=True)
class Access:
    """Who can do one operation on an asset: how many hold it with an end, and how many without."""

    operation: str
    until_end: int
    standing: int


def access_summary(asset: Asset) -> list[Access]:
    """Return per operation the identities that hold it; one query."""
    rows = Entitlement.objects.present().filter(asset=asset).exclude(identity__enabled=Fact.NO)
    counted = rows.values("operation").annotate(
        until_end=Count("identity_id", distinct=True, filter=Q(expires_at__isnull=False)),
        standing=Count("identity_id", distinct=True, filter=Q(expires_at__isnull=True)),
    )
    return [Access(row["operation"], row["until_end"], row["standing"]) for row in counted.order_by("operation")]


def access_rows(actor: Actor, asset: Asset) -> QuerySet[Entitlement]:
    """Return the entitlements on the asset that the actor may see, with holder and source."""
    rows = Entitlement.objects.visible_to(actor).present().filter(asset=asset)
    return rows.select_related("identity", "identity__person", "source").order_by("operation", "identity__name", "pk")


@dataclass(frozen=True, slots=True)
class Lineage:
    """The assets around one asset and the links between them, as far as the actor may see them."""

    assets: Sequence[Asset]
    links: Sequence[tuple[Any, Any, str]]
    cut: bool


def lineage(actor: Actor, asset: Asset) -> Lineage:
    """Return what goes into the asset and what it goes into, two steps each way; at most 60 assets; six queries.

    A model is walked through its deployed-looking newest version as well: links of its versions count as its own.
    """
    own = [asset.pk, *versions_of(asset).values_list("pk", flat=True)[:5]]
    known: dict[Any, None] = dict.fromkeys(own)
    links: dict[tuple[Any, Any, str], None] = {}
    for near, far in (("right_id", "left_id"), ("left_id", "right_id")):
        edge = list(own)
        for _ in range(2):
            rows = AssetLink.objects.present().filter(**{f"{near}__in": edge[:200]}, **{f"{far}__isnull": False})
            found = list(rows.values_list("left_id", "right_id", "relation")[: MAX_LINEAGE * 2])
            links.update(dict.fromkeys(found))
            edge = [row[0] if far == "left_id" else row[1] for row in found]
            edge = [key for key in dict.fromkeys(edge) if key not in known]
            known.update(dict.fromkeys(edge))
    keys = list(known)
    assets = list(Asset.objects.visible_to(actor).present().filter(pk__in=keys[:MAX_LINEAGE]))
    seen = {found.pk for found in assets}
    return Lineage(assets, [link for link in links if link[0] in seen and link[1] in seen], len(keys) > MAX_LINEAGE)


def owner_suggestions(actor: Actor) -> QuerySet[Asset]:
    """Return assets without a confirmed owner for which a source claims a person the portal knows."""
    claims = OwnerClaim.objects.present().filter(asset_id=OuterRef("pk"), person__isnull=False).order_by("-observed_at")
    rows = list_assets(actor).filter(owner_confirmed_at__isnull=True)
    return rows.filter(Exists(claims)).annotate(
        claimed_person=Subquery(claims.values("person_id")[:1]),
        claimed_name=Subquery(claims.values("person__name")[:1]),
    )


def _values(actor: Actor, column: str) -> list[str]:
    """Return the values that a column has among the assets the actor may see, at most 100."""
    rows = Asset.objects.visible_to(actor).present().exclude(**{column: ""})
    return list(rows.order_by(column).values_list(column, flat=True).distinct()[:100])


def _sources(actor: Actor) -> list[tuple[Any, str]]:
    """Return (id, name) of the sources that show assets the actor may see."""
    seen = AssetObservation.objects.visible_to(actor).present().filter(asset__isnull=False, source_id=OuterRef("pk"))
    return list(Source.objects.filter(Exists(seen)).order_by("name").values_list("pk", "name")[:100])


def shown_by(rows: QuerySet[Asset], source: Any) -> QuerySet[Asset]:
    """Return those of the assets that a source shows."""
    return rows.filter(Exists(AssetObservation.objects.present().filter(source_id=source, asset_id=OuterRef("pk"))))


def by_tier() -> tuple[Any, ...]:
    """Return the default order of assets: strictest tier first, unknown tier last."""
    return (F("tier").asc(nulls_last=True), "name")
