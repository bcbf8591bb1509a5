"""Beginning removals: every sealed revoke or reduction gets a way, an owner and a due date, by a few statements."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    IntegerField,
    JSONField,
    OuterRef,
    Q,
    Subquery,
    UUIDField,
    Value,
    When,
)  # fmt: skip
from django.db.models.functions import Cast, Coalesce

from apps.access.queries.standing import removable_standing
from apps.accounts.models import User
from apps.core.actor import Actor, Role
from apps.core.command import Changed, Unchanged, command
from apps.core.reviewables import REVIEWABLES
from apps.core.sql import analyse, insert_from
from apps.reviews.events import REMOVALS_ASKED
from apps.reviews.models import Campaign, Decision, Item, Proof, Removal
from apps.reviews.services.staging import MANY, subject_of_campaign
from apps.reviews.services.telling import tell_tasks
from apps.reviews.states import REMOVING, Choice, ItemState, Seen, SubjectKind, Way

NOBODY = UUID(int=0)


@command(REMOVALS_ASKED)
def begin_removal(*, actor: Actor, campaign: Campaign, now: datetime) -> Changed | Unchanged:
    """Begin the removal of everything sealed as revoked or reduced that has none yet; the value is how many.

    Grants and settings of the portal end by their services, rows of connected targets by their connector, and for the
    rest a person is asked: the asset's owner, else a security administrator.
    """
    items = Item.objects.filter(campaign=campaign, state=ItemState.SEALED, decision__in=REMOVING)
    # An unknown holder is nobody's person: NULL would exclude every owner.
    someone = Coalesce("holder_person_id", Value(NOBODY), output_field=UUIDField())
    user = Coalesce("holder_user_id", Value(NOBODY), output_field=UUIDField())
    todo = items.annotate(someone=someone, user=user)
    asked = insert_from(Removal, _columns(campaign, now), todo)
    if not asked:
        return Unchanged(value=0)
    items.update(state=ItemState.REMEDIATING)
    if asked >= MANY:
        analyse(Removal)
    fresh = Removal.objects.filter(item__campaign=campaign, asked_at=now)
    line: dict[str, Any] = {
        "removal": "item_id",
        "seen": Value(Seen.ASKED),
        "by": Value(None, output_field=UUIDField()),
        "evidence": Value({}, output_field=JSONField()),
        "at": Value(now, output_field=DateTimeField()),
    }
    insert_from(Proof, line, fresh.filter(~Exists(Proof.objects.filter(removal_id=OuterRef("pk")))))
    tell_tasks(actor=actor, campaign=campaign, removals=fresh.filter(way=Way.TASK), now=now)
    words = {Way.GRANT: "grants", Way.CONNECTOR: "connectors", Way.REGISTERED: "settings", Way.TASK: "tasks"}
    facts: dict[str, object] = {word: fresh.filter(way=way).count() for way, word in words.items()}
    return Changed(subject_of_campaign(campaign), facts, value=asked)


def _columns(campaign: Campaign, now: datetime) -> dict[str, Any]:
    due = now + timedelta(days=campaign.removal_days)
    instant, number = DateTimeField(), IntegerField()
    blank = Value(None, output_field=instant)
    return {
        "item": "number",
        "way": _way(),
        "owner": Case(When(_by_hand(), then=_owner()), default=Value(None), output_field=UUIDField()),
        "asked_at": Value(now, output_field=instant),
        "due_at": Value(due, output_field=instant),
        "next_at": Case(When(_by_hand(), then=blank), default=Value(now, output_field=instant)),
        "tried_at": blank,
        "done_at": blank,
        "claimed_until": blank,
        "alarmed_at": blank,
        "ended_at": blank,
        "attempts": Value(0, output_field=number),
        "last_problem": Value("", output_field=CharField()),
    }


def _carried() -> Q:
    """Return the items whose row a connector takes away: a revoke, or a reduction to just in time."""
    rows = removable_standing().filter(pk=Cast(OuterRef("subject_id"), UUIDField()))
    latest = Decision.objects.filter(item_id=OuterRef("pk"), second=False).order_by("-number")
    later = latest.filter(less__just_in_time=True)
    whole = Q(decision=Choice.REVOKE) | Q(Exists(later))
    # The kind is asked first: other subjects have no UUID to cast.
    return Q(subject_kind=SubjectKind.ENTITLEMENT) & Q(Exists(rows)) & whole


def _registered() -> list[str]:
    return [kind.kind for kind in REVIEWABLES if kind.remove is not None and kind.kind != SubjectKind.GRANT]


def _by_hand() -> Q:
    return ~Q(subject_kind__in=[SubjectKind.GRANT, *_registered()]) & ~_carried()


def _way() -> Any:
    return Case(
        When(subject_kind=SubjectKind.GRANT, then=Value(Way.GRANT)),
        When(subject_kind__in=_registered(), then=Value(Way.REGISTERED)),
        When(_carried(), then=Value(Way.CONNECTOR)),
        default=Value(Way.TASK),
    )


def _owner() -> Any:
    """Return who removes by hand: the asset's owner, an administrator or the CISO; never who holds it."""
    people = User.objects.filter(is_active=True, kind=User.Kind.PERSON)
    others = people.filter(person__assets=OuterRef("asset_id")).exclude(person__pk=OuterRef("someone"))
    free = people.exclude(pk=OuterRef("user")).order_by("created_at", "pk")
    fallbacks = [free.filter(groups__name=role.value) for role in (Role.SECURITY_ADMIN, Role.CISO)]
    found = [Subquery(rows.values("pk")[:1]) for rows in (others, *fallbacks)]
    return Coalesce(*found, output_field=UUIDField())
