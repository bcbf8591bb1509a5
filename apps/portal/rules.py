"""Who may load and remove the sample organisation."""

from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role
from apps.core.decision import ALLOWED, Decision, refused


def can_manage_sample(actor: Actor) -> Decision:
    """Security admins with a second factor, and the command line."""
    if actor.kind == "system":
        return ALLOWED
    if not actor.has(Role.SECURITY_ADMIN):
        return refused("Only a security administrator loads or removes the sample organisation.")
    return requires_second_factor(actor)
