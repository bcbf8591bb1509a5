"""Standing access that somebody answers for, as the owner of its asset."""

from collections.abc import Iterable
from uuid import UUID

from apps.core.actor import Actor
from apps.inventory.models import Entitlement


def owned_by(actor: Actor, keys: Iterable[UUID]) -> set[UUID]:
    """Return which of these entitlements are on assets that the actor is the confirmed owner of; one query."""
    if actor.user_id is None:
        return set()
    rows = Entitlement.objects.present().filter(pk__in=list(keys), asset__owner_confirmed_at__isnull=False)
    return set(rows.filter(asset__owner__user_id=actor.user_id).values_list("pk", flat=True))
