"""What sources say differently about one asset: kept beside it and shown, never averaged."""

from typing import Any

from django.db.models import Count, Q, QuerySet

from apps.inventory.models import Asset, AssetObservation

COMPARED = (
    "name", "version", "stage", "environment", "classification", "claimed_tier", "serialisation", "runs_code",
    "content_digest", "licence",
)  # fmt: skip
CHUNK = 500


def note_disagreements(touched: QuerySet[Asset]) -> None:
    """Set `disagreements` (column → the differing known values) of assets that several sources show.

    Only those assets are read; an asset of one source has none.
    """
    several = touched.annotate(_shown=Count("observations", filter=Q(observations__gone_at__isnull=True)))
    touched.exclude(pk__in=several.filter(_shown__gt=1).values("pk")).exclude(disagreements={}).update(disagreements={})
    assets: list[Any] = list(several.filter(_shown__gt=1).only("pk", "disagreements"))
    for start in range(0, len(assets), CHUNK):
        _note(assets[start : start + CHUNK])


def _note(assets: list[Asset]) -> None:
    rows = AssetObservation.objects.filter(asset__in=assets, gone_at__isnull=True).values("asset_id", *COMPARED)
    said: dict[Any, dict[str, set[str]]] = {}
    for row in rows:
        for name in COMPARED:
            if row[name] not in (None, "", "unknown"):
                said.setdefault(row["asset_id"], {}).setdefault(name, set()).add(str(row[name]))
    for asset in assets:
        columns = said.get(asset.pk, {})
        asset.disagreements = {name: sorted(values) for name, values in columns.items() if len(values) > 1}
    Asset.objects.bulk_update(assets, ["disagreements"])
