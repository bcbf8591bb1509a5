"""The metrics of reviews: each a number with what it is a part of, as of a run. One query each, two for a median.

Numbers about finished work look at campaigns sealed in the year before the run's moment; reviews of one item count like
any other.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from apps.core.metrics import MINUTES, Metric, Ratio
from apps.posture.models import Run
from apps.posture.queries.runs import last_published
from apps.reviews.models import Campaign, Decision, Item, Seat
from apps.reviews.states import REMOVING, ItemState

PERIOD = timedelta(days=365)


def _as_of(read: Callable[[datetime], Ratio]) -> Callable[[Run | None], Ratio]:
    """Return `read` at the moment of a run, of the last one for None; nothing is known without any run."""

    def compute(run: Run | None) -> Ratio:
        run = run or last_published()
        return Ratio(0, 0) if run is None else read(run.as_of)

    return compute


def sealed_campaigns(at: datetime) -> QuerySet[Campaign]:
    """Return the campaigns sealed in the year before a moment."""
    return Campaign.objects.filter(sealed_at__gt=at - PERIOD, sealed_at__lte=at)


def _sealed_items(at: datetime) -> QuerySet[Item]:
    rows = Item.objects.filter(campaign__sealed_at__gt=at - PERIOD, campaign__sealed_at__lte=at)
    return rows.exclude(state=ItemState.MOOT, decision="")


def _share(rows: QuerySet[Any], condition: Q) -> Ratio:
    """Return how many of the rows the condition holds for. One query."""
    found = rows.order_by().aggregate(part=Count("pk", filter=condition), whole=Count("pk"))
    return Ratio(found["part"], found["whole"])


def completion(at: datetime) -> Ratio:
    """Return how many items people had answered when their last stage fell due, of all items."""
    found = sealed_campaigns(at).aggregate(done=Sum("done_at_due"), of=Sum("items_count"))
    return Ratio(found["done"] or 0, found["of"] or 0)


def revoked(at: datetime) -> Ratio:
    """Return how many items were revoked or reduced, of those sealed."""
    return _share(_sealed_items(at), Q(decision__in=REMOVING))


def defaulted(at: datetime) -> Ratio:
    """Return how many items got the default because nobody answered, of those sealed."""
    return _share(_sealed_items(at), Q(defaulted=True))


def verified_removal(at: datetime) -> Ratio:
    """Return the median minutes from sealing to the proof, and how many removals it was measured on."""
    rows = _sealed_items(at).filter(state=ItemState.VERIFIED, ended_at__lte=at).annotate(begun=F("removal__asked_at"))
    times = rows.annotate(took=F("ended_at") - F("begun")).order_by("took")
    count = times.count()
    if not count:
        return Ratio(0, 0)
    middle = times.values_list("took", flat=True)[(count - 1) // 2]
    return Ratio(int(middle.total_seconds()) // 60, count)


def not_started(at: datetime) -> Ratio:
    """Return how many reviewers with an open sheet at a moment had answered nothing yet, of those with one."""
    open_then = Campaign.objects.filter(opened_at__lte=at).exclude(sealed_at__lte=at).exclude(closed_at__lte=at)
    seats = Seat.objects.filter(since__lte=at, campaign__in=open_then).exclude(signed_at__lte=at)
    answers = Decision.objects.filter(campaign_id=OuterRef("campaign_id"), stage=OuterRef("stage"), at__lte=at)
    return _share(seats, ~Q(Exists(answers.filter(reviewer_id=OuterRef("reviewer_id")))))


REVIEW_METRICS = (
    Metric(
        "review-completion",
        "Reviewed by the due date",
        _as_of(completion),
        "items answered by people when due",
        "items of reviews sealed in the last year",
        target=95,
        how="Answers of people when the last stage fell due, over all items of reviews sealed in the last 365 days. "
        "The default is no answer.",
        tile=False,
    ),
    Metric(
        "review-revoked",
        "Access revoked by reviews",
        _as_of(revoked),
        "items revoked or reduced",
        "items sealed in the last year",
        how="Items whose counting answer was revoke or reduce, over those of reviews sealed in the last 365 days.",
        tile=False,
    ),
    Metric(
        "review-defaulted",
        "Access nobody reviewed",
        _as_of(defaulted),
        "items that got the default",
        "items sealed in the last year",
        target=0,
        better="down",
        how="Items for which the default was recorded because nobody answered, over those sealed in the last 365 days.",
        tile=False,
    ),
    Metric(
        "review-removal",
        "Revoke to proof",
        _as_of(verified_removal),
        "minutes, median",
        "removals verified in the last year",
        unit=MINUTES,
        better="down",
        how="Median time from the seal until the target or an import showed the access no longer.",
        tile=False,
    ),
    Metric(
        "review-not-started",
        "Reviewers who have not begun",
        _as_of(not_started),
        "reviewers without an answer",
        "reviewers with an open sheet",
        better="down",
        how="Reviewers with an unsigned sheet in an open review who have answered nothing in its stage.",
        tile=False,
    ),
)
