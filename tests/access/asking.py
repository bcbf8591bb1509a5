"""The world of requests: the cast linked to persons with a second factor, and an asset the owner answers for."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group

from apps.access.models import AccessRequest, Vote
from apps.access.queries.deciding import digest_now
from apps.access.services.requests import submit
from apps.access.services.votes import approve
from apps.accounts.models import Team, TeamMembership, User
from apps.core import clock
from apps.core.actor import Actor, Role, Strength
from apps.inventory.models import Asset
from tests.cast import Cast
from tests.factories import make_asset, make_person

#: Operations by the tier of a request for them on an asset of tier 3.
TIER_2, TIER_3 = "weights.read", "eval.run"


@dataclass
class World:
    """The cast, an asset, and short words for what tests do."""

    cast: Cast
    asset: Asset

    def user(self, name: str) -> User:
        """Return a member as a user."""
        return self.cast.users[name]

    def actor(self, name: str, *, age: timedelta = timedelta(0), strength: Strength = Strength.SECOND_FACTOR) -> Actor:
        """Return a member as an actor whose second factor was proven `age` ago."""
        return replace(self.cast.actor(name, strength), authenticated_at=clock.now() - age)

    def ask(self, name: str = "engineer", operation: str = TIER_2, **fields: Any) -> AccessRequest:
        """Submit a request for an hour and return it as it is then."""
        asset = fields.pop("asset", self.asset)
        defaults: dict[str, Any] = {"minutes": 60, "reason": "Compare with the last release"}
        made = submit(actor=self.actor(name), asset=asset, operation=operation, **{**defaults, **fields})
        return AccessRequest.objects.get(pk=made.value.pk)

    def approve(self, name: str, request: AccessRequest, **fields: Any) -> AccessRequest:
        """Approve a request as it is shown now and return it."""
        digest = fields.pop("digest", None) or self.shown(request)
        actor = fields.pop("actor", None) or self.actor(name)
        approve(actor=actor, request=request, digest=digest, **fields)
        return AccessRequest.objects.get(pk=request.pk)

    def shown(self, request: AccessRequest) -> str:
        """Return the digest an approver is shown now."""
        return digest_now(AccessRequest.objects.select_related("asset").get(pk=request.pk))

    def fresh(self, request: AccessRequest) -> AccessRequest:
        """Return the request as it is now."""
        return AccessRequest.objects.get(pk=request.pk)


def link(user: User, *, factor: bool = True, **person: Any) -> User:
    """Link a user to a person of their own, with an authenticator app."""
    if not hasattr(user, "person"):
        make_person(name=user.name, email=user.email, user=user, **person)
    if factor and not Authenticator.objects.filter(user=user).exists():
        Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    return user


def build(cast: Cast, **asset: Any) -> World:
    """Return the world: everyone linked but service account, the owner answering for an asset of tier 3."""
    for name, user in cast.users.items():
        if name != "service":
            link(user)
    defaults: dict[str, Any] = {
        "name": "churn-gbm",
        "tier": 3,
        "tier_confirmed": True,
        "owner": cast.users["owner"].person,
        "owner_confirmed_at": clock.now() - timedelta(days=30),
        "team": cast.teams["Model Engineering"],
    }
    return World(cast, make_asset(**{**defaults, **asset}))


def make_user(name: str, role: Role, team: Team | None = None, *, manages: bool = False, linked: bool = True) -> User:
    """Return one more person with a role, who was always there."""
    slug = name.lower().replace(" ", ".")
    user = User.objects.create_user(f"{slug}@fenwick.example", "correct horse battery", name=name)
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    if team is not None:
        TeamMembership.objects.create(user=user, team=team, manages=manages)
    return link(user) if linked else user


def actor_of(user: User, now: datetime | None = None) -> Actor:
    """Return any user as an actor with a second factor proven now."""
    memberships = list(user.memberships.all())
    return Actor(
        kind=user.kind,
        id=str(user.pk),
        label=user.name,
        roles=frozenset(Role(group.name) for group in user.groups.all()),
        user_id=user.pk,
        team_ids=frozenset(m.team_id for m in memberships),
        managed_team_ids=frozenset(m.team_id for m in memberships if m.manages),
        origin="127.0.0.1",
        strength=Strength.SECOND_FACTOR,
        authenticated_at=now or clock.now(),
        request_id="test",
    )


def choices(request: AccessRequest) -> list[tuple[str, str]]:
    """Return the votes of a request in their order: who, and what."""
    rows = Vote.objects.filter(request=request).order_by("pk").select_related("voter")
    return [(row.voter.email.split("@")[0], row.choice) for row in rows]
