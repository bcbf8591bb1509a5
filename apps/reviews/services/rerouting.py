"""Moving items from one reviewer to another: named by the one before, left, not answered in time."""

from datetime import datetime
from uuid import UUID

from django.db.models import Count, QuerySet

from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.core.sql import insert_from
from apps.reviews import events
from apps.reviews.models import Campaign, Item, Removal, Routing
from apps.reviews.queries.candidates import ladder, stage_of
from apps.reviews.rules.deciding import can_sit, can_take_over
from apps.reviews.services.assigning import climb, routing_columns
from apps.reviews.services.deciding import open_campaign_of, require_unsigned, subject_of_item
from apps.reviews.services.seats import seat_reviewers
from apps.reviews.services.telling import tell
from apps.reviews.states import CampaignState, ItemState, Routed


@command(events.ITEM_ROUTED)
def not_mine(*, actor: Actor, item: Item, to: User, note: str = "", now: datetime) -> Changed:
    """Name the right person for an item instead of answering; the value is the item.

    Raises Forbidden unless it is put to the actor, and for somebody who must not certify it, Conflict, Invalid.
    """
    campaign = open_campaign_of(item.campaign_id)
    row = Item.objects.get(pk=item.pk, campaign=campaign)
    can_sit(actor, row.reviewer_id, None, row.tier, now).require()
    require_unsigned(campaign, row.reviewer_id)
    if len(note) > 500:
        raise Invalid("Say it in 500 characters.", note="Shorter.")
    can_take_over(to, row).require()
    rows = Item.objects.filter(pk=row.pk, reviewer_id=actor.user_id, stage=campaign.stage).decidable()
    cleared = {"state": ItemState.OPEN, "decision": "", "decided_by": None, "decided_at": None}
    if not rows.update(reviewer=to, routed=Routed.NOT_MINE, **cleared):
        raise Conflict("This item moved on meanwhile.")
    Routing.objects.create(
        item=row, stage=row.stage, before_id=actor.user_id, after=to, why=Routed.NOT_MINE, note=note.strip(),
        by_id=actor.user_id, at=now,
    )  # fmt: skip
    seat_reviewers(campaign, now)
    _tell_given(actor, campaign, to.pk, 1, f"{actor.label} says it is yours.", f"given:{row.pk}:{to.pk}", now)
    row.refresh_from_db()
    facts: dict[str, object] = {"to": str(to.pk), "why": Routed.NOT_MINE, "note": note.strip()}
    return Changed(subject_of_item(row), facts, value=row)


def offboard(actor: Actor, user: User, now: datetime) -> None:
    """Take part in a person's deactivation (`accounts.participants`), inside its transaction (invariant 13)."""
    reroute(actor=actor, user=user, now=now)


@command(events.ITEMS_REROUTED)
def reroute(*, actor: Actor, user: User, now: datetime) -> Changed | Unchanged:
    """Give every unsealed item of a leaver to the next in line, and their removals to an administrator.

    What they answered stays as it is until the new reviewer signs or changes it. The value is how many items moved.
    """
    running = Campaign.objects.filter(state__in=[CampaignState.STAGED, CampaignState.ACTIVE])
    moved = nobody = 0
    for campaign in running.filter(items__reviewer=user).distinct().order_by("pk"):
        Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
        items = Item.objects.filter(campaign=campaign, reviewer=user).decidable()
        count = items.count()
        if count:
            moved += count
            nobody += _replace(campaign, items, user, now)
            if campaign.state == CampaignState.ACTIVE:
                _seat_and_tell(actor, campaign, user, now)
    removals = _hand_removals(user)
    if not moved and not removals:
        return Unchanged(value=0)
    facts: dict[str, object] = {"items": moved, "removals": removals, "without_reviewer": nobody}
    return Changed(Subject("user", str(user.pk), user.name), facts, value=moved)


def _replace(campaign: Campaign, items: QuerySet[Item], user: User, now: datetime) -> int:
    """Give a leaver's items to the next in line of the stage; return how many are left with nobody."""
    number = max(campaign.stage, 1)
    insert_from(Routing, routing_columns(Routed.LEFT, now), items)
    items.update(reviewer=None, routed=Routed.LEFT)
    waiting = Item.objects.filter(campaign=campaign, stage=number, reviewer__isnull=True).decidable()
    return climb(waiting, ladder(stage_of(campaign.stages, number)))


def _seat_and_tell(actor: Actor, campaign: Campaign, user: User, now: datetime) -> None:
    seat_reviewers(campaign, now)
    campaign.seats.filter(reviewer=user, stage=campaign.stage, signed_at__isnull=True).delete()
    moved = Item.objects.filter(campaign=campaign, routings__before=user, routings__at=now, reviewer__isnull=False)
    for reviewer, number in moved.order_by().values("reviewer").annotate(n=Count("pk")).values_list("reviewer", "n"):
        once = f"left:{user.pk}:{reviewer}"
        _tell_given(actor, campaign, reviewer, number, f"{user.name} no longer works here.", once, now)


def _tell_given(actor: Actor, campaign: Campaign, to: UUID, number: int, why: str, once: str, now: datetime) -> None:
    items = "1 item" if number == 1 else f"{number} items"
    due = campaign.due_at or now
    tell(
        "reviews.items.given",
        actor=actor,
        campaign=campaign,
        to=[to],
        once=once,
        now=now,
        items=items,
        due=due,
        why=why,
    )


def _hand_removals(user: User) -> int:
    """Give a leaver's removals by hand to an administrator."""
    rows = Removal.objects.unproven().filter(owner=user)
    admin = (
        User.objects.filter(is_active=True, groups__name="security_admin").exclude(pk=user.pk).order_by("pk").first()
    )
    return rows.update(owner=admin)
