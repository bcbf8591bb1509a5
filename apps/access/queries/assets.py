"""Assets that access is about, whatever sources show of them."""

from uuid import UUID

from apps.access.models import AccessRequest, Binding, Grant
from apps.inventory.models import Asset


def assets_in_use() -> frozenset[UUID]:
    """Return the assets that a request, a grant or a binding names, with their models. Four queries."""
    named: set[UUID] = set()
    for rows in (AccessRequest.objects.all(), Grant.objects.all(), Binding.objects.filter(asset__isnull=False)):
        named.update(rows.order_by().values_list("asset_id", flat=True).distinct())
    parents = Asset.objects.filter(pk__in=named, parent__isnull=False).values_list("parent_id", flat=True)
    return frozenset({*named, *(parent for parent in parents if parent is not None)})
