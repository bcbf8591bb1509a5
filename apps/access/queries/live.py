"""Which grants may be used now: the one predicate of page, API, decision point and introspection."""

from datetime import datetime

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
