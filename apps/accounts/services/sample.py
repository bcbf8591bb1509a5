"""The cast of the sample organisation: one person per role, who can sign in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.db.models import ProtectedError

from apps.accounts import secrets
from apps.accounts.events import SAMPLE_USERS_CREATED, SAMPLE_USERS_REMOVED
from apps.accounts.models import ApiToken, RoleChange, SignInLink, Team, TeamMembership, User
from apps.accounts.rules import can_manage_people
from apps.accounts.services.people import create_user
from apps.accounts.services.roles import give_role
from apps.accounts.services.sessions import drop_sessions
from apps.core.actor import Actor, Role
from apps.core.command import Changed, Unchanged, command
from apps.core.decision import refused
from apps.core.events import Subject

SAMPLE = Subject("sample", "users", "Sample users")


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """One of the cast: who, with which role, in which team."""

    email: str
    name: str
    role: Role
    team: str = ""
    manages: bool = False


def sample_password(user: User) -> str:
    """Return the first password of a sample user: random per installation, and the same at each start."""
    digest = secrets.digest("sample-password", user.email)
    return "-".join(digest[i : i + 5] for i in range(0, 20, 5))


def current_code(user: User) -> str:
    """Return what a sample user's authenticator app shows now (RFC 6238); empty without one.

    Raises Forbidden for anyone who is not of the sample: real secrets never leave.
    """
    if not user.is_sample:
        refused("Only sample people have their codes shown.").require()
    factor = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    if factor is None:
        return ""
    counters = list(totp.yield_hotp_counters_from_time())
    return totp.format_hotp_value(totp.hotp_value(decrypt(factor.data["secret"]), counters[len(counters) // 2]))


@command(SAMPLE_USERS_CREATED)
def ensure_sample_users(*, actor: Actor, now: datetime, people: Iterable[SamplePerson]) -> Changed | Unchanged:
    """Create those of the cast who are missing, with password, authenticator app, role and team.

    The value is the list of (person, user, password); the password is empty where it was changed since. Only the
    system (`core.actor.system("sample")`) may. Nothing of an existing user is touched.
    """
    if actor.kind != "system":
        refused("Sample users are created by the portal itself.").require()
    cast, made = [], []
    for person in people:
        user = User.objects.filter(email__iexact=person.email, is_sample=True).first()
        if user is None:
            user = _create(actor, now, person)
            made.append(user.email)
        password = sample_password(user)
        cast.append((person, user, password if user.check_password(password) else ""))
    return Changed(SAMPLE, {"users": made}, value=cast) if made else Unchanged(value=cast)


def _create(actor: Actor, now: datetime, person: SamplePerson) -> User:
    user: User = create_user(actor=actor, now=now, email=person.email, name=person.name, is_sample=True).value
    user.set_password(sample_password(user))
    user.save(update_fields=["password"])
    totp.TOTP.activate(user, totp.generate_totp_secret())
    Authenticator.objects.filter(user=user).update(created_at=now)
    give_role(actor=actor, now=now, user=user, role=person.role)
    if person.team:
        team = Team.objects.filter(name__iexact=person.team).first() or Team.objects.create(name=person.team)
        TeamMembership.objects.create(user=user, team=team, manages=person.manages)
    return user


@command(SAMPLE_USERS_REMOVED)
def remove_sample_users(*, actor: Actor, now: datetime) -> Changed | Unchanged:
    """Remove the cast, all but the acting administrator, who would else be locked out in the middle of it.

    A sample user whom kept records name cannot be deleted and is deactivated. Raises Forbidden unless the actor
    manages people. The value is the list of removed addresses.
    """
    can_manage_people(actor).require()
    gone = []
    for user in User.objects.filter(is_sample=True).exclude(pk=actor.user_id):
        drop_sessions(user)
        ApiToken.objects.filter(user=user).update(revoked_at=now)
        user.groups.clear()
        try:
            with transaction.atomic():
                _delete(user)
        except ProtectedError:
            User.objects.filter(pk=user.pk).update(is_active=False, deactivated_at=now)
        gone.append(user.email)
    return Changed(SAMPLE, {"users": gone}, value=gone) if gone else Unchanged(value=[])


def _delete(user: User) -> None:
    Authenticator.objects.filter(user=user).delete()
    for rows in (TeamMembership, SignInLink, RoleChange, ApiToken):
        rows.objects.filter(user=user).delete()
    user.delete()
