"""Reviews at work, for the overview: how far those are that are open now."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Q

from apps.posture.models import Run
from apps.reviews.models import Campaign
from apps.reviews.states import ItemState, Trigger

SHOWN = 3


@dataclass(frozen=True, slots=True)
class OpenReview:
    """An open review: how many of its items are answered, and when its open stage is due."""

    number: int
    name: str
    answered: int
    of: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class OpenReviews:
    """The open reviews of scopes that are due first, how many more there are, and how many reviews of one item."""

    shown: list[OpenReview]
    more: int
    single: int


def open_reviews(run: Run) -> OpenReviews:
    """Return the reviews that are open now; none where the run is not the last one, because their progress of then is
    not kept. One query."""
    later = Run.objects.published().filter(pk__gt=run.pk)
    live = ~Q(items__state=ItemState.MOOT)
    rows = Campaign.objects.running().filter(~Exists(later)).annotate(
        live=Count("items", filter=live), answered=Count("items", filter=live & ~Q(items__state=ItemState.OPEN))
    )  # fmt: skip
    found = list(rows.order_by("due_at", "pk"))
    wide = [row for row in found if row.trigger == Trigger.SCOPE]
    dated = [(row, row.due_at) for row in wide[:SHOWN] if row.due_at is not None]
    shown = [OpenReview(row.pk, row.name, row.answered, row.live, due_at) for row, due_at in dated]
    return OpenReviews(shown, len(wide) - len(shown), len(found) - len(wide))
