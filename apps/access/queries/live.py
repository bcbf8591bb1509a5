"""Which grants may be used now: the one predicate of page, API, decision point and introspection."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from apps.access.models import Grant
from apps.access.states import GrantState


def live_grants(now: datetime) -> QuerySet[Grant]:
    """Return the grants that may be used at `now` (database time of the caller's command).

    Half-open: at `expires_at` itself a grant is over. Nothing has to run for it to end: neither state nor reconciler is
    asked, only the database compares. A deactivated holder has none.
    """
    return Grant.objects.filter(
        state=GrantState.ACTIVE, activated_at__lte=now, expires_at__gt=now, holder__is_active=True
    )


def live_for(user_id: UUID, asset_id: UUID, operation: str, now: datetime) -> QuerySet[Grant]:
    """Return the live grants of one user for one operation on one asset, the one that lasts longest first."""
    mine = live_grants(now).filter(holder_id=user_id, asset_id=asset_id, operation=operation)
    return mine.order_by("-expires_at", "-number")
