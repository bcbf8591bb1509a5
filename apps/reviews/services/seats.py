"""Seats: a sheet for everyone who has items in the open stage."""

from datetime import datetime
from typing import Any

from django.db.models import Exists, IntegerField, OuterRef, Value

from apps.core.sql import insert_from
from apps.reviews.models import Campaign, Item, Seat


def seat_reviewers(campaign: Campaign, now: datetime) -> int:
    """Give a seat to every reviewer of the open stage who has none; return how many sit there."""
    stage = campaign.stage
    seats = Seat.objects.filter(campaign=campaign, stage=stage)
    items = Item.objects.filter(campaign=campaign, stage=stage, reviewer__isnull=False)
    unseated = items.filter(~Exists(seats.filter(reviewer_id=OuterRef("reviewer_id"))))
    columns: dict[str, Any] = {
        "campaign": Value(campaign.pk, output_field=IntegerField()),
        "stage": Value(stage, output_field=IntegerField()),
        "reviewer": "reviewer_id",
        "since": Value(now, output_field=Seat._meta.get_field("since").__class__()),
    }
    insert_from(Seat, columns, unseated.order_by().values("reviewer_id").distinct())
    # Who is given more after signing signs again.
    undecided = Item.objects.filter(campaign=campaign, stage=stage, reviewer_id=OuterRef("reviewer_id")).decidable()
    seats.filter(Exists(undecided), signed_at__isnull=False).update(signed_at=None, signed_by=None)
    return seats.count()
