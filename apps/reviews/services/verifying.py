"""Proof: a removal is verified by what the target or a later import shows, never by anybody's word."""

from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, Exists, JSONField, OuterRef, Q, QuerySet, UUIDField, Value
from django.db.models.functions import Cast

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict
from apps.core.events import Subject
from apps.core.sql import insert_from
from apps.inventory.models import Coverage, Entitlement
from apps.inventory.records import ENTITLEMENT
from apps.reviews import events
from apps.reviews.models import Campaign, Item, Proof, Removal
from apps.reviews.queries.scopes import vanished
from apps.reviews.services.staging import subject_of_campaign
from apps.reviews.services.telling import overseers, tell
from apps.reviews.states import (
    CAMPAIGN_MACHINE,
    REMOVING,
    UNPROVEN_ITEMS,
    CampaignState,
    ItemState,
    Seen,
    SubjectKind,
    Way,
)

#: What a verified removal rests on.
RESTS_ON = {
    SubjectKind.ENTITLEMENT: "an import that shows it no longer",
    SubjectKind.GRANT: "the receipts of the grant",
}
_PORTAL = "what the portal itself holds"
_REVIEWS = Subject("reviews", "removals", "Removals of reviewed access")


@command(events.ITEMS_MOOT)
def mark_moot(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Take access that vanished by itself out of what is open; the value is how many items."""
    items = Item.objects.filter(campaign__state=CampaignState.ACTIVE).decidable()
    count = 0
    for gone in vanished(items, now):
        count += gone.update(state=ItemState.MOOT, ended_at=now)
    return Changed(_REVIEWS, {"items": count}, value=count) if count else Unchanged(value=0)


@command(events.REMOVALS_VERIFIED)
def verify(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Close what is seen gone, late or in time; the value is how many items.

    What went before the portal tried anything went by itself: it is moot. A person who was asked may have removed it
    without a word, which is as good.
    """
    items = Item.objects.filter(state__in=[ItemState.REMEDIATING, ItemState.FAILED])
    count = 0
    for gone in vanished(items, now, still=True):
        untried = Removal.objects.filter(item_id=OuterRef("pk"), tried_at__isnull=True).exclude(way=Way.TASK)
        by_itself = gone.filter(Exists(untried), state=ItemState.REMEDIATING)
        count += by_itself.update(state=ItemState.MOOT, ended_at=now)
        _prove(gone, Seen.ABSENT, now)
        count += gone.update(state=ItemState.VERIFIED, ended_at=now)
    if not count:
        return Unchanged(value=0)
    over = Item.objects.filter(pk=OuterRef("pk"), ended_at__isnull=False)
    Removal.objects.unproven().filter(Exists(over)).update(ended_at=now, next_at=None)
    return Changed(_REVIEWS, {"items": count}, value=count)


def _prove(items: QuerySet[Item], seen: Seen, now: datetime) -> None:
    kind = items.values_list("subject_kind", flat=True).first()
    rests = RESTS_ON[SubjectKind(kind)] if kind in SubjectKind.values else _PORTAL
    columns: dict[str, Any] = {
        "removal": "number",
        "seen": Value(seen),
        "by": Value(None, output_field=UUIDField()),
        "evidence": Value({"rests on": rests} if seen == Seen.ABSENT else {}, output_field=JSONField()),
        "at": Value(now, output_field=DateTimeField()),
    }
    insert_from(Proof, columns, items)


@command(events.REMOVALS_FAILED)
def fail_overdue(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Fail what is not seen gone in time, or is still shown by an import made after its removal was reported; tell
    CISO and security administrators. The value is how many items."""
    late = Removal.objects.unproven().filter(pk=OuterRef("pk"), due_at__lte=now)
    rows = Item.objects.filter(state=ItemState.REMEDIATING).filter(Q(Exists(late)) | _reported_but_shown())
    campaigns = dict(rows.order_by().values_list("campaign_id", "campaign__name").distinct())
    if not campaigns:
        return Unchanged(value=0)
    _prove(rows, Seen.OVERDUE, now)
    count = rows.update(state=ItemState.FAILED)
    failed = Item.objects.filter(state=ItemState.FAILED)
    Removal.objects.filter(Exists(failed.filter(pk=OuterRef("pk"))), alarmed_at__isnull=True).update(alarmed_at=now)
    for campaign in Campaign.objects.filter(pk__in=list(campaigns)):
        mine = failed.filter(campaign=campaign, removal__alarmed_at=now)
        first = mine.order_by("pk").first()
        tell(
            "reviews.removal.overdue",
            actor=actor,
            campaign=campaign,
            to=overseers(),
            once=f"overdue:{now:%Y%m%d%H%M}",
            now=now,
            items=_items(mine.count()),
            first=str(first) if first else "",
        )
    return Changed(_REVIEWS, {"items": count}, value=count)


def _items(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"


def _reported_but_shown() -> Q:
    """Return whether an import collected after the removal was reported done shows the access still."""
    shown = Entitlement.objects.present().filter(pk=Cast(OuterRef("subject_id"), UUIDField()))
    later = Coverage.objects.filter(source_id=OuterRef("source_id"), record_kind=ENTITLEMENT)
    later = later.filter(observed_at__gt=OuterRef(OuterRef("removal__done_at")))
    # The kind is asked first: other subjects have no UUID to cast.
    return Q(subject_kind=SubjectKind.ENTITLEMENT) & Q(Exists(shown.filter(Exists(later))))


@command(events.CAMPAIGN_MOVED)
def begin_verifying(*, actor: Actor, campaign: Campaign, now: datetime) -> Changed:
    """Go on once everything that the portal takes away by itself was tried with success. Raises Conflict before."""
    waiting = Removal.objects.unproven().filter(item__campaign=campaign)
    if waiting.filter(next_at__isnull=False).exists():
        raise Conflict("Some removals were not tried with success yet.")
    before, after = CampaignState.REMEDIATING, CampaignState.VERIFYING
    CAMPAIGN_MACHINE.move(Campaign.objects.all(), pk=campaign.pk, before=before, after=after)
    facts: dict[str, object] = {"unproven": waiting.count()}
    return Changed(subject_of_campaign(campaign), facts, value=campaign, before=before, after=after)


@command(events.CAMPAIGN_CLOSED)
def close(*, actor: Actor, campaign: Campaign, now: datetime) -> Changed:
    """Close a campaign whose every removal is proven or whose risk somebody else signed for (invariant 16).

    Raises Conflict before; the database would refuse it too.
    """
    items = Item.objects.filter(campaign=campaign)
    unproven = items.filter(Q(state__in=UNPROVEN_ITEMS) | Q(state=ItemState.SEALED, decision__in=REMOVING)).count()
    if unproven:
        raise Conflict(f"{unproven} removals are not proven.")
    before, after = CampaignState.VERIFYING, CampaignState.CLOSED
    CAMPAIGN_MACHINE.move(Campaign.objects.all(), pk=campaign.pk, before=before, after=after, closed_at=now)
    states = {"verified": ItemState.VERIFIED, "risk_accepted": ItemState.RISK_ACCEPTED, "moot": ItemState.MOOT,
              "kept": ItemState.SEALED}  # fmt: skip
    facts: dict[str, object] = {word: items.filter(state=state).count() for word, state in states.items()}
    return Changed(subject_of_campaign(campaign), facts, value=campaign, before=before, after=after)
