"""Who may say which signing keys are trusted."""

from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role
from apps.core.decision import ALLOWED, Decision, refused


def can_manage_keys(actor: Actor) -> Decision:
    """Security admins, with a second factor, and the command line."""
    if actor.kind == "system":
        return ALLOWED
    if not actor.has(Role.SECURITY_ADMIN):
        return refused("Only a security administrator decides which signing keys are trusted.")
    return requires_second_factor(actor)


def can_see_keys(actor: Actor) -> Decision:
    """Those who manage keys, and those who oversee or audit them."""
    if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR):
        return ALLOWED
    return refused("Trusted keys are shown to security administrators, the CISO and auditors.")
