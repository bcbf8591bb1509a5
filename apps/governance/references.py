"""What exceptions are about and lean on, told by the floors above: references by kind and key, and results of checks.

Who owns the rows of a kind registers it in `ready()`: posture findings, access grants, reviews their items. Governance
knows of each only this much, so that no app has to import one above it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from apps.core.actor import Actor
from apps.core.registry import Registry
from apps.governance.models import RiskException
from apps.governance.models.exception import RiskExceptionQuerySet
from apps.governance.states import ReferenceKind


@dataclass(frozen=True, slots=True)
class Covered:
    """The row that an exception is about; with a check, the result about it that turns from failing into accepted."""

    check_id: str
    subject_kind: str
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class Reference:
    """What an exception may be asked for, as it is now.

    `owners` are the users who answer for it and may ask; `holders` those who gain by it; `deciders` those who decided
    that it must go. None of them ever signs. `closed` says why no exception can be asked for now, empty where one can.
    """

    kind: ReferenceKind
    key: str
    label: str
    severity: str
    url: str
    owners: frozenset[UUID] = frozenset()
    holders: frozenset[UUID] = frozenset()
    deciders: frozenset[UUID] = frozenset()
    team_id: int | None = None
    covered: Covered | None = None
    #: Subjects (kind, id) whose met checks may compensate: itself and what it belongs to.
    about: tuple[tuple[str, UUID], ...] = field(default_factory=tuple)
    closed: str = ""


@dataclass(frozen=True, slots=True)
class ReferenceSource:
    """How the rows of one kind are found.

    `find(actor, key)` returns the reference, None where the actor does not see it; with no actor it is not limited.
    `over(rows)` keeps of some exceptions of this kind those whose reference is fixed or gone, in one query.
    `accepted(actor, exception, now)` is told of one that comes into force, in the transaction of its last signature.
    """

    kind: ReferenceKind
    find: Callable[[Actor | None, str], Reference | None]
    over: Callable[[RiskExceptionQuerySet], RiskExceptionQuerySet]
    accepted: Callable[[Actor, RiskException, datetime], None] | None = None


REFERENCES: Registry[ReferenceSource] = Registry("kind of reference")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a compensating check says now of its subject; `outcome` is empty where it was not judged."""

    check_id: str
    title: str
    subject_kind: str
    subject_id: UUID
    label: str
    outcome: str

    @property
    def met(self) -> bool:
        """Return whether it holds: not evaluated is not met."""
        return self.outcome == "met"

    @property
    def value(self) -> str:
        """Return how a form names it."""
        return f"{self.check_id}:{self.subject_kind}:{self.subject_id}"


@dataclass(frozen=True, slots=True)
class CheckResults:
    """What the checks say.

    `options(reference)` lists checks that are met now and may compensate; `of(check, kind, id)` tells one;
    `unmet(rows)` keeps of some exceptions those whose compensating check is not met, in one query.
    """

    options: Callable[[Reference], list[Evidence]]
    of: Callable[[str, str, UUID], Evidence]
    unmet: Callable[[RiskExceptionQuerySet], RiskExceptionQuerySet]


#: One entry, by posture.
RESULTS: Registry[CheckResults] = Registry("results of checks")
CHECKS = "checks"


def find(actor: Actor | None, kind: str, key: str) -> Reference | None:
    """Return a reference, None where its kind is not there (yet) or the actor does not see it."""
    source = REFERENCES.get(kind)
    return source.find(actor, key) if source is not None else None


def reference_of(row: RiskException) -> Reference | None:
    """Return what an exception is about as it is now, None once it is gone."""
    return find(None, row.kind, row.key)


def evidence_of(row: RiskException) -> Evidence:
    """Return what the compensating check of an exception says now."""
    return RESULTS[CHECKS].of(row.comp_check, row.comp_kind, row.comp_id)
