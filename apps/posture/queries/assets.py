"""Scores of assets: n of N, and who is furthest from proven."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import Count, F, FloatField, QuerySet, Window
from django.db.models.functions import Cast

from apps.core.actor import Actor
from apps.core.errors import Forbidden
from apps.inventory.states import AssetKind
from apps.posture.models import AssetScore, FurthestAsset, Run


def asset_scores(actor: Actor, asset_ids: Iterable[UUID]) -> dict[UUID, AssetScore]:
    """Return the scores of these assets (one page of them) that the actor may see; one query."""
    return AssetScore.objects.visible_to(actor).in_bulk(list(asset_ids))


def score_list(actor: Actor) -> QuerySet[AssetScore]:
    """Return the scores of present assets with something applicable, lowest proven share first, with their assets."""
    rows = AssetScore.objects.visible_to(actor).select_related("asset__owner").filter(asset__gone_at__isnull=True)
    total = F("met") + F("failing") + F("accepted") + F("not_evaluated")
    rows = rows.annotate(total=total).filter(total__gt=0)
    share = Cast("met", FloatField()) / Cast("total", FloatField())
    return rows.annotate(share=share).order_by("share", "-total", "asset__name", "asset_id")


def furthest_from_proven(actor: Actor, *, tier: int = 1, n: int = 5) -> tuple[list[AssetScore], int]:
    """Return the `n` assets of a tier furthest from proven now, and of how many; two queries.

    It sorts all of the tier: pages read `furthest_after`. Versions count with their model. The other kinds are named,
    because the index over kind and tier finds those.
    """
    kinds = [kind for kind in AssetKind.values if kind != AssetKind.MODEL_VERSION]
    rows = score_list(actor).filter(asset__kind__in=kinds, asset__tier=tier)
    first = list(rows.annotate(of=Window(Count("*"))).values_list("pk", "of")[:n])
    found = AssetScore.objects.select_related("asset").in_bulk([pk for pk, _ in first])
    return [found[pk] for pk, _ in first], first[0][1] if first else 0


def furthest_after(actor: Actor, run: Run | None) -> tuple[Sequence[FurthestAsset | AssetScore], int]:
    """Return the tier-1 assets that were furthest from proven after a run, and of how many; one query.

    A run that kept none (there was no tier-1 asset then, or it is from before they were kept) gives those of now. Only
    for actors who see every asset: what was kept is the same for all of them. Raises Forbidden.
    """
    if not actor.sees_all:
        raise Forbidden("Which assets are furthest from proven is kept for those who see every asset.")
    rows = list(FurthestAsset.objects.filter(run=run).select_related("asset")) if run is not None else []
    return (rows, rows[0].of) if rows else furthest_from_proven(actor)
