"""Reads about standing in: one's own delegations, and who may stand in for one."""

from datetime import datetime

from django.db.models import Q, QuerySet

from apps.access.models import Delegation
from apps.accounts.models import User
from apps.core.actor import Actor, Role
from apps.core.errors import NotFound

STAND_INS = (Role.MANAGER, Role.CISO, Role.SECURITY_ADMIN)


def delegations_of(actor: Actor) -> QuerySet[Delegation]:
    """Return the delegations the actor gave or holds, all of them for security administrators; newest first."""
    rows = Delegation.objects.select_related("delegator", "delegate").order_by("-from_at", "-pk")
    if actor.has(Role.SECURITY_ADMIN):
        return rows
    if actor.user_id is None:
        return rows.none()
    return rows.filter(Q(delegator_id=actor.user_id) | Q(delegate_id=actor.user_id))


def find_delegation(actor: Actor, pk: int) -> Delegation:
    """Return a delegation. Raises NotFound, also for one of others."""
    found = delegations_of(actor).filter(pk=pk).first()
    if found is None:
        raise NotFound("There is no such delegation, or you may not see it.")
    return found


def stand_ins(actor: Actor) -> QuerySet[User]:
    """Return who may stand in: active people who decide by role, and those of one's teams. Never oneself."""
    people = User.objects.filter(is_active=True, kind=User.Kind.PERSON).exclude(pk=actor.user_id)
    near = Q(groups__name__in=[role.value for role in STAND_INS]) | Q(memberships__team_id__in=actor.team_ids)
    return people.filter(near).distinct().order_by("name", "pk")


def in_force(delegation: Delegation, now: datetime) -> str:
    """Return whether a delegation is ahead, in force or over."""
    if delegation.ended_at is not None or delegation.until_at <= now:
        return "over"
    return "ahead" if delegation.from_at > now else "in force"
