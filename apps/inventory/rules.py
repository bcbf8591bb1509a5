"""Who may change the inventory. Seeing it is `visible_to` on each model."""

from uuid import UUID

from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role
from apps.core.decision import ALLOWED, Decision, refused

BOTH_SIGN_IN = "Both people sign in here; unlink one of the users first."


def _by(actor: Actor, roles: tuple[Role, ...], refusal: str) -> Decision:
    if actor.kind == "system":
        return ALLOWED
    if not actor.has(*roles):
        return refused(refusal)
    return requires_second_factor(actor)


def can_import(actor: Actor) -> Decision:
    """Security admins, with a second factor, and the command line. An import confers no rights."""
    return _by(actor, (Role.SECURITY_ADMIN,), "Only a security administrator imports files.")


def can_see_sources(actor: Actor) -> Decision:
    """Wide roles: an export tells of everyone."""
    return ALLOWED if actor.sees_all else refused("Sources are for security administrators, CISO and auditors.")


def can_confirm_owner(actor: Actor) -> Decision:
    """Security admins: an owner gains sight of the asset, so this is a privileged act."""
    return _by(actor, (Role.SECURITY_ADMIN,), "Only a security administrator confirms owners.")


def can_set_tier(actor: Actor) -> Decision:
    """Security admins and the CISO: the tier orders the work of everyone."""
    return _by(actor, (Role.SECURITY_ADMIN, Role.CISO), "Only a security administrator or the CISO sets a tier.")


def can_link_people(actor: Actor, *, own_user: bool = False) -> Decision:
    """Security admins, and nobody for their own user: a link decides what a user may see."""
    if own_user:
        return refused("Nobody links their own user to a person.")
    return _by(actor, (Role.SECURITY_ADMIN,), "Only a security administrator links, merges or splits people.")


def can_merge_people(actor: Actor, *user_ids: UUID | None) -> Decision:
    """As linking, and nobody their own person; at most one of the two may sign in here. `user_ids`: their users."""
    own = actor.user_id is not None and actor.user_id in user_ids
    decision = can_link_people(actor, own_user=own)
    if decision and all(user_ids):
        return refused(BOTH_SIGN_IN)
    return decision


def can_link_user(actor: Actor, user_id: UUID, person_user_id: UUID | None, users_person: str) -> Decision:
    """As linking, where neither side is linked yet; `users_person` names the person the user is already."""
    decision = can_link_people(actor, own_user=actor.user_id == user_id)
    if decision and person_user_id is not None and person_user_id != user_id:
        return refused("This person is linked to another user; unlink that one first.")
    if decision and users_person:
        return refused(f"The user is linked to {users_person}; unlink them there first.")
    return decision
