"""Which operations are asked for as themselves, who may run one that is held, and when."""

from datetime import datetime

from apps.access.models import HeldOperation
from apps.access.states import HeldState
from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor
from apps.core.decision import ALLOWED, Decision, refused
from apps.governance.operations import OPERATIONS
from apps.inventory.models import Asset

#: A change of guardrails is no change of the artifact, so there may be no digest that it could be held against.
WITHOUT_DIGEST = "guardrail.change"


def can_hold(asset: Asset, operation: str) -> Decision:
    """Whether an operation on an asset is asked for as itself: one that is held, on content that a digest tells."""
    known = OPERATIONS.get(operation)
    if known is None or not known.held:
        return refused("This operation is not asked for with a payload.")
    if not asset.content_digest and operation != WITHOUT_DIGEST:
        return refused("No source tells the digest of this asset, so it could not be verified before it runs.")
    return ALLOWED


def can_run(actor: Actor, held: HeldOperation, now: datetime) -> Decision:
    """The system when it is due, or who asked for it; once, in time, and not while the approval can be undone."""
    if held.state != HeldState.HELD or held.run_by is None or held.run_by <= now:
        return refused("This operation is not held any more.")
    if held.due_at is None or held.due_at > now:
        return refused("The approval can still be undone; it runs after that.")
    if actor.kind == "system":
        return ALLOWED
    if actor.user_id is None or actor.user_id != held.request.requester_id:
        return refused("Only who asked for the operation runs it.")
    return requires_second_factor(actor)
