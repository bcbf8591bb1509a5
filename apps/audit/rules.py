"""Who may do what with the audit log. Seeing it is `Entry.objects.visible_to`."""

from apps.core.actor import WIDE_ROLES, Actor, Role
from apps.core.decision import ALLOWED, Decision, refused


def sees_whole_log(actor: Actor) -> bool:
    """Return whether the actor sees every event (architecture.md: CISO, security administrator, auditor)."""
    return actor.kind == "system" or actor.has(*WIDE_ROLES)


def may_export_package(actor: Actor) -> Decision:
    """Packages carry exact bytes, proofs and checkpoints of the log: for those who see the whole log."""
    return ALLOWED if sees_whole_log(actor) else refused("Only those who see the whole log may take a package of it.")


def may_erase_details(actor: Actor) -> Decision:
    """Erasing details answers a person's request; a security administrator does it, and the erasure is an event."""
    if actor.kind == "system" or actor.has(Role.SECURITY_ADMIN):
        return ALLOWED
    return refused("Only a security administrator may erase the details of an event.")
