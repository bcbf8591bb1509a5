"""Who reports a removal done, and who signs for access that stays."""

from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role
from apps.core.decision import Decision, refused
from apps.reviews.models import Item, Removal
from apps.reviews.queries.independence import conflict_of
from apps.reviews.states import Way


def can_report_done(actor: Actor, removal: Removal) -> Decision:
    """Whoever was given the task, or a security administrator, with a second factor: a report is no proof."""
    if actor.kind != "person" or actor.user_id is None:
        return refused("A person reports this.")
    if removal.way != Way.TASK:
        return refused("This is removed by the portal, not by hand.")
    if removal.owner_id != actor.user_id and not actor.has(Role.SECURITY_ADMIN):
        return refused("This task is somebody else's.")
    return requires_second_factor(actor)


def can_accept_risk(actor: Actor, item: Item) -> Decision:
    """The CISO, when somebody else decided to revoke it and it is not the CISO's own access (invariant 16)."""
    if actor.kind != "person" or actor.user_id is None or not actor.has(Role.CISO):
        return refused("Only the CISO signs for access that stays.")
    if item.decided_by_id == actor.user_id:
        return refused("You decided this; somebody else signs for it.")
    conflict = conflict_of(item, [actor.user_id])
    return refused(conflict) if conflict else requires_second_factor(actor)
