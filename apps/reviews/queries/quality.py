"""How carefully somebody reviews: time on risky items, share decided at once, agreement with a second reviewer.

Shown to the reviewer first, for coaching and no ranking (governance.md §6, idea 7). Time is the gap to the reviewer's
own answer before: the first answer of a sitting, and gaps longer than a pause, tell nothing and are left out.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import Lag

from apps.core.metrics import Ratio
from apps.reviews.models import Campaign, Decision, Item
from apps.reviews.states import ItemState, Pile, Trigger

#: A gap of this length is a pause, not a thought.
PAUSE = timedelta(minutes=10)
#: One item in this many of *Look closely*, at least and at most so many of them, is shown to a second reviewer.
SECOND_OF, FEWEST_SECOND, MOST_SECOND = 20, 3, 50


@dataclass(frozen=True, slots=True)
class Quality:
    """What is known of one reviewer in one campaign; `seconds` is None where nothing could be timed."""

    answers: int
    risky_timed: int
    seconds: int | None
    bulk: Ratio
    agreement: Ratio


def quality_of(campaign: Campaign, reviewer_id: UUID) -> Quality:
    """Return the quality of a reviewer's answers in a campaign. Three queries."""
    mine = Decision.objects.filter(campaign=campaign, reviewer_id=reviewer_id, second=False)
    counts = mine.aggregate(all=Count("pk"), bulk=Count("pk", filter=Q(bulk__isnull=False)))
    timed = _timed(mine)
    risky = timed.aggregate(n=Count("pk"), average=Avg("gap"))
    seconds = int(risky["average"].total_seconds()) if risky["average"] is not None else None
    return Quality(
        counts["all"], risky["n"], seconds, Ratio(counts["bulk"], counts["all"]), agreement(campaign, reviewer_id)
    )


def _timed(mine: QuerySet[Decision]) -> QuerySet[Decision]:
    """Return single answers about risky items with the time since the reviewer's answer before."""
    before = Window(Lag("at"), order_by=[F("at").asc(), F("number").asc()])
    gap = ExpressionWrapper(F("at") - F("before"), output_field=DurationField())
    spaced = mine.annotate(before=before).annotate(gap=gap)
    return spaced.filter(bulk__isnull=True, item__pile=Pile.CLOSE, gap__lte=PAUSE)


def agreement(campaign: Campaign, reviewer_id: UUID) -> Ratio:
    """Return on how many items a second reviewer said the same as this one, of those a second one answered.

    One query.
    """
    own = Decision.objects.filter(item_id=OuterRef("item_id"), reviewer_id=reviewer_id, second=False)
    last = Subquery(own.order_by("-number").values("choice")[:1])
    seconds = Decision.objects.filter(campaign=campaign, second=True, item__decided_by_id=reviewer_id)
    found = seconds.annotate(first=last).filter(first__isnull=False)
    counts = found.aggregate(of=Count("pk"), same=Count("pk", filter=Q(choice=F("first"))))
    return Ratio(counts["same"], counts["of"])


def second_sample(campaign: Campaign) -> QuerySet[Item]:
    """Return the answered items of *Look closely* that a second reviewer is asked about, in order.

    They are those with the smallest digests, one in twenty, at least three and at most fifty: nobody chooses them, and
    anybody finds the same. Asked once the review is sealed, when no answer changes any more; a review of one event is
    a second look already. Two queries, the second when it is read.
    """
    if campaign.sealed_at is None or campaign.trigger != Trigger.SCOPE:
        return Item.objects.none()
    risky = Item.objects.filter(campaign=campaign, pile=Pile.CLOSE, defaulted=False, decided_by__isnull=False)
    # What vanished before the seal was never certified; what vanished since was.
    risky = risky.exclude(state=ItemState.MOOT, ended_at__lt=campaign.sealed_at)
    number = min(MOST_SECOND, max(FEWEST_SECOND, -(-risky.count() // SECOND_OF)))
    return risky.order_by("digest", "number")[:number]
