"""Between escalation and the default: what asks for a close look and nobody answered rests for some days first
(governance.md §5, the suggested default of the high tiers)."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict
from apps.reviews.events import ITEMS_SUSPENDED
from apps.reviews.models import Campaign, Item
from apps.reviews.services.bulk import needs_close_look
from apps.reviews.services.staging import subject_of_campaign
from apps.reviews.services.telling import tell_left
from apps.reviews.states import CampaignState, Choice, Default, ItemState, SubjectKind

#: As long as access lets a grant rest before it ends it (`access.services.suspension`).
REST = timedelta(days=7)


def unanswered(campaign: Campaign) -> QuerySet[Item]:
    """Return the items that the seal would give the default now."""
    nobody = Q(state=ItemState.OPEN) | Q(state=ItemState.DECIDED, decision=Choice.ABSTAIN)
    return Item.objects.filter(nobody, campaign=campaign)


def rests_first(campaign: Campaign) -> bool:
    """Return whether something has to rest before this campaign is sealed. One query, none under other terms."""
    if campaign.default_choice != Default.SUSPEND or campaign.suspended_at is not None:
        return False
    return unanswered(campaign).filter(needs_close_look()).exists()


@command(ITEMS_SUSPENDED)
def suspend(*, actor: Actor, campaign: Campaign, now: datetime) -> Changed:
    """Suspend what asks for a close look and nobody answered, and put the seal off for so long; once a campaign.

    Grants rest from then on (`queries.holding`); other access cannot rest and stays until it is revoked. Whoever is
    asked may still answer, and a keep lets a grant go on. The value is how many items rest. Raises Conflict when this
    was done, or the campaign takes no answers any more.
    """
    rows = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.ACTIVE, suspended_at__isnull=True)
    if not rows.update(suspended_at=now, seal_at=now + REST):
        raise Conflict("This was done meanwhile.")
    campaign.refresh_from_db()
    items = unanswered(campaign).filter(needs_close_look())
    grants = items.filter(subject_kind=SubjectKind.GRANT).count()
    count = items.update(suspended_at=now)
    tell_left("reviews.sheet.escalated", actor=actor, campaign=campaign, once="suspended", now=now)
    facts: dict[str, object] = {"items": count, "grants": grants, "until": (now + REST).isoformat()}
    return Changed(subject_of_campaign(campaign), facts, value=count)
