"""Standing access that a binding can take away: a source's own row for an account the binding's target knows."""

from uuid import UUID

from django.db.models import Q, QuerySet

from apps.access.models import Binding, Grant
from apps.access.queries.cover import resource_of
from apps.access.states import GrantState
from apps.inventory.models import Entitlement

#: Provisioners whose target keeps one row for an account and a resource, granted or not. The others have objects of
#: their own for each grant and cannot touch what they did not give.
TAKES_STANDING = ("mlflow",)
#: Grants at the target that may put back what they found there.
_UNENDED = (
    GrantState.ACTIVATING,
    GrantState.ACTIVE,
    GrantState.SUSPENDED,
    GrantState.ENDING,
    GrantState.ACTIVATION_FAILED,
)


def _of(binding: Binding) -> Q:
    """Return which entitlements are rows at a binding's target: direct ones of the source that knows its accounts."""
    try:
        source = UUID(str(binding.settings.get("source", "")))
    except ValueError:
        return Q(pk__in=[])
    rows = Q(source_id=source, how="direct", asset__isnull=False)
    if binding.asset_id:
        return rows & Q(asset_id=binding.asset_id)
    return rows & Q(asset__kind=binding.asset_kind) if binding.asset_kind else rows


def _bindings() -> QuerySet[Binding]:
    rows = Binding.objects.filter(provisioner__in=TAKES_STANDING, enabled=True, connection__isnull=False)
    return rows.select_related("connection").order_by("pk")


def removable_standing() -> QuerySet[Entitlement]:
    """Return the standing access that some binding can take away. Two queries, the second when it is read."""
    found = Q(pk__in=[])
    for binding in _bindings():
        found |= _of(binding)
    return Entitlement.objects.present().filter(found)


def standing_binding(entitlement: Entitlement) -> Binding | None:
    """Return the most specific binding that can take this away, or None."""
    rows = Entitlement.objects.filter(pk=entitlement.pk)
    able = [binding for binding in _bindings() if rows.filter(_of(binding)).exists()]
    ranked = sorted(able, key=lambda binding: (binding.asset_id is None, not binding.asset_kind, binding.pk))
    return ranked[0] if ranked else None


def rests_on_standing(binding: Binding, account: str, resource: str) -> bool:
    """Return whether a grant there has not ended yet: at its end it puts back what it found."""
    rows = Grant.objects.filter(binding=binding, account=account, state__in=_UNENDED).select_related("asset")
    return any(resource_of(binding, grant.asset) == resource for grant in rows)
