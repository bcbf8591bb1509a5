"""The words of the matrix of rights: roles, who sees whose objects, and what a row says."""

from collections.abc import Mapping
from dataclasses import dataclass, field

EVERYONE = frozenset(
    {"ciso", "security_admin", "manager", "owner", "engineer", "auditor", "outsider", "service", "anonymous"}
)
PEOPLE = EVERYONE - {"service", "anonymous"}
CALLERS = EVERYONE - {"anonymous"}
ADMIN = frozenset({"security_admin"})
CISO_ADMIN = frozenset({"ciso", "security_admin"})
ADMIN_AUDITOR = frozenset({"security_admin", "auditor"})
WIDE = frozenset({"ciso", "security_admin", "auditor"})
TEAM = WIDE | {"manager", "owner", "engineer", "service"}
OWN = WIDE | {"manager", "owner"}

#: Who sees Model Engineering's object, and Marketing Science's. What is not here is seen by all who get through.
SEES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "asset": (TEAM, WIDE | {"outsider"}),
    "finding": (TEAM, WIDE | {"outsider"}),
    "result": (TEAM, WIDE | {"outsider"}),
    "event": (TEAM, WIDE | {"outsider"}),
    "identity": (OWN, WIDE | {"outsider"}),
    "person": (OWN, WIDE | {"outsider"}),
    "source": (WIDE, WIDE),
    "run": (WIDE, WIDE),
    "token": (ADMIN_AUDITOR,) * 2,
    "notice": (frozenset({"owner"}), frozenset({"outsider"})),
    "connection": (ADMIN_AUDITOR,) * 2,
    "request": (OWN, WIDE | {"outsider"}),
    "grant": (OWN, WIDE | {"outsider"}),
    "manual_task": (OWN, WIDE | {"outsider"}),
    "after_review": (WIDE | {"owner"}, WIDE | {"outsider"}),
    "exception": (OWN, WIDE | {"outsider"}),
    "review": (WIDE | {"manager"}, WIDE | {"outsider"}),
    "review_item": (WIDE | {"manager"}, WIDE | {"outsider"}),
    "review_removal": (WIDE | {"manager"}, WIDE | {"outsider"}),
}
#: Each of the two holds what is on their side.
HOLDERS = frozenset({"owner", "outsider"})
Status = int | tuple[int, ...]


TOKEN = {"name": "export", "scopes": "read:inventory", "days": "9"}


@dataclass(frozen=True)
class Row:
    """One route."""

    name: str
    who: frozenset[str]
    get: Status | None = 200
    post: Status | None = None
    post_by: frozenset[str] | None = None
    get_by: frozenset[str] | None = None
    of: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    api: bool = False
    #: For programs with a token of their own scope: no session opens it, and neither does the world's reading token.
    token_only: bool = False
    #: What those who do not get through are told; for allowed people without the right on this object 403 too.
    refused: int = 403
    absent: int = 404
