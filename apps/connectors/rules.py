"""Who may do what to connections."""

from apps.accounts.rules import requires_second_factor
from apps.connectors.models import Connection
from apps.core.actor import Actor, Role
from apps.core.decision import ALLOWED, Decision, refused


def can_manage_connections(actor: Actor) -> Decision:
    """Security admins, with a second factor, and the system."""
    if actor.kind == "system":
        return ALLOWED
    if not actor.has(Role.SECURITY_ADMIN):
        return refused("Only a security administrator manages connections.")
    return requires_second_factor(actor)


def can_see_connections(actor: Actor) -> Decision:
    """Those who manage connections, and auditors."""
    if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN, Role.AUDITOR):
        return ALLOWED
    return refused("Connections are shown to security administrators and auditors.")


def can_test(actor: Actor, connection: Connection) -> Decision:
    """Who manages connections, when there is a secret where one is needed."""
    managing = can_manage_connections(actor)
    if not managing:
        return managing
    if connection.needs_secret and not connection.has_secret:
        return refused("Enter the secret first.")
    return ALLOWED


def can_disable(actor: Actor, connection: Connection) -> Decision:
    """Who manages connections, one that is on."""
    managing = can_manage_connections(actor)
    return managing if not managing or connection.enabled else refused("This connection is switched off already.")


def can_enable(actor: Actor, connection: Connection) -> Decision:
    """Who manages connections, one that is off."""
    managing = can_manage_connections(actor)
    return managing if not managing or not connection.enabled else refused("This connection is switched on already.")
