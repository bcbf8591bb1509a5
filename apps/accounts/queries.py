"""Reads about users, roles, sessions and tokens."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from apps.accounts import secrets
from apps.accounts.models import ApiToken, RoleChange, SignInLink, Team, TeamMembership, User
from apps.accounts.models.token import ApiTokenQuerySet
from apps.accounts.states import RoleChangeState
from apps.core.actor import Actor, Role

#: What proves a person beside the password. Recovery codes only stand in for one of these.
FACTOR_TYPES = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True, slots=True)
class Membership:
    """Roles and teams of a user."""

    roles: frozenset[Role]
    team_ids: frozenset[int]
    managed_team_ids: frozenset[int]


def roles_of(user_id: UUID) -> frozenset[Role]:
    """Return the roles of a user; groups that are no roles are left out. One query."""
    names = User.groups.through.objects.filter(user_id=user_id).values_list("group__name", flat=True)
    known = {role.value for role in Role}
    return frozenset(Role(name) for name in names if name in known)


def membership_of(user_id: UUID) -> Membership:
    """Return roles and teams of a user. Two queries."""
    teams = list(TeamMembership.objects.filter(user_id=user_id).values_list("team_id", "manages"))
    return Membership(
        roles=roles_of(user_id),
        team_ids=frozenset(team for team, _ in teams),
        managed_team_ids=frozenset(team for team, manages in teams if manages),
    )


def factor_types(user_id: UUID) -> frozenset[str]:
    """Return the kinds of second factor a user has; recovery codes are none. One query."""
    rows = Authenticator.objects.filter(user_id=user_id, type__in=FACTOR_TYPES)
    return frozenset(rows.values_list("type", flat=True))


def factors_of(user: User) -> list[Authenticator]:
    """Return the user's factors, oldest first. One query."""
    return list(Authenticator.objects.filter(user=user).order_by("created_at"))


def users_visible_to(actor: Actor) -> QuerySet[User]:
    """Return the users an actor may see, with roles, teams and whether they have a second factor. Three queries."""
    factor = Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=FACTOR_TYPES)
    memberships = Prefetch("memberships", TeamMembership.objects.select_related("team").order_by("team__name"))
    return User.objects.visible_to(actor).annotate(has_factor=Exists(factor)).prefetch_related("groups", memberships)


def role_holders(role: Role) -> QuerySet[User]:
    """Return the active users who hold a role."""
    return User.objects.filter(is_active=True, groups__name=role.value)


def active_people() -> QuerySet[User]:
    """Return the people who may sign in, by name. One query."""
    return User.objects.filter(is_active=True, kind=User.Kind.PERSON).order_by("name")


def role_changes() -> QuerySet[RoleChange]:
    """Return all role changes with who they are for and who proposed them. One query."""
    return RoleChange.objects.select_related("user", "proposed_by")


def open_proposals(now: datetime) -> QuerySet[RoleChange]:
    """Return the proposals that may still be confirmed at `now`. One query."""
    proposed = RoleChange.objects.filter(state=RoleChangeState.PROPOSED, expires_at__gt=now)
    return proposed.select_related("user", "proposed_by")


def lapsed_proposals(now: datetime) -> QuerySet[RoleChange]:
    """Return proposals whose time is over and whose state does not say so yet."""
    return RoleChange.objects.filter(state=RoleChangeState.PROPOSED, expires_at__lte=now)


def proposals_of(user: User) -> QuerySet[RoleChange]:
    """Return a user's role changes, newest first. One query."""
    return RoleChange.objects.filter(user=user).select_related("proposed_by", "decided_by")


def teams() -> QuerySet[Team]:
    """Return all teams with their members. Two queries."""
    members = Prefetch("memberships", TeamMembership.objects.select_related("user").order_by("user__name"))
    return Team.objects.prefetch_related(members)


def sessions_of(user: User) -> list[UserSession]:
    """Return the user's sessions that still exist, newest use first. Two queries."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))
    alive = set(Session.objects.filter(pk__in=[r.session_key for r in rows]).values_list("pk", flat=True))
    return [row for row in rows if row.session_key in alive]


def tokens_visible_to(actor: Actor) -> ApiTokenQuerySet:
    """Return the tokens an actor may see, with their users. One query."""
    return ApiToken.objects.visible_to(actor).select_related("user")


def role_words(roles: Iterable[Role]) -> str:
    """Return roles as people read them, `No role` for none."""
    held = set(roles)
    return ", ".join(role.label for role in Role if role in held) or "No role"


def actor_for(user: User, **how: Any) -> Actor:
    """Return the actor that a user is now: rights are read anew each time, never kept. Two queries.

    `how` is origin, strength, authenticated_at, request_id, credential and, for a token, its scopes.
    """
    member = membership_of(user.pk)
    return Actor(
        kind=user.kind,
        id=str(user.pk),
        label=user.name or user.email,
        roles=member.roles,
        user_id=user.pk,
        team_ids=member.team_ids,
        managed_team_ids=member.managed_team_ids,
        **how,
    )


def usable_link(secret: str, now: datetime) -> SignInLink | None:
    """Return the link of a secret while it may be used. One query."""
    rows = SignInLink.objects.filter(digest__in=secrets.digests("link", secret), user__is_active=True)
    return rows.filter(used_at__isnull=True, expires_at__gt=now).select_related("user").first()


def usable_token(prefix: str, now: datetime) -> ApiToken | None:
    """Return the token of a prefix while it may be used. One query; none for an empty prefix."""
    if not prefix:
        return None
    return ApiToken.objects.all().usable(now).filter(prefix=prefix).select_related("user").first()


def sample_user(role: Role) -> User | None:
    """Return the active sample person with a role: of several, the first who was made, whose sign-in is printed.

    One query.
    """
    return role_holders(role).filter(is_sample=True).order_by("created_at", "pk").first()
