"""What policies are asked, and what they answer. Names of attributes are those of the schema."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from apps.governance.operations import OPERATIONS
from apps.governance.tiers import request_tier

STRONG_FACTORS = ("phishing_resistant", "strong")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who would act: `kind` is User, ServiceAccount or Agent; the rest as in the schema, unknown unless told."""

    kind: str
    id: str
    roles: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()
    guest: bool = False
    factor: str = "unknown"
    factor_minutes: int | None = None
    device: str = "unknown"


@dataclass(frozen=True, slots=True)
class Resource:
    """The asset acted on; `tier` is the one it is treated as (`governance.tiers.asset_tier`)."""

    id: str
    kind: str
    tier: int
    classification: str = ""
    sensitive: bool = False
    teams: frozenset[str] = frozenset()
    critical_findings: int = 0
    signed: str = "unknown"


@dataclass(frozen=True, slots=True)
class Ctx:
    """The circumstances: for how long, from where, and whether the glass is broken. The time is `evaluate`'s `now`."""

    minutes: int = 1
    origin: str = "page"
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """May this principal do this operation on this asset, at this time, under these circumstances?"""

    principal: Principal
    operation: str
    resource: Resource
    context: Ctx
    now: datetime


@dataclass(frozen=True, slots=True)
class PolicyAnswer:
    """Allowed or not, by which policies (slugs), why, and what would help.

    `requestable` is true when access could be had by a request: the policies allow it, or every policy that refuses
    can be met by asking differently (for a shorter time, with a fresh second factor). `version_number` is None where
    no version is in force.
    """

    allowed: bool
    policy_ids: tuple[str, ...]
    reasons: tuple[str, ...]
    remedies: tuple[str, ...]
    version_number: int | None
    requestable: bool


def tier_of(operation: str, resource: Resource) -> int:
    """Return the tier of an operation on an asset. Raises KeyError for an operation not in the catalogue."""
    return request_tier(OPERATIONS[operation].tier, resource.tier)


def entity(subject: Principal | Resource) -> dict[str, Any]:
    """Return a principal or an asset as a Cedar entity; an unknown optional attribute is absent."""
    kind = subject.kind if isinstance(subject, Principal) else "Asset"
    attributes = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in asdict(subject).items()
        if value is not None and name != "id" and not (name == "kind" and isinstance(subject, Principal))
    }
    return {"uid": {"type": kind, "id": subject.id}, "attrs": attributes, "parents": []}


def as_request(question: Question) -> dict[str, Any]:
    """Return a question as Cedar takes it. Raises KeyError for an operation not in the catalogue."""
    context, now = question.context, question.now
    return {
        "principal": {"type": question.principal.kind, "id": question.principal.id},
        "action": {"type": "Action", "id": question.operation},
        "resource": {"type": "Asset", "id": question.resource.id},
        "context": {
            "minutes": context.minutes,
            "hour": now.hour,
            "weekday": now.isoweekday(),
            "origin": context.origin,
            "emergency": context.emergency,
            "tier": tier_of(question.operation, question.resource),
        },
    }
