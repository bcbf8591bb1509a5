"""Signing sheets, going on to the next stage, putting to others what nobody answered, sealing.

Sealing and answering lock the campaign, so an answer is either in before the seal or refused.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, Value

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict
from apps.core.sql import insert_from
from apps.reviews import events
from apps.reviews.models import Campaign, Decision, Item, Seat
from apps.reviews.queries.bulk import sheet_items
from apps.reviews.queries.candidates import stage_of
from apps.reviews.queries.independence import conflicted
from apps.reviews.rules.bulk import can_decide_at_once
from apps.reviews.rules.deciding import can_sit
from apps.reviews.services.asking import begin_removal
from apps.reviews.services.assigning import assign, move_on
from apps.reviews.services.bulk import decision_columns, default_choice
from apps.reviews.services.deciding import open_campaign_of, require_unsigned
from apps.reviews.services.room import give_room
from apps.reviews.services.seats import seat_reviewers
from apps.reviews.services.staging import subject_of_campaign
from apps.reviews.services.telling import tell_left, tell_second, tell_start
from apps.reviews.states import (
    CAMPAIGN_MACHINE,
    CampaignState,
    Choice,
    ItemState,
    Routed,
)


@command(events.SHEET_SIGNED)
def sign(*, actor: Actor, campaign: Campaign, on_behalf_of: UUID | None = None, now: datetime) -> Changed:
    """Sign a sheet on which nothing is left to decide; in the last stage its answers are sealed and carried out.

    What the reviewer cannot say goes to others at once. When every sheet is signed, the campaign goes on. The value is
    the Seat. Raises Forbidden, Conflict while something is undecided, when it is signed, or when the campaign is over.
    """
    give_room()
    row = open_campaign_of(campaign.pk)
    reviewer = on_behalf_of or actor.user_id
    items = sheet_items(row, reviewer)
    can_sit(actor, reviewer, on_behalf_of, _strictest(items), now).require()
    require_unsigned(row, reviewer)
    seat = Seat.objects.filter(campaign=row, stage=row.stage, reviewer_id=reviewer).first()
    left = items.filter(state=ItemState.OPEN).count()
    if seat is None or left:
        raise Conflict(f"{left} items are left to decide." if seat else "You have no sheet in this review.")
    last = row.stage == row.last_stage
    decided = items.filter(state=ItemState.DECIDED)
    if last:
        # Asked again at the seal: who came by the access meanwhile does not certify it.
        people = [user for user in (actor.user_id, on_behalf_of) if user is not None]
        can_decide_at_once(conflicted(decided, people).count()).require()
    facts = _tally(decided)
    Seat.objects.filter(pk=seat.pk).update(signed_at=now, signed_by_id=actor.user_id)
    if last:
        seal_items(actor=actor, campaign=row, items=decided.exclude(decision=Choice.ABSTAIN), now=now)
        move_on(decided.filter(decision=Choice.ABSTAIN), Routed.ABSTAINED, now, by=actor.user_id)
        seat_reviewers(row, now)
    seat.refresh_from_db()
    finish_stage(actor=actor, campaign=row, now=now)
    facts |= {"stage": seat.stage, "on_behalf_of": str(on_behalf_of or "")}
    return Changed(subject_of_campaign(row), facts, value=seat)


def _strictest(items: QuerySet[Item]) -> int | None:
    if items.filter(tier=None).exists():
        return 1
    return items.order_by("tier").values_list("tier", flat=True).first()


def _tally(items: QuerySet[Item]) -> dict[str, object]:
    rows = items.order_by().values("decision").annotate(n=Count("pk"))
    counts = {row["decision"]: row["n"] for row in rows}
    words = {"kept": Choice.KEEP, "revoked": Choice.REVOKE, "reduced": Choice.REDUCE, "abstained": Choice.ABSTAIN}
    return {word: counts.get(choice, 0) for word, choice in words.items()}


def seal_items(*, actor: Actor, campaign: Campaign, items: QuerySet[Item], now: datetime) -> int:
    """Seal decided items and begin the removal of what was revoked or reduced; return how many were sealed."""
    sealed = items.filter(state=ItemState.DECIDED).update(state=ItemState.SEALED)
    begin_removal(actor=actor, campaign=campaign, now=now)
    return sealed


def finish_stage(*, actor: Actor, campaign: Campaign, now: datetime) -> None:
    """Go on when every sheet of the open stage is signed."""
    if Seat.objects.filter(campaign=campaign, stage=campaign.stage, signed_at__isnull=True).exists():
        return
    if campaign.stage < campaign.last_stage:
        advance(actor=actor, campaign=campaign, now=now)
    elif not Item.objects.filter(campaign=campaign).decidable().exists():
        seal(actor=actor, campaign=campaign, now=now)


@command(events.CAMPAIGN_ADVANCED)
def advance(*, actor: Actor, campaign: Campaign, now: datetime) -> Changed:
    """Put all items to the next stage, answered or not: earlier answers are input, the last stage's count.

    Raises Conflict when the stage moved meanwhile.
    """
    give_room()
    following = campaign.stage + 1
    terms = stage_of(campaign.stages, following)
    due = now + timedelta(days=terms["days"])
    moved = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.ACTIVE, stage=campaign.stage)
    if not moved.update(stage=following, due_at=due):
        raise Conflict("This review went on meanwhile.")
    items = Item.objects.filter(campaign=campaign).decidable()
    count = items.update(
        stage=following,
        state=ItemState.OPEN,
        decision="",
        decided_by=None,
        decided_at=None,
        reviewer=None,
        routed=Routed.NOBODY,
    )
    assign(items, terms)
    campaign.refresh_from_db()
    seat_reviewers(campaign, now)
    tell_start(actor=actor, campaign=campaign, now=now)
    facts: dict[str, object] = {"stage": following, "items": count, "due_at": due.isoformat()}
    return Changed(subject_of_campaign(campaign), facts, value=campaign)


@command(events.CAMPAIGN_ESCALATED)
def escalate(*, actor: Actor, campaign: Campaign, now: datetime) -> Changed:
    """Put what nobody answered by the due date of the last stage to others, who have some days before the default.

    What people answered by then is counted: an answer of the default is none. Raises Conflict when this was done.
    """
    give_room()
    items = Item.objects.filter(campaign=campaign)
    answered = items.exclude(state=ItemState.OPEN).exclude(state=ItemState.MOOT).count()
    until = now + timedelta(days=campaign.grace_days)
    rows = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.ACTIVE, escalated_at__isnull=True)
    if not rows.update(escalated_at=now, seal_at=until, done_at_due=answered):
        raise Conflict("This was done meanwhile.")
    campaign.refresh_from_db()
    open_items = items.filter(Q(state=ItemState.OPEN) | Q(state=ItemState.DECIDED, decision=Choice.ABSTAIN))
    moved = move_on(open_items, Routed.ESCALATED, now)
    seat_reviewers(campaign, now)
    tell_left("reviews.sheet.escalated", actor=actor, campaign=campaign, once="escalated", now=now)
    facts: dict[str, object] = {"items": moved, "answered": answered, "of": campaign.items_count}
    return Changed(subject_of_campaign(campaign), facts, value=moved)


@command(events.CAMPAIGN_SEALED)
def seal(*, actor: Actor, campaign: Campaign, now: datetime) -> Changed:
    """Seal a campaign: the latest answers count, what nobody answered gets the default, recorded as such.

    Raises Conflict when it is sealed or over.
    """
    give_room()
    locked = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    answered = {"done_at_due": locked.done_at_due}
    if locked.done_at_due is None:
        done = Item.objects.filter(campaign=locked).exclude(state__in=[ItemState.OPEN, ItemState.MOOT])
        answered = {"done_at_due": done.count()}
    before, after = CampaignState.ACTIVE, CampaignState.SEALED
    CAMPAIGN_MACHINE.move(Campaign.objects.all(), pk=locked.pk, before=before, after=after, sealed_at=now, **answered)
    items = Item.objects.filter(campaign=locked)
    defaulted = _default(locked, items, now)
    Seat.objects.filter(campaign=locked, signed_at__isnull=True).update(signed_at=now)
    items.filter(state=ItemState.DECIDED).update(state=ItemState.SEALED)
    begin_removal(actor=actor, campaign=locked, now=now)
    CAMPAIGN_MACHINE.move(Campaign.objects.all(), pk=locked.pk, before=after, after=CampaignState.REMEDIATING)
    locked.refresh_from_db()
    tell_second(actor=actor, campaign=locked, now=now)
    facts = _tally(items.exclude(state=ItemState.MOOT))
    facts.pop("abstained")
    facts |= {"defaulted": defaulted, "moot": items.filter(state=ItemState.MOOT).count()}
    facts["snapshot_hash"] = locked.snapshot_hash
    return Changed(subject_of_campaign(locked), facts, value=locked, before=before, after=CampaignState.REMEDIATING)


def _default(campaign: Campaign, items: QuerySet[Item], now: datetime) -> int:
    """Record the default for what nobody answered, as an answer of nobody's; return for how many."""
    unanswered = items.filter(Q(state=ItemState.OPEN) | Q(state=ItemState.DECIDED, decision=Choice.ABSTAIN))
    given = {"state": ItemState.DECIDED, "defaulted": True, "decided_at": now, "decided_by": None}
    count = unanswered.update(decision=default_choice(campaign), **given)
    if count:
        columns = decision_columns(now) | {"choice": F("decision"), "defaulted": Value(True)}
        insert_from(Decision, columns, items.filter(state=ItemState.DECIDED, defaulted=True))
    return count
