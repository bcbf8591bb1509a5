"""Saved scopes, drafts, opening and cancelling."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count

from apps.access.rules.requests import person_id
from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.reviews import events
from apps.reviews.models import Campaign, Item, Series
from apps.reviews.rules.campaigns import can_run_campaigns
from apps.reviews.rules.terms import clean_terms
from apps.reviews.services.seats import seat_reviewers
from apps.reviews.services.staging import require_staged, subject_of_campaign
from apps.reviews.services.telling import tell_start
from apps.reviews.states import ANSWERED_ITEMS, CAMPAIGN_MACHINE, CampaignState, Choice, Frequency, Trigger

TERMS = ("name", "scope", "stages", "default_choice", "grace_days", "removal_days")
CANCELLABLE = (CampaignState.DRAFT, CampaignState.STAGED, CampaignState.ACTIVE)


@command(events.SERIES_SAVED)
def save_series(
    *,
    actor: Actor,
    name: str,
    scope: Mapping[str, Any],
    stages: Sequence[Mapping[str, Any]],
    frequency: str = Frequency.ONCE,
    first_on: date | None = None,
    default_choice: str = Choice.REVOKE,
    grace_days: int = 3,
    removal_days: int = 7,
    now: datetime,
) -> Changed:
    """Save a scope; one that recurs opens by itself on `first_on` (default: tomorrow) and then as often as said.

    The value is the Series. Raises Forbidden, Invalid.
    """
    can_run_campaigns(actor).require()
    terms = clean_terms(
        name=name,
        scope=scope,
        stages=stages,
        default_choice=default_choice,
        grace_days=grace_days,
        removal_days=removal_days,
    )
    if frequency not in Frequency.values:
        raise Invalid("Choose how often.", frequency="Choose from the list.")
    next_on = None if frequency == Frequency.ONCE else first_on or now.date() + timedelta(days=1)
    if next_on is not None and next_on < now.date():
        raise Invalid("A review cannot have opened in the past.", first_on="Today or later.")
    row = Series.objects.create(
        **terms, frequency=frequency, next_on=next_on, created_by_id=person_id(actor), created_at=now
    )
    facts = {**facts_of(row), "frequency": frequency, "next_on": next_on.isoformat() if next_on else ""}
    return Changed(_subject(row), facts, value=row)


@command(events.SERIES_STOPPED)
def stop_series(*, actor: Actor, series: Series, now: datetime) -> Changed | Unchanged:
    """Let no further campaign of a scope open by itself. Raises Forbidden."""
    can_run_campaigns(actor).require()
    before = series.next_on
    if not Series.objects.filter(pk=series.pk, next_on__isnull=False).update(next_on=None, stopped_at=now):
        return Unchanged(value=series)
    series.refresh_from_db()
    return Changed(_subject(series), {"next_on": before.isoformat() if before else ""}, value=series)


@command(events.CAMPAIGN_DRAFTED)
def draft(
    *,
    actor: Actor,
    name: str,
    scope: Mapping[str, Any],
    stages: Sequence[Mapping[str, Any]],
    series: Series | None = None,
    default_choice: str = Choice.REVOKE,
    grace_days: int = 3,
    removal_days: int = 7,
    trigger: str = Trigger.SCOPE,
    trigger_key: str = "",
    now: datetime,
) -> Changed:
    """Draft a campaign; nothing is shown to anybody. The value is the Campaign.

    Raises Forbidden, Invalid, Conflict while another of the same scope or event is open.
    """
    can_run_campaigns(actor).require()
    terms = clean_terms(
        name=name,
        scope=scope,
        stages=stages,
        default_choice=default_choice,
        grace_days=grace_days,
        removal_days=removal_days,
    )
    try:
        with transaction.atomic():
            row = Campaign.objects.create(
                **terms,
                series=series,
                trigger=trigger,
                trigger_key=trigger_key,
                created_by_id=actor.user_id,
                created_at=now,
            )
    except IntegrityError:
        raise Conflict("The review of this before it is not over.") from None
    return Changed(subject_of_campaign(row), {**facts_of(row), "trigger": trigger, "subject": trigger_key}, value=row)


@command(events.CAMPAIGN_UNSTAGED)
def unstage(*, actor: Actor, campaign: Campaign, now: datetime) -> Changed:
    """Throw a preview away, so that it can be taken anew; the value is the draft. Raises Forbidden, Conflict."""
    can_run_campaigns(actor).require()
    gone = {"staged_at": None, "items_count": 0, "snapshot_hash": ""}
    before, after = CampaignState.STAGED, CampaignState.DRAFT
    CAMPAIGN_MACHINE.move(Campaign.objects.all(), pk=campaign.pk, before=before, after=after, **gone)
    Item.objects.filter(campaign=campaign).delete()
    facts: dict[str, object] = {"snapshot_hash": campaign.snapshot_hash}
    campaign.refresh_from_db()
    return Changed(subject_of_campaign(campaign), facts, value=campaign, before=before, after=after)


@command(events.CAMPAIGN_OPENED)
def open_campaign(*, actor: Actor, campaign: Campaign, snapshot_hash: str, now: datetime) -> Changed:
    """Open what was previewed, exactly: reviewers are told and may decide. The value is the campaign.

    Raises Forbidden, Conflict when it is no preview any more or another one than was shown, Invalid while nobody may
    answer for some items.
    """
    can_run_campaigns(actor).require()
    campaign.refresh_from_db()
    require_staged(campaign)
    if snapshot_hash != campaign.snapshot_hash:
        raise Conflict("The preview changed; look at it again.")
    items = Item.objects.filter(campaign=campaign)
    nobody = items.filter(reviewer__isnull=True).count()
    if nobody:
        raise Invalid(f"Nobody may answer for {nobody} items; name more people who may.", stages="Add a fallback.")
    due = now + timedelta(days=campaign.stages[0]["days"])
    before, after = CampaignState.STAGED, CampaignState.ACTIVE
    CAMPAIGN_MACHINE.move(
        Campaign.objects.all(), pk=campaign.pk, before=before, after=after, stage=1, opened_at=now, due_at=due
    )
    campaign.refresh_from_db()
    people = seat_reviewers(campaign, now)
    tell_start(actor=actor, campaign=campaign, now=now)
    facts: dict[str, object] = {
        "items": campaign.items_count,
        "reviewers": people,
        "snapshot_hash": campaign.snapshot_hash,
        "due_at": due.isoformat(),
    }
    return Changed(subject_of_campaign(campaign), facts, value=campaign, before=before, after=after)


@command(events.CAMPAIGN_CANCELLED)
def cancel(*, actor: Actor, campaign: Campaign, reason: str, now: datetime) -> Changed:
    """Cancel a campaign before it is sealed: its answers stay as evidence and have no effect.

    Raises Forbidden, Invalid without a reason, Conflict when it is sealed or over, or a sheet of it is signed.
    """
    can_run_campaigns(actor).require()
    if not reason.strip() or len(reason) > 500:
        raise Invalid("Say why, in 1 to 500 characters.", note="Say why.")
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    signed = campaign.seats.filter(signed_at__isnull=False, stage=campaign.last_stage)
    # Who was given more signs again, but what they signed before is sealed.
    if signed.exists() or campaign.items.filter(state__in=ANSWERED_ITEMS).exists():
        raise Conflict("Somebody signed already, and what they signed is being carried out.")
    before = Campaign.objects.values_list("state", flat=True).get(pk=campaign.pk)
    rows = Campaign.objects.all()
    CAMPAIGN_MACHINE.move(rows, pk=campaign.pk, before=CANCELLABLE, after=CampaignState.CANCELLED, closed_at=now)
    campaign.refresh_from_db()
    facts: dict[str, object] = {"reason": reason.strip()}
    return Changed(subject_of_campaign(campaign), facts, value=campaign, before=before, after=campaign.state)


def facts_of(row: Series | Campaign) -> dict[str, object]:
    """Return the terms as the audit log keeps them."""
    found: dict[str, object] = {"name": row.name, "scope": row.scope, "stages": row.stages}
    return {**found, "default": row.default_choice, "grace_days": row.grace_days, "removal_days": row.removal_days}


def _subject(series: Series) -> Subject:
    return Subject("review_series", str(series.pk), series.name)


def progress_counts(campaign: Campaign) -> dict[str, int]:
    """Return how many items of a campaign are in each state. One query."""
    rows = Item.objects.filter(campaign=campaign).values("state").annotate(n=Count("pk")).order_by()
    return {row["state"]: row["n"] for row in rows}
