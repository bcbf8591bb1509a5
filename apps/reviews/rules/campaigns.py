"""Who runs campaigns: the CISO and security administrators. What they run they may not decide by that."""

from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role
from apps.core.decision import ALLOWED, Decision, refused


def can_run_campaigns(actor: Actor) -> Decision:
    """A CISO or security administrator with a second factor; the system opens what recurs or what an event asks for."""
    if actor.kind == "system":
        return ALLOWED
    if actor.kind != "person" or actor.user_id is None or not actor.has(Role.CISO, Role.SECURITY_ADMIN):
        return refused("Reviews are run by the CISO and by security administrators.")
    return requires_second_factor(actor)
