"""Giving and taking roles: proposed by one administrator, confirmed by another, taken at once by any."""

from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from apps.accounts import events
from apps.accounts.models import RoleChange, User
from apps.accounts.queries import lapsed_proposals, role_holders, roles_of
from apps.accounts.rules import (
    can_confirm_role,
    can_manage_people,
    can_propose_role,
    can_refuse_role,
    can_remove_role,
    can_withdraw_role,
    role_fits,
)
from apps.accounts.services.sessions import subject_of
from apps.accounts.states import ROLE_CHANGE, RoleChangeState
from apps.core.actor import Actor, Role
from apps.core.command import Changed, Unchanged, command
from apps.core.decision import refused
from apps.core.errors import Conflict, Invalid
from apps.core.events import Subject
from apps.core.persons import accounts_of

PROPOSAL_LASTS = timedelta(days=7)
REASON_LIMIT = 500


def lock_roles() -> None:
    """Serialise changes of roles, so that two of them together cannot break a rule that each one keeps."""
    list(Group.objects.select_for_update(no_key=True).filter(name__in=[role.value for role in Role]).order_by("pk"))


def other_admins(*users: User | None) -> int:
    """Return how many active security administrators there are beside the given users."""
    known = [user.pk for user in users if user is not None]
    return role_holders(Role.SECURITY_ADMIN).exclude(pk__in=known).count()


def other_persons(change: RoleChange) -> int:
    """Return how many active security administrators are other persons than a proposal's user and proposer."""
    admins = set(role_holders(Role.SECURITY_ADMIN).values_list("pk", flat=True))
    return len(admins - accounts_of([change.user_id, change.proposed_by_id], admins))


@command(events.ROLE_PROPOSED)
def propose_role(*, actor: Actor, now: datetime, user: User, role: Role, reason: str = "") -> Changed:
    """Propose a role for another user; the value is the proposal. Raises Forbidden, Conflict when one is open."""
    can_propose_role(actor, user, role, roles_of(user.pk)).require()
    if len(reason) > REASON_LIMIT:
        raise Invalid(f"A reason has at most {REASON_LIMIT} characters.")
    for stale in lapsed_proposals(now).filter(user=user, role=role.value):
        _move(stale, RoleChangeState.EXPIRED, None, now)
    try:
        with transaction.atomic():
            change = RoleChange.objects.create(
                user=user, role=role.value, reason=reason, proposed_by_id=actor.user_id,
                proposed_at=now, expires_at=now + PROPOSAL_LASTS,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict("This role is proposed already.") from None
    details: dict[str, object] = {"role": role.value, "reason": reason, "expires_at": change.expires_at.isoformat()}
    return Changed(subject_of(user), details, value=change, after=RoleChangeState.PROPOSED)


@command(events.ROLE_CONFIRMED)
def confirm_role(*, actor: Actor, now: datetime, change: RoleChange) -> Changed:
    """Confirm a proposal: the role acts on the user's next request. Raises Forbidden, Conflict when decided already."""
    lock_roles()
    change.user.refresh_from_db(fields=["is_active"])
    admins = other_persons(change)
    can_confirm_role(actor, change, roles_of(change.user_id), now, admins=admins).require()
    _move(change, RoleChangeState.CONFIRMED, actor, now)
    change.user.groups.add(Group.objects.get(name=change.role))
    details: dict[str, object] = {"role": change.role, "proposed_by": str(change.proposed_by_id or "command line")}
    return _decided(change, details, RoleChangeState.CONFIRMED)


@command(events.ROLE_REFUSED)
def refuse_role(*, actor: Actor, now: datetime, change: RoleChange) -> Changed:
    """Refuse another administrator's proposal. Raises Forbidden, Conflict when decided already."""
    can_refuse_role(actor, change).require()
    _move(change, RoleChangeState.REFUSED, actor, now)
    return _decided(change, {"role": change.role}, RoleChangeState.REFUSED)


@command(events.ROLE_WITHDRAWN)
def withdraw_role(*, actor: Actor, now: datetime, change: RoleChange) -> Changed:
    """Take back one's own proposal. Raises Forbidden, Conflict when decided already."""
    can_withdraw_role(actor, change).require()
    _move(change, RoleChangeState.WITHDRAWN, actor, now)
    return _decided(change, {"role": change.role}, RoleChangeState.WITHDRAWN)


@command(events.ROLE_EXPIRED)
def expire_proposals(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Write down which proposals have lapsed; they could not be confirmed since the instant they did."""
    ids = [str(pk) for pk in lapsed_proposals(now).values_list("pk", flat=True)]
    moved = lapsed_proposals(now).update(state=RoleChangeState.EXPIRED, decided_at=now)
    if not moved:
        return Unchanged(value=0)
    return Changed(Subject("role_proposals", "expired", "Role proposals"), {"proposals": ids}, value=moved)


@command(events.ROLE_GIVEN)
def give_role(*, actor: Actor, now: datetime, user: User, role: Role) -> Changed | Unchanged:
    """Give a role from the command line: the first administrator, and the sample cast. Raises Forbidden otherwise."""
    if actor.kind != "system":
        refused("A role is proposed by one administrator and confirmed by another.").require()
    lock_roles()
    held = roles_of(user.pk)
    if role in held:
        return Unchanged()
    role_fits(user, role, held).require()
    user.groups.add(Group.objects.get(name=role.value))
    return Changed(subject_of(user), {"role": role.value})


@command(events.ROLE_REMOVED)
def remove_role(*, actor: Actor, now: datetime, user: User, role: Role) -> Changed:
    """Take a role away at once: the user's next request is without it. Raises Forbidden, Conflict when not held."""
    can_manage_people(actor).require()
    lock_roles()
    can_remove_role(actor, user, role, other_admins=other_admins(user)).require()
    if role not in roles_of(user.pk):
        raise Conflict(f"This user has not the role {role.label}.")
    user.groups.remove(Group.objects.get(name=role.value))
    if role is Role.SECURITY_ADMIN:
        withdraw_open_of(user, now)
    return Changed(subject_of(user), {"role": role.value})


def withdraw_open_of(user: User, now: datetime, *, also_for: bool = False) -> None:
    """Withdraw what a former administrator had proposed (and, `also_for`, what was proposed for them)."""
    rows = RoleChange.objects.filter(proposed_by=user)
    if also_for:
        rows |= RoleChange.objects.filter(user=user)
    rows.filter(state=RoleChangeState.PROPOSED).update(state=RoleChangeState.WITHDRAWN, decided_at=now)


def _move(change: RoleChange, after: RoleChangeState, actor: Actor | None, now: datetime) -> None:
    decided_by = actor.user_id if actor is not None else None
    ROLE_CHANGE.move(
        RoleChange.objects.all(), pk=change.pk, before=RoleChangeState.PROPOSED, after=after,
        decided_by_id=decided_by, decided_at=now,
    )  # fmt: skip
    change.state = after


def _decided(change: RoleChange, details: dict[str, object], after: RoleChangeState) -> Changed:
    return Changed(subject_of(change.user), details, value=change, before=RoleChangeState.PROPOSED, after=after)
