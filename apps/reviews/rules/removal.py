"""Who reports a removal done."""

from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role
from apps.core.decision import Decision, refused
from apps.reviews.models import Removal
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
