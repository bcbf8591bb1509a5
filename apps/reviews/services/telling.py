"""What people are told about reviews: each fact once, in the transaction of what it tells of; links open pages."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.db.models import Count, Min, QuerySet

from apps.accounts.queries import role_holders
from apps.core.actor import Actor, Role
from apps.core.events import Subject
from apps.core.notices import Fact, NoticeKind, Templates
from apps.notices.services import owe
from apps.reviews.models import Campaign, Item, Removal, Series
from apps.reviews.queries.quality import second_sample
from apps.reviews.queries.seconding import seconds_left
from apps.reviews.services.staging import subject_of_campaign

KINDS = (
    NoticeKind(
        "reviews.sheet.start",
        "A review waits for you",
        Templates("Review {name}: {items} to decide by {due}", (), "Open the review"),
    ),
    NoticeKind(
        "reviews.sheet.soon",
        "A review is due soon",
        Templates("Review {name}: {items} left, due {due}", (), "Open the review"),
    ),
    NoticeKind(
        "reviews.sheet.due",
        "A review is due today",
        Templates(
            "Review {name}: {items} left, due today",
            ("What is not answered goes to others and counts as not reviewed.",),
            "Open the review",
        ),
    ),
    NoticeKind(
        "reviews.sheet.escalated",
        "Items nobody answered are yours now",
        Templates("Review {name}: {items} unanswered items are yours by {due}", (), "Open the review"),
    ),
    NoticeKind(
        "reviews.items.given",
        "Items of a review were given to you",
        Templates("Review {name}: {items} given to you, due {due}", ("{why}",), "Open the review"),
    ),
    NoticeKind(
        "reviews.removal.put",
        "Access to remove by hand",
        Templates("Remove access by {due}: {items} of review {name}", (), "Open the tasks"),
        may_opt_out=False,
    ),
    NoticeKind(
        "reviews.removal.overdue",
        "Revoked access is still there",
        Templates("Not removed in time: {items} of review {name}", ("First: {first}",), "Open the review"),
        may_opt_out=False,
    ),
    NoticeKind(
        "reviews.second.asked",
        "A second look at a review is asked for",
        Templates(
            "A second look at {items} of review {name}",
            ("Say what you would have answered. It is compared and changes nothing.",),
            "Open the items",
        ),
    ),
    NoticeKind(
        "reviews.series.failed",
        "A review could not open by itself",
        Templates("Review {name} could not open", ("{why}",), "Open the reviews"),
        may_opt_out=False,
    ),
)


def tell(
    kind: str,
    *,
    actor: Actor,
    campaign: Campaign,
    to: Iterable[UUID],
    once: str,
    now: datetime,
    page: str = "",
    **facts: Fact,
) -> None:
    """Owe a fact about a campaign to people; `once` names it within the campaign, `page` which of its pages opens."""
    owe(
        actor=actor,
        kind=kind,
        to_user_ids=list(to),
        subject=subject_of_campaign(campaign),
        facts={"name": campaign.name, **facts},
        url=f"/reviews/{campaign.pk}{page}",
        once_key=f"review:{campaign.pk}:{once}",
        now=now,
    )


def left_by_reviewer(campaign: Campaign) -> dict[UUID, int]:
    """Return how many undecided items each reviewer of the open stage has. One query."""
    rows = Item.objects.filter(campaign=campaign, stage=campaign.stage, reviewer__isnull=False).undecided()
    return dict(rows.order_by().values("reviewer").annotate(n=Count("pk")).values_list("reviewer", "n"))


def tell_start(*, actor: Actor, campaign: Campaign, now: datetime) -> None:
    """Tell everyone who has items in the open stage."""
    tell_left("reviews.sheet.start", actor=actor, campaign=campaign, once="start", now=now)


def tell_left(kind: str, *, actor: Actor, campaign: Campaign, once: str, now: datetime) -> int:
    """Tell each reviewer how much is left for them, those with the same number at once; return how many were told."""
    left = left_by_reviewer(campaign)
    due = campaign.seal_at if campaign.escalated_at and campaign.seal_at else campaign.due_at
    for number in sorted(set(left.values())):
        people = [user for user, n in left.items() if n == number]
        key = f"{once}:{campaign.stage}"
        tell(kind, actor=actor, campaign=campaign, to=people, once=key, now=now, items=_items(number), due=due or now)
    return len(left)


def _items(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"


def tell_tasks(*, actor: Actor, campaign: Campaign, removals: QuerySet[Removal], now: datetime) -> None:
    """Tell each owner how many removals by hand are theirs."""
    rows = removals.filter(owner__isnull=False).order_by().values("owner")
    for owner, number, due in rows.annotate(n=Count("pk"), due=Min("due_at")).values_list("owner", "n", "due"):
        once = f"removals:{owner}:{now:%Y%m%d%H%M%S}"
        what = _items(number)
        tell("reviews.removal.put", actor=actor, campaign=campaign, to=[owner], once=once, now=now, due=due, items=what)


def overseers() -> list[UUID]:
    """Return CISO and security administrators."""
    both = role_holders(Role.CISO) | role_holders(Role.SECURITY_ADMIN)
    return list(both.distinct().values_list("pk", flat=True))


def tell_second(*, actor: Actor, campaign: Campaign, now: datetime) -> None:
    """Tell those who may look twice at the sampled items of a sealed campaign, each how many there are for them."""
    sample = list(second_sample(campaign))
    for user in overseers() if sample else []:
        if left := len(seconds_left(campaign, user, sample)):
            tell(
                "reviews.second.asked", actor=actor, campaign=campaign, to=[user], once="second", now=now,
                page="/second", items=_items(left),
            )  # fmt: skip


def tell_failed(*, actor: Actor, series: Series, to: Iterable[UUID], why: str, day: date, now: datetime) -> None:
    """Tell that a recurring review could not open by itself."""
    owe(
        actor=actor,
        kind="reviews.series.failed",
        to_user_ids=list(to),
        subject=Subject("review_series", str(series.pk), series.name),
        facts={"name": series.name, "why": why},
        url="/reviews",
        once_key=f"review-series:{series.pk}:{day:%Y%m%d}",
        now=now,
    )
