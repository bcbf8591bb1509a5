"""Reads about emergency access: permits in force, reviews that are owed, and by when."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.access.models import AfterReview, EmergencyPermit
from apps.access.states import AfterReviewState
from apps.accounts.models import User
from apps.core.actor import Actor, Role
from apps.core.errors import NotFound

_SATURDAY = 5


def permit_of(user_id: UUID, now: datetime) -> EmergencyPermit | None:
    """Return the confirmed permit that a user has now; its last day counts in UTC. One query."""
    return (
        EmergencyPermit.objects.filter(user_id=user_id, confirmed_at__isnull=False, ended_at__isnull=True)
        .filter(until_on__gte=now.date())
        .order_by("-until_on", "pk")
        .first()
    )


def open_review_of(user_id: UUID) -> AfterReview | None:
    """Return the review that a user's last emergency access still owes. One query."""
    return AfterReview.objects.filter(holder_id=user_id, state=AfterReviewState.OPEN).first()


def permits_concerned(review: AfterReview) -> frozenset[UUID]:
    """Return who proposed or confirmed a permit under which the reviewed access was taken. One query."""
    at = review.break_glass.at
    then = EmergencyPermit.objects.filter(user_id=review.holder_id, confirmed_at__lte=at, until_on__gte=at.date())
    then = then.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=at))
    pairs = then.values_list("proposed_by_id", "confirmed_by_id")
    return frozenset(user for pair in pairs for user in pair if user is not None)


def reviews_visible_to(actor: Actor) -> QuerySet[AfterReview]:
    """Return the reviews an actor may see: all for wide roles, else those of one's own emergency access."""
    rows = AfterReview.objects.select_related("break_glass__grant__asset", "holder", "reviewer")
    if actor.sees_all:
        return rows
    return rows.filter(holder_id=actor.user_id) if actor.user_id else rows.none()


def review_due(at: datetime) -> datetime:
    """Return when the review of emergency access used at `at` is due: one working day later, in UTC.

    Saturdays and Sundays do not count; public holidays do, as they differ by place. Friday 15:00 is due Monday 15:00;
    any time at a weekend counts from Monday 00:00 and is due Tuesday 00:00.
    """
    if at.weekday() >= _SATURDAY:
        at = (at + timedelta(days=7 - at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    due = at + timedelta(days=1)
    return due + timedelta(days=7 - due.weekday()) if due.weekday() >= _SATURDAY else due


def find_review(actor: Actor, pk: int) -> AfterReview:
    """Return an after-review. Raises NotFound, also for one the actor may not see."""
    found = reviews_visible_to(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such review, or you may not see it.")
    return found


def permits(actor: Actor) -> QuerySet[EmergencyPermit]:
    """Return the permits an actor may see, newest first: all for wide roles, else one's own."""
    rows = EmergencyPermit.objects.select_related("user", "proposed_by", "confirmed_by").order_by("-proposed_at", "pk")
    if actor.sees_all:
        return rows
    return rows.filter(user_id=actor.user_id) if actor.user_id else rows.none()


def find_permit(actor: Actor, pk: int) -> EmergencyPermit:
    """Return a permit. Raises NotFound, also for one the actor may not see."""
    found = permits(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such permit, or you may not see it.")
    return found


def permittable(actor: Actor) -> QuerySet[User]:
    """Return the people a permit can be proposed for: active ones, never oneself; only for security administrators."""
    if not actor.has(Role.SECURITY_ADMIN):
        return User.objects.none()
    return User.objects.filter(is_active=True, kind=User.Kind.PERSON).exclude(pk=actor.user_id).order_by("name", "pk")


def names_of(user_ids: list[str]) -> list[str]:
    """Return the names of users kept by id, in alphabetical order. One query."""
    return list(User.objects.filter(pk__in=user_ids).order_by("name").values_list("name", flat=True))


def review_count(actor: Actor) -> int:
    """Return how many open after-reviews wait for somebody of the actor's role, none of their own. One query."""
    if not actor.has(Role.CISO, Role.SECURITY_ADMIN):
        return 0
    return reviews_visible_to(actor).filter(state=AfterReviewState.OPEN).exclude(holder_id=actor.user_id).count()
