"""Who may see, change and confirm the policies, and the routes, which are part of them."""

from collections.abc import Collection

from apps.access.models import PolicyChange, RouteChange
from apps.access.queries.people import Who
from apps.access.states import PolicyChangeState
from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role
from apps.core.decision import ALLOWED, Decision, refused

#: Policies and routes change in the same way.
Change = PolicyChange | RouteChange


def can_see_policies(actor: Actor) -> Decision:
    """Those who edit policies, and those who oversee or audit them."""
    if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR):
        return ALLOWED
    return refused("Policies are shown to security administrators, the CISO and auditors.")


def can_edit_policies(actor: Actor) -> Decision:
    """A security administrator, with a second factor. No system and no token changes who may ask for what."""
    if actor.kind != "person" or actor.user_id is None or not actor.has(Role.SECURITY_ADMIN):
        return refused("Only a security administrator changes policies.")
    return requires_second_factor(actor)


def can_propose_policies(actor: Actor, open_change: Change | None) -> Decision:
    """An editor, while no other change waits: two at once would overwrite each other."""
    editing = can_edit_policies(actor)
    if not editing:
        return editing
    if open_change is not None:
        return refused("Another change waits for its confirmation.")
    return ALLOWED


def can_confirm_policies(
    actor: Actor, change: Change, actor_who: Who | None, proposer: Who | None, proposer_roles: Collection[str]
) -> Decision:
    """A second editor who is another person than the proposer, while the proposer may still edit."""
    editing = _deciding(actor, change)
    if not editing:
        return editing
    if actor.user_id == change.proposed_by_id:
        return refused("A change is confirmed by somebody other than its proposer.")
    if actor_who is None or proposer is None or actor_who.same_as(proposer):
        return refused("A change is confirmed by another person, and both users seem to be the same one.")
    if not proposer.active or Role.SECURITY_ADMIN not in proposer_roles:
        return refused("Its proposer is no longer a security administrator; refuse it, and propose it again.")
    return ALLOWED


def can_refuse_policies(actor: Actor, change: Change) -> Decision:
    """Any editor but the proposer, who withdraws instead."""
    editing = _deciding(actor, change)
    if not editing:
        return editing
    if actor.user_id == change.proposed_by_id:
        return refused("Withdraw your own change instead.")
    return ALLOWED


def can_withdraw_policies(actor: Actor, change: Change) -> Decision:
    """Only who proposed it."""
    editing = _deciding(actor, change)
    if not editing:
        return editing
    if actor.user_id != change.proposed_by_id:
        return refused("Only its proposer withdraws a change.")
    return ALLOWED


def _deciding(actor: Actor, change: Change) -> Decision:
    if change.state != PolicyChangeState.PROPOSED:
        return refused("This change was decided already.")
    return can_edit_policies(actor)
