"""A reviewer's sheet: whose it is, how far each pile is, and how long the rest takes at their own pace."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.errors import NotFound
from apps.reviews.models import Campaign, Decision, Item, Seat
from apps.reviews.models.campaign import stands_in_for
from apps.reviews.queries.bulk import sheet_items
from apps.reviews.queries.reasons import pile_expression
from apps.reviews.states import CampaignState, Choice, ItemState, Pile

#: Single answers that say how fast somebody decides, and the longest gap that is still deciding.
PACE_OF, LONGEST_GAP = 30, timedelta(minutes=3)
#: Fewer answers say nothing about a pace.
FEWEST = 5
#: A bulk decision with its preview, and a signature.
STEP_SECONDS = 60
#: More keeps a minute than this in *Look closely* are told to the reviewer (ux.md §5.7).
FAST = 20


@dataclass(frozen=True, slots=True)
class PileCount:
    """How many items of a pile there are, and what became of them so far."""

    total: int = 0
    undecided: int = 0

    @property
    def done(self) -> int:
        """Return how many are decided."""
        return self.total - self.undecided

    @property
    def width(self) -> str:
        """Return the decided share as the width of a bar."""
        return f"{100 * self.done / self.total if self.total else 0:.1f}%"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sheet is: per pile, and by answer."""

    piles: dict[Pile, PileCount] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return how many items the sheet has."""
        return sum(pile.total for pile in self.piles.values())

    @property
    def left(self) -> int:
        """Return how many are undecided."""
        return sum(pile.undecided for pile in self.piles.values())

    @property
    def done(self) -> int:
        """Return how many are decided."""
        return self.total - self.left


def find_campaign(actor: Actor, number: int) -> Campaign:
    """Return a campaign the actor may see. Raises NotFound."""
    found = Campaign.objects.visible_to(actor).filter(pk=number).select_related("series").first()
    if found is None:
        raise NotFound("There is no such review.")
    return found


def seats_of(actor: Actor, campaign: Campaign) -> QuerySet[Seat]:
    """Return the sheets of the open stage that the actor may fill in: their own first, then those they stand in for."""
    if actor.user_id is None:
        return Seat.objects.none()
    mine = Q(reviewer_id=actor.user_id) | Q(reviewer_id__in=stands_in_for(actor.user_id))
    return Seat.objects.filter(mine, campaign=campaign, stage=campaign.stage).select_related("reviewer")


def waiting_for(actor: Actor) -> QuerySet[Seat]:
    """Return the unsigned sheets of running campaigns that the actor may fill in, the most urgent first."""
    if actor.user_id is None:
        return Seat.objects.none()
    mine = Q(reviewer_id=actor.user_id) | Q(reviewer_id__in=stands_in_for(actor.user_id))
    rows = Seat.objects.filter(mine, signed_at__isnull=True, campaign__state=CampaignState.ACTIVE)
    rows = rows.filter(stage=F("campaign__stage")).select_related("campaign", "reviewer")
    return rows.order_by("campaign__due_at", "pk")


def items_of(campaign: Campaign, reviewer_id: UUID | None) -> QuerySet[Item]:
    """Return the items of a reviewer's sheet in the open stage; what vanished by itself is no question any more."""
    return sheet_items(campaign, reviewer_id).exclude(state=ItemState.MOOT)


def progress(campaign: Campaign, reviewer_id: UUID) -> Progress:
    """Return how far a sheet is. One query."""
    piles = {pile: [0, 0] for pile in Pile}
    answers: dict[str, int] = {}
    rows = items_of(campaign, reviewer_id).order_by().values_list("pile", "state", "decision").annotate(n=Count("pk"))
    for pile, state, decision, n in rows:
        piles[Pile(pile)][0] += n
        if state == ItemState.OPEN:
            piles[Pile(pile)][1] += n
        elif decision:
            answers[decision] = answers.get(decision, 0) + n
    return Progress({pile: PileCount(*counted) for pile, counted in piles.items()}, answers)


def reason_counts(items: QuerySet[Item], reasons: tuple[str, ...]) -> dict[str, int]:
    """Return how many of the items carry each reason. One query."""
    named = {f"n{place}": Count("pk", filter=Q(reasons__contains=f"{code} ")) for place, code in enumerate(reasons)}
    found = items.order_by().aggregate(**named)
    return {code: found[f"n{place}"] for place, code in enumerate(reasons)}


def minutes_left(campaign: Campaign, reviewer_id: UUID, far: Progress, sample_left: int) -> int | None:
    """Return how long the rest takes at the reviewer's own pace; None before there is one. One query."""
    rows = _answers(campaign, reviewer_id).filter(bulk__isnull=True).order_by("-number")
    times = sorted(rows.values_list("at", flat=True)[:PACE_OF])
    gaps = [later - earlier for earlier, later in pairwise(times) if later - earlier <= LONGEST_GAP]
    if len(gaps) < FEWEST:
        return None
    seconds = sum(gap.total_seconds() for gap in gaps) / len(gaps)
    single = far.piles[Pile.CLOSE].undecided + sample_left
    steps = sum(1 for pile in (Pile.UNNEEDED, Pile.USUAL) if far.piles[pile].undecided)
    return max(1, round((single * seconds + steps * STEP_SECONDS) / 60))


def like_wrong(campaign: Campaign, reviewer_id: UUID) -> frozenset[int]:
    """Return the numbers of items that joined *Look closely* because one like them was found wrong. One query.

    Their recorded reasons are what was shown and stay; that these would put them elsewhere tells them apart.
    """
    found = items_of(campaign, reviewer_id).filter(pile=Pile.CLOSE).annotate(recorded=pile_expression())
    return frozenset(found.filter(recorded=Pile.USUAL).values_list("pk", flat=True))


def next_open(item: Item) -> int | None:
    """Return the number of this item while it is undecided, else of the next that is, in its pile and sheet.

    One query; None where nothing is left below it.
    """
    same = items_of(item.campaign, item.reviewer_id).filter(state=ItemState.OPEN, pile=item.pile, pk__gte=item.pk)
    return same.order_by("pk").values_list("pk", flat=True).first()


def kept_lately(campaign: Campaign, reviewer_id: UUID, now: datetime) -> int:
    """Return how many items of *Look closely* were kept one by one within a minute. One query."""
    rows = _answers(campaign, reviewer_id).filter(choice=Choice.KEEP, bulk__isnull=True, item__pile=Pile.CLOSE)
    return rows.filter(at__gt=now - timedelta(minutes=1)).count()


def last_saved(campaign: Campaign, reviewer_id: UUID) -> datetime | None:
    """Return when the newest answer on the sheet was saved. One query."""
    return _answers(campaign, reviewer_id).order_by("-number").values_list("at", flat=True).first()


def _answers(campaign: Campaign, reviewer_id: UUID) -> QuerySet[Decision]:
    mine = Q(reviewer_id=reviewer_id, on_behalf_of__isnull=True) | Q(on_behalf_of_id=reviewer_id)
    return Decision.objects.filter(mine, campaign=campaign, stage=campaign.stage)


def named(item: Item, words: str) -> QuerySet[User]:
    """Return the active people but the item's reviewer whose name or mail has the words."""
    found = User.objects.filter(kind=User.Kind.PERSON, is_active=True).exclude(pk=item.reviewer_id)
    return found.filter(Q(name__icontains=words) | Q(email__icontains=words)).order_by("name", "email")


def by_id(key: str) -> User | None:
    """Return whoever has that id, for the rule to judge; None where nobody has. One query."""
    try:
        return User.objects.filter(pk=UUID(key)).first()
    except ValueError:
        return None
