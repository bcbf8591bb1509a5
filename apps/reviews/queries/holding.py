"""Grants that a review holds back: nobody answered for them in time, and the terms suspend before they revoke."""

from django.db.models import BigIntegerField, Case, QuerySet, When
from django.db.models.functions import Cast

from apps.access.models import Grant
from apps.access.queries.conditions import Hold
from apps.reviews.models import Item
from apps.reviews.states import AFTER_SEALING, CampaignState, Choice, ItemState, SubjectKind

OVER = (ItemState.VERIFIED, ItemState.MOOT, ItemState.RISK_ACCEPTED)


def held_grants() -> QuerySet[Grant]:
    """Return them: from the suspension until somebody keeps them, or until they are seen gone. A cancelled review holds
    nothing back."""
    number = Case(When(subject_kind=SubjectKind.GRANT, then=Cast("subject_id", BigIntegerField())))
    rows = Item.objects.filter(subject_kind=SubjectKind.GRANT, suspended_at__isnull=False).exclude(state__in=OVER)
    rows = rows.filter(campaign__state__in=[CampaignState.ACTIVE, *AFTER_SEALING]).exclude(decision=Choice.KEEP)
    return Grant.objects.filter(pk__in=rows.order_by().annotate(grant=number).values("grant"))


HOLD = Hold("reviews", "Nobody answered for it in an access review. It goes on when somebody keeps it.", held_grants)
