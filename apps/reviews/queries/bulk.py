"""What a bulk decision would decide: exactly this set, named by its digest."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from apps.reviews.models import Campaign, Item, Routing, Sample
from apps.reviews.states import Choice, ItemState, Pile

#: Random items of *Used and usual* that are decided one by one before the rest is kept at once.
SAMPLE_SIZE = 5
#: Which pile each choice may be made in at once. Nothing in *Look closely* is decided at once.
PILE_OF = {Choice.REVOKE: Pile.UNNEEDED, Choice.KEEP: Pile.USUAL}


@dataclass(frozen=True, slots=True)
class BulkPreview:
    """The undecided items of a pile, how many, and the digest that a bulk decision about exactly them carries."""

    choice: str
    items: QuerySet[Item]
    count: int
    digest: str


def sheet_items(campaign: Campaign, reviewer_id: UUID | None) -> QuerySet[Item]:
    """Return the items of a reviewer's sheet in the open stage."""
    return Item.objects.filter(campaign=campaign, stage=campaign.stage, reviewer_id=reviewer_id)


def preview(campaign: Campaign, reviewer_id: UUID | None, choice: str) -> BulkPreview:
    """Return what a bulk decision of this choice would decide now. One query. Raises KeyError for another choice."""
    pile = PILE_OF[Choice(choice)]
    items = sheet_items(campaign, reviewer_id).filter(pile=pile, state=ItemState.OPEN).order_by("number")
    found, count = hashlib.sha256(f"{choice}\n".encode()), 0
    for number, digest in items.values_list("number", "digest").iterator(chunk_size=10_000):
        found.update(f"{number}:{digest}\n".encode())
        count += 1
    return BulkPreview(choice, items, count, found.hexdigest())


def sample_of(campaign: Campaign, reviewer_id: UUID | None) -> Sample | None:
    """Return the sample that stands for what is undecided on a sheet in the open stage; at most two queries.

    It is the latest, and none once more was put to the reviewer since: what was not there could not be drawn.
    """
    drawn = Sample.objects.filter(campaign=campaign, stage=campaign.stage, reviewer_id=reviewer_id)
    sample = drawn.order_by("-pk").first()
    if sample is None:
        return None
    usual = sheet_items(campaign, reviewer_id).filter(pile=Pile.USUAL, state=ItemState.OPEN)
    # Whatever moved since and lies here now came here, also from a leaver, whose routings name nobody after them.
    came = Routing.objects.filter(at__gt=sample.at, item__in=usual)
    return None if came.exists() else sample


def sample_left(sample: Sample) -> int:
    """Return how many items of a sample are still undecided. One query."""
    return Item.objects.filter(pk__in=sample.items, state=ItemState.OPEN).count()
