"""Campaigns as those see them who run or audit them: progress by reviewer, what is late, what is still unproven."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet

from apps.accounts.models import Team, User
from apps.core.actor import Actor, Role
from apps.reviews.models import Campaign, Decision, Item, Removal, Seat, Series
from apps.reviews.states import CampaignState, Choice, ItemState, Pile, Reason

#: Fewer answers, or fewer hours of answering, forecast nothing (ux.md §7, rule 10).
FEWEST_ANSWERS, SHORTEST = 10, timedelta(hours=1)


#: Roles whose holders may be named as reviewers.
DECIDING = (Role.CISO.value, Role.SECURITY_ADMIN.value, Role.MANAGER.value)


@dataclass(frozen=True, slots=True)
class ReviewerLine:
    """A reviewer's part of the open stage."""

    reviewer: User | None
    total: int
    left: int
    close: int
    last: datetime | None
    signed_at: datetime | None

    @property
    def done(self) -> int:
        """Return how many are decided."""
        return self.total - self.left


def team_names(scope: dict[str, Any]) -> list[str]:
    """Return the names of a scope's teams. One query."""
    rows = Team.objects.filter(pk__in=scope.get("teams", ()))
    return list(rows.order_by("name").values_list("name", flat=True))


def teams() -> QuerySet[Team]:
    """Return all teams, for who runs reviews."""
    return Team.objects.order_by("name")


def reviewers() -> QuerySet[User]:
    """Return who may be named as a group of reviewers: active people with a role that decides."""
    rows = User.objects.filter(kind=User.Kind.PERSON, is_active=True, groups__name__in=DECIDING)
    return rows.distinct().order_by("name")


def campaigns(actor: Actor) -> QuerySet[Campaign]:
    """Return the campaigns the actor may see with how many of their items are answered, newest first."""
    live = ~Q(items__state=ItemState.MOOT)
    rows = Campaign.objects.visible_to(actor).annotate(
        live=Count("items", filter=live),
        answered=Count("items", filter=live & ~Q(items__state=ItemState.OPEN)),
        unproven=Count("items", filter=Q(items__state__in=(ItemState.REMEDIATING, ItemState.FAILED))),
    )
    return rows.order_by("-number")


def series(actor: Actor) -> QuerySet[Series]:
    """Return the saved scopes that recur, the next to open first; only for those who see everything."""
    return Series.objects.filter(next_on__isnull=False).order_by("next_on") if actor.sees_all else Series.objects.none()


def reviewer_lines(campaign: Campaign) -> list[ReviewerLine]:
    """Return each reviewer of the open stage, who has most left first; None is nobody. Four queries."""
    rows = Item.objects.filter(campaign=campaign, stage=max(1, campaign.stage)).exclude(state=ItemState.MOOT).order_by()
    counted = rows.values("reviewer_id").annotate(
        total=Count("pk"),
        left=Count("pk", filter=Q(state=ItemState.OPEN)),
        close=Count("pk", filter=Q(pile=Pile.CLOSE)),
    )
    found = list(counted)
    people = User.objects.in_bulk([row["reviewer_id"] for row in found if row["reviewer_id"]])
    seats: dict[UUID, Any] = dict(
        Seat.objects.filter(campaign=campaign, stage=campaign.stage).values_list("reviewer_id", "signed_at")
    )
    answers = Decision.objects.filter(campaign=campaign, stage=campaign.stage, reviewer__isnull=False).order_by()
    last: dict[UUID, datetime] = dict(
        answers.values("reviewer_id").annotate(at=Max("at")).values_list("reviewer_id", "at")
    )
    lines = [
        ReviewerLine(
            people.get(row["reviewer_id"]), row["total"], row["left"], row["close"], last.get(row["reviewer_id"]),
            seats.get(row["reviewer_id"]),
        )
        for row in found
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (-line.left, line.reviewer.name if line.reviewer else ""))


def forecast(campaign: Campaign, left: int, now: datetime) -> datetime | None:
    """Return when the open stage is answered at the pace so far; None where that says nothing. One query."""
    if campaign.state != CampaignState.ACTIVE or not left:
        return None
    answers = Decision.objects.filter(campaign=campaign, stage=campaign.stage, defaulted=False)
    told = answers.exclude(choice=Choice.WITHDRAW).aggregate(n=Count("item", distinct=True), first=Min("at"))
    if told["n"] < FEWEST_ANSWERS or now - told["first"] < SHORTEST:
        return None
    forecast_at: datetime = now + (now - told["first"]) / told["n"] * left
    return forecast_at


def pile_counts(campaign: Campaign) -> dict[str, int]:
    """Return how many items each pile has. One query."""
    rows = Item.objects.filter(campaign=campaign).order_by().values_list("pile").annotate(n=Count("pk"))
    found = dict(rows)
    return {pile.label: found.get(pile, 0) for pile in Pile}


def answer_counts(campaign: Campaign) -> dict[str, int]:
    """Return how many items were kept, revoked, reduced, answered by default, and vanished, and what came of
    the removals. One query."""
    items = Item.objects.filter(campaign=campaign)
    answered = ~Q(state=ItemState.OPEN) & ~Q(state=ItemState.MOOT)
    return items.aggregate(
        total=Count("pk"),
        moot=Count("pk", filter=Q(state=ItemState.MOOT)),
        answered=Count("pk", filter=answered),
        kept=Count("pk", filter=answered & Q(decision=Choice.KEEP)),
        revoked=Count("pk", filter=answered & Q(decision=Choice.REVOKE)),
        reduced=Count("pk", filter=answered & Q(decision=Choice.REDUCE)),
        defaulted=Count("pk", filter=Q(defaulted=True)),
        verified=Count("pk", filter=Q(state=ItemState.VERIFIED)),
        removing=Count("pk", filter=Q(state=ItemState.REMEDIATING)),
        accepted=Count("pk", filter=Q(state=ItemState.RISK_ACCEPTED)),
        failed=Count("pk", filter=Q(state=ItemState.FAILED)),
        unproven=Count("pk", filter=Q(state__in=(ItemState.REMEDIATING, ItemState.FAILED))),
    )


def removals(actor: Actor, campaign: Campaign) -> QuerySet[Removal]:
    """Return the removals of a campaign that are not seen gone, the most urgent first."""
    rows = Removal.objects.visible_to(actor).unproven().filter(item__campaign=campaign)
    return rows.select_related("item__campaign", "item__asset__owner", "owner").order_by("due_at", "pk")


def without_reviewer(campaign: Campaign) -> QuerySet[Item]:
    """Return the items nobody may answer for."""
    return Item.objects.filter(campaign=campaign, reviewer__isnull=True).order_by("number")


def items_to_take(campaign: Campaign) -> QuerySet[Item]:
    """Return all items of a campaign with the people their table names, in order."""
    return Item.objects.filter(campaign=campaign).select_related("reviewer", "decided_by").order_by("number")


def reasons_of(campaign: Campaign) -> list[tuple[str, int]]:
    """Return how many items carry each reason, most first. One query."""
    named = {code.value: Count("pk", filter=Q(reasons__contains=f"{code} ")) for code in Reason}
    found = Item.objects.filter(campaign=campaign).order_by().aggregate(**named)
    told = [(str(code.label), found[code.value]) for code in Reason if found[code.value]]
    return sorted(told, key=lambda pair: -pair[1])
