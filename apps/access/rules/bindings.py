"""Who says how access is carried, and who removes what no grant explains."""

from apps.access.models import Binding, Orphan
from apps.accounts.rules import requires_second_factor
from apps.core.actor import Actor, Role
from apps.core.decision import ALLOWED, Decision, refused


def can_see_bindings(actor: Actor) -> Decision:
    """Security administrators, the CISO and auditors."""
    if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN, Role.CISO, Role.AUDITOR):
        return ALLOWED
    return refused("How access is carried is shown to security administrators, the CISO and auditors.")


def can_manage_bindings(actor: Actor) -> Decision:
    """A security administrator, with a second factor; no token."""
    if actor.kind != "person" or not actor.has(Role.SECURITY_ADMIN):
        return refused("Only a security administrator says how access is carried.")
    return requires_second_factor(actor)


def can_change_binding(actor: Actor, binding: Binding, unfinished: int) -> Decision:
    """Who manages bindings, while no grant is carried by it: its end has to find what its beginning made."""
    managing = can_manage_bindings(actor)
    if not managing or not unfinished:
        return managing
    return refused(f"{unfinished} grants are carried this way now. Switch it off and add another, or wait for them.")


def can_remove_orphan(actor: Actor, orphan: Orphan) -> Decision:
    """Who manages bindings, while it is there."""
    managing = can_manage_bindings(actor)
    if managing and orphan.gone_at is not None:
        return refused("This access is gone already.")
    return managing
