"""Which model a permission at MLflow is about.

Permissions come from the server's accounts and models from its registry, so two sources tell them. A registered model's
name is its key at a server; a name that several registries show for different models names none of them. What stands
for everything (`*`) or for a resource of another kind (`experiment:1`) is no model's name, whatever a registry shows.
"""

from datetime import datetime

from django.db.models import Case, F, OuterRef, Subquery, UUIDField, Value, When

from apps.core.sql import update_from
from apps.inventory.models import AssetObservation, Entitlement, Import
from apps.inventory.records import ASSET, ENTITLEMENT
from apps.inventory.states import AssetKind

ACCOUNTS, REGISTRY = "mlflow-auth", "mlflow"


def resolve_registered(owner: Import, now: datetime) -> None:
    """Set the model of permissions on registered models, when either side was imported. One statement."""
    if owner.source.format not in (ACCOUNTS, REGISTRY) or not {ASSET, ENTITLEMENT} & set(owner.covered):
        return
    shown = AssetObservation.objects.filter(
        source__format=REGISTRY, kind=AssetKind.MODEL, gone_at__isnull=True, asset__isnull=False,
        source_key=OuterRef("scope"),
    ).exclude(source_key="*").exclude(source_key__contains=":")  # fmt: skip
    first, last = (Subquery(shown.order_by(way).values("asset_id")[:1]) for way in ("asset_id", "-asset_id"))
    rows = Entitlement.objects.present().filter(source__format=ACCOUNTS).annotate(first=first, last=last)
    only = Case(When(first=F("last"), then=F("first")), default=Value(None), output_field=UUIDField())
    update_from(Entitlement, {"asset": only}, rows, on={"id": "id"})
