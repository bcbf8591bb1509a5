"""Deciding for somebody who is away: for a time, up to a tier, never onwards."""

from datetime import datetime

from apps.access.events import DELEGATION_ENDED, DELEGATION_GIVEN
from apps.access.models import Delegation
from apps.access.queries.people import who_are
from apps.access.rules.requests import LONGEST_DELEGATION, can_delegate, can_end_delegation, person_id
from apps.accounts.models import User
from apps.core.actor import Actor
from apps.core.command import Changed, command
from apps.core.errors import Conflict, Forbidden, Invalid
from apps.core.events import Subject
from apps.governance.tiers import TIERS


def subject_of(delegation: Delegation) -> Subject:
    """Return a delegation as the subject of an event."""
    return Subject("delegation", str(delegation.pk), f"{delegation.delegator} → {delegation.delegate}")


@command(DELEGATION_GIVEN)
def delegate(
    *,
    actor: Actor,
    to: User,
    from_at: datetime,
    until_at: datetime,
    strictest_tier: int = 2,
    reason: str = "",
    now: datetime,
) -> Changed:
    """Let another person decide what one would decide oneself, from then until then; the value is the Delegation.

    It passes on standing roles only: what one decides for others is not delegated onwards, and every conflict of either
    counts. Raises Forbidden, Invalid for a bad time or tier.
    """
    can_delegate(actor, to).require()
    _check(actor, to, from_at, until_at, strictest_tier, reason, now)
    row = Delegation.objects.create(
        delegator_id=person_id(actor),
        delegate=to,
        from_at=max(from_at, now),
        until_at=until_at,
        strictest_tier=strictest_tier,
        reason=reason.strip(),
        created_at=now,
    )
    details: dict[str, object] = {
        "delegate": str(to.pk),
        "from_at": row.from_at.isoformat(),
        "until_at": row.until_at.isoformat(),
        "strictest_tier": strictest_tier,
    }
    return Changed(subject_of(row), details, value=row)


def _check(
    actor: Actor, to: User, from_at: datetime, until_at: datetime, strictest_tier: int, reason: str, now: datetime
) -> None:
    """Raise Invalid for a bad time or tier, Forbidden unless both are known to be different persons."""
    if until_at <= max(from_at, now) or until_at - from_at > LONGEST_DELEGATION:
        text = f"A delegation ends after it begins, within {LONGEST_DELEGATION.days} days."
        raise Invalid(text, until_at=text)
    if strictest_tier not in TIERS or len(reason) > 500:
        raise Invalid("Choose tier 1, 2 or 3 and at most 500 characters.", strictest_tier="Choose 1, 2 or 3.")
    people = who_are([person_id(actor), to.pk])
    both = list(people.values())
    if any(not who.known for who in both):
        raise Forbidden("Both have to be linked to a person of the inventory.")
    if len(both) == 2 and both[0].same_as(both[1]):
        raise Forbidden("These are two accounts of one person.")


@command(DELEGATION_ENDED)
def end(*, actor: Actor, delegation: Delegation, now: datetime) -> Changed:
    """End a delegation at once. Raises Forbidden, Conflict when it has ended."""
    can_end_delegation(actor, delegation).require()
    if not Delegation.objects.filter(pk=delegation.pk, ended_at__isnull=True, until_at__gt=now).update(ended_at=now):
        raise Conflict("This delegation has ended.")
    return Changed(subject_of(delegation), {"delegate": str(delegation.delegate_id)}, value=delegation)
