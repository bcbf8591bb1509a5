"""Forgetting the reviews of the sample organisation: the one way in which campaigns and their evidence go."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.decision import refused
from apps.core.events import Subject
from apps.reviews.events import SAMPLE_FORGOTTEN
from apps.reviews.models import (
    Bulk,
    Campaign,
    Decision,
    Forgotten,
    Item,
    Proof,
    Removal,
    Routing,
    Sample,
    Seat,
    Series,
)


@command(SAMPLE_FORGOTTEN)
def forget_sample(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Delete the scopes of sample users, and the campaigns in which only sample users were asked, with all evidence.

    A campaign in which anybody else was asked stays; the audit log keeps all of it. Only the system may, within a
    larger command. The value is how many campaigns went.
    """
    if actor.kind != "system":
        refused("Reviews of the sample are forgotten by the portal itself.").require()
    others = Item.objects.filter(campaign_id=OuterRef("pk"), reviewer__is_sample=False)
    theirs = Q(created_by__is_sample=True) | Q(created_by__isnull=True, seats__reviewer__is_sample=True)
    rows = Campaign.objects.filter(theirs).filter(~Exists(others)).order_by("pk").distinct()
    numbers = list(rows.values_list("pk", flat=True))
    Forgotten.objects.bulk_create([Forgotten(number=number, at=now) for number in numbers])
    Proof.objects.filter(removal__item__campaign__in=numbers).delete()
    Removal.objects.filter(item__campaign__in=numbers).delete()
    Routing.objects.filter(item__campaign__in=numbers).delete()
    for of_campaign in (Decision, Bulk, Sample, Seat, Item):
        of_campaign.objects.filter(campaign__in=numbers).delete()
    Campaign.objects.filter(pk__in=numbers).delete()
    series, _ = Series.objects.filter(created_by__is_sample=True, campaigns__isnull=True).delete()
    if not numbers and not series:
        return Unchanged(value=0)
    return Changed(
        Subject("sample", "reviews", "Reviews of the sample"), {"campaigns": len(numbers)}, value=len(numbers)
    )
