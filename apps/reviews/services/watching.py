"""Watching what asks for a review between campaigns: movers, new owners, new personal data, idle privileged access,
access that came back, or whose accepted risk ended. Each opens a review of one item; the campaign only holds the rest
(governance.md §6, idea 10)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import Cast, Replace, Substr

from apps.core.actor import Actor
from apps.core.command import Changed, Unchanged, command
from apps.core.events import Subject
from apps.core.facts import Fact
from apps.core.sql import insert_from
from apps.governance.operations import verb_of
from apps.inventory.models import Asset, Coverage, Entitlement, Person
from apps.inventory.records import ENTITLEMENT
from apps.reviews.events import WATCH_LOOKED
from apps.reviews.models import Item, Watched
from apps.reviews.queries.exceptions import lapsed
from apps.reviews.queries.subjects import entitlements
from apps.reviews.queries.words import sensitive, text
from apps.reviews.services.series import open_micro
from apps.reviews.states import CampaignState, ItemState, SubjectKind, Trigger
from apps.reviews.states import Fact as WatchedFact

#: Privileged access that nobody used for so long is reviewed at once (issue text: 30 idle days).
IDLE_AFTER = timedelta(days=30)
#: Reviews one round opens at most; the next goes on where it stopped.
MOST_AT_ONCE = 100


@command(WATCH_LOOKED)
def look(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Note what changed and open the reviews it asks for; the value is how many were opened."""
    changes = sum(_note(fact, rows, value, now) for fact, rows, value in _watched())
    opened = 0
    for trigger, kind, number, name in _wanted(now):
        if opened >= MOST_AT_ONCE:
            break
        opened += open_micro(actor=actor, kind=kind, subject_id=number, trigger=trigger, name=name) is not None
    if not changes and not opened:
        return Unchanged(value=0)
    return Changed(Subject("reviews", "watch", "Changes"), {"changes": changes, "reviews": opened}, value=opened)


def _watched() -> Iterator[tuple[str, QuerySet[Any, Any], Any]]:
    """Yield each fact with the rows it is of and its value now."""
    yield WatchedFact.TEAM, Person.objects.exclude(team_name=""), F("team_name")
    yield WatchedFact.OWNER, Asset.objects.present().filter(owner__isnull=False), text(F("owner_id"))
    data = Case(When(sensitive("classification"), then=Value("personal")), default=Value("none"))
    yield WatchedFact.DATA, Asset.objects.present(), data


def _note(fact: str, rows: QuerySet[Any, Any], value: Any, now: datetime) -> int:
    """Bring what is known of a fact to what it is now; return how many changed. The first look is no change."""
    at, short = Value(now, output_field=DateTimeField()), CharField(max_length=300)
    current = rows.annotate(now_is=Substr(Cast(value, short), 1, 300, output_field=short))
    known = Watched.objects.filter(fact=fact, subject_id=OuterRef("pk"))
    columns: dict[str, Any] = {
        "fact": Value(fact),
        "subject_id": F("pk"),
        "value": F("now_is"),
        "before": Value("", output_field=short),
        "seen_at": at,
        "changed_at": Value(None, output_field=DateTimeField()),
    }
    # Nothing is looked up in what the same statement fills: the first look would grow with the square of its rows.
    seen_before = Watched.objects.filter(fact=fact).exists()
    insert_from(Watched, columns, current.filter(~Exists(known)) if seen_before else current)
    newer = Subquery(current.filter(pk=OuterRef("subject_id")).values("now_is")[:1])
    moved = Watched.objects.filter(fact=fact).annotate(newer=newer).filter(newer__isnull=False)
    return moved.exclude(value=F("newer")).update(before=F("value"), value=newer, changed_at=now, seen_at=now)


def _wanted(now: datetime) -> Iterator[tuple[Trigger, str, str, str]]:
    """Yield what asks for a review and had none since: why, the subject, and the review's name."""
    rows = entitlements(now).select_related("identity", "asset")
    team = _changed(WatchedFact.TEAM, "identity__person_id")
    owner = _changed(WatchedFact.OWNER, "asset_id")
    data = _changed(WatchedFact.DATA, "asset_id").filter(value="personal")
    for trigger, change in ((Trigger.MOVER, team), (Trigger.OWNER, owner), (Trigger.DATA, data)):
        asked = rows.annotate(since=Subquery(change.values("changed_at")[:1])).filter(since__isnull=False)
        yield from _named(trigger, asked.filter(~_reviewed_since(OuterRef("since"))))
    idle = rows.filter(privileged=Fact.YES, last_used_at__lte=now - IDLE_AFTER)
    yield from _named(Trigger.IDLE, idle.filter(~_reviewed_since(OuterRef("last_used_at"))))
    yield from _named(Trigger.RETURNED, rows.filter(_returned()))
    for items in lapsed(now):
        for row in items.order_by("pk")[:MOST_AT_ONCE]:
            what, where = verb_of(row.operation).lower(), row.asset_label or "everything"
            name = f"{Trigger.LAPSED.label}: {row.holder_label}, {what} on {where}"
            yield Trigger.LAPSED, row.subject_kind, row.subject_id, name


def _changed(fact: str, path: str) -> QuerySet[Watched]:
    return Watched.objects.filter(fact=fact, subject_id=OuterRef(path), changed_at__isnull=False)


def _of_subject() -> QuerySet[Item]:
    """Return the items about an entitlement of the query around."""
    number = Replace(Cast(OuterRef("pk"), TextField()), Value("-"), Value(""))
    return Item.objects.filter(subject_kind=SubjectKind.ENTITLEMENT, subject_id=number)


def _reviewed_since(since: OuterRef) -> Exists:
    """Return whether a campaign since then has it, or one before it is still open."""
    open_ones = Q(campaign__state__in=[CampaignState.STAGED, CampaignState.ACTIVE])
    rows = _of_subject().exclude(campaign__state=CampaignState.CANCELLED)
    return Exists(rows.filter(open_ones | Q(campaign__staged_at__gte=since)))


def _returned() -> Q:
    """Return whether its removal was verified once, and an import made after that shows it again."""
    shown = Coverage.objects.filter(source_id=OuterRef(OuterRef("source_id")), record_kind=ENTITLEMENT)
    again = Exists(shown.filter(observed_at__gt=OuterRef("ended_at")))
    return Q(Exists(_of_subject().filter(again, state=ItemState.VERIFIED))) & ~Q(Exists(_reviewed_again()))


def _reviewed_again() -> QuerySet[Item]:
    """Return later items about the same access than the newest verified one."""
    newest = Item.objects.filter(subject_kind=SubjectKind.ENTITLEMENT, subject_id=OuterRef("subject_id"))
    verified = Subquery(newest.filter(state=ItemState.VERIFIED).order_by("-number").values("number")[:1])
    return _of_subject().filter(number__gt=verified).exclude(campaign__state=CampaignState.CANCELLED)


def _named(trigger: Trigger, rows: QuerySet[Entitlement]) -> Iterator[tuple[Trigger, str, str, str]]:
    for row in rows.order_by("pk")[: MOST_AT_ONCE + 1]:
        what, where = verb_of(row.operation).lower(), row.asset or row.scope or "everything"
        name = f"{trigger.label}: {row.identity}, {what} on {where}"
        yield trigger, SubjectKind.ENTITLEMENT, row.pk.hex, name
