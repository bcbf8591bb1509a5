"""Reviews of both sides: each is answered by one person of its side, and seen by nobody else but the wide roles."""

from datetime import timedelta
from typing import Any

from apps.accounts.models import User
from apps.core import clock
from apps.reviews.models import Campaign, Item, Removal, Seat
from apps.reviews.states import CampaignState, Choice, ItemState, Way

NOBODYS = 999_999_999


def make_review(side: dict[str, Any], marker: str, reviewer: User) -> tuple[Campaign, Item, Item]:
    """Return an open review with an item to decide, and one whose access its reviewer removes by hand."""
    now = clock.now()
    stages = [{"reviewer": "manager", "group": [], "fallback": "ciso", "days": 14}]
    campaign = Campaign.objects.create(
        name=f"{marker}-review", scope={}, stages=stages, state=CampaignState.ACTIVE, stage=1, snapshot_hash="0" * 64,
        items_count=2, created_at=now, staged_at=now, opened_at=now, due_at=now + timedelta(days=14),
    )  # fmt: skip
    Seat.objects.create(campaign=campaign, stage=1, reviewer=reviewer, since=now)
    common: dict[str, Any] = {
        "campaign": campaign, "subject_kind": "entitlement", "holder_label": f"{marker}-holder", "asset": side["asset"],
        "asset_label": f"{marker}-model", "operation": "data.read", "origin": f"{marker}-origin", "digest": "1" * 64,
        "stage": 1, "reviewer": reviewer,
    }  # fmt: skip
    waits = Item.objects.create(subject_id=f"{marker}-1", **common)
    gone = Item.objects.create(
        subject_id=f"{marker}-2", state=ItemState.REMEDIATING, decision=Choice.REVOKE, decided_by=reviewer,
        decided_at=now, **common,
    )  # fmt: skip
    Removal.objects.create(item=gone, way=Way.TASK, owner=reviewer, asked_at=now, due_at=now + timedelta(days=7))
    return campaign, waits, gone


def put_reviews(world: Any, ours: dict[str, Any], theirs: dict[str, Any], markers: tuple[str, str]) -> None:
    """Make both, and remember how addresses name them."""
    users = (world.cast.users["manager"], world.cast.users["outsider"])
    made = [make_review(side, marker, user) for side, marker, user in zip((ours, theirs), markers, users, strict=True)]
    world.put("review", "number", *(campaign.pk for campaign, _, _ in made), NOBODYS)
    world.put("api_review", "pk", *(campaign.pk for campaign, _, _ in made), NOBODYS)
    world.put("api_review_item", "pk", *(item.pk for _, item, _ in made), NOBODYS)
    for kind, place in (("review_item", 1), ("review_removal", 2)):
        named = [{"number": row[0].pk, "item": row[place].pk} for row in made]
        absent = {"number": NOBODYS, "item": NOBODYS}
        world.kwargs[kind] = {"ours": named[0], "theirs": named[1], "absent": absent}
