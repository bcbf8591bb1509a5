"""Creating, deactivating and reactivating users."""

from datetime import datetime

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from apps.accounts.events import USER_CREATED, USER_DEACTIVATED, USER_REACTIVATED, USER_RENAMED
from apps.accounts.models import ApiToken, User
from apps.accounts.participants import PARTICIPANTS
from apps.accounts.queries import roles_of
from apps.accounts.rules import can_deactivate, can_manage_people
from apps.accounts.services.roles import lock_roles, other_admins, withdraw_open_of
from apps.accounts.services.sessions import drop_sessions, subject_of
from apps.core.actor import Actor, Role
from apps.core.command import Changed, Unchanged, command
from apps.core.errors import Conflict, Invalid

#: A service account has no mailbox; its address only names it.
SERVICE_DOMAIN = "service.invalid"


@command(USER_CREATED)
def create_user(*, actor: Actor, now: datetime, email: str, name: str, is_sample: bool = False) -> Changed:
    """Create a person without password and without role; the value is the user.

    Raises Forbidden unless the actor manages people, Invalid for a bad or taken address or an empty name.
    """
    can_manage_people(actor).require()
    user = _insert(email=email, name=name, kind=User.Kind.PERSON, is_sample=is_sample)
    return Changed(subject_of(user), {"email": user.email, "kind": user.kind}, value=user)


@command(USER_CREATED)
def create_service_account(*, actor: Actor, now: datetime, name: str, slug: str) -> Changed:
    """Create a service account, which signs in with tokens only; the value is the user. Raises as `create_user`."""
    can_manage_people(actor).require()
    user = _insert(email=f"{slug.lower()}@{SERVICE_DOMAIN}", name=name, kind=User.Kind.SERVICE, is_sample=False)
    user.groups.add(Group.objects.get(name=Role.SERVICE.value))
    return Changed(subject_of(user), {"email": user.email, "kind": user.kind}, value=user)


def _insert(*, email: str, name: str, kind: str, is_sample: bool) -> User:
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid("This is no mail address.", email="This is no mail address.") from None
    if not name.strip() or len(name) > 200:
        raise Invalid("A name has 1 to 200 characters.", name="A name has 1 to 200 characters.")
    try:
        with transaction.atomic():
            return User.objects.create_user(email, name=name.strip(), kind=kind, is_sample=is_sample)
    except IntegrityError:
        raise Invalid("Someone with this address exists already.", email="Already in use.") from None


@command(USER_DEACTIVATED)
def deactivate_user(*, actor: Actor, now: datetime, user: User) -> Changed | Unchanged:
    """Shut a user out at once: sessions end, tokens and roles go, proposals are withdrawn, participants are called.

    All in one transaction. Raises Forbidden for oneself and for the last security administrator.
    """
    lock_roles()
    held = roles_of(user.pk)
    is_admin = Role.SECURITY_ADMIN in held
    can_deactivate(actor, user, other_admins=other_admins(user), is_admin=is_admin).require()
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False, deactivated_at=now):
        return Unchanged()
    sessions = drop_sessions(user)
    tokens = ApiToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=now)
    user.groups.clear()
    withdraw_open_of(user, now, also_for=True)
    for participant in PARTICIPANTS:
        participant(actor, user, now)
    user.refresh_from_db(fields=["is_active", "deactivated_at"])
    details = {"sessions": sessions, "tokens": tokens, "roles": sorted(role.value for role in held)}
    return Changed(subject_of(user), details, before="active", after="deactivated")


@command(USER_REACTIVATED)
def reactivate_user(*, actor: Actor, now: datetime, user: User) -> Changed:
    """Let a user sign in again, without roles and tokens: those are given anew. Raises Forbidden, Conflict."""
    can_manage_people(actor).require()
    if not User.objects.filter(pk=user.pk, is_active=False).update(is_active=True, deactivated_at=None):
        raise Conflict("This user is active.")
    if user.kind == User.Kind.SERVICE:
        user.groups.add(Group.objects.get(name=Role.SERVICE.value))
    user.refresh_from_db(fields=["is_active", "deactivated_at"])
    return Changed(subject_of(user), before="deactivated", after="active")


@command(USER_RENAMED)
def set_shortcuts(*, actor: Actor, now: datetime, user: User, off: bool) -> Unchanged:
    """Switch one's own keyboard shortcuts (WCAG 2.2, 2.1.4); a taste, so nothing is appended to the log."""
    User.objects.filter(pk=actor.user_id).update(shortcuts_off=off)
    return Unchanged(value=user)
