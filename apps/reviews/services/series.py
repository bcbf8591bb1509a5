"""Recurring reviews open by themselves; a review of one item opens when an event asks for it."""

import calendar
from datetime import date, datetime

from django.db import transaction

from apps.core import clock
from apps.core.actor import Actor, system
from apps.core.errors import DomainError
from apps.reviews.models import Campaign, Series
from apps.reviews.services.campaigns import draft, open_campaign
from apps.reviews.services.staging import stage
from apps.reviews.services.telling import overseers, tell_failed
from apps.reviews.states import MONTHS, Choice, Frequency, ReviewerRule, Trigger

ACTOR = system("reconciler")
#: How a review of one item goes: the owner of the asset within a week, else the CISO.
MICRO_STAGES = [{"reviewer": ReviewerRule.OWNER, "days": 7}]


def following(day: date, frequency: str, first_day: int) -> date:
    """Return the day a period later; the 31st becomes the last day of a shorter month, and the 31st again after it."""
    months = day.year * 12 + day.month - 1 + MONTHS[Frequency(frequency)]
    year, month = divmod(months, 12)
    return date(year, month + 1, min(first_day, calendar.monthrange(year, month + 1)[1]))


def open_due_series(now: datetime | None = None) -> int:
    """Open the next campaign of every saved scope whose day has come; return how many. A doubled call opens none."""
    now, opened = now or clock.now(), 0
    for row in Series.objects.filter(next_on__lte=now.date()).order_by("next_on", "pk"):
        opened += _open_next(ACTOR, row, now)
    return opened


def _open_next(actor: Actor, series: Series, now: datetime) -> bool:
    """Draft, stage and open in one transaction with the step to the next day; what cannot open is told."""
    day = series.next_on
    if day is None:
        return False
    after = day
    while after <= now.date():
        after = following(after, series.frequency, series.created_at.day if series.created_at.day > 28 else day.day)
    try:
        with transaction.atomic():
            if not Series.objects.filter(pk=series.pk, next_on=day).update(next_on=after, problem=""):
                return False
            name = f"{series.name}, {day:%B %Y}"[:200]
            drafted = draft(actor=actor, series=series, name=name, now=now, **terms_of(series)).value
            staged = stage(actor=actor, campaign=drafted, now=now).value
            open_campaign(actor=actor, campaign=staged, snapshot_hash=staged.snapshot_hash, now=now)
    except DomainError as problem:
        with transaction.atomic():
            if Series.objects.filter(pk=series.pk, next_on=day).update(next_on=after, problem=problem.reason[:300]):
                tell_failed(actor=actor, series=series, to=overseers(), why=problem.reason, day=day, now=now)
        return False
    return True


def terms_of(series: Series) -> dict[str, object]:
    """Return what a campaign takes over from its saved scope."""
    names = ("scope", "stages", "default_choice", "grace_days", "removal_days")
    return {name: getattr(series, name) for name in names}


def open_micro(*, actor: Actor, kind: str, subject_id: str, trigger: Trigger, name: str) -> Campaign | None:
    """Open a review of one item; None where one is open, or nothing of it is left to review."""
    key = f"{kind}:{subject_id}"
    try:
        with transaction.atomic():
            drafted = draft(
                actor=actor,
                name=name[:200],
                scope={},
                stages=MICRO_STAGES,
                default_choice=Choice.REVOKE,
                trigger=trigger,
                trigger_key=key,
            ).value
            staged = stage(actor=actor, campaign=drafted, only=(kind, subject_id)).value
            return open_campaign(actor=actor, campaign=staged, snapshot_hash=staged.snapshot_hash).value
    except DomainError:
        return None
