"""Reads about notices, messages and channels."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, Min, Q, QuerySet

from apps.accounts.models import User
from apps.accounts.queries import actor_for
from apps.core.actor import Actor, Strength
from apps.core.notices import NOTICE_KINDS, SEEN, NoticeKind
from apps.core.subjects import SUBJECTS
from apps.notices.models import Channel, Delivery, Notice, Preference, Told
from apps.notices.states import DeliveryState


@dataclass(frozen=True, slots=True)
class Outbox:
    """How the outbox stands: messages waiting, since when the oldest is overdue, and messages given up."""

    waiting: int
    oldest_due_at: datetime | None
    dead: int

    def age(self, now: datetime) -> timedelta:
        """Return how long the oldest due message has been waiting for its first or next try."""
        return max(now - self.oldest_due_at, timedelta()) if self.oldest_due_at else timedelta()


def outbox() -> Outbox:
    """Return how the outbox stands. One query."""
    waiting = Q(state=DeliveryState.WAITING)
    found = Delivery.objects.filter(state__in=[DeliveryState.WAITING, DeliveryState.DEAD]).aggregate(
        waiting=Count("pk", filter=waiting),
        oldest=Min("due_at", filter=waiting),
        dead=Count("pk", filter=Q(state=DeliveryState.DEAD)),
    )
    return Outbox(found["waiting"], found["oldest"], found["dead"])


def unread(actor: Actor) -> QuerySet[Notice]:
    """Return the notices the actor has not read."""
    return Notice.objects.visible_to(actor).unread()


def unread_count(actor: Actor) -> int:
    """Return how many notices the actor has not read. One query."""
    return unread(actor).count()


def sees(actor: Actor, kind: str, ids: Iterable[str]) -> set[str]:
    """Return those ids of subjects of a kind that the actor may see now. One query for kinds with a queryset."""
    narrower = SEEN.get(kind)
    if narrower is not None:
        return {key for key in ids if narrower(actor, key)}
    subjects = SUBJECTS.get(kind)
    if subjects is None:
        return set()
    try:
        return {str(pk) for pk in subjects.visible(actor).filter(pk__in=list(ids)).values_list("pk", flat=True)}
    except (ValueError, ValidationError):
        return set()


def still_visible(actor: Actor, rows: Iterable[Told]) -> set[UUID]:
    """Return the rows (by id) whose subject the actor may still see. One query per kind of subject."""
    by_kind: dict[str, list[Told]] = defaultdict(list)
    for row in rows:
        by_kind[row.subject_kind].append(row)
    seen: set[UUID] = set()
    for kind, told in by_kind.items():
        visible = sees(actor, kind, {row.subject_id for row in told})
        seen |= {row.pk for row in told if row.subject_id in visible}
    return seen


def recipient(user: User) -> Actor:
    """Return a person as an actor who was not asked for a password: what they see, not what they may do."""
    return actor_for(user, origin="notice", strength=Strength.NONE)


def wants_mail(user_ids: Iterable[UUID], kind: NoticeKind) -> set[UUID]:
    """Return those who get the kind by mail. One query."""
    ids = set(user_ids)
    chosen = dict(Preference.objects.filter(user_id__in=ids, kind=kind.key).values_list("user_id", "by_mail"))
    return {pk for pk in ids if not kind.may_opt_out or chosen.get(pk, kind.default_on)}


def mail_is_on() -> bool:
    """Return whether mail leaves this installation: production needs a mail server to be named."""
    return bool(settings.ZTPORTAL_MAIL)


def choices_of(user: User) -> list[tuple[NoticeKind, bool]]:
    """Return every kind with whether the person gets it by mail. One query."""
    chosen = dict(Preference.objects.filter(user=user).values_list("kind", "by_mail"))
    kinds = sorted(NOTICE_KINDS, key=lambda kind: kind.title)
    return [(kind, not kind.may_opt_out or chosen.get(kind.key, kind.default_on)) for kind in kinds]


def channels(actor: Actor) -> list[Channel]:
    """Return the channels that were not removed, by name, with `waiting` and `dead` messages. One query."""
    counts = {
        state: Count("messages", filter=Q(messages__state=state))
        for state in (DeliveryState.WAITING, DeliveryState.DEAD)
    }
    rows = Channel.objects.visible_to(actor).present()
    return list(rows.annotate(**{state.value: count for state, count in counts.items()}))
