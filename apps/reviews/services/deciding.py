"""Answering for items one by one. Every answer is a new row; the item shows the latest."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.reviews.events import ITEM_DECIDED, ITEM_WITHDRAWN
from apps.reviews.models import Campaign, Decision, Item, Sample, Seat
from apps.reviews.rules.deciding import can_decide, less_problem
from apps.reviews.services.promoting import promote_similar
from apps.reviews.states import ITEM_MACHINE, OPEN_ITEMS, CampaignState, Choice, ItemState

LONGEST_NOTE = 500


def subject_of_item(item: Item) -> Subject:
    """Return the item as the audit log names it."""
    return Subject("review_item", str(item.pk), str(item)[:300])


def open_campaign_of(number: int) -> Campaign:
    """Lock a campaign and return it. Raises Conflict unless it takes answers: a late one meets the seal."""
    campaign = Campaign.objects.select_for_update(no_key=True).get(pk=number)
    if campaign.state != CampaignState.ACTIVE:
        raise Conflict("This review takes no answers any more.")
    return campaign


def require_unsigned(campaign: Campaign, reviewer: UUID | None) -> None:
    """Raise Conflict when the reviewer's sheet is signed."""
    seats = Seat.objects.filter(campaign=campaign, stage=campaign.stage, reviewer_id=reviewer)
    if seats.filter(signed_at__isnull=False).exists():
        raise Conflict("This sheet is signed.")


@command(ITEM_DECIDED)
def decide(
    *,
    actor: Actor,
    item: Item,
    choice: str,
    digest: str,
    note: str = "",
    less: Mapping[str, Any] | None = None,
    on_behalf_of: UUID | None = None,
    now: datetime,
) -> Changed:
    """Answer for an item, or answer anew; the value is the item as it is then.

    `digest` is that of the item as it was shown. Raises Forbidden with the reason (not theirs, or they hold it or
    alone approved it), Conflict when the item was sealed, signed, moved on or shown differently, Invalid.
    """
    campaign = open_campaign_of(item.campaign_id)
    row = Item.objects.get(pk=item.pk, campaign=campaign)
    can_decide(actor, row, campaign, on_behalf_of, now).require()
    require_unsigned(campaign, row.reviewer_id)
    if row.stage != campaign.stage or digest != row.digest:
        raise Conflict("This item is not what was shown; look at it again.")
    problem = less_problem(choice, less or {}, row, now)
    if choice not in Choice.values or choice == Choice.WITHDRAW:
        raise Invalid("Keep, revoke, reduce, or say that you cannot say.", choice="Choose one.")
    if problem or len(note) > LONGEST_NOTE:
        raise Invalid(
            problem or "Say it in 500 characters.", **({"less": problem} if problem else {"note": "Shorter."})
        )
    _write(actor, row, choice, note.strip(), dict(less or {}), on_behalf_of, now)
    before = row.state
    settle(row, before, choice, actor.user_id, now)
    if choice != Choice.KEEP and _sampled(row):
        promote_similar(row)
    facts: dict[str, object] = {"choice": choice, "stage": row.stage, "digest": digest, "note": note.strip()}
    facts |= {"less": dict(less or {}), "on_behalf_of": str(on_behalf_of or "")}
    row.refresh_from_db()
    return Changed(subject_of_item(row), facts, value=row, before=before, after=row.state)


@command(ITEM_WITHDRAWN)
def withdraw(*, actor: Actor, item: Item, on_behalf_of: UUID | None = None, now: datetime) -> Changed:
    """Take an answer back: the item waits for one again. The value is the item. Raises as `decide`."""
    campaign = open_campaign_of(item.campaign_id)
    row = Item.objects.get(pk=item.pk, campaign=campaign)
    can_decide(actor, row, campaign, on_behalf_of, now).require()
    require_unsigned(campaign, row.reviewer_id)
    cleared = {"decision": "", "decided_by": None, "decided_at": None}
    ITEM_MACHINE.move(
        Item.objects.filter(stage=campaign.stage), pk=row.pk, before=ItemState.DECIDED, after=ItemState.OPEN, **cleared
    )
    _write(actor, row, Choice.WITHDRAW, "", {}, on_behalf_of, now)
    row.refresh_from_db()
    return Changed(
        subject_of_item(row), {"stage": row.stage}, value=row, before=ItemState.DECIDED, after=ItemState.OPEN
    )


def settle(item: Item, before: str, choice: str, decider: UUID | None, now: datetime) -> None:
    """Make an answer the one that counts, by compare-and-swap. Raises Conflict."""
    ITEM_MACHINE.move(
        Item.objects.filter(stage=item.stage, reviewer_id=item.reviewer_id),
        pk=item.pk,
        before=OPEN_ITEMS,
        after=ItemState.DECIDED,
        decision=choice,
        decided_by_id=decider,
        decided_at=now,
        defaulted=False,
    )


def _write(
    actor: Actor, item: Item, choice: str, note: str, less: dict[str, Any], principal: UUID | None, now: datetime
) -> None:
    Decision.objects.create(
        item=item,
        campaign_id=item.campaign_id,
        stage=item.stage,
        reviewer_id=actor.user_id,
        on_behalf_of_id=principal,
        choice=choice,
        note=note,
        less=less,
        digest=item.digest,
        strength=actor.strength,
        at=now,
    )


def _sampled(item: Item) -> bool:
    drawn = Sample.objects.filter(campaign_id=item.campaign_id, stage=item.stage, reviewer_id=item.reviewer_id)
    return any(item.pk in row.items for row in drawn)
