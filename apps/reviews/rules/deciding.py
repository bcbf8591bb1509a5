"""Who may answer for an item (governance.md §5, invariants 15 and 17)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.access.models import Delegation
from apps.accounts.models import User
from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor
from apps.core.decision import ALLOWED, Decision, refused
from apps.governance.operations import OPERATIONS
from apps.reviews.models import Campaign, Item
from apps.reviews.queries.candidates import stage_of
from apps.reviews.queries.independence import conflict_of
from apps.reviews.states import Choice, ReviewerRule

#: How far off the end of a reduced access may be.
LONGEST_LESS_DAYS = 365


def can_review(actor: Actor) -> Decision:
    """A signed-in person with a second factor: no system and no token certifies access."""
    if actor.kind != "person" or actor.user_id is None:
        return refused("Access is certified by people.")
    return requires_second_factor(actor)


def can_stand_in(actor: Actor, principal: UUID, strictest: int | None, now: datetime) -> Decision:
    """Whoever the reviewer let decide for them now, for access of that tier (unknown is tier 1)."""
    rows = Delegation.objects.filter(delegator_id=principal, delegate_id=actor.user_id, ended_at__isnull=True)
    rows = rows.filter(from_at__lte=now, until_at__gt=now, strictest_tier__lte=strictest or 1)
    if rows.filter(delegator__is_active=True).exists():
        return ALLOWED
    return refused("You do not decide for this reviewer.")


def can_sit(
    actor: Actor, reviewer: UUID | None, on_behalf_of: UUID | None, tier: int | None, now: datetime
) -> Decision:
    """The reviewer, or in their name who stands in for them."""
    reviewing = can_review(actor)
    if not reviewing:
        return reviewing
    if reviewer is None or reviewer != (on_behalf_of or actor.user_id):
        return refused("This is put to somebody else.")
    return ALLOWED if on_behalf_of is None else can_stand_in(actor, on_behalf_of, tier, now)


def can_decide(actor: Actor, item: Item, campaign: Campaign, on_behalf_of: UUID | None, now: datetime) -> Decision:
    """The item's reviewer, who neither holds the access nor was its only approver; a delegate inherits both conflicts.

    In a stage that asks holders for input the holder answers for themselves; that stage is never the last.
    """
    sitting = can_sit(actor, item.reviewer_id, on_behalf_of, item.tier, now)
    if not sitting:
        return sitting
    asks_holder = stage_of(campaign.stages, item.stage)["reviewer"] == ReviewerRule.SELF
    if asks_holder and item.stage < campaign.last_stage and item.holder_user_id == actor.user_id:
        return ALLOWED
    conflict = conflict_of(item, [user for user in (actor.user_id, on_behalf_of) if user is not None])
    return refused(conflict) if conflict else ALLOWED


def can_take_over(user: User | None, item: Item) -> Decision:
    """Somebody else who may be asked at all, and may certify the item."""
    if user is None or not user.is_active or user.kind != User.Kind.PERSON:
        return refused("Name a person who works here and signs in to the portal.")
    if user.pk == item.reviewer_id:
        return refused("It is theirs already.")
    conflict = conflict_of(item, [user.pk])
    return refused(conflict) if conflict else ALLOWED


def less_problem(choice: str, less: Mapping[str, Any], item: Item, now: datetime) -> str:
    """Return in words what is wrong with what a reduction reduces to; empty when nothing is."""
    if choice != Choice.REDUCE:
        return "Only a reduction says to what." if less else ""
    if len(less) != 1 or not set(less) <= {"operation", "until", "just_in_time"}:
        return "Say one: a lesser operation, an end date, or just in time."
    if "just_in_time" in less:
        return "" if less["just_in_time"] is True else "Just in time is true or left out."
    if "operation" in less:
        known = OPERATIONS.get(item.operation)
        allowed = known.less if known else ()
        return (
            "" if less["operation"] in allowed else f"Less than this would be: {', '.join(allowed) or 'nothing known'}."
        )
    try:
        until = datetime.fromisoformat(str(less["until"])).date()
    except ValueError:
        return "Give the end as a date."
    return "" if 0 < (until - now.date()).days <= LONGEST_LESS_DAYS else "The end lies within a year from now."
