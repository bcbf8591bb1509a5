"""The fixed cast of the tests: one signed-in user per role, an owner, a service account, and an outsider.

Team "Model Engineering" is managed by the manager and holds owner and engineer; the outsider is an engineer of
"Marketing Science" and must never see what belongs to Model Engineering.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.models import Group

from apps.accounts.models import Team, TeamMembership, User
from apps.core.actor import Actor, Role, Strength

AUTHENTICATED_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Cast:
    """Users of the tests and their actors."""

    users: dict[str, User]
    teams: dict[str, Team]

    def actor(self, name: str, strength: Strength = Strength.SECOND_FACTOR) -> Actor:
        """Return the named member as an actor, as the middleware would build it."""
        user = self.users[name]
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
            strength=strength,
            authenticated_at=AUTHENTICATED_AT,
            request_id="test",
        )


MEMBERS: tuple[tuple[str, str, Role, str | None, bool], ...] = (
    ("ciso", "Dana Whitlock", Role.CISO, None, False),
    ("security_admin", "Tomas Veselka", Role.SECURITY_ADMIN, None, False),
    ("second_admin", "Ines Duarte", Role.SECURITY_ADMIN, None, False),
    ("manager", "Kofi Mensah", Role.MANAGER, "Model Engineering", True),
    ("owner", "Priya Raman", Role.ENGINEER, "Model Engineering", False),
    ("engineer", "Jonas Lindqvist", Role.ENGINEER, "Model Engineering", False),
    ("auditor", "Lena Fürst", Role.AUDITOR, None, False),
    ("service", "posture-exporter", Role.SERVICE, "Model Engineering", False),
    ("outsider", "Marek Novak", Role.ENGINEER, "Marketing Science", False),
)


def assemble() -> Cast:
    """Create teams, users and roles. Password of every person: `correct horse battery`."""
    teams = {name: Team.objects.create(name=name) for name in ("Model Engineering", "Marketing Science")}
    users: dict[str, User] = {}
    for key, name, role, team, manages in MEMBERS:
        kind = User.Kind.SERVICE if role is Role.SERVICE else User.Kind.PERSON
        password = None if kind == User.Kind.SERVICE else "correct horse battery"
        user = User.objects.create_user(f"{key}@fenwick.example", password, name=name, kind=kind)
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        if team:
            TeamMembership.objects.create(user=user, team=teams[team], manages=manages)
        users[key] = user
    return Cast(users, teams)
