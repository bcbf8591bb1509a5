"""The reviews' part of the reconciler: due stages, reminders, removals, proof, recurring reviews, events.

Each step is due work in the database, safe to repeat and in several copies. Looking over all open items is done once a
minute, not each round.
"""

from datetime import timedelta

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q

from apps.core import clock
from apps.core.actor import system
from apps.core.errors import Conflict
from apps.reviews.models import Campaign, Item, Removal, Seat
from apps.reviews.services.sealing import advance, escalate, finish_stage, seal
from apps.reviews.services.suspending import rests_first, suspend
from apps.reviews.services.telling import tell_left
from apps.reviews.services.verifying import begin_verifying, close, fail_overdue, mark_moot, verify
from apps.reviews.services.watching import look
from apps.reviews.states import CampaignState

ACTOR = system("reconciler")
#: How often all open items are looked over, in seconds.
LOOK_EVERY = 60
WATCH_EVERY = 600
#: When reviewers are reminded: three days before the due date, and on the day.
SOON, DUE_DAY = timedelta(days=3), timedelta(days=1)


def _this_turn(what: str, seconds: int) -> bool:
    """Return whether it is this round's turn; a cache that is away or forgets costs a look, nothing else."""
    return bool(cache.add(f"reviews:{what}", 1, timeout=seconds))


def move_campaigns() -> int:
    """Bring every open campaign as far as time and answers allow; return how many moved."""
    return sum(_moved(campaign) for campaign in Campaign.objects.running().order_by("pk"))


def _moved(campaign: Campaign) -> bool:
    """One step: the next stage, other reviewers, or the seal. Somebody else's step meanwhile is as good."""
    now = clock.now()
    last = campaign.stage >= campaign.last_stage
    try:
        if campaign.due_at is not None and campaign.due_at <= now and not last:
            advance(actor=ACTOR, campaign=campaign, now=now)
        elif campaign.due_at is not None and campaign.due_at <= now and campaign.escalated_at is None:
            escalate(actor=ACTOR, campaign=campaign, now=now)
        elif campaign.seal_at is not None and campaign.seal_at <= now and rests_first(campaign):
            suspend(actor=ACTOR, campaign=campaign, now=now)
        elif campaign.seal_at is not None and campaign.seal_at <= now:
            seal(actor=ACTOR, campaign=campaign, now=now)
        elif not Item.objects.filter(campaign=campaign).decidable().exists() or not _waits(campaign):
            return _finished(campaign)
        else:
            return False
    except Conflict:
        return False
    return True


def _waits(campaign: Campaign) -> bool:
    return Seat.objects.filter(campaign=campaign, stage=campaign.stage, signed_at__isnull=True).exists()


def _finished(campaign: Campaign) -> bool:
    """Go on where nothing is left to answer, because all is signed or all vanished."""
    now = clock.now()
    if not Item.objects.filter(campaign=campaign).decidable().exists():
        seal(actor=ACTOR, campaign=campaign, now=now)
        return True
    if campaign.stage < campaign.last_stage:
        finish_stage(actor=ACTOR, campaign=campaign, now=now)
        return True
    return False


def remind() -> int:
    """Tell reviewers what is left three days before the due date and on the day; return how many sheets."""
    if not _this_turn("remind", LOOK_EVERY):
        return 0
    now, told = clock.now(), 0
    rows = Campaign.objects.running().filter(escalated_at__isnull=True, due_at__gt=now, due_at__lte=now + SOON)
    for campaign in rows.order_by("pk"):
        on_the_day = campaign.due_at is not None and campaign.due_at <= now + DUE_DAY
        kind, once = ("reviews.sheet.due", "due") if on_the_day else ("reviews.sheet.soon", "soon")
        told += tell_left(kind, actor=ACTOR, campaign=campaign, once=once, now=now)
    return told


def look_over() -> int:
    """Take out what vanished, prove removals, fail those that are late, close what is proven; return how many rows."""
    if not _this_turn("look", LOOK_EVERY):
        return 0
    return prove_all()


def prove_all() -> int:
    """Do what `look_over` does, at once."""
    now = clock.now()
    moved = sum(int(step(actor=ACTOR, now=now).value) for step in (mark_moot, verify, fail_overdue))
    unproven = Removal.objects.unproven().filter(item__campaign=OuterRef("pk"), next_at__isnull=False)
    ready = Q(state=CampaignState.REMEDIATING) & ~Q(Exists(unproven))
    for campaign in Campaign.objects.filter(ready | Q(state=CampaignState.VERIFYING)).order_by("pk"):
        try:
            if campaign.state == CampaignState.REMEDIATING:
                begin_verifying(actor=ACTOR, campaign=campaign, now=now)
                moved += 1
            close(actor=ACTOR, campaign=campaign, now=now)
            moved += 1
        except Conflict:
            continue
    return moved


def watch() -> int:
    """Open reviews that changes ask for; return how many."""
    if not _this_turn("watch", WATCH_EVERY):
        return 0
    return int(look(actor=ACTOR, now=clock.now()).value)
