"""Who acts. Built once per request or task; without an actor there is no action."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """The roles of the portal; each is a group of the same name."""

    CISO = "ciso"
    SECURITY_ADMIN = "security_admin"
    MANAGER = "manager"
    ENGINEER = "engineer"
    AUDITOR = "auditor"
    SERVICE = "service"

    @property
    def label(self) -> str:
        """Return the role's name as people read it."""
        return ROLE_LABELS[self]


ROLE_LABELS = {
    Role.CISO: "CISO",
    Role.SECURITY_ADMIN: "Security administrator",
    Role.MANAGER: "Manager",
    Role.ENGINEER: "Engineer",
    Role.AUDITOR: "Auditor",
    Role.SERVICE: "Service account",
}

#: Roles that see every subject; the others see their own and their teams' (architecture.md, "Seeing is a queryset").
WIDE_ROLES = frozenset({Role.CISO, Role.SECURITY_ADMIN, Role.AUDITOR})
#: Roles that change anything in the portal and therefore need a second factor.
CHANGING_ROLES = frozenset({Role.CISO, Role.SECURITY_ADMIN, Role.MANAGER})


class Strength(StrEnum):
    """How the actor proved who they are, weakest first."""

    NONE = "none"
    PASSWORD = "password"  # noqa: S105
    TOKEN = "token"  # noqa: S105
    SECOND_FACTOR = "second_factor"
    PHISHING_RESISTANT = "phishing_resistant"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a service account or the system, with how and from where it acts."""

    kind: str
    id: str
    label: str
    roles: frozenset[Role] = frozenset()
    user_id: UUID | None = None
    team_ids: frozenset[int] = frozenset()
    managed_team_ids: frozenset[int] = frozenset()
    scopes: frozenset[str] | None = None
    origin: str = ""
    strength: Strength = Strength.NONE
    authenticated_at: datetime | None = None
    request_id: str = ""
    credential: str = field(default="", compare=False)

    def has(self, *roles: Role) -> bool:
        """Return whether the actor holds any of the roles."""
        return not self.roles.isdisjoint(roles)

    @property
    def sees_all(self) -> bool:
        """Return whether the actor's visibility is the whole inventory."""
        return self.kind == "system" or not self.roles.isdisjoint(WIDE_ROLES)


def system(name: str, *, request_id: str = "") -> Actor:
    """Return the system as an explicit actor, for example `system("reconciler")`."""
    return Actor(kind="system", id=name, label=name, origin="system", strength=Strength.SYSTEM, request_id=request_id)
